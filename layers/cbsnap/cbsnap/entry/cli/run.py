"""`cbsnap run`: a policy, or disks, taken now by the deployed worker; shown first, followed if wanted."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cbsnap.entry import idempotency, sightings
from cbsnap.entry.cli import completion, options, screen
from cbsnap.entry.cli.following import follow
from cbsnap.entry.cli.handover import HandedOver
from cbsnap.entry.cli.launching import DisksLaunch, Launch, PolicyLaunch, disks_at, where
from cbsnap.entry.cli.plan import DISKS, rows
from cbsnap.entry.cli.running import MISSING, WELL, Started
from cbsnap.errors import InputError
from cbsnap.jobs.request import Asked
from cbsnap.jobs.runs import Seen
from cbsnap.model import Decision, OnFailure, Quiesce, Report, Transport

if TYPE_CHECKING:
    from cbsnap.entry.cli.session import Session

HEADINGS = ("run", "region", "disk", "snapshot", "state", "label", "held", "reason")
STILL_WAITING = 3
_HANDED = {Decision.DISPATCHED, Decision.DONE}


def run(  # noqa: PLR0913 - a command's options
    context: typer.Context,
    policies: Annotated[
        list[str] | None,
        typer.Argument(metavar="POLICY", help="Of the file.", autocompletion=completion.policies),
    ] = None,
    *,
    disk: Annotated[
        list[str] | None, typer.Option(metavar="DISK", help="A disk, instead of a policy; again for more.")
    ] = None,
    instance: Annotated[
        str | None, typer.Option(metavar="INSTANCE", help="All disks of an instance, instead.")
    ] = None,
    hold: Annotated[
        str | None,
        typer.Option("--plan", metavar="PLAN", help="Of the disks' hosts, for --disk and --instance."),
    ] = None,
    on_failure: Annotated[
        OnFailure, typer.Option(help="When the host cannot be held: no snapshot, or one that is `crash`.")
    ] = OnFailure.ABORT,
    transport: Annotated[
        Transport, typer.Option(help="How the hosts are asked: at their agents' port, or by commands.")
    ] = Transport.HTTP,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="For --disk and --instance.")] = None,
    keep_days: Annotated[
        int | None,
        typer.Option(
            metavar="DAYS",
            min=1,
            max=3650,
            help="For --disk and --instance: the cloud deletes them then; without it, they stay.",
        ),
    ] = None,
    key: options.Key = None,
    region: options.Region = None,
    wait: options.Wait = False,
    timeout: Annotated[int, typer.Option(metavar="MINUTES", min=1, help="How long --wait waits.")] = 60,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Take policies' disks now, or disks that are named: shows which, asks, and hands them to the worker."""
    session: Session = context.obj
    key = key or idempotency.fresh()
    quiesce = Quiesce.asked(hold, on_failure, transport)
    asked = Asked(tuple(disk or ()), key, quiesce, title, keep_days)
    launches = _launches(session, policies or [], asked, instance, region)
    started = _started(session, launches, wait=wait, yes=yes, quiet=json)
    end = _followed(started, timeout) if wait else started.look()
    code = _code(started, end, waited=wait)
    if json:
        screen.value({"key": key, "check": code, "runs": _values(started, end)})
    else:
        _tell(started, end, key, waited=wait)
    raise typer.Exit(code)


def _launches(
    session: "Session", names: list[str], asked: Asked, instance: str | None, region: str | None
) -> list[Launch]:
    if sum([bool(names), bool(asked.disk_ids), instance is not None]) != 1:
        raise InputError(
            "", "name policies, or disks with --disk, or an instance with --instance: one of these"
        )
    if not names:
        return [_of_disks(session, asked, instance, region)]
    if asked.quiesce or asked.title or asked.keep_days:
        raise InputError(
            "", "--plan, --title and --keep-days go with --disk or --instance: a policy has its own"
        )
    return [PolicyLaunch(session, one, asked.key, region) for one in session.chosen(names)]


def _of_disks(session: "Session", asked: Asked, instance: str | None, region: str | None) -> Launch:
    target = where(session, region, asked.disk_ids, instance)
    disk_ids = tuple(disks_at(session, target, (), instance)) if instance else asked.disk_ids
    if not disk_ids:
        raise InputError("--instance", f"{instance} has no disks in {target.region}")
    return DisksLaunch(session, target, replace(asked, disk_ids=disk_ids))


def _started(session: "Session", launches: list[Launch], *, wait: bool, yes: bool, quiet: bool) -> Started:
    """Show what would be taken, ask, and hand it over; where nothing is left to do, nothing is asked."""
    reports = [report for one in launches for report in one.preview()]
    if not quiet:
        screen.table(DISKS, rows(reports))
        _tell_errors(reports)
    sent, began = HandedOver(session.wiring), session.wiring.clock.now()

    def start() -> list[Report]:
        return [report for one in launches for report in one.start(sent)]

    wanted = {Decision.PREVIEWED, Decision.DEFERRED} if wait else {Decision.PREVIEWED}
    if number := sum(one.decision in wanted for report in reports for one in report.outcomes):
        session.confirm(f"Take {screen.counted(number, 'snapshot')}?", yes=yes, shown=not quiet)
        reports = start()
    goods = {one.policy_name: one.good for one in launches}
    return Started(session, reports, goods, sent, began, start if wait else None)


def _followed(started: Started, timeout_min: int) -> list[Seen]:
    clock = started.session.wiring.clock
    return follow(started.look, started.parts, clock, clock.monotonic() + timeout_min * 60)


def _code(started: Started, seen: list[Seen], *, waited: bool) -> int:
    handed = all(one.decision in _HANDED for report in started.reports for one in report.outcomes)
    none = not any(report.outcomes for report in started.reports)
    failed = none or any(report.error for report in started.reports)
    if not waited:
        return WELL if handed and not failed else MISSING
    if not started.is_over(seen):
        return STILL_WAITING
    return MISSING if failed else started.check(seen)


def _values(started: Started, seen: list[Seen]) -> list[dict[str, Any]]:
    told = list(started.rows(seen))
    return [
        {
            **sightings.summary(one),
            "due": f"{one.run.due:%Y-%m-%dT%H:%M:%SZ}",
            "outcomes": [disk for mine, disk in told if mine is one],
            "error": one.error or None,
        }
        for one in seen
    ]


def _tell(started: Started, seen: list[Seen], key: str, *, waited: bool) -> None:
    if not waited:
        for name in dict.fromkeys(report.run for report in started.reports):
            screen.say(f"started {name}; to follow it, ask again with --key {key} --wait")
        return
    screen.table(HEADINGS, (_row(one, disk) for one, disk in started.rows(seen)))
    _tell_errors(started.reports)
    if not started.is_over(seen):
        screen.complain(f"it goes on without us: ask again with --key {key} --wait")


def _tell_errors(reports: Iterable[Report]) -> None:
    for one in reports:
        if one.error:
            screen.complain(f"{one.run} in {one.region}: {one.error}")


def _row(one: Seen, disk: dict[str, Any]) -> tuple[str, ...]:
    held = "" if disk["locked_ms"] is None else f"{disk['locked_ms'] / 1000:.1f} s"
    label = disk["label"] or ("unproven" if disk["snapshot_id"] else "")
    cells = (
        one.run,
        one.region,
        disk["disk_id"],
        disk["snapshot_id"],
        disk["state"],
        label,
        held,
        disk["reason"],
    )
    return tuple(str(cell or "") for cell in cells)
