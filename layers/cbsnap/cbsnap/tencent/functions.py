"""The ports `Workers`, `Settlers` and `Keeper`: what is asked for becomes asynchronous invocations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap import wire
from cbsnap.deployment import DEFAULT
from cbsnap.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cbsnap.model.plan import Target
    from cbsnap.model.runs import Batch, DrillOrder
    from cbsnap.restoration import RestoreOrder
    from cbsnap.tencent.api import Api

ASYNC_EVENT_BYTES = 128 * 1024  # the most an asynchronous event may have (583/11637)


class Functions:
    """The worker functions: each target's own, or the one that serves all others.

    `api` gives the calls into a region; a worker is named `[region/]function`.
    """

    def __init__(self, api: Callable[[str], Api], region: str, function: str) -> None:
        self._api = api
        self._region = region
        self._function = function

    def dispatch(self, batch: Batch) -> str:
        """Invoke the worker, again if no answer came: events are delivered at least once anyway."""
        return self._ask(batch.target, wire.batch_text(batch), "batch")

    def settle(self, target: Target) -> str:
        """Invoke a target's worker with the errand; it does no harm twice."""
        return self._ask(target, wire.settling_text(target), "errand")

    def _ask(self, target: Target, context: str, what: str) -> str:
        region, _, function = (target.worker or self._function).rpartition("/")
        return _invoke(self._api(region or self._region), function, context, what)


class Keeper:
    """The function that errands are carried out by, named `[region/]function`."""

    def __init__(self, api: Callable[[str], Api], region: str, function: str) -> None:
        self._api = api
        self._region = region
        self._function = function

    def hand_over(self, order: RestoreOrder | DrillOrder) -> str:
        """Invoke the function, again if no answer came: an errand can be carried out more than once."""
        region, _, function = self._function.rpartition("/")
        return _invoke(self._api(region or self._region), function, wire.errand_text(order), "errand")


def _invoke(api: Api, function: str, context: str, what: str) -> str:
    if len(context.encode()) > ASYNC_EVENT_BYTES:
        raise InputError(what, f"an event of {len(context)} bytes is over {ASYNC_EVENT_BYTES}")
    params = {
        "FunctionName": function,
        "Qualifier": DEFAULT,  # without it, the API calls what is being deployed
        "InvocationType": "Event",
        "ClientContext": context,
    }
    return str(api.read("scf", "Invoke", params)["Result"]["FunctionRequestId"])
