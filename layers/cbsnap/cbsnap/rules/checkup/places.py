"""Whether the policies meet the cloud: regions, the disks that they select, and room for snapshots."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from cbsnap.rules import quota
from cbsnap.rules.checkup.diagnosis import Diagnosis, Health
from cbsnap.rules.selection import described, selected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cbsnap.model import Disk, Plan
    from cbsnap.rules.checkup.facts import Facts, Place

NEARLY_FULL = 0.8
_NAMED = 3  # of many
_UNREAD = "could not be read", "see rights and reading"


def places(facts: Facts) -> Iterator[Diagnosis]:
    """Check all of it."""
    yield from regions(facts)
    yield from selections(facts)
    for place in facts.places:
        yield from room(place, facts.plan)


def regions(facts: Facts) -> Iterator[Diagnosis]:
    """Check each target's region: that there is one of this name, and something in it."""
    for place in facts.places:
        name = place.target.region
        if facts.regions is not None and place.target.role is None and name not in facts.regions:
            near = difflib.get_close_matches(name, facts.regions, 1)
            meant = f"{near[0]} may be meant" if near else f"there are {', '.join(sorted(facts.regions))}"
            yield Diagnosis("region", str(place.target), Health.BAD, "there is no such region", meant)
        elif place.disks is None:
            yield Diagnosis("region", str(place.target), Health.UNKNOWN, *_UNREAD)
        elif not place.disks:
            cure = (
                "is it the right region and account? take it out of `targets` if there is nothing to protect"
            )
            yield Diagnosis("region", str(place.target), Health.WARN, "has no disk", cure)
        else:
            said = f"{len(place.disks)} disk{'s' * (len(place.disks) > 1)}"
            yield Diagnosis("region", str(place.target), Health.OK, said)


def selections(facts: Facts) -> Iterator[Diagnosis]:
    """Check whether each policy finds disks, in whatever region."""
    if any(place.disks is None for place in facts.places):
        yield Diagnosis("selection", "all policies", Health.UNKNOWN, *_UNREAD)
        return
    everywhere = [disk for place in facts.places for disk in place.disks or ()]
    for policy in facts.plan.policies:
        if not selected(everywhere, policy.select):
            cure = f"no disk meets: {described(policy.select)}. Tag the disks, or change `select`"
            yield Diagnosis("selection", policy.name, Health.WARN, "selects no disk", cure)


def room(place: Place, plan: Plan) -> Iterator[Diagnosis]:
    """Check the region's and the disks' room for the next snapshot of each selected disk."""
    if place.disks is None or place.usage is None:
        yield Diagnosis("quota", str(place.target), Health.UNKNOWN, *_UNREAD)
        return
    wanted = _wanted(place.disks, plan)
    there = quota.region_room(plan.quota, len(place.disks), place.usage)
    said = f"{there.used} of {there.limit} snapshots; the policies' next runs want {len(wanted)}"
    cure = "cbsnap prune, fewer in `keep`, `make_room: true`, or more quota from the vendor and in `quota`"
    if there.left < len(wanted):
        yield Diagnosis("quota", str(place.target), Health.BAD, said, cure)
    elif there.used >= NEARLY_FULL * there.limit:
        yield Diagnosis("quota", str(place.target), Health.WARN, said, cure)
    else:
        yield Diagnosis("quota", str(place.target), Health.OK, said)
    yield from _disks_room(wanted, quota.disk_limit(plan.quota), cure)


def _disks_room(wanted: Sequence[Disk], limit: int, cure: str) -> Iterator[Diagnosis]:
    full = [disk for disk in wanted if disk.snapshot_count >= limit]
    nearly = [disk for disk in wanted if NEARLY_FULL * limit <= disk.snapshot_count < limit]
    for some, health in ((full, Health.BAD), (nearly, Health.WARN)):
        if some:
            said = f"{max(disk.snapshot_count for disk in some)} of {limit} snapshots"
            yield Diagnosis("quota", _listed([disk.id for disk in some]), health, said, cure)


def _wanted(disks: Sequence[Disk], plan: Plan) -> list[Disk]:
    """Return the disks that policies select, each once."""
    chosen = {disk.id for policy in plan.policies for disk in selected(disks, policy.select)}
    return [disk for disk in disks if disk.id in chosen]


def _listed(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return ", ".join(ids[:_NAMED]) + more
