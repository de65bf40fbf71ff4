"""The port `Workers`: a batch becomes an asynchronous invocation of the worker function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap import wire
from cbsnap.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cbsnap.model import Batch
    from cbsnap.tencent.api import Api

ASYNC_EVENT_BYTES = 128 * 1024  # the most an asynchronous event may have (583/11637)


class Workers:
    """The worker functions: each target's own, or the one that serves all others.

    `api` gives the calls into a region; a worker is named `[region/]function`.
    """

    def __init__(self, api: Callable[[str], Api], region: str, function: str) -> None:
        self._api = api
        self._region = region
        self._function = function

    def dispatch(self, batch: Batch) -> str:
        """Invoke the worker, again if no answer came: events are delivered at least once anyway."""
        context = wire.batch_text(batch)
        if len(context.encode()) > ASYNC_EVENT_BYTES:
            raise InputError("batch", f"an event of {len(context)} bytes is over {ASYNC_EVENT_BYTES}")
        region, _, function = (batch.target.worker or self._function).rpartition("/")
        answer = self._api(region or self._region).read(
            "scf",
            "Invoke",
            {"FunctionName": function, "InvocationType": "Event", "ClientContext": context},
        )
        return str(answer["Result"]["FunctionRequestId"])
