"""Hosts held for the time of a few calls: whatever happens inside, every host is released.

Holding is all or nothing. The release carries what had been answered, and its answer is the
proof; a release that gets no answer is tried again until the host has freed itself anyway.
"""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cbsnap.errors import HostError, HostRefused, HostUnreachable
from cbsnap.ports import LeaseRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbsnap.model import Quiesce
    from cbsnap.ports import Clock, Host, LeaseRecord

RESERVE_S = 3.0  # of a lease, kept for releasing it
_AGAIN_S = 1.0


@dataclass(slots=True)
class Hold:
    """One host, held. `answered` is filled inside; `released` is there after the end, or None."""

    record: LeaseRecord
    until: float
    answered: dict[str, str] = field(default_factory=dict)
    released: LeaseRecord | None = None

    def left_s(self, clock: Clock) -> float:
        """Return what is left for work inside the lease."""
        return self.until - RESERVE_S - clock.monotonic()


@contextmanager
def held(
    host: Host, operation: str, disk_ids: tuple[str, ...], quiesce: Quiesce, clock: Clock
) -> Iterator[Hold]:
    """Hold a plan on a host for as long as the body runs.

    Raises what `Host.lease` raises, or HostRefused when the host could not be quiesced: then
    nothing is held. An error of the body passes through after the release.
    """
    request = LeaseRequest(
        lease_id=secrets.token_hex(16),
        operation=operation,
        plan=quiesce.plan,
        disk_ids=disk_ids,
        ttl_s=quiesce.ttl_s,
        budget_ms=quiesce.budget_s * 1000,
    )
    try:
        record = host.lease(request)
    except HostUnreachable:
        _let_go(host, request.lease_id)
        raise
    if not record.held:
        raise HostRefused("not-quiesced", "", record.reason or f"the lease is {record.state}")
    hold = Hold(record, clock.monotonic() + record.ttl_left_ms / 1000)
    try:
        yield hold
    finally:
        hold.released = _release(host, hold, clock)


def _release(host: Host, hold: Hold, clock: Clock) -> LeaseRecord | None:
    """Release, again while there is no answer and the host is not free by itself."""
    while True:
        try:
            return host.release(hold.record.lease_id, hold.answered)
        except HostUnreachable:
            if clock.monotonic() > hold.until:
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
