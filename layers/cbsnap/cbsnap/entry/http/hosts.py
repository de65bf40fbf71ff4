"""Hosts: the instances whose disks policies select, and what their agents say of themselves.

Agents are asked side by side and for a short time; one that does not answer is an entry with its error.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from cbsnap.entry.http import access, paging, places
from cbsnap.entry.http.partial import Readings
from cbsnap.errors import HostError, InputError
from cbsnap.model import Disk, Instance, Target, Transport
from cbsnap.ports import HostStatus
from cbsnap.rules.selection import selected
from cbsnap.rules.tokens import Scope
from cbsnap.wiring import Wiring

TOGETHER = 32
PATIENCE_S = 2.0
BY_COMMAND = "asked by command (transport: tat), which takes too long for a list: cbsnap hosts status asks it"
MOST = 200  # of one answer: even if none answers, it comes within the function's time


class HostQuery(paging.Paged):
    """Which hosts are wanted."""

    limit: Annotated[int, Query(ge=1, le=MOST, description="hosts of one answer, at most")] = 100


class AgentShown(BaseModel):
    """What an agent says: `leases` are the states of what is held now."""

    version: str
    plans: list[str]
    paused: bool
    leases: list[str]


class HostShown(BaseModel):
    """An instance; `agent` is null when it could not be asked, and `error` says why."""

    instance_id: str
    name: str
    region: str
    ip: str | None
    state: str
    agent: AgentShown | None
    error: str | None


def routes(wiring: Wiring) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["hosts"])

    @router.get("/hosts", **access.only(Scope.READ))
    async def hosts(
        asked: Annotated[HostQuery, Query()],
    ) -> paging.Page[HostShown]:
        """List the instances whose disks policies select, each with its agent's state."""
        targets = places.targets(wiring, asked.region)
        readings = Readings(targets)
        portless: set[str] = set()
        page = paging.cut(list(_wanted(wiring, targets, readings, portless)), asked)
        found = list(_found(wiring, targets, page["items"], readings))
        with ThreadPoolExecutor(TOGETHER) as side_by_side:
            items = list(side_by_side.map(lambda one: _shown(wiring, one, one.id in portless), found))
        return paging.Page[HostShown](items=items, next_cursor=page["next_cursor"], errors=readings.errors)

    return router


def _wanted(
    wiring: Wiring, targets: Sequence[Target], readings: Readings, portless: set[str]
) -> Iterator[tuple[int, str]]:
    """Yield each instance by its target's number and its id; adds those that policies ask by command only."""
    for number, target in enumerate(targets):
        disks = readings.read(number, wiring.clouds.at(target).disks) or []
        mine = [disk for policy in wiring.plan.policies for disk in selected(disks, policy.select)]
        portless |= _asked_over(Transport.TAT, wiring, disks) - _asked_over(Transport.HTTP, wiring, disks)
        for instance_id in sorted({one for disk in mine for one in disk.instance_ids}):
            yield number, instance_id


def _asked_over(transport: Transport, wiring: Wiring, disks: Sequence[Disk]) -> set[str]:
    policies = [one for one in wiring.plan.policies if one.quiesce and one.quiesce.transport is transport]
    mine = [disk for policy in policies for disk in selected(disks, policy.select)]
    return {one for disk in mine for one in disk.instance_ids}


def _found(
    wiring: Wiring, targets: Sequence[Target], wanted: Sequence[tuple[int, str]], readings: Readings
) -> Iterator[Instance]:
    for number, target in enumerate(targets):
        ids = [instance_id for of, instance_id in wanted if of == number]
        read = partial(wiring.clouds.at(target).instances, ids)
        yield from sorted(readings.read(number, read) or [], key=lambda one: one.id)


def _shown(wiring: Wiring, instance: Instance, portless: bool) -> HostShown:  # noqa: FBT001 - private
    status, error = (None, BY_COMMAND) if portless else _asked(wiring, instance)
    return HostShown(
        instance_id=instance.id,
        name=instance.name,
        region=instance.region,
        ip=instance.private_ips[0] if instance.private_ips else None,
        state=instance.state,
        agent=_agent(status) if status else None,
        error=error,
    )


def _asked(wiring: Wiring, instance: Instance) -> tuple[HostStatus | None, str | None]:
    if instance.state != "RUNNING":
        return None, f"the instance is {instance.state}"
    try:
        return wiring.agents(wiring.plan.agent_port).on(instance).status(PATIENCE_S), None
    except (HostError, InputError) as silent:
        return None, str(silent)


def _agent(status: HostStatus) -> AgentShown:
    return AgentShown(
        version=status.version,
        plans=list(status.plans),
        paused=status.paused,
        leases=[status.lease.state] if status.lease else [],
    )
