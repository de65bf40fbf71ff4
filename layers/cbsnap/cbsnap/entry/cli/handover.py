"""The functions that commands hand work to, as the gateway does; requests' ids are kept, to follow them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError, InputError, Refused
from cbsnap.ports.functions import Answered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbsnap.model.plan import Target
    from cbsnap.model.runs import Batch, DrillOrder
    from cbsnap.restoration import RestoreOrder
    from cbsnap.wiring import Wiring

_NOT_THERE = "ResourceNotFound.Function"


@dataclass
class HandedOver:
    """The ports `Workers`, `Keeper` and `DrillKeeper`, and what becomes of what they were given."""

    wiring: Wiring
    _open: list[tuple[Target | None, str]] = field(default_factory=list)

    def dispatch(self, batch: Batch) -> str:
        """Hand a batch to the target's worker. Raises InputError where there is none, CloudError."""
        try:
            return self._kept(batch.target, self.wiring.workers.dispatch(batch))
        except Refused as refused:
            raise _not_deployed(refused, self.wiring.region, "CBSNAP_WORKER") from refused

    def hand_over(self, order: RestoreOrder | DrillOrder) -> str:
        """Hand an errand to `maintain`. Raises as above."""
        try:
            return self._kept(None, self.wiring.keeper.hand_over(order))
        except Refused as refused:
            raise _not_deployed(refused, self.wiring.region, "CBSNAP_KEEPER") from refused

    @property
    def all_over(self) -> bool:
        """Whether every function that was invoked is known to have ended."""
        return not self._open

    def answers(self) -> Iterator[Answered]:
        """Yield what came of those that have ended since the last time; of whom we may not ask, nothing."""
        for one in list(self._open):
            answered = self._asked(*one)
            if answered.over:
                self._open.remove(one)
                yield answered

    def _kept(self, target: Target | None, request_id: str) -> str:
        self._open.append((target, request_id))
        return request_id

    def _asked(self, target: Target | None, request_id: str) -> Answered:
        try:
            if target is None:
                return self.wiring.invocations.of_keeper(request_id)
            return self.wiring.invocations.of_worker(target, request_id)
        except CloudError:  # who may not ask follows by what the cloud shows alone
            return Answered(over=False)


def _not_deployed(refused: Refused, region: str, variable: str) -> CloudError | InputError:
    if not refused.code.startswith(_NOT_THERE):
        return refused
    return InputError(
        variable,
        f"{refused}; {region} was asked: set TENCENTCLOUD_REGION to where the functions are deployed, or "
        f"{variable} to [region/]name",
    )
