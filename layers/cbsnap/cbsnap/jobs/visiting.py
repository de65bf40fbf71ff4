"""The hosts that policies hold, and the instances that their drills use: asked, never held or changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from cbsnap.errors import HostError, InputError, Refused
from cbsnap.jobs.preflight import RUNNING
from cbsnap.model import Transport
from cbsnap.rules.checkup.facts import HostSeen, Place, ScratchSeen
from cbsnap.rules.selection import selected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cbsnap.jobs.looking import Looking
    from cbsnap.model import Disk, Instance, Plan, Policy, Quiesce, Target
    from cbsnap.ports import Cloud, Clouds, Commands, HostStatus, PlanCheck
    from cbsnap.surroundings import AnsweringHosts

STATUS_S = 3.0
COMMAND_S = 30.0  # a command of the channel takes seconds to get there
HOSTS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Way:
    """The way to a target's agents. `opened`: a key opens their ports; the command channel needs none."""

    to: Callable[[Target], AnsweringHosts]
    opened: bool


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One host that is to be asked, for one policy; `disks` are all that the policy selects."""

    target: Target
    policy: str
    quiesce: Quiesce
    instance: Instance
    disks: Sequence[Disk]


def hosts(plan: Plan, there: Sequence[Place], way: Way, clouds: Clouds, look: Looking) -> Iterator[HostSeen]:
    """Ask every host that a policy holds by a plan, as far as there is a way to it."""
    wanted = [
        one for place in there for policy in plan.policies for one in _held(policy, place, clouds, look)
    ]
    reachable = [one for one in wanted if way.opened or one.quiesce.transport is Transport.TAT]
    with ThreadPoolExecutor(HOSTS_AT_ONCE) as side_by_side:
        yield from side_by_side.map(lambda one: _asked(one, way.to(one.target)), reachable)


def _held(policy: Policy, place: Place, clouds: Clouds, look: Looking) -> Iterator[_Wanted]:
    """Yield the running instances that a policy holds by a plan."""
    if policy.quiesce is None or policy.quiesce.stops:
        return
    mine = selected(place.disks or (), policy.select)
    ids = sorted({one for disk in mine for one in disk.instance_ids})
    cloud = clouds.at(place.target)
    found = look.at("cvm:DescribeInstances", str(place.target), lambda: cloud.instances(ids)) if ids else []
    for one in found or ():
        if one.state == RUNNING:
            yield _Wanted(place.target, policy.name, policy.quiesce, one, mine)


def _asked(wanted: _Wanted, agents: AnsweringHosts) -> HostSeen:
    instance, plan = wanted.instance, wanted.quiesce.plan
    on_it = sorted(disk.id for disk in wanted.disks if instance.id in disk.instance_ids)
    by_port = wanted.quiesce.transport is Transport.HTTP
    check: PlanCheck | HostError | None = None
    status: HostStatus | HostError | InputError
    try:
        with closing(agents.on(instance, wanted.quiesce.transport)) as agent:
            status = agent.status(STATUS_S if by_port else COMMAND_S)
            try:
                check = agent.check(plan, on_it)
            except HostError as failed:
                check = failed
    except (HostError, InputError) as failed:
        status = failed
    everything = frozenset(disk.id for disk in wanted.disks)
    return HostSeen(instance, wanted.policy, plan, everything, status, check)


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
