"""One signed call to the cloud: endpoint, time-out, and errors translated once.

The SDK's `call_json` is used rather than its models: an error that comes with any other
Content-Type than exactly `application/json` reads as a success full of nulls there. The SDK's
retryer is not used: it sends again after a success. What may be sent twice is sent again
here, with jitter; what may not is left to the caller.
"""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from requests import RequestException
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from cbsnap.errors import CloudError, CloudFault, OutcomeUnknown, Throttled
from cbsnap.rules import eventrules
from cbsnap.tencent import codes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cbsnap.ports import Clock

READ_TRIES = 5
READ_TIMEOUT_S = 20.0
_FIRST_PAUSE_S = 0.3

# What a call's line in the log says: what it was about, and nothing that could be a secret.
_TOLD = {
    "DiskId": "disk_id",
    "SnapshotName": "name",
    "SnapshotId": "snapshot_id",
    "SnapshotIds": "snapshot_ids",
    "InstanceIds": "instance_ids",
    "ResourceList": "resources",
    "FunctionName": "function",
    "RoleArn": "role",
}
_READING = ("Describe", "Get", "Search")


class Credentials(Protocol):
    """What the SDK's client asks for keys at each request."""

    def get_credential_info(self) -> tuple[str, str, str | None]:
        """Return id, key and token."""


