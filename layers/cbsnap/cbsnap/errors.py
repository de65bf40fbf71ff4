"""Everything that can go wrong, by situation.

CbsnapError
├── InputError              what a person wrote: names the field and says what to do
│   ├── PolicyFileError     all that is wrong with a policy file, each with its line
│   └── PlanChanged         what was agreed to is not what would be done now
├── CloudError              the cloud answered with an error, or not at all
│   ├── OutcomeUnknown      no answer: it may have happened; look before doing it again
│   ├── Throttled           too many requests: again after a pause
│   ├── CloudFault          the cloud's own fault: again after a pause
│   ├── CredentialsRefused  signature, token or rights
│   ├── QuotaExhausted      no room for another snapshot
│   ├── DiskBusy            the disk cannot be taken just now
│   │   └── SnapshotInProgress  another snapshot of it is being made
│   └── Refused             final for this request
├── EventsUnfinished        some of a delivery's events: deliver it again
├── NotificationFailed      nobody could be told
└── HostError               a host's agent could not be used
    ├── HostUnreachable     no answer: what was asked may have happened
    ├── HostUntrusted       an answer that the host's key did not sign
    ├── HostBusy            somebody else holds the host: again later
    ├── AlreadyTaken        this operation has its snapshots already
    └── HostRefused         final for this request
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class CbsnapError(Exception):
    """Root of all errors of ours; the message is meant for a person."""


class InputError(CbsnapError):
    """Something that a person wrote cannot be used; `field` is its dotted path."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a file: `line` from 1, `key` dotted, `message` what would be right."""

    line: int
    key: str
    message: str

    def __str__(self) -> str:
        """Return `7: policies.db.keep: keeps nothing …`."""
        return ": ".join(part for part in (str(self.line), self.key, self.message) if part)


class PolicyFileError(InputError):
    """A policy file cannot be used; `problems` are all that were found, by line, at least one."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        super().__init__("", "\n".join(f"{source}:{problem}" for problem in problems))
        self.problems = tuple(problems)


class PlanChanged(InputError):
    """A person agreed to a plan, and what would be done by now is another one."""

    def __init__(self) -> None:
        super().__init__(
            "confirm", "this is not what would be done now: look at the plan again, and agree to it"
        )


class CloudError(CbsnapError):
    """The cloud refused; `code` is the API's error code, `request_id` what its support asks for."""

    def __init__(self, code: str, message: str, request_id: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.request_id = request_id

    @property
    def gone(self) -> bool:
        """Whether what it was about is not there, or not any more."""
        return self.code.endswith("NotFound")


class OutcomeUnknown(CloudError):
    """No answer came: the request may have been carried out, now or for as long as it can be accepted."""


class Throttled(CloudError):
    """Above the API's rate."""


class CloudFault(CloudError):
    """An internal error of the cloud."""


class CredentialsRefused(CloudError):
    """Wrong signature, expired token or missing rights."""


class QuotaExhausted(CloudError):
    """No room for another snapshot in the region or on the disk."""


class DiskBusy(CloudError):
    """The disk cannot be taken now, but later."""


class SnapshotInProgress(DiskBusy):
    """Another snapshot of the same disk is being made (one at a time)."""


class Refused(CloudError):
    """Final: the same request will be refused again."""


OF_ONE = (Refused, DiskBusy)  # about the one thing that was asked for: others may do well


class EventsUnfinished(CbsnapError):
    """Runs that events asked for could not be begun; what could is done, and is not done twice."""


class NotificationFailed(CbsnapError):
    """A message or a sign of life did not reach its address; the message names no secret."""


class HostError(CbsnapError):
    """A host's agent could not be used."""


class HostUnreachable(HostError):
    """No complete answer from the agent: what was asked may have been done."""


class HostUntrusted(HostError):
    """The answer was not signed with the host's key: somebody else may be speaking."""


class HostBusy(HostError):
    """Another holder has the host, or it is paused."""

    def __init__(self, message: str, retry_after_ms: int) -> None:
        super().__init__(message)
        self.retry_after_ms = retry_after_ms


class AlreadyTaken(HostError):
    """The host's journal says that this operation got its snapshots; `answered` maps disk to snapshot id."""

    def __init__(self, message: str, answered: Mapping[str, str]) -> None:
        super().__init__(message)
        self.answered = answered


class HostRefused(HostError):
    """The agent refused for good; `code` and `field` as it gave them."""

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(f"{code}: {message}" + (f" ({field})" if field else ""))
        self.code = code
        self.field = field
