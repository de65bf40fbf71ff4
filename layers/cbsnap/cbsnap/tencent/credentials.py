"""Keys: the function's own, which the platform renews, and those of a role in another account.

The SDK's client asks for them at each request, by `get_credential_info()`. Its own
STSAssumeRoleCredential cannot start from temporary keys, so AssumeRole is called here.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cbsnap.errors import CredentialsRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cbsnap.ports.clock import Clock

ROLE_S = 3600
RENEW_BEFORE_S = 600.0
SESSION = "cbsnap"

Keys = tuple[str, str, "str | None"]


@dataclass(frozen=True, slots=True)
class EnvironmentCredentials:
    """The function's temporary keys, read at each request since the platform renews them."""

    environment: Mapping[str, str]

    def get_credential_info(self) -> Keys:
        """Return id, key and token; CredentialsRefused names the variable that is missing."""
        try:
            return (
                self.environment["TENCENTCLOUD_SECRETID"],
                self.environment["TENCENTCLOUD_SECRETKEY"],
                self.environment.get("TENCENTCLOUD_SESSIONTOKEN") or None,
            )
        except KeyError as missing:
            raise CredentialsRefused(
                "NoCredentials",
                f"the environment has no {missing.args[0]}: give the function a role, or set it",
            ) from missing


class RoleCredentials:
    """A role's temporary keys, renewed well before they end; safe to share between threads.

    `assume` calls STS AssumeRole with its parameters and returns the answer.
    """

    def __init__(
        self,
        role: str,
        external_id: str | None,
        assume: Callable[[Mapping[str, Any]], Mapping[str, Any]],
        clock: Clock,
    ) -> None:
        self._params: dict[str, Any] = {
            "RoleArn": role,
            "RoleSessionName": SESSION,
            "DurationSeconds": ROLE_S,
        }
        if external_id is not None:
            self._params["ExternalId"] = external_id
        self._assume = assume
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: Keys | None = None
        self._ends_at = 0.0

    def get_credential_info(self) -> Keys:
        """Return id, key and token; raises what AssumeRole meets."""
        with self._lock:
            left_s = self._ends_at - self._clock.now().timestamp()
            if self._keys is None or left_s < RENEW_BEFORE_S:
                self._keys = self._renewed()
            return self._keys

    def _renewed(self) -> Keys:
        answer = self._assume(self._params)
        self._ends_at = float(answer["ExpiredTime"])
        given = answer["Credentials"]
        return given["TmpSecretId"], given["TmpSecretKey"], given["Token"]


def role_of(identity: Mapping[str, Any]) -> str:
    """Return the role's id that GetCallerIdentity tells: UserId is `roleId:roleSessionName` (SDK)."""
    role, _, session = str(identity.get("UserId") or "").partition(":")
    return role if session else ""
