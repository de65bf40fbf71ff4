"""What a function logged, as the records that the platform writes to the log service (583/60336).

The fields are documented; the texts of the platform's own lines are inferred.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from localcloud.runtime.instance import Line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.runtime.attempt import Attempt
    from localcloud.runtime.function import Function
    from localcloud.runtime.invocation import Invocation

MEBIBYTE = 1 << 20


def records(invocation: Invocation, function: Function) -> Iterator[dict[str, object]]:
    """Return one record a line; times are in milliseconds since the epoch."""
    for number, attempt in enumerate(invocation.attempts):
        own = (_record(invocation, attempt, number, line, "Custom") for line in attempt.log)
        first, *last = (
            _record(invocation, attempt, number, line, "Platform")
            for line in _platform(invocation.request_id, attempt, function.memory_mib)
        )
        yield from chain([first], own, last)


def _record(
    invocation: Invocation, attempt: Attempt, number: int, line: Line, kind: str
) -> dict[str, object]:
    return {
        "SCF_FunctionName": invocation.function.name,
        "SCF_Namespace": invocation.function.namespace,
        "SCF_StartTime": round(attempt.started_s * 1000),
        "SCF_LogTime": round(line.at_s * 1000),
        "SCF_RequestId": invocation.request_id,
        "SCF_Duration": round(attempt.duration_ms),
        "SCF_Alias": invocation.qualifier,
        "SCF_Qualifier": attempt.version,
        "SCF_MemUsage": attempt.memory_bytes / MEBIBYTE,
        "SCF_Level": "INFO",
        "SCF_Message": line.text,
        "SCF_Type": kind,
        "SCF_StatusCode": attempt.failure.status if attempt.failure else 200,
        "SCF_RetryNum": number,
    }


def _platform(request_id: str, attempt: Attempt, memory_mib: int) -> list[Line]:
    took_s = (attempt.duration_ms + (attempt.cold_start_ms or 0)) / 1000
    ended_s = max(attempt.started_s + took_s, *(line.at_s for line in attempt.log), 0)
    told = f"ERROR RequestId:{request_id} Result:{attempt.failure.message}" if attempt.failure else ""
    report = (
        f"Report RequestId:{request_id} Duration:{attempt.duration_ms}ms Memory:{memory_mib}MB "
        f"MemUsage:{attempt.memory_bytes / MEBIBYTE:.2f}MB"
    )
    return [
        Line(attempt.started_s, f"START RequestId:{request_id}"),
        *([Line(ended_s, told)] if told else []),
        Line(ended_s, f"END RequestId:{request_id}"),
        Line(ended_s, report),
    ]
