"""`cbsnap snapshots`: which there are, and taking over those that only lack our tag."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from cbsnap import wire
from cbsnap.entry.cli import options, screen
from cbsnap.entry.cli.facts import described
from cbsnap.entry.cli.session import Session, Unread
from cbsnap.errors import InputError
from cbsnap.jobs import adopt as job
from cbsnap.jobs.adopt import Candidate
from cbsnap.jobs.inventory import Inventory
from cbsnap.upkeep import Upkeep

APP = typer.Typer(no_args_is_help=True, help="List snapshots, and take over those that only lack our tag.")
HEADINGS = ("region", "snapshot", "policy", "disk", "due (UTC)", "label", "state", "drill", "title")


@APP.command("list")
def show_all(  # noqa: PLR0913 - a command's options
    context: typer.Context,
    *,
    policy: options.PolicyName = None,
    disk: Annotated[str | None, typer.Option(metavar="DISK", help="One disk; all by default.")] = None,
    region: options.Region = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what is not ours.")] = False,
    json: options.Json = False,
) -> None:
    """List the snapshots of ours, newest first, copies in other regions among them."""
    session: Session = context.obj
    unread: list[Unread] = []
    found = [
        described(one, here.deployment)
        for _, here in session.inventories(region, copies=True, unread=unread)
        for one in sorted(here.snapshots.values(), key=lambda one: one.created_at, reverse=True)
    ]
    wanted = {"policy": policy, "disk_id": disk, "ours": None if everything else True}
    shown = [one for one in found if all(value in {None, one[name]} for name, value in wanted.items())]
    if json:
        screen.value({"items": shown, "errors": [asdict(one) for one in unread]})
    else:
        screen.table(HEADINGS, map(_row, shown))
        screen.say(f"{len(shown)} of {screen.counted(len(found), 'snapshot')}")
    session.complain_of(unread)
    raise typer.Exit(int(bool(unread)))


@APP.command()
def adopt(
    context: typer.Context,
    snapshots: Annotated[list[str], typer.Argument(metavar="SNAPSHOT", help="Their ids.")],
    *,
    region: options.Region = None,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Make snapshots ours that have a name of ours and no tag; retention looks after them from then on."""
    session: Session = context.obj
    now, places = session.wiring.clock.now(), _by_place(session, snapshots, region)
    chosen = [(here, job.candidates(ids, session.plan, here, now)) for here, ids in places]
    if not json:
        for _, some in chosen:
            _propose(some)
    adopted = screen.counted(sum(len(some) for _, some in chosen), "snapshot")
    session.confirm(f"Adopt {adopted}?", yes=yes, shown=not json)
    done = [Upkeep(here.region, changes=tuple(job.adopt(some, here))) for here, some in chosen]
    if json:
        screen.value(wire.upkeep(done))
    else:
        screen.say(f"{sum(len(one.changes) for one in done)} adopted")


def _by_place(session: Session, ids: list[str], region: str | None) -> list[tuple[Inventory, list[str]]]:
    found = [
        (here, [one for one in ids if one in here.snapshots])
        for _, here in session.inventories(region, copies=True)
    ]
    known = {one for _, some in found for one in some}
    for one in ids:
        if one not in known:
            raise InputError("snapshot", f"there is no {one} in the regions of the policy file")
    return [(here, some) for here, some in found if some]


def _propose(candidates: list[Candidate]) -> None:
    for one in candidates:
        screen.say(f"{one.snapshot.id}: {one.snapshot.name}, of {one.name.disk_id}")
        if one.doubt:
            screen.say(f"  not adopted by itself: {one.doubt}")
        screen.say(f"  then it {one.fate}")


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    label = one["label"] or ("unproven" if one["ours"] else "")
    due = (one["due"] or one["created_at"])[:16].replace("T", " ")
    state = one["state"] if one["state"] == "NORMAL" else f"{one['state']} {one['percent']}%"
    cells = (
        one["region"],
        one["id"],
        one["policy"],
        one["disk_id"],
        due,
        label,
        state,
        one["drill"],
        one["title"],
    )
    return tuple(cell or "" for cell in cells)
