"""`cbsnap restore`: a disk put back, or new disks beside it; shown first, agreed to, and followed."""

from collections.abc import Callable
from typing import Annotated

import typer

from cbsnap.entry.cli import moments, options, restoring, screen
from cbsnap.entry.cli.restoring import Desk
from cbsnap.entry.cli.session import Session
from cbsnap.errors import InputError
from cbsnap.jobs import restore as job
from cbsnap.jobs.restore import AskedClone, AskedRollback
from cbsnap.model.plan import Target
from cbsnap.ports.cloud import Cloud
from cbsnap.restoration import Progress
from cbsnap.rules import names
from cbsnap.rules.restoring import Proposal

APP = typer.Typer(
    no_args_is_help=True,
    help="Put a disk back to a snapshot, or make new disks of snapshots; nothing is done unseen.",
)
HEADINGS = ("region", "key", "kind", "state", "percent", "disks", "snapshots", "reason")
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan and end.")]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Hand it over and end; `restore show` tells the rest.")
]


@APP.command()
def rollback(  # noqa: PLR0913 - a command's options
    context: typer.Context,
    snapshot: Annotated[str, typer.Argument(metavar="SNAPSHOT", help="Of the disk that is overwritten.")],
    *,
    stop: Annotated[bool, typer.Option("--stop", help="The disk's instance may be stopped for it.")] = False,
    start: Annotated[bool, typer.Option("--start", help="And is started again.")] = False,
    disk: Annotated[
        str | None, typer.Option(metavar="DISK", help="The id of the disk that is overwritten, typed here.")
    ] = None,
    key: options.Key = None,
    region: options.Region = None,
    dry_run: DryRun = False,
    no_wait: NoWait = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Put a disk back to one of its snapshots; a safety snapshot of what it holds is taken before."""
    session: Session = context.obj
    desk = Desk(session, _where(session, region, snapshot, lambda one: bool(one.snapshots([snapshot]))))
    asked = AskedRollback(snapshot, stop, start)
    proposal = _shown(desk, asked, quiet=json)
    if not dry_run:
        restoring.agree_to_overwrite(session, proposal.disk_id or "", disk, yes=yes, shown=not json)
    _restore(desk, asked, proposal, key, dry_run=dry_run, wait=not no_wait, json=json)


@APP.command()
def clone(  # noqa: PLR0913 - a command's options
    context: typer.Context,
    snapshots: Annotated[
        list[str] | None, typer.Argument(metavar="SNAPSHOT", help="One new disk is made of each.")
    ] = None,
    *,
    disk: Annotated[
        list[str] | None, typer.Option(metavar="DISK", help="A disk as of --at, instead; again for more.")
    ] = None,
    instance: Annotated[
        str | None,
        typer.Option(metavar="INSTANCE", help="All data disks of an instance as of --at, instead."),
    ] = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help=f"{moments.EXAMPLES}; without it, the newest.")
    ] = None,
    attach_to: Annotated[
        str | None, typer.Option(metavar="INSTANCE", help="Attach the new disks to this instance.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Where the source is not there to go by.")
    ] = None,
    size_gib: Annotated[
        int | None, typer.Option(metavar="GIB", min=10, help="More than the source's.")
    ] = None,
    type_: Annotated[str | None, typer.Option("--type", metavar="TYPE", help="Another DiskType.")] = None,
    key: options.Key = None,
    region: options.Region = None,
    dry_run: DryRun = False,
    no_wait: NoWait = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Make new disks of snapshots, or of disks or an instance as of a time; nothing is overwritten."""
    session: Session = context.obj
    sources = [*(snapshots or ()), *(disk or ()), *((instance,) if instance else ())]
    if sum([bool(snapshots), bool(disk), instance is not None]) != 1 or (snapshots and at):
        raise InputError("", "name snapshots; or disks with --disk, or an instance with --instance, and --at")
    moment = None if snapshots else moments.read(at, "--at") if at else session.wiring.clock.now()
    asked = AskedClone(
        tuple(snapshots or ()), tuple(disk or ()), instance, moment, attach_to, zone, size_gib, type_
    )
    desk = Desk(session, _where(session, region, sources[0], lambda one: _has(one, sources[0], asked)))
    if moment and not json:
        screen.say(f"As of {moments.shown(moment)}.")
    proposal = _shown(desk, asked, quiet=json)
    if not dry_run:
        made = screen.counted(len(proposal.steps) - bool(attach_to), "disk")
        session.confirm(f"Make {made}, paid by the hour?", yes=yes, shown=not json)
    _restore(desk, asked, proposal, key, dry_run=dry_run, wait=not no_wait, json=json)


@APP.command("show")
def show_one(
    context: typer.Context,
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="The restore's, or its digest in `restore list`.")
    ],
    *,
    region: options.Region = None,
    json: options.Json = False,
) -> None:
    """Show how far a restore has come; exits with 0 when it is done, 3 when it is under way."""
    progress = _found(context.obj, key, region)
    if json:
        screen.value(restoring.values(progress))
    else:
        restoring.tell(progress)
        if progress.kind is None:
            screen.say("nothing of it is there: it has not begun, or nobody has used this key")
    raise typer.Exit(restoring.code(progress))


