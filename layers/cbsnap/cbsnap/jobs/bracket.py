"""Hosts held for the time of a few calls: whatever happens inside, every host is released.

Holding is all or nothing, in a fixed order; a host that is busy is never waited for while another
is held. Releases go out side by side, so that a host that does not answer keeps no other locked.
The release carries what had been answered, and its answer is the proof; one that gets no answer
is tried again until the host has freed itself anyway.
"""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cbsnap.errors import AlreadyTaken, HostBusy, HostError, HostRefused, HostUnreachable
from cbsnap.model.policies import Transport
from cbsnap.ports.hosts import LeaseRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cbsnap.model.policies import Quiesce
    from cbsnap.ports.clock import Clock
    from cbsnap.ports.hosts import Host, LeaseRecord

RESERVE_S = 3.0  # of a lease, kept for releasing it
_RESERVE_BY_COMMAND_S = 10.0  # the same where the release has to be delivered first [inferred]
_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Wish:
    """One host, and the disks of it that its plan is to hold."""

    host: Host
    disk_ids: tuple[str, ...]


@dataclass(slots=True)
class Hold:
    """All hosts of a group, held until `until` (monotonic seconds) at least; `reserve_s` of it is to release.

    `answered` is filled inside. `released` has each host's answer to the release after the end,
    None for one that did not confirm it.
    """

    records: tuple[LeaseRecord, ...]
    until: float
    reserve_s: float = RESERVE_S
    answered: dict[str, str] = field(default_factory=dict)
    released: tuple[LeaseRecord | None, ...] = ()

    def left_s(self, clock: Clock) -> float:
        """Return what is left for work inside the leases."""
        return self.until - self.reserve_s - clock.monotonic()


@dataclass(frozen=True, slots=True)
class _Lease:
    host: Host
    record: LeaseRecord
    until: float


@contextmanager
def held(wishes: Sequence[Wish], operation: str, quiesce: Quiesce, clock: Clock) -> Iterator[Hold]:
    """Hold a plan on every host for as long as the body runs.

    Raises what `Host.lease` raises, or HostRefused when a host could not be quiesced: then
    nothing is held. An error of the body passes through after the releases.
    """
    leases = _all_or_none(wishes, operation, quiesce, clock)
    reserve_s = _RESERVE_BY_COMMAND_S if quiesce.transport is Transport.TAT else RESERVE_S
    records = tuple(lease.record for lease in leases)
    hold = Hold(records, min(lease.until for lease in leases), reserve_s)
    try:
        yield hold
    finally:
        hold.released = _release(leases, hold.answered, clock)


def _all_or_none(
    wishes: Sequence[Wish], operation: str, quiesce: Quiesce, clock: Clock
) -> tuple[_Lease, ...]:
    leases: list[_Lease] = []
    try:
        for wish in wishes:
            leases.append(_lease(wish, operation, quiesce, clock))  # noqa: PERF401 - what is held must be known
    except BaseException:
        _release(leases, {}, clock)
        raise
    return tuple(leases)


def _lease(wish: Wish, operation: str, quiesce: Quiesce, clock: Clock) -> _Lease:
    request = LeaseRequest(
        lease_id=secrets.token_hex(16),
        operation=operation,
        plan=quiesce.plan,
        disk_ids=wish.disk_ids,
        ttl_s=quiesce.ttl_s,
        budget_ms=quiesce.budget_s * 1000,
    )
    try:
        record = wish.host.lease(request)
    except (HostBusy, AlreadyTaken, HostRefused):
        raise  # the host says itself that it does not hold
    except BaseException:
        _let_go(wish.host, request.lease_id)
        raise
    if not record.held:
        raise HostRefused("not-quiesced", "", record.reason or f"the lease is {record.state}")
    left_s = min(record.ttl_left_ms / 1000, request.ttl_s)
    return _Lease(wish.host, record, clock.monotonic() + left_s)


def _release(
    leases: Sequence[_Lease], answered: dict[str, str], clock: Clock
) -> tuple[LeaseRecord | None, ...]:
    if len(leases) <= 1:  # no thread where time counts
        return tuple(_release_one(lease, answered, clock) for lease in leases)
    with ThreadPoolExecutor(len(leases)) as side_by_side:
        # Not by `map`, which calls off what has not begun as soon as one raises.
        sent = [side_by_side.submit(_release_one, lease, answered, clock) for lease in leases]
        return tuple(each.result() for each in sent)


def _release_one(lease: _Lease, answered: dict[str, str], clock: Clock) -> LeaseRecord | None:
    """Release, again while there is no answer and the host is not free by itself."""
    while True:
        try:
            return lease.host.release(lease.record.lease_id, answered)
        except HostUnreachable:
            if clock.monotonic() > lease.until:
                return None
            clock.sleep(_AGAIN_S)
        except HostError:
            return None  # an agent started anew does not know the lease: nothing is held, nothing proved


def _let_go(host: Host, lease_id: str) -> None:
    """End what may have been held although no answer came; the host would do so itself, later."""
    try:
        host.release(lease_id, {})
    except HostError:
        return
