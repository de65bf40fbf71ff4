"""`cbsnap show`: all that is known of one snapshot, and why retention keeps it or not."""

from typing import Annotated

import typer

from cbsnap.entry.cli import options, screen
from cbsnap.entry.cli.facts import described
from cbsnap.entry.cli.session import Session
from cbsnap.errors import InputError
from cbsnap.jobs.inventory import Inventory
from cbsnap.jobs.prune import judge


def show(
    context: typer.Context,
    snapshot: Annotated[str, typer.Argument(metavar="SNAPSHOT", help="Its id.")],
    *,
    region: options.Region = None,
    json: options.Json = False,
) -> None:
    """Show one snapshot: what it may be trusted for, and whether retention keeps it."""
    session: Session = context.obj
    here = _found(session, snapshot, region)
    facts = described(here.snapshots[snapshot], here.deployment) | {
        "retention": _fate(session, here, snapshot)
    }
    if json:
        screen.value(facts)
        return
    stated = {name: fact for name, fact in facts.items() if fact not in (None, [], False, 0, "")}
    screen.table(("fact", "value"), [(name, str(fact)) for name, fact in stated.items()])


def _found(session: Session, snapshot_id: str, region: str | None) -> Inventory:
    for _, here in session.inventories(region, copies=True):
        if snapshot_id in here.snapshots:
            return here
    raise InputError("snapshot", f"there is no {snapshot_id} in the regions of the policy file")


def _fate(session: Session, here: Inventory, snapshot_id: str) -> str:
    judged = judge(session.plan, here, session.wiring.clock.now())
    for verdict in (verdict for one in judged for verdict in one.verdicts):
        if verdict.of.snapshot.id == snapshot_id:
            return f"{'stays' if verdict.stays else 'goes'}: {verdict.reason}"
    return "left alone: no policy of the file looks after it"
