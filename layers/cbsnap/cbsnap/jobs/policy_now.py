"""One policy as a person looks at it: its next runs, what it would do now, and doing it now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cbsnap.errors import InputError
from cbsnap.jobs import handing
from cbsnap.jobs.plan import Asked, planned, side_by_side
from cbsnap.model.runs import Decision, Run
from cbsnap.rules import schedule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cbsnap.model.plan import Plan, Target
    from cbsnap.model.policies import Policy
    from cbsnap.model.runs import Report
    from cbsnap.ports.clock import Clock
    from cbsnap.ports.cloud import Clouds
    from cbsnap.ports.functions import Workers
    from cbsnap.ports.lifecycle import Lifecycles


@dataclass(frozen=True, slots=True)
class NextRun:
    """A due time (UTC), and why nothing will be taken then; the note is empty when it will be."""

    due: datetime
    note: str = ""


def next_runs(policy: Policy, now: datetime, count: int) -> list[NextRun]:
    """Return the next due times after now, those that are skipped with the reason."""
    dues = schedule.upcoming(policy.schedule, policy.time_zone, now, count)
    return [NextRun(due, _why_not(policy, due)) for due in dues]


def preview(  # noqa: PLR0913 - what would be started, where, and the means
    plan: Plan,
    policy_name: str,
    clouds: Clouds,
    clock: Clock,
    *,
    key: str = "preview",
    region: str | None = None,
) -> list[Report]:
    """Return what a run of this policy would take now, target by target; nothing is handed out or deleted.

    With a key it is what is still to be taken under it. Raises InputError for a name or a region that is
    not in the file.
    """
    policy, now = _policy(plan, policy_name), clock.now()
    run = Run(policy.name, now.replace(second=0, microsecond=0), key)

    def one_target(target: Target) -> list[Report]:
        asked = Asked(plan, [(policy, run)], target, now, at_once=True)
        return planned(asked, clouds, None, lambda parts: [_previewed(one.report) for one in parts])

    return side_by_side(_targets(plan, region), one_target)


def start_now(  # noqa: PLR0913, PLR0917 - what is started, where, and the means
    plan: Plan,
    policy_name: str,
    key: str,
    clouds: Clouds,
    workers: Workers,
    clock: Clock,
    *,
    region: str | None = None,
    lifecycles: Lifecycles | None = None,
) -> list[Report]:
    """Start a run of this policy, in all targets or in those of one region; the policy's window holds.

    The same key never takes a disk twice, whatever the time: what a worker left open is taken by
    asking again. A policy that is paused can be started, too. Raises InputError for a name or a
    region that is not in the file.
    """
    policy, now = _policy(plan, policy_name), clock.now()
    run = Run(policy.name, now.replace(second=0, microsecond=0), key)

    def one_target(target: Target) -> list[Report]:
        asked = Asked(plan, [(policy, run)], target, now, at_once=True)
        return planned(asked, clouds, lifecycles, lambda parts: handing.hand_out(parts, workers, clock.now()))

    return side_by_side(_targets(plan, region), one_target)


def _policy(plan: Plan, name: str) -> Policy:
    for policy in plan.policies:
        if policy.name == name:
            return policy
    known = ", ".join(policy.name for policy in plan.policies)
    raise InputError("policy", f"there is no {name}; the policy file has {known}")


def _targets(plan: Plan, region: str | None) -> Sequence[Target]:
    chosen = [target for target in plan.targets if region in {None, target.region}]
    if not chosen:
        known = ", ".join(str(target) for target in plan.targets)
        raise InputError("region", f"{region} is not looked after; the policy file has {known}")
    return chosen


def _previewed(report: Report) -> Report:
    return replace(
        report,
        outcomes=tuple(
            replace(one, decision=Decision.PREVIEWED) if one.decision is Decision.DISPATCHED else one
            for one in report.outcomes
        ),
    )


def _why_not(policy: Policy, due: datetime) -> str:
    day = due.astimezone(ZoneInfo(policy.time_zone)).date()
    if policy.paused:
        return "not taken: the policy is paused"
    return f"not taken: {day} is in skip_dates" if day in policy.skip_dates else ""