class Api:
    """Calls into one region; safe to share between threads: each has clients of its own."""

    def __init__(  # noqa: PLR0913 - where to, as whom, and who is told of it
        self,
        region: str,
        credentials: Credentials,
        clock: Clock,
        endpoint: str | None = None,
        told: Callable[[dict[str, Any]], None] | None = None,
        *,
        domain: str | None = None,
    ) -> None:
        """`told` gets a line for each call that changes something or fails, for the log.

        `domain` takes the place of tencentcloudapi.com in the services' names, `endpoint` that of all of it.
        """
        self.region = region
        self._credentials = credentials
        self._clock = clock
        self._endpoint = urlsplit(endpoint) if endpoint else None
        self._domain = domain
        self._told = told
        self._local = threading.local()

    def read(self, service: str, action: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Call what changes nothing, or may be done twice: again after a passing failure."""
        pause_s = _FIRST_PAUSE_S
        for _ in range(READ_TRIES - 1):
            try:
                return self.call(service, action, params)
            except (Throttled, CloudFault, OutcomeUnknown):
                self._clock.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, not a secret
                pause_s *= 2
        return self.call(service, action, params)

    def call(
        self, service: str, action: str, params: Mapping[str, Any], timeout_s: float = READ_TIMEOUT_S
    ) -> dict[str, Any]:
        """Call once. `timeout_s` bounds connecting and each wait for bytes.

        Raises a CloudError; OutcomeUnknown when no whole answer came.
        """
        began_s = time.monotonic()
        try:
            answer = self._call(service, action, params, timeout_s)
        except CloudError as failed:
            self._tell(action, params, began_s, failed.request_id, failed.code)
            raise
        if not action.startswith(_READING):
            self._tell(action, params, began_s, answer.get("RequestId"))
        return answer

    def _tell(
        self,
        action: str,
        params: Mapping[str, Any],
        began_s: float,
        request_id: str | None,
        code: str | None = None,
    ) -> None:
        if self._told is None:
            return
        about = {told: params[name] for name, told in _TOLD.items() if name in params}
        line = {"action": action, "region": self.region, "api_request_id": request_id, **about}
        took_ms = round((time.monotonic() - began_s) * 1000, 1)
        self._told({**line, "ms": took_ms, **({"code": code} if code else {})})

    def _call(self, service: str, action: str, params: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
        client = self._client(service)
        client.request.conn.timeout = timeout_s
        try:
            answer = client.call_json(action, dict(params))["Response"]
        except TencentCloudSDKException as refused:
            raise codes.error(refused.code, refused.message, refused.requestId) from refused
        except (RequestException, ValueError, KeyError, TypeError) as cut:
            # The SDK reads the body outside of its own error handling.
            raise OutcomeUnknown("ClientNetworkError", f"no whole answer to {action}: {cut}") from cut
        if "Error" in answer:
            stated = answer["Error"]
            raise codes.error(stated["Code"], stated["Message"], answer.get("RequestId"))
        return dict(answer)

    def warm(self, service: str) -> None:
        """Open this thread's connection to a service, without a call that counts against the rate.

        One that was kept may be closed by the other side in this very moment: then a new one is opened.
        """
        try:
            self.head(service)
        except RequestException:
            try:
                self.head(service)
            except RequestException as failed:
                raise OutcomeUnknown(
                    "ClientNetworkError", f"{service} cannot be reached: {failed}"
                ) from failed

    def head(self, service: str, timeout_s: float = READ_TIMEOUT_S) -> Mapping[str, str]:
        """Return the headers of an unsigned answer. Raises requests' own errors."""
        client = self._client(service)
        client.request.conn.timeout = timeout_s
        answer = client.request.conn.request("HEAD", self.address(service), headers={})
        answer.content  # noqa: B018 - read to its end the connection is kept, closed unread it is not
        headers: Mapping[str, str] = answer.headers
        return headers

    def address(self, service: str) -> str:
        """Return where a service is reached."""
        scheme = self._endpoint.scheme if self._endpoint else "https"
        return f"{scheme}://{self._client(service).request.host}/"

    def _client(self, service: str) -> Any:  # noqa: ANN401 - the SDK has no types
        clients = self._local.__dict__.setdefault("clients", {})
        if service not in clients:
            clients[service] = _CLIENTS[service](self._credentials, self.region, self._profile())
        return clients[service]

    def _profile(self) -> ClientProfile:
        http = HttpProfile(rootDomain=self._domain)
        if self._endpoint:
            http = HttpProfile(protocol=self._endpoint.scheme, endpoint=self._endpoint.netloc)
        http.keepAlive = True
        return ClientProfile(httpProfile=http, language="en-US", request_client=eventrules.CLIENT)


def _cbs(*arguments: object) -> Any:  # noqa: ANN401 - the SDK has no types
    from tencentcloud.cbs.v20170312.cbs_client import CbsClient  # noqa: PLC0415 - only what a function calls

    return CbsClient(*arguments)


def _cvm(*arguments: object) -> Any:  # noqa: ANN401 - the SDK has no types
    from tencentcloud.cvm.v20170312.cvm_client import CvmClient  # noqa: PLC0415 - only what a function calls

    return CvmClient(*arguments)


def _tag(*arguments: object) -> Any:  # noqa: ANN401 - the SDK has no types
    from tencentcloud.tag.v20180813.tag_client import TagClient  # noqa: PLC0415 - only what a function calls

    return TagClient(*arguments)


def _scf(*arguments: object) -> Any:  # noqa: ANN401 - the SDK has no types
    from tencentcloud.scf.v20180416.scf_client import ScfClient  # noqa: PLC0415 - only what a function calls

    return ScfClient(*arguments)


def _sts(*arguments: object) -> Any:  # noqa: ANN401 - the SDK has no types
    from tencentcloud.sts.v20180813.sts_client import StsClient  # noqa: PLC0415 - only what a function calls

    return StsClient(*arguments)


def _cls(*arguments: object) -> Any:  # noqa: ANN401 - the SDK has no types
    from tencentcloud.cls.v20201016.cls_client import ClsClient  # noqa: PLC0415 - only what a function calls

    return ClsClient(*arguments)


def _tat(*arguments: object) -> Any:  # noqa: ANN401 - the SDK has no types
    from tencentcloud.tat.v20201028.tat_client import TatClient  # noqa: PLC0415 - only what a function calls

    return TatClient(*arguments)


_CLIENTS: dict[str, Callable[..., Any]] = {
    "cbs": _cbs,
    "cvm": _cvm,
    "tag": _tag,
    "scf": _scf,
    "sts": _sts,
    "cls": _cls,
    "tat": _tat,
}
