"""The API's wire: from an HTTP request to a verified call of an action, and back to its answer.

It decides who is asking, which service, version and action are meant, and how errors look. What an action
does is the service's part. Every answer has status 200 and exactly `application/json`, as recorded.
"""

from __future__ import annotations

import inspect
import json
import logging
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.responses import Response

from localcloud import errors, signature
from localcloud.parameters import read, unflatten
from localcloud.service import Action, Answer, Call, Runtime, Service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from localcloud.accounts import Credentials
    from localcloud.cloud import Cloud

LOG = logging.getLogger(__name__)
MAX_BODY = {"GET": 32 * 1024, "POST": 10 * 1024 * 1024}


@dataclass(frozen=True)
class Wire:
    """The single address at which all services answer; the signature's scope says which one is meant."""

    cloud: Cloud
    services: Sequence[Service]
    runtime: Runtime | None = None

    async def endpoint(self, request: Request) -> Response:
        """Answer one API request."""
        request_id = str(uuid.uuid4())
        entry: dict[str, object] = {"request_id": request_id, "code": "", "at_s": self.cloud.clock.now()}
        self.cloud.requests.append(entry)
        try:
            answer = await self._answer(request, request_id, entry)
        except errors.ApiError as error:
            entry["code"] = error.code
            message = error.message(request.headers.get("x-tc-language", "zh-CN"))
            answer = {"Error": {"Code": error.code, "Message": message}}
        except Exception:
            LOG.exception("%s failed", entry)
            entry["code"] = errors.InternalError.code
            answer = {
                "Error": {
                    "Code": errors.InternalError.code,
                    "Message": "a fault of the local cloud: see its log",
                }
            }
        body = json.dumps({"Response": answer | {"RequestId": request_id}}, ensure_ascii=False)
        return Response(body, media_type="application/json")

    async def _answer(self, request: Request, request_id: str, entry: dict[str, object]) -> Answer:
        signed = await _signed(request)
        claim = signed.authorization()
        entry |= {"service": claim.service, "action": request.headers.get("x-tc-action", "")}
        entry |= {"region": request.headers.get("x-tc-region", ""), "secret_id": claim.secret_id}
        caller = self._caller(signed, claim)
        entry |= {"uin": caller.account.uin, "role": caller.role}
        service = self._service(claim.service, signed.headers)
        kind = _action(service, signed.headers)
        region = signed.headers.get("x-tc-region", "")
        self._admit(service, kind.__name__, caller, region)
        call = Call(self.cloud, caller, region, request_id, self.cloud.settle(), self.runtime)
        parameters = _parameters(signed, kind)
        entry["parameters"] = parameters
        answer = read(kind, parameters).answer(call)
        return await answer if inspect.isawaitable(answer) else answer

    def _caller(self, signed: signature.SignedRequest, claim: signature.Authorization) -> Credentials:
        caller = self.cloud.keyring.find(claim.secret_id)
        if caller is None:
            raise errors.SecretIdNotFound(secret_id=claim.secret_id)
        signature.verify(signed, claim, caller.secret_key, time.time())
        token = signed.headers.get("x-tc-token", "")
        if token != caller.token:
            raise errors.TokenFailure(reason="not the one of this SecretId")
        if caller.expires_s is not None and caller.expires_s <= self.cloud.clock.now():
            raise errors.TokenFailure(reason="expired")
        return caller

    def _admit(self, service: Service, action: str, caller: Credentials, region: str) -> None:
        chosen = self.cloud.settings.rate
        per_second = service.rates.get(action, service.per_second) if chosen is None else chosen
        if not self.cloud.rates.admits((caller.account.uin, region, service.name, action), per_second):
            raise errors.RequestLimitExceeded(action=action, per_second=per_second)

    def _service(self, name: str, headers: Mapping[str, str]) -> Service:
        version = headers.get("x-tc-version", "")
        named = [each for each in self.services if each.name == name]
        if not named:
            raise errors.NoSuchProduct(service=name)
        for each in named:
            if each.version == version:
                return each
        raise errors.NoSuchVersion(version=version)


def _action(service: Service, headers: Mapping[str, str]) -> type[Action]:
    name = headers.get("x-tc-action", "")
    if name not in service.actions:
        raise errors.InvalidAction(action=name)
    return service.actions[name]


async def _signed(request: Request) -> signature.SignedRequest:
    if request.method not in MAX_BODY:
        raise errors.UnsupportedProtocol(reason=request.method)
    body = await request.body()
    if len(body) > MAX_BODY[request.method]:
        raise errors.RequestSizeLimitExceeded(limit=MAX_BODY[request.method])
    return signature.SignedRequest(request.method, request.url.query, dict(request.headers), body)


def _parameters(signed: signature.SignedRequest, kind: type[Action]) -> dict[str, object]:
    if signed.method == "GET":
        return unflatten(dict(parse_qsl(signed.query, keep_blank_values=True)), kind)
    try:
        given = json.loads(signed.body or b"{}")
    except ValueError as error:
        raise errors.InvalidRequest(reason="the body is not JSON") from error
    if not isinstance(given, dict):
        raise errors.InvalidRequest(reason="the body is not a JSON object")
    return given
