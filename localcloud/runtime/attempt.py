"""One attempt at an event, and how it can end, with the platform's status codes (583/42611).

The error's form is documented for code 430; that the others have the same form is inferred from messages
seen in public ("Invoking task timed out after 3 seconds").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.runtime.instance import Line

RESPONSE_LIMIT_BYTES = 6 << 20


@dataclass(frozen=True)
class Failure:
    """Why there is no result; `overrun` when no instance was even tried."""

    status: int
    message: str
    stack: str | None = None
    overrun: bool = False

    def report(self, request_id: str) -> dict[str, object]:
        """Return what the caller is told."""
        told: dict[str, object] = {"errorCode": -1, "errorMessage": self.message, "requestId": request_id}
        return told | ({"stackTrace": self.stack} if self.stack else {}) | {"statusCode": self.status}


@dataclass
class Attempt:
    """Filled in while it goes on; at its end there is a result, as JSON text, or a failure.

    `started_s` is the cloud's time, `pid` the instance that takes it, `cold_start_ms` null where the instance
    was there before.
    """

    started_s: float
    version: str
    pid: int | None = None
    result: str | None = None
    failure: Failure | None = None
    log: list[Line] = field(default_factory=list)
    duration_ms: float = 0.0
    cold_start_ms: float | None = None
    memory_bytes: int = 0


FUNCTION_NOT_FOUND = Failure(435, "FunctionNotFound")
QUALIFIER_NOT_FOUND = Failure(442, "QualifierNotFound")
MEMORY_LIMIT = Failure(434, "MemoryLimitReached")
PROCESS_EXIT = Failure(439, "User process exit when running")
RESPONSE_SIZE = Failure(407, "The size of response exceeds the upper limit (6MB)")


def user_code(stack: str) -> Failure:
    """Return the failure of a handler that raised, or of a module that cannot be imported (inferred)."""
    return Failure(430, "user code exception caught", stack.rstrip())


def time_limit(limit_s: int) -> Failure:
    """Return the failure of a handler that took too long."""
    return Failure(433, f"Invoking task timed out after {limit_s} seconds")


def start_limit(limit_s: int) -> Failure:
    """Return the failure of a module that took too long to import; the text is ours."""
    return Failure(450, f"Initializing the instance timed out after {limit_s} seconds")
