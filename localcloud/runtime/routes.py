"""What the runtime serves over HTTP: functions behind URLs and gateways, events by hand, and the record."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Protocol

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localcloud.runtime import apigw, messages, url
from localcloud.runtime.catalog import DEFAULT_ALIAS
from localcloud.runtime.function import LayerRef
from localcloud.runtime.store import packed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from localcloud.runtime.catalog import Deployed
    from localcloud.runtime.functions import FunctionRuntime

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
REQUEST_LIMIT_BYTES = 6 << 20
EPOCH = "1970-01-01T00:00:00Z"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def routes(runtime: FunctionRuntime) -> Sequence[BaseRoute]:
    """Return the paths for an application."""
    serving = _Serving(runtime)
    return [
        Route("/_local/url/{function}", serving.url, methods=METHODS),
        Route("/_local/url/{function}/{path:path}", serving.url, methods=METHODS),
        Route("/_local/apigw/{function}", serving.gateway, methods=METHODS),
        Route("/_local/apigw/{function}/{path:path}", serving.gateway, methods=METHODS),
        Route("/_local/events/{kind}/{function}", serving.inject, methods=["POST"]),
        Route("/_local/layers/{uin}/{region}/{name}/{version:int}", serving.layer),
        Route("/_local/timers/{name}/fire", serving.fire, methods=["POST"]),
        Route("/_local/invocations", serving.invocations),
    ]


class _Shape(Protocol):
    """A module that turns a request into an event, and a result into an answer."""

    __name__: str

    def event(self, request: Request, path: str, body: bytes) -> dict[str, object]: ...

    def answer(self, result: object) -> url.Answer: ...


class _Serving:
    def __init__(self, runtime: FunctionRuntime) -> None:
        self._runtime = runtime

    async def url(self, request: Request) -> Response:
        """Answer at a function's URL."""
        name = request.path_params["function"]
        found = [(each, each.url) for each in self._runtime.catalog.named(name) if each.url and each.url.open]
        if not found:
            return _problem(404, f"no function {name} has a URL")
        deployed, opened = found[0]
        return await self._proxy(request, deployed, opened.qualifier, url)

    async def gateway(self, request: Request) -> Response:
        """Answer as an API gateway in front of the function would."""
        name = request.path_params["function"]
        found = self._runtime.catalog.named(name)
        if not found:
            return _problem(404, f"there is no function {name}")
        return await self._proxy(request, found[0], DEFAULT_ALIAS, apigw)

    async def _proxy(self, request: Request, deployed: Deployed, qualifier: str, shape: _Shape) -> Response:
        """Hand the request over in a shape; that a failed function is a 500 with its report is inferred."""
        body = await request.body()
        if len(body) > REQUEST_LIMIT_BYTES:
            return _problem(413, f"the body is larger than {REQUEST_LIMIT_BYTES} bytes")
        event = shape.event(request, "/" + request.path_params.get("path", ""), body)
        invocation = await self._runtime.invoke(deployed, qualifier, event, shape.__name__.rpartition(".")[2])
        if invocation.last.result is None:
            return JSONResponse(invocation.error(), status_code=500)
        return _http(shape.answer(json.loads(invocation.last.result)))

    async def inject(self, request: Request) -> Response:
        """Deliver a message of another service to a function: POST its fields, or a list of such."""
        kind, name = request.path_params["kind"], request.path_params["function"]
        found = self._runtime.catalog.named(name)
        if not found:
            return _problem(404, f"there is no function {name}")
        appid, now_s = self._runtime.account(found[0].latest).appid, self._runtime.cloud.clock.now()
        try:
            given = json.loads(await request.body() or b"{}")
            event = messages.event(kind, given, found[0].key, appid, now_s)
        except ValueError as error:
            return _problem(400, str(error))
        invocation = self._runtime.queue(found[0], event, kind)
        return JSONResponse({"request_id": invocation.request_id}, status_code=202)

    async def fire(self, request: Request) -> Response:
        """Fire a timer by hand: POST {"time": "2026-11-22T02:00:00Z", "message": "text"}, both optional."""
        name, function = request.path_params["name"], request.query_params.get("function")
        timers = self._runtime.timers.named(name, function)
        if not timers:
            return _problem(404, f"no timer is called {name}")
        if len(timers) > 1:
            return _problem(409, f"{len(timers)} timers are called {name}: choose with ?function=")
        given = _fire_request(await request.body())
        if given is None:
            return _problem(
                400, 'the body should be like {"time": "2026-11-22T02:00:00Z", "message": "text"}'
            )
        invocation = self._runtime.timers.fire(*timers[0], given.get("time"), given.get("message"))
        return JSONResponse({"request_id": invocation.request_id}, status_code=202)

    async def layer(self, request: Request) -> Response:
        """Give a layer's files as a zip file, where its Location points."""
        where = request.path_params
        layers = self._runtime.catalog.layers_of(where["uin"], where["region"])
        found = layers.get(LayerRef(where["name"], where["version"]))
        if found is None or not found.folder.is_dir():
            return _problem(404, "there is no such layer, or it is not built")
        return Response(await asyncio.to_thread(packed, found.folder), media_type="application/zip")

    async def invocations(self, request: Request) -> Response:
        """Show invocations, the oldest first; ?function= and ?request_id= choose."""
        chosen = {key: request.query_params.get(key) for key in ("function", "request_id")}
        found = [each.shown() for each in self._runtime.journal.find(**chosen)]
        # In ASCII: an event's text may be none that UTF-8 can encode, and is shown all the same.
        return Response(json.dumps(found), media_type="application/json")


def _fire_request(body: bytes) -> dict[str, str] | None:
    """Read the body of a fire; None if it is not one."""
    try:
        given = json.loads(body or b"{}")
    except ValueError:
        return None
    if not isinstance(given, dict) or not set(given) <= {"time", "message"}:
        return None
    if not all(isinstance(text, str) for text in given.values()) or not TIME.fullmatch(
        given.get("time", EPOCH)
    ):
        return None
    return given


def _http(answer: url.Answer) -> Response:
    response = Response(answer.body, answer.status)
    for name, value in answer.headers:
        response.headers.append(name, value)
    return response


def _problem(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status_code=status)
