"""The API's wire: from an HTTP request to a verified call of an action, and back to its answer.

It decides who is asking, which service, version and action are meant, and how errors look. What an action
does is the service's part. Every answer has status 200 and exactly `application/json`, as recorded.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.responses import Response

from localcloud import errors, signature
from localcloud.faults import Struck
from localcloud.parameters import read, unflatten
from localcloud.runtime.rights import operation
from localcloud.server import cut
from localcloud.service import Action, Answer, Call, Runtime, Service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from localcloud.accounts import Credentials
    from localcloud.cloud import Cloud

LOG = logging.getLogger(__name__)
JSON = "application/json"
READING = ("Describe", "Get", "List", "Search")
NOTED_CHARACTERS = 1000
MAX_BODY = {"GET": 32 * 1024, "POST": 10 * 1024 * 1024}  # a GET's is its query
DEEPEST = 32  # no parameter of any action lies deeper than a few levels


class ConnectionCutError(Exception):
    """A fault ends the connection instead of an answer."""


class Cut(Response):
    """No answer at all: the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's form
        """Close it."""
        cut(scope)


@dataclass
class Exchange:
    """A request on its way to its answer, and what is kept of it."""

    request: Request
    entry: dict[str, object]
    struck: Struck = field(default_factory=Struck)

    @property
    def request_id(self) -> str:
        """Return the id that the answer carries."""
        return str(self.entry["request_id"])

    def close(self, answer: Answer) -> Response:
        """Make the HTTP answer."""
        body = json.dumps({"Response": answer | {"RequestId": self.request_id}}, ensure_ascii=False)
        content_type = f"{JSON}; charset=utf-8" if self.struck.get("charset") else JSON
        return Response(body, headers={"Content-Type": content_type})

    def fail(self, error: errors.ApiError) -> Response:
        """Make the HTTP answer of an error; its status is 200, too."""
        self.entry["code"] = error.code
        message = error.message(self.request.headers.get("x-tc-language", "zh-CN"))
        return self.close({"Error": {"Code": error.code, "Message": message}})


@dataclass(frozen=True)
class Wire:
    """The single address at which all services answer; the signature's scope says which one is meant."""

    cloud: Cloud
    services: Sequence[Service]
    runtime: Runtime | None = None

    async def endpoint(self, request: Request) -> Response:
        """Answer one API request."""
        exchange = Exchange(
            request, {"request_id": str(uuid.uuid4()), "at_s": self.cloud.clock.now(), "code": ""}
        )
        self.cloud.requests.append(exchange.entry)
        try:
            return exchange.close(await self._answer(exchange))
        except errors.ApiError as error:
            return exchange.fail(error)
        except ConnectionCutError:
            exchange.entry["code"] = "(connection cut)"
            return Cut()
        except Exception:
            LOG.exception("%s failed", exchange.entry)
            return exchange.fail(errors.InternalError(reason="a fault of the local cloud: see its log"))

    async def _answer(self, exchange: Exchange) -> Answer:
        signed = await _signed(exchange.request)
        claim = signed.authorization()
        action, region = signed.headers.get("x-tc-action", ""), signed.headers.get("x-tc-region", "")
        parameters = _peeked(signed)
        exchange.entry |= {"service": claim.service, "action": action, "region": region}
        exchange.entry |= {"secret_id": claim.secret_id, "parameters": _noted(parameters)}
        exchange.struck = struck = self.cloud.faults.draw(claim.service, action, region, parameters)
        caller = self._caller(signed, claim, struck)
        exchange.entry |= {"uin": caller.account.uin, "role": caller.role}
        self._authorise(exchange, caller, operation(claim.service, action))
        service = self._service(claim.service, signed.headers.get("x-tc-version", ""))
        if action not in service.actions:
            raise errors.InvalidAction(action=action)
        self._admit(service, action, caller, region)
        call = Call(
            self.cloud, caller, region, exchange.request_id, self.cloud.settle(), struck, self.runtime
        )
        return await _run(service.actions[action], signed, call)

    def _caller(
        self, signed: signature.SignedRequest, claim: signature.Authorization, struck: Struck
    ) -> Credentials:
        caller = self.cloud.keyring.find(claim.secret_id)
        if caller is None:
            raise errors.SecretIdNotFound(secret_id=claim.secret_id)
        skew = struck.get("skew")
        signature.verify(signed, claim, caller.secret_key, time.time() + (skew.by_s if skew else 0))
        if signed.headers.get("x-tc-token", "") != caller.token:
            raise errors.TokenFailure(reason="not the one of this SecretId")
        if caller.expires_s is not None and caller.expires_s <= self.cloud.clock.now():
            raise errors.TokenFailure(reason="expired")
        return caller

    def _authorise(self, exchange: Exchange, caller: Credentials, wanted: str) -> None:
        """Hold a function to its role's policy; other callers may do everything."""
        function = self.runtime.function_of(caller.secret_id) if self.runtime else ""
        exchange.entry["function"] = function
        if function and self.runtime and not self.runtime.allows(function, wanted):
            raise errors.UnauthorizedOperation(operation=wanted, function=function)

    def _admit(self, service: Service, action: str, caller: Credentials, region: str) -> None:
        chosen = self.cloud.settings.rate
        per_second = service.rates.get(action, service.per_second) if chosen is None else chosen
        if not self.cloud.rates.admits((caller.account.uin, region, service.name, action), per_second):
            raise errors.RequestLimitExceeded(action=action, per_second=per_second)

    def _service(self, name: str, version: str) -> Service:
        named = [each for each in self.services if each.name == name]
        if not named:
            raise errors.NoSuchProduct(service=name)
        for each in named:
            if each.version == version:
                return each
        raise errors.NoSuchVersion(version=version)


