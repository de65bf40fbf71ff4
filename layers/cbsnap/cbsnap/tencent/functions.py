"""The port `Workers`: a batch becomes an asynchronous invocation of the worker function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap import wire
from cbsnap.errors import InputError

if TYPE_CHECKING:
    from cbsnap.model import Batch
    from cbsnap.tencent.api import Api

ASYNC_EVENT_BYTES = 128 * 1024  # the most an asynchronous event may have (583/11637)


class Worker:
    """One worker function, by name."""

    def __init__(self, api: Api, function: str, namespace: str = "default") -> None:
        self._api = api
        self._function = function
        self._namespace = namespace

    def dispatch(self, batch: Batch) -> str:
        """Invoke the worker, again if no answer came: events are delivered at least once anyway."""
        context = wire.batch_text(batch)
        if len(context.encode()) > ASYNC_EVENT_BYTES:
            raise InputError("batch", f"an event of {len(context)} bytes is over {ASYNC_EVENT_BYTES}")
        answer = self._api.read(
            "scf",
            "Invoke",
            {
                "FunctionName": self._function,
                "Namespace": self._namespace,
                "InvocationType": "Event",
                "ClientContext": context,
            },
        )
        return str(answer["Result"]["FunctionRequestId"])
