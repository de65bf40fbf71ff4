"""Calling functions: Invoke (583/17243), and InvokeFunction, which is synchronous only (583/58400)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from localcloud.parameters import OneOf
from localcloud.scf.errors import InvalidInvokeType, InvalidPayload, RequestTooLarge
from localcloud.scf.service import SERVICE, find, qualified, runtime_of

if TYPE_CHECKING:
    from localcloud.runtime.invocation import Invocation
    from localcloud.service import Answer, Call

SYNC_LIMIT_BYTES = 6 << 20
ASYNC_LIMIT_BYTES = 128 << 10
LOG_TAIL_BYTES = 4096
BILLED_MS = 1
LogType = Annotated[str, OneOf("None", "Tail")]


@SERVICE.rated(100)
@dataclass(frozen=True)
class Invoke:
    """Run a function, and wait for it or not. RoutingKey is accepted and changes nothing."""

    function_name: str
    invocation_type: str = "RequestResponse"
    qualifier: str = "$LATEST"
    client_context: str = "{}"
    log_type: LogType = "None"
    namespace: str = "default"
    routing_key: str = ""

    async def answer(self, call: Call) -> Answer:
        """Answer with the result, or with the request id alone when nobody waits."""
        deployed = find(call, self.function_name, self.namespace)
        if self.invocation_type == "Event":
            event = _event("ClientContext", self.client_context, ASYNC_LIMIT_BYTES)
            with qualified(self.qualifier):
                return _queued(runtime_of(call).queue(deployed, event, "invoke", self.qualifier))
        if self.invocation_type != "RequestResponse":
            raise InvalidInvokeType(given=self.invocation_type)
        event = _event("ClientContext", self.client_context, SYNC_LIMIT_BYTES)
        with qualified(self.qualifier):
            return _result(
                await runtime_of(call).invoke(deployed, self.qualifier, event, "invoke"), self.log_type
            )


@SERVICE.rated(10_000)
@dataclass(frozen=True)
class InvokeFunction:
    """Run a function and wait for it."""

    function_name: str
    qualifier: str = "$DEFAULT"
    event: str = "{}"
    log_type: LogType = "None"
    namespace: str = "default"
    routing_key: str = ""

    async def answer(self, call: Call) -> Answer:
        """Answer with the result."""
        deployed = find(call, self.function_name, self.namespace)
        event = _event("Event", self.event, SYNC_LIMIT_BYTES)
        with qualified(self.qualifier):
            return _result(
                await runtime_of(call).invoke(deployed, self.qualifier, event, "invoke"), self.log_type
            )


def _event(name: str, text: str, limit_bytes: int) -> object:
    size = len(text.encode())
    if size > limit_bytes:
        raise RequestTooLarge(size=size, limit=limit_bytes)
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidPayload(name=name) from error


def _result(invocation: Invocation, log_type: str) -> Answer:
    """Return the answer of a finished call; that ErrMsg is the report and RetMsg JSON text is inferred."""
    last, error = invocation.last, invocation.error()
    log = "\n".join(line.text for line in last.log).encode()[-LOG_TAIL_BYTES:].decode(errors="ignore")
    return _answer(
        invocation,
        Log=log if log_type == "Tail" else "",
        RetMsg=last.result or "",
        ErrMsg=json.dumps(error, ensure_ascii=False) if error else "",
        MemUsage=last.memory_bytes,
        Duration=last.duration_ms,
        BillDuration=-int(-last.duration_ms // BILLED_MS),
        InvokeResult=-1 if error else 0,
    )


def _queued(invocation: Invocation) -> Answer:
    nothing = {"Log": "", "RetMsg": "", "ErrMsg": "", "MemUsage": 0, "Duration": 0.0, "BillDuration": 0}
    return _answer(invocation, **nothing, InvokeResult=0)


def _answer(invocation: Invocation, **fields: object) -> Answer:
    return {"Result": {**fields, "FunctionRequestId": invocation.request_id}}
