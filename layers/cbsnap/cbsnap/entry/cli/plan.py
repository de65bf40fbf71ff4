"""`cbsnap plan`: when each policy runs next, and what a run of it would take now; nothing is sent."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from cbsnap import wire
from cbsnap.entry.cli import completion, options, screen
from cbsnap.jobs.policy_now import NextRun, next_runs, preview
from cbsnap.model.policies import Policy
from cbsnap.model.runs import Report

if TYPE_CHECKING:
    from cbsnap.entry.cli.session import Session

DISKS = ("region", "disk", "decision", "snapshots left", "reason")


def plan(
    context: typer.Context,
    policies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="POLICY", help="All of the file by default.", autocompletion=completion.policies
        ),
    ] = None,
    *,
    region: options.Region = None,
    json: options.Json = False,
) -> None:
    """Show when policies run next and what a run would take now, disk by disk; nothing is done."""
    session: Session = context.obj
    session.targets(region)
    now, stated, failed = session.wiring.clock.now(), [], False
    for policy in session.chosen(policies or []):
        dues = next_runs(policy, now, 3)
        reports = preview(
            session.plan, policy.name, session.wiring.clouds, session.wiring.clock, region=region
        )
        failed = failed or any(one.error for one in reports)
        stated.append(_stated(policy, dues, reports))
        if not json:
            _show(policy, dues, reports)
    if json:
        screen.value({"items": stated})
    raise typer.Exit(int(failed))


def _stated(policy: Policy, dues: list[NextRun], reports: list[Report]) -> dict[str, Any]:
    runs = [{"due": f"{one.due:%Y-%m-%dT%H:%M:%SZ}", "note": one.note} for one in dues]
    return {"policy": policy.name, "next_runs": runs, "now": wire.reports(reports)}


def _show(policy: Policy, dues: list[NextRun], reports: list[Report]) -> None:
    zone = ZoneInfo(policy.time_zone)
    times = (
        f"{one.due.astimezone(zone):%a %Y-%m-%d %H:%M}" + (f" ({one.note})" if one.note else "")
        for one in dues
    )
    screen.say(f"{policy.name}: next {', '.join(times)} {policy.time_zone}. Now it would take:")
    screen.table(DISKS, rows(reports))
    for one in reports:
        if one.error:
            screen.say(f"{one.region}: {one.error}")


def rows(reports: Iterable[Report]) -> Iterator[tuple[str, ...]]:
    """Yield a row of `DISKS` for each disk of a run."""
    for report in reports:
        left = "" if report.quota_left is None else str(report.quota_left)
        for one in report.outcomes:
            yield report.region, one.disk_id, one.decision.value, left, one.reason
