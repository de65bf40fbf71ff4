"""From the API's error codes to the situations of `errors.py`.

Sources: CreateSnapshot (362/15648) and the SDK's `cbs/v20170312/errorcodes.py`; common codes
213/11654. A code that stands nowhere here is final: `Refused`.
"""

from __future__ import annotations

from cbsnap.errors import (
    CloudError,
    CloudFault,
    CredentialsRefused,
    DiskBusy,
    OutcomeUnknown,
    QuotaExhausted,
    Refused,
    SnapshotInProgress,
    Throttled,
)

_EXACT: dict[str, type[CloudError]] = {
    "ClientNetworkError": OutcomeUnknown,  # the SDK's own: connection lost or timed out
    "ServerNetworkError": OutcomeUnknown,  # the SDK's own: an HTTP status other than 200
    "InsufficientSnapshotQuota": QuotaExhausted,
    "ResourceInsufficient.OverQuota": QuotaExhausted,
    "InvalidDisk.SnapshotCreating": SnapshotInProgress,
    "ResourceUnavailable.SnapshotCreating": SnapshotInProgress,
    "InvalidDisk.Busy": DiskBusy,
    "ResourceBusy": DiskBusy,
    "ResourceInUse": DiskBusy,
    "ResourceInUse.DiskRollbacking": DiskBusy,
    "ResourceInUse.DiskMigrating": DiskBusy,
    "ResourceUnavailable.TooManyCreatingSnapshot": DiskBusy,
}

_FAMILIES: dict[str, type[CloudError]] = {
    "RequestLimitExceeded": Throttled,
    "InternalError": CloudFault,
    "ServiceUnavailable": CloudFault,
    "AuthFailure": CredentialsRefused,
    "UnauthorizedOperation": CredentialsRefused,
}


def error(code: str, message: str, request_id: str | None = None) -> CloudError:
    """Return the error of `errors.py` that an API error code means."""
    situation = _EXACT.get(code) or _FAMILIES.get(code.partition(".")[0], Refused)
    return situation(code, message, request_id)
