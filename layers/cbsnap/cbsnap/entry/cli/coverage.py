"""`cbsnap coverage`: how every disk stands with every policy that selects it, for people and monitors."""

from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cbsnap.entry import standing
from cbsnap.entry.cli import options, screen
from cbsnap.jobs.coverage import cover
from cbsnap.rules.coverage import Coverage

if TYPE_CHECKING:
    from cbsnap.entry.cli.session import Session, Unread

NOT_KNOWN = 3
HEADINGS = (
    "region",
    "disk",
    "name",
    "policy",
    "standing",
    "newest good one",
    "label",
    "age",
    "target",
    "last drill",
)


def coverage(
    context: typer.Context,
    *,
    check: Annotated[
        bool,
        typer.Option("--check", help="Exit with 1 if some are stale, 2 if some have no good one at all."),
    ] = False,
    region: options.Region = None,
    json: options.Json = False,
) -> None:
    """Show whether each disk has a good snapshot that is fresh enough."""
    session: Session = context.obj
    now = session.wiring.clock.now()
    unread: list[Unread] = []
    regions = session.inventories(region, unread=unread)
    entries = [one for _, here in regions for one in cover(session.plan, here, now)]
    code = standing.exit_code(entries)
    if unread and code != standing.SOME_WITHOUT:
        code = NOT_KNOWN
    if json:
        errors = [asdict(one) for one in unread]
        screen.value({"check": code, "items": standing.values(entries), "errors": errors})
    else:
        screen.table(HEADINGS, map(_row, entries))
        screen.say(_summary(entries))
    session.complain_of(unread)
    raise typer.Exit(code if check else int(bool(unread)))


def _row(entry: Coverage) -> tuple[str, ...]:
    newest = entry.newest
    return (
        entry.disk.region,
        entry.disk.id,
        entry.disk.name,
        entry.policy or "",
        entry.standing.value,
        newest.snapshot.id if newest else "",
        newest.label.value if newest and newest.label else "",
        _age(entry.age),
        _age(entry.within),
        standing.verdict(entry) or "",
    )


def _age(age: timedelta | None) -> str:
    return (
        ""
        if age is None
        else f"{age.days} d {age.seconds // 3600} h"
        if age.days
        else f"{age.seconds // 3600} h"
    )


def _summary(entries: list[Coverage]) -> str:
    counts = Counter(entry.standing.value for entry in entries)
    return ", ".join(f"{count} {name}" for name, count in counts.most_common()) or "there is no disk"
