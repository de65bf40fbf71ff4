"""The hosts that policies hold, and the instances that their drills use: asked, never held or changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from cbsnap.errors import HostError, InputError, Refused
from cbsnap.jobs.preflight import RUNNING
from cbsnap.rules.checkup.facts import HostSeen, Place, ScratchSeen
from cbsnap.rules.selection import selected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cbsnap.jobs.looking import Looking
    from cbsnap.model import Disk, Instance, Plan, Policy, Target
    from cbsnap.ports import Cloud, Clouds, Commands, HostStatus, PlanCheck
    from cbsnap.surroundings import AnsweringHosts

STATUS_S = 3.0
HOSTS_AT_ONCE = 16


def hosts(
    plan: Plan, there: Sequence[Place], agents: AnsweringHosts | None, clouds: Clouds, look: Looking
) -> tuple[HostSeen, ...] | None:
    """Ask every host that a policy holds by a plan; None where there is no way to any."""
    if agents is None:
        return None
    wanted = [
        one for place in there for policy in plan.policies for one in _held(policy, place, clouds, look)
    ]
    with ThreadPoolExecutor(HOSTS_AT_ONCE) as side_by_side:
        return tuple(side_by_side.map(lambda one: _asked(one, agents), wanted))


def _held(
    policy: Policy, place: Place, clouds: Clouds, look: Looking
) -> Iterator[tuple[Policy, Instance, list[Disk]]]:
    """Yield the running instances that a policy holds by a plan, each with all disks that it selects."""
    if policy.quiesce is None or policy.quiesce.stops:
        return
    mine = selected(place.disks or (), policy.select)
    ids = sorted({one for disk in mine for one in disk.instance_ids})
    cloud = clouds.at(place.target)
    found = look.at("cvm:DescribeInstances", str(place.target), lambda: cloud.instances(ids)) if ids else []
    yield from ((policy, one, mine) for one in found or () if one.state == RUNNING)


def _asked(wanted: tuple[Policy, Instance, list[Disk]], agents: AnsweringHosts) -> HostSeen:
    policy, instance, disks = wanted
    plan = policy.quiesce.plan if policy.quiesce else ""
    selected_ids = frozenset(disk.id for disk in disks)
    on_it = sorted(disk.id for disk in disks if instance.id in disk.instance_ids)
    check: PlanCheck | HostError | None = None
    status: HostStatus | HostError | InputError
    try:
        with closing(agents.on(instance)) as agent:
            status = agent.status(STATUS_S)
            try:
                check = agent.check(plan, on_it)
            except HostError as failed:
                check = failed
    except (HostError, InputError) as failed:
        status = failed
    return HostSeen(instance, policy.name, plan, selected_ids, status, check)


def scratch(
    plan: Plan, clouds: Clouds, commands: Callable[[Target], Commands], look: Looking
) -> Iterator[ScratchSeen]:
    """Look at the instance of each policy's drills."""
    for policy in plan.policies:
        if policy.drill is None:
            continue
        region, name = policy.drill.region, policy.drill.instance
        target = next((one for one in plan.targets if region in {None, one.region}), plan.targets[0])
        where, find = str(target), partial(_instances, clouds.at(target), name)
        there = look.at("cvm:DescribeInstances", where, find)
        if there is None:
            continue
        reaches = partial(commands(target).reaches, name)
        takes = look.at("tat:DescribeAutomationAgentStatus", where, reaches) if there else None
        yield ScratchSeen(policy.name, name, there[0].state if there else None, takes)


def _instances(cloud: Cloud, instance_id: str) -> list[Instance]:
    """Return the instance, if there is one: the API refuses an id that it does not know."""
    try:
        return cloud.instances([instance_id])
    except Refused as refused:
        if "NotFound" not in refused.code:
            raise
        return []
