"""An API gateway's proxy: an HTTP request as the event, and an integrated response (583/12513).

The product itself has closed; functions written for it still expect its shape.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from localcloud.runtime.url import Answer, headers, http_answer, query

if TYPE_CHECKING:
    from starlette.requests import Request

SERVICE_ID = "service-local"
STAGE = "release"
INTEGRATED = {"isBase64Encoded", "statusCode", "headers", "body"}
INVALID = b'{"errno":403,"error":"Invalid scf response format. please check your scf response format."}'


def event(request: Request, path: str, body: bytes) -> dict[str, object]:
    """Return the event of a request to `path`; its parameters by name stay empty, as none are configured."""
    return {
        "requestContext": {
            "serviceId": SERVICE_ID,
            "path": path,
            "httpMethod": request.method,
            "requestId": str(uuid.uuid4()),
            "identity": {},
            "sourceIp": request.client.host if request.client else "127.0.0.1",
            "stage": STAGE,
        },
        "headers": headers(request.headers),
        "body": body.decode(errors="replace"),
        "pathParameters": {},
        "queryStringParameters": {},
        "headerParameters": {},
        "stageVariables": {"stage": STAGE},
        "path": path,
        "queryString": query(request.query_params),
        "httpMethod": request.method,
    }


def answer(result: object) -> Answer:
    """Return what a handler's result means; of any other shape, the text is documented, the status not."""
    if not isinstance(result, dict) or "statusCode" not in result or not result.keys() <= INTEGRATED:
        return Answer(403, [("content-type", "application/json")], INVALID)
    return http_answer(result)