async def _run(kind: type[Action], signed: signature.SignedRequest, call: Call) -> Answer:
    """Read the parameters and do the action, with whatever fault has struck before it and after it."""
    await _before(call.struck)
    given = _given(signed)
    action = read(kind, unflatten(given, kind) if signed.method == "GET" else given)
    try:
        answer = await _done(action, call)
    except errors.ApiError:
        await _after(call.struck)
        raise
    await _after(call.struck)
    return answer | {"SnapshotId": None} if call.struck.get("null_snapshot") else answer


async def _done(action: Action, call: Call) -> Answer:
    """Do the action, and count it as a change before and after, since others may look in between."""
    changes = not type(action).__name__.startswith(READING)
    call.cloud.changes += changes
    try:
        done = action.answer(call)
        return await done if inspect.isawaitable(done) else done
    finally:
        call.cloud.changes += changes


async def _before(struck: Struck) -> None:
    if delay := struck.get("delay"):
        await asyncio.sleep(delay.before_s)
    if struck.get("reset"):
        raise ConnectionCutError
    if throttle := struck.get("throttle"):
        raise errors.injected(errors.RequestLimitExceeded.code, throttle.message)
    if error := struck.get("error"):
        raise errors.injected(error.code, error.message)


async def _after(struck: Struck) -> None:
    delay = struck.get("delay")
    await asyncio.sleep(delay.after_s if delay else 0)
    if struck.get("no_answer"):
        raise ConnectionCutError


async def _signed(request: Request) -> signature.SignedRequest:
    if request.method not in MAX_BODY:
        raise errors.UnsupportedProtocol(reason=request.method)
    body = await request.body()
    sent = len(request.url.query) if request.method == "GET" else len(body)
    if sent > MAX_BODY[request.method]:
        raise errors.RequestSizeLimitExceeded(limit=MAX_BODY[request.method])
    return signature.SignedRequest(request.method, request.url.query, dict(request.headers), body)


def _given(signed: signature.SignedRequest) -> dict[str, object]:
    """Return the parameters as they were sent; those of a GET are flat and all text."""
    if signed.method == "GET":
        return dict(parse_qsl(signed.query, keep_blank_values=True))
    try:
        given = json.loads(signed.body or b"{}", parse_constant=_refuse_constant)
        if b"\\u" in signed.body:
            json.dumps(given, ensure_ascii=False).encode()  # half a character can be written so, and not sent
    except ValueError as error:
        raise errors.InvalidRequest(reason="the body is not JSON") from error
    except RecursionError as error:
        raise errors.InvalidRequest(reason="the body is nested too deeply") from error
    _check_depth(given, DEEPEST)
    if not isinstance(given, dict):
        raise errors.InvalidRequest(reason="the body is not a JSON object")
    return given


def _refuse_constant(name: str) -> object:
    """Refuse NaN and Infinity, which Python reads and JSON has not."""
    raise ValueError(f"{name} is no JSON")


def _check_depth(value: object, left: int) -> None:
    """Raise InvalidRequest for what is nested too deeply to be looked at level by level."""
    if not left:
        raise errors.InvalidRequest(reason="the body is nested too deeply")
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_depth(each, left - 1)


def _peeked(signed: signature.SignedRequest) -> dict[str, object]:
    """Return the parameters of a request that is not verified yet; none where they cannot be read."""
    try:
        return _given(signed)
    except errors.InvalidRequest:
        return {}


def _noted(value: object) -> object:
    """Return parameters as they are kept: a long text, such as a function's code, only by its beginning."""
    if isinstance(value, dict):
        return {key: _noted(each) for key, each in value.items()}
    if isinstance(value, str) and len(value) > NOTED_CHARACTERS:
        return f"{value[:NOTED_CHARACTERS]}… ({len(value)} characters)"
    return value