@APP.command("list")
def list_all(
    context: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    region: options.Region = None,
    json: options.Json = False,
) -> None:
    """List the restores under way; of those that have ended, what they have made is still there."""
    session: Session = context.obj
    now = session.wiring.clock.now()
    found = [
        (here.region, one)
        for _, here in session.inventories(region, copies=True)
        for one in job.seen(here, now)
    ]
    shown = [(where, one) for where, one in found if everything or not one.over]
    if json:
        screen.value({"items": [{"region": where, **restoring.values(one)} for where, one in shown]})
        return
    if shown:
        screen.table(HEADINGS, (_row(where, one) for where, one in shown))
    under_way = sum(not one.over for _, one in found)
    screen.say(f"{under_way} under way, {len(found) - under_way} ended" + ("" if everything else " (--all)"))


def _shown(desk: Desk, asked: AskedRollback | AskedClone, *, quiet: bool) -> Proposal:
    proposal = desk.propose(asked)
    if not quiet:
        restoring.show(proposal, str(desk.target))
    return proposal


def _restore(  # noqa: PLR0913 - what was agreed to, and how it is told
    desk: Desk,
    asked: AskedRollback | AskedClone,
    proposal: Proposal,
    key: str | None,
    *,
    dry_run: bool,
    wait: bool,
    json: bool,
) -> None:
    """Hand over what was agreed to, follow it, tell, and exit with how it ended."""
    progress = None
    if not dry_run:
        key = restoring.key_for(asked, proposal, key)
        sent = desk.start(asked, proposal, key)
        if not json:
            screen.say(f"started; its key is {key}")
        progress = desk.follow(key, sent) if wait else desk.status(key)
    if json:
        shown = restoring.values(progress) if progress else None
        screen.value({"plan": restoring.planned(proposal, desk.target.region), "restore": shown})
    elif progress and wait:
        restoring.tell(progress)
    raise typer.Exit(restoring.code(progress) if progress and wait else 0)


def _where(session: Session, region: str | None, named: str, has: Callable[[Cloud], bool]) -> Target:
    for target in session.targets(region, copies=True):
        if has(session.wiring.clouds.at(target)):
            return target
    raise InputError("", f"there is no {named} in the regions of the policy file")


def _has(cloud: Cloud, named: str, asked: AskedClone) -> bool:
    """Tell whether the first source is there; a disk that is gone is known by its snapshots."""
    if asked.snapshot_ids:
        return bool(cloud.snapshots([named]))
    if asked.instance_id:
        return bool(cloud.instances([named]))
    return bool(cloud.disks([named]) or any(_is_of(one.name, named) for one in cloud.snapshots()))


def _is_of(snapshot_name: str, disk_id: str) -> bool:
    name = names.parse(snapshot_name)
    return name is not None and name.disk_id == disk_id


def _found(session: Session, key: str, region: str | None) -> Progress:
    now = session.wiring.clock.now()
    for _, here in session.inventories(region, copies=True):
        progress = job.status(key, here, now)
        by_digest = (one for one in job.seen(here, now) if one.key == key)
        if there := progress if progress.kind else next(by_digest, None):
            return there
    return Progress(key)


def _row(region: str, one: Progress) -> tuple[str, ...]:
    percent = "" if one.percent is None else f"{one.percent}%"
    made, of = ", ".join(one.disk_ids), ", ".join(one.snapshot_ids)
    return region, one.key, one.kind or "", one.state.value, percent, made, of, one.reason
