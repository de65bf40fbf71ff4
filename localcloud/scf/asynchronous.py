"""Asynchronous events: how often they are tried, how long they are kept, and what became of one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.moments import read_moment, shanghai
from localcloud.runtime.function import AGES_S, LATEST, RETRIES
from localcloud.scf.errors import AgeLimit, AsyncEventNotFound, ReservedLimit, RetryLimit
from localcloud.scf.service import SERVICE, find, runtime_of

if TYPE_CHECKING:
    from localcloud.runtime.invocation import Invocation
    from localcloud.service import Answer, Call

UNRESERVED_MIB = 12_800
LOOK_BACK_S = 15 * 60
RETURNED, UNDER_WAY, FAILED = 0, 1, -1  # RetCode
MIB = 1 << 20
RUNNING = {"queued", "running", "retrying"}


@dataclass(frozen=True)
class RetryConfig:
    """How often an event that failed is tried again."""

    retry_num: int


@dataclass(frozen=True)
class AsyncTriggerConfig:
    """Retries, and the seconds that an event is kept."""

    retry_config: list[RetryConfig]
    msg_TTL: int  # noqa: N815  # MsgTTL on the wire


@SERVICE.action
@dataclass(frozen=True)
class GetFunctionEventInvokeConfig:
    """Show how a function's asynchronous events are treated; all versions alike."""

    function_name: str
    namespace: str = "default"
    qualifier: str = LATEST

    def answer(self, call: Call) -> Answer:
        """Show it."""
        deployed = find(call, self.function_name, self.namespace)
        config = {"RetryConfig": [{"RetryNum": deployed.retries}], "MsgTTL": deployed.event_age_s}
        return {"AsyncTriggerConfig": config}


@SERVICE.action
@dataclass(frozen=True)
class UpdateFunctionEventInvokeConfig:
    """Change how a function's asynchronous events are treated, those under way too."""

    async_trigger_config: AsyncTriggerConfig
    function_name: str
    namespace: str = "default"

    def answer(self, call: Call) -> Answer:
        """Change it."""
        deployed = find(call, self.function_name, self.namespace)
        wanted = self.async_trigger_config
        for each in wanted.retry_config:
            if each.retry_num not in RETRIES:
                raise RetryLimit(given=each.retry_num)
        if wanted.msg_TTL not in AGES_S:
            raise AgeLimit(given=wanted.msg_TTL)
        deployed.retries = wanted.retry_config[0].retry_num if wanted.retry_config else deployed.retries
        deployed.event_age_s = wanted.msg_TTL
        return {}


@SERVICE.action
@dataclass(frozen=True)
class GetAsyncEventStatus:
    """Say what became of an asynchronous event."""

    invoke_request_id: str

    def answer(self, call: Call) -> Answer:
        """Show its state."""
        for each in runtime_of(call).journal.find(request_id=self.invoke_request_id):
            if each.asynchronous and each.function.uin == call.caller.account.uin:
                failure = each.attempts[-1].failure if each.attempts else None
                ended = "FINISHED" if each.state == "succeeded" else "FAILED"
                status = "RUNNING" if each.state in RUNNING else ended
                result = {"Status": status, "StatusCode": failure.status if failure else 200}
                return {"Result": result | {"InvokeRequestId": each.request_id}}
        raise AsyncEventNotFound(request_id=self.invoke_request_id)


@SERVICE.action
@dataclass(frozen=True)
class GetRequestStatus:
    """Say what a request's attempts came to, those that began between two times or in the last 15 minutes.

    Inferred: that the times are Shanghai's, that RetMsg is the function's JSON text, or the failure's, and
    that there is nothing before an attempt begins.
    """

    function_name: str
    function_request_id: str
    namespace: str = "default"
    start_time: str | None = None
    end_time: str | None = None

    def answer(self, call: Call) -> Answer:
        """Show the attempts, the oldest first."""
        deployed, now_s = find(call, self.function_name, self.namespace), call.now_s
        since_s = _moment(self.start_time, "StartTime") if self.start_time else now_s - LOOK_BACK_S
        until_s = _moment(self.end_time, "EndTime") if self.end_time else now_s
        shown = [
            _attempt(each, number)
            for each in runtime_of(call).journal.find(request_id=self.function_request_id)
            if each.function == deployed.latest.key
            for number, attempt in enumerate(each.attempts)
            if since_s <= attempt.started_s <= until_s
        ]
        return {"TotalCount": len(shown), "Data": shown}


def _moment(text: str, name: str) -> float:
    return read_moment(f"{text}+08:00", name)


def _attempt(invocation: Invocation, number: int) -> Answer:
    attempt = invocation.attempts[number]
    failure = attempt.failure.report(invocation.request_id) if attempt.failure else None
    code = FAILED if failure else RETURNED if attempt.result is not None else UNDER_WAY
    return {
        "FunctionName": invocation.function.name,
        "RetMsg": json.dumps(failure, ensure_ascii=False) if failure else attempt.result or "",
        "RequestId": invocation.request_id,
        "StartTime": shanghai(attempt.started_s),
        "RetCode": code,
        "Duration": attempt.duration_ms,
        "MemUsage": attempt.memory_bytes / MIB,
        "RetryNum": number,
    }


@SERVICE.action
@dataclass(frozen=True)
class PutReservedConcurrencyConfig:
    """Keep memory free for a function, which is then its most; 12,800 MB always stay for the others."""

    function_name: str
    reserved_concurrency_mem: int
    namespace: str = "default"

    def answer(self, call: Call) -> Answer:
        """Reserve it."""
        deployed, runtime = find(call, self.function_name, self.namespace), runtime_of(call)
        others = (
            each.reserved_mib or 0 for each in runtime.catalog.functions.values() if each is not deployed
        )
        left = runtime.concurrency_mib - UNRESERVED_MIB - sum(others)
        if not 0 <= self.reserved_concurrency_mem <= left:
            raise ReservedLimit(given=self.reserved_concurrency_mem, left=left)
        deployed.reserved_mib = self.reserved_concurrency_mem
        return {}


@SERVICE.action
@dataclass(frozen=True)
class GetReservedConcurrencyConfig:
    """Show what is reserved for a function."""

    function_name: str
    namespace: str = "default"

    def answer(self, call: Call) -> Answer:
        """Show it; null where nothing is."""
        return {"ReservedMem": find(call, self.function_name, self.namespace).reserved_mib}


@SERVICE.action
@dataclass(frozen=True)
class DeleteReservedConcurrencyConfig:
    """Reserve nothing for a function."""

    function_name: str
    namespace: str = "default"

    def answer(self, call: Call) -> Answer:
        """Give it back."""
        find(call, self.function_name, self.namespace).reserved_mib = None
        return {}
