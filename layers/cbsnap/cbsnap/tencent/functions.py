"""The ports `Workers` and `Settlers`: what is asked for becomes an asynchronous invocation of a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap import wire
from cbsnap.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cbsnap.model import Batch, Target
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
        return self._invoke(batch.target, wire.batch_text(batch))

    def settle(self, target: Target) -> str:
        """Invoke a target's worker with the errand; it does no harm twice."""
        return self._invoke(target, wire.settling_text(target))

    def _invoke(self, target: Target, context: str) -> str:
        if len(context.encode()) > ASYNC_EVENT_BYTES:
            raise InputError("batch", f"an event of {len(context)} bytes is over {ASYNC_EVENT_BYTES}")
        region, _, function = (target.worker or self._function).rpartition("/")
        answer = self._api(region or self._region).read(
            "scf",
            "Invoke",
            {"FunctionName": function, "InvocationType": "Event", "ClientContext": context},
        )
        return str(answer["Result"]["FunctionRequestId"])
