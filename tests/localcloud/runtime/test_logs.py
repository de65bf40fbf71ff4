"""What of an invocation reaches the log service."""

from __future__ import annotations

from pathlib import Path

from localcloud.runtime.attempt import Attempt, user_code
from localcloud.runtime.function import Function, Key
from localcloud.runtime.instance import Line
from localcloud.runtime.invocation import Invocation
from localcloud.runtime.logs import records

FUNCTION = Function(Key("1", "ap-guangzhou", "default", "f"), "index.main_handler", Path("/nowhere"))


def invoked(*attempts: Attempt) -> Invocation:
    return Invocation(
        "r-1", FUNCTION.key, "prod", "invoke", {}, asynchronous=True, queued_s=1.0, attempts=list(attempts)
    )


def test_every_line_carries_the_documented_fields() -> None:
    attempt = Attempt(1.0, "3", log=[Line(1.25, "hello")], duration_ms=500.0, memory_bytes=3 << 20)

    found = list(records(invoked(attempt), FUNCTION))

    (own,) = [each for each in found if each["SCF_Type"] == "Custom"]
    assert own == {
        "SCF_FunctionName": "f",
        "SCF_Namespace": "default",
        "SCF_StartTime": 1000,
        "SCF_LogTime": 1250,
        "SCF_RequestId": "r-1",
        "SCF_Duration": 500,
        "SCF_Alias": "prod",
        "SCF_Qualifier": "3",
        "SCF_MemUsage": 3.0,
        "SCF_Level": "INFO",
        "SCF_Message": "hello",
        "SCF_Type": "Custom",
        "SCF_StatusCode": 200,
        "SCF_RetryNum": 0,
    }
    assert all(each.keys() == own.keys() for each in found)


def test_the_platforms_lines_stand_around_the_functions_own() -> None:
    attempt = Attempt(1.0, "3", log=[Line(1.25, "hello")], duration_ms=500.0)

    words = [str(each["SCF_Message"]).split()[0] for each in records(invoked(attempt), FUNCTION)]

    assert words == ["START", "hello", "END", "Report"]


def test_each_retry_is_told_apart() -> None:
    failed = Attempt(1.0, "3", failure=user_code("Traceback"))

    found = list(records(invoked(failed, Attempt(61.0, "3")), FUNCTION))

    assert {(each["SCF_RetryNum"], each["SCF_StatusCode"]) for each in found} == {(0, 430), (1, 200)}
    assert sum("user code exception caught" in str(each["SCF_Message"]) for each in found) == 1
