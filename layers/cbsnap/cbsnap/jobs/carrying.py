"""A restore is carried out, by as many invocations as it takes, each of which may die at any moment.

An invocation works as long as it has time and then hands the order over. Every step asks the cloud
first, so that an order that is delivered twice, or carried out by two at a time, does no harm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError, CloudFault, DiskBusy, InputError, OutcomeUnknown, Throttled
from cbsnap.jobs.cloning import Cloning
from cbsnap.jobs.restore import DELIVERY
from cbsnap.jobs.rolling_back import RollingBack
from cbsnap.restoration import Progress
from cbsnap.rules.restored import kind_of

if TYPE_CHECKING:
    from cbsnap.ports.clock import Clock
    from cbsnap.ports.cloud import Cloud
    from cbsnap.ports.disks import Restorer
    from cbsnap.ports.functions import Keeper
    from cbsnap.ports.lifecycle import Ending
    from cbsnap.restoration import RestoreOrder

LOOK_AGAIN_S = 5.0
LONGEST_PAUSE_S = 30.0
PASSING = (Throttled, CloudFault, DiskBusy, OutcomeUnknown)


@dataclass(frozen=True, slots=True)
class Means:
    """What a restore works with, in one region."""

    deployment: str
    cloud: Cloud
    restorer: Restorer
    ending: Ending
    clock: Clock


def carry(order: RestoreOrder, means: Means, keeper: Keeper, budget_s: float) -> Progress:
    """Carry an order out as far as the time goes, and hand over what is left.

    A message that was kept too long is dropped and says so: nobody expects the disk to change then.
    """
    clock = means.clock
    if clock.now() > order.deliver_by:
        late = (
            f"delivered after {order.deliver_by:%H:%M:%S} UTC, and dropped: nothing was begun by this message"
        )
        return Progress(order.key, kind_of(order), reason=late)
    progress = carry_on(order, means, clock.monotonic() + budget_s)
    if not progress.over and clock.now() <= order.until:
        keeper.hand_over(replace(order, deliver_by=clock.now() + DELIVERY, turn=order.turn + 1))
    return progress


def carry_on(order: RestoreOrder, means: Means, until_s: float) -> Progress:
    """Work at an order until it is over, or until that time of the monotonic clock.

    What the cloud refuses becomes `failed`; CloudError is raised only when that cannot be written down.
    """
    work, clock = _work(order, means), means.clock
    before, pause_s = None, LOOK_AGAIN_S
    while True:
        progress = _tried(work, order)
        if progress.over:
            return progress
        if clock.now() > order.until:
            return work.give_up("GivenUp")
        pause_s = LOOK_AGAIN_S if progress.state is not before else min(pause_s * 1.5, LONGEST_PAUSE_S)
        if clock.monotonic() + pause_s > until_s:
            return progress
        before = progress.state
        clock.sleep(pause_s)


def _work(order: RestoreOrder, means: Means) -> RollingBack | Cloning:
    if order.rollback is not None:
        return RollingBack(order, order.rollback, means)
    if order.clone is not None:
        return Cloning(order, order.clone, means)
    raise InputError("restore", "neither rollback nor clone is set")


def _tried(work: RollingBack | Cloning, order: RestoreOrder) -> Progress:
    """Do a step; what passes by itself is tried again later, what does not ends the restore."""
    try:
        return work.step()
    except PASSING as passing:
        return Progress(order.key, kind_of(order), reason=str(passing))
    except CloudError as refused:
        return work.give_up(refused.code)
