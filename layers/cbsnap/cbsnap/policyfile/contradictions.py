"""What cannot stand together in a policy file, though each section by itself is right."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from cbsnap.errors import InputError
from cbsnap.model import Run
from cbsnap.policyfile.yamllines import Finding
from cbsnap.rules import drilling
from cbsnap.rules.names import MANUAL, SAFETY, snapshot_name
from cbsnap.rules.quota import disk_limit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbsnap.model import Plan, Policy, QuotaLimits

_ANY_TIME = datetime(2026, 1, 1, tzinfo=timezone.utc)  # names of all times are equally long
_ORDINARY_ID = "disk-1a2b3c4d"


def contradictions(plan: Plan) -> Iterator[Finding]:
    """Yield where each lies in the file, and what would be right."""
    yield from _repeated_targets(plan)
    yield from _rules_without_ground(plan)
    yield from _templates_for_nobody(plan)
    for policy in plan.policies:
        yield from _taken_name(policy)
        yield from _long_names(policy)
        yield from _idle_quiesce(policy)
        yield from _overfull(policy, plan.quota)
        yield from _unknown_address(policy, plan)
        yield from _copies_to_itself(policy, plan)
        yield from _given_twice(policy)
        yield from _drilled_nowhere(policy, plan)


def _repeated_targets(plan: Plan) -> Iterator[Finding]:
    places = [(target.region, target.role) for target in plan.targets]
    for index, place in enumerate(places):
        if place in places[:index]:
            yield Finding(("targets", index), f"{place[0]} is given twice: keep one of them")


def _rules_without_ground(plan: Plan) -> Iterator[Finding]:
    policies = [policy.name for policy in plan.policies]
    regions = {target.region for target in plan.targets}
    for rule in plan.events:
        if rule.policy is not None and rule.policy not in policies:
            yield Finding(
                ("events", rule.name, "policy"), f"no policy {rule.policy}; there are {', '.join(policies)}"
            )
        if rule.region is not None and regions and rule.region not in regions:
            yield Finding(
                ("events", rule.name, "region"),
                f"{rule.region} is no target; there are {', '.join(sorted(regions))}",
            )


def _templates_for_nobody(plan: Plan) -> Iterator[Finding]:
    for name in plan.templates:
        if name not in plan.notify:
            yield Finding(("templates", name), f"no {name} in the file's notify, which has {_known(plan)}")


def _long_names(policy: Policy) -> Iterator[Finding]:
    longest_id = max(policy.select.disks, key=len, default=_ORDINARY_ID)
    try:
        snapshot_name(Run(policy.name, _ANY_TIME, key=""), longest_id)
    except InputError as error:
        yield Finding(("policies", policy.name, "select", "disks"), error.message)


def _idle_quiesce(policy: Policy) -> Iterator[Finding]:
    if policy.quiesce is not None and policy.select.attached is False:
        yield Finding(
            ("policies", policy.name, "quiesce"),
            "an unattached disk has no host to hold: leave out quiesce, or attached: false",
        )


def _unknown_address(policy: Policy, plan: Plan) -> Iterator[Finding]:
    if policy.notify is not None and policy.notify not in plan.notify:
        yield Finding(
            ("policies", policy.name, "notify"),
            f"no {policy.notify} in the file's notify, which has {_known(plan)}",
        )


def _taken_name(policy: Policy) -> Iterator[Finding]:
    if policy.name in {MANUAL, SAFETY}:
        yield Finding(
            ("policies", policy.name),
            f"{policy.name} is the name of snapshots that no rules may delete: choose another one",
        )


def _known(plan: Plan) -> str:
    return ", ".join(plan.notify) or "none"


def _copies_to_itself(policy: Policy, plan: Plan) -> Iterator[Finding]:
    regions = {target.region for target in plan.targets}
    for index, copy in enumerate(policy.copy):
        if regions == {copy.region}:
            yield Finding(
                ("policies", policy.name, "copy", index, "region"), f"all disks are in {copy.region} already"
            )


def _given_twice(policy: Policy) -> Iterator[Finding]:
    """Yield what has two rules: the one would undo what the other does."""
    regions, accounts = [one.region for one in policy.copy], [one.account for one in policy.share]
    for key, field, values in (("copy", "region", regions), ("share", "account", accounts)):
        for index, value in enumerate(values):
            if value in values[:index]:
                where = ("policies", policy.name, key, index, field)
                yield Finding(where, f"{value} is given twice: keep one of them")


def _drilled_nowhere(policy: Policy, plan: Plan) -> Iterator[Finding]:
    regions = [target.region for target in plan.targets]
    if policy.drill is None or not regions:
        return
    if policy.drill.region is None and len(regions) > 1:
        yield Finding(
            ("policies", policy.name, "drill"), f"say the instance's region, one of {', '.join(regions)}"
        )
    elif policy.drill.region not in (None, *regions):
        yield Finding(
            ("policies", policy.name, "drill", "region"),
            f"{policy.drill.region} is no target; targets are {', '.join(regions)}",
        )
    elif drilling.place(plan.targets, policy.drill) is None:
        known = ", ".join(map(str, plan.targets))
        yield Finding(
            ("policies", policy.name, "drill", "role"),
            f"say whose the instance is: a target has this role and region; targets are {known}",
        )


def _overfull(policy: Policy, limits: QuotaLimits) -> Iterator[Finding]:
    limit = disk_limit(limits)
    for rule, count in asdict(policy.keep).items():
        if rule != "within" and count >= limit:
            yield Finding(
                ("policies", policy.name, "keep", rule),
                f"{count} leaves no room for the next one: a disk has at most {limit} snapshots (quota.disk)",
            )
