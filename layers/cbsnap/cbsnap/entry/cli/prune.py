"""`cbsnap prune`: what no rule keeps is shown first, and deleted when a person agrees."""

from dataclasses import dataclass
from typing import Annotated

import typer

from cbsnap import wire
from cbsnap.entry import listing
from cbsnap.entry.cli import options, screen
from cbsnap.entry.cli.session import Session
from cbsnap.jobs import cost
from cbsnap.jobs.inventory import Inventory
from cbsnap.jobs.prune import Judged, deleted, judge
from cbsnap.model import Target
from cbsnap.rules.retention import Verdict
from cbsnap.upkeep import Change, Finding, Upkeep

HEADINGS = ("region", "snapshot", "policy", "disk", "due (UTC)", "label", "fate", "why")


@dataclass(frozen=True)
class _Place:
    """One region's snapshots, each judged."""

    target: Target
    inventory: Inventory
    judged: list[Judged]

    def verdicts(self) -> list[Verdict]:
        return [verdict for one in self.judged for verdict in one.verdicts]

    def frees_gib(self) -> float:
        going = [verdict.of.snapshot.id for verdict in self.verdicts() if not verdict.stays]
        return cost.freed_gib(self.inventory, going)


def prune(  # noqa: PLR0913 - a command's options
    context: typer.Context,
    *,
    policy: options.PolicyName = None,
    region: options.Region = None,
    everything: Annotated[bool, typer.Option("--all", help="Show what stays, too, and why.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and end.")] = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Delete the snapshots that no rule keeps; shows which and why, and asks."""
    session: Session = context.obj
    places = _judged(session, policy, region)
    doomed = [verdict for place in places for verdict in place.verdicts() if not verdict.stays]
    if not json:
        _show(places, everything=everything)
    changes: list[Upkeep] = []
    if doomed and not dry_run:
        session.confirm(f"Delete {screen.counted(len(doomed), 'snapshot')}?", yes=yes, shown=not json)
        changes = [_carried_out(session, place) for place in places]
    if json:
        plan = [one for place in places for one in listing.values(place.judged)]
        screen.value({"plan": plan, "frees_gib": _frees_gib(places), "done": wire.upkeep(changes)})
    else:
        _tell(changes)
    raise typer.Exit(int(any(one.findings for one in changes)))


def _judged(session: Session, policy: str | None, region: str | None) -> list[_Place]:
    session.chosen([policy] if policy else [])
    now = session.wiring.clock.now()
    places = []
    for target, here in session.inventories(region, copies=True):
        judged = judge(session.plan, here, now)
        meant = [one for one in judged if policy in {None, one.verdicts[0].of.name.policy}]
        places.append(_Place(target, here, meant))
    return places


def _carried_out(session: Session, place: _Place) -> Upkeep:
    """Delete what was agreed to, and only that."""
    ending = session.wiring.lifecycles.at(place.target)
    notes = [note for one in place.judged for note in deleted(one.doomed, one, place.inventory, ending)]
    return Upkeep(
        str(place.target),
        tuple(note for note in notes if isinstance(note, Change)),
        tuple(note for note in notes if isinstance(note, Finding)),
    )


def _show(places: list[_Place], *, everything: bool) -> None:
    verdicts = [verdict for place in places for verdict in place.verdicts()]
    shown = [verdict for verdict in verdicts if everything or not verdict.stays]
    if shown:
        screen.table(HEADINGS, map(_row, shown))
    going = sum(not verdict.stays for verdict in verdicts)
    frees = f", which frees about {_frees_gib(places):g} GiB" if going else ""
    screen.say(f"{going} go, {len(verdicts) - going} stay{frees}")
    for reason in dict.fromkeys(one.reason for one in verdicts if one.reason.startswith("fuse:")):
        screen.say(reason)


def _frees_gib(places: list[_Place]) -> float:
    return round(sum(place.frees_gib() for place in places), 3)


def _row(verdict: Verdict) -> tuple[str, ...]:
    mine = verdict.of
    return (
        mine.snapshot.region,
        mine.snapshot.id,
        mine.name.policy,
        mine.name.disk_id,
        f"{mine.name.due:%Y-%m-%d %H:%M}",
        mine.label.value if mine.label else "unproven",
        "stays" if verdict.stays else "goes",
        verdict.reason,
    )


def _tell(done: list[Upkeep]) -> None:
    for one in done:
        for finding in one.findings:
            screen.say(f"{finding.subject}: {finding.reason}")
        if one.changes:
            screen.say(f"{len(one.changes)} deleted in {one.region}")
