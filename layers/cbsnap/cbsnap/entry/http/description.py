"""The API's description, OpenAPI 3.1: what the routes do not say themselves.

Each error is a problem document; what is below `/v1/` wants a bearer token, with the scope named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from cbsnap.entry.http.problems import MEDIA_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

_TEXT = {"type": "string"}
_PROBLEM = {
    "type": "object",
    "description": "What was wrong (RFC 9457), and with which field of the request",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": _TEXT,
        "request_id": _TEXT,
        "field": _TEXT,
        "code": {"type": "string", "description": "the cloud's own error code"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": _TEXT, "message": _TEXT},
            },
        },
    },
    "additionalProperties": False,
    "examples": [
        {
            "type": "about:blank",
            "title": "Unprocessable Entity",
            "status": 422,
            "detail": "disk_ids.0: there is no disk disk-1a2b3c4d in ap-guangzhou",
            "field": "disk_ids.0",
            "request_id": "3f9c2a4e5b6d47f08a1b2c3d4e5f6071",
        }
    ],
}
_ANSWER = {
    "description": "A problem",
    "headers": {"X-Request-Id": {"schema": _TEXT}},
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_BEARER = {"type": "http", "scheme": "bearer", "description": "scopes: read, snapshot, restore, admin (all)"}


def describe(app: FastAPI) -> None:
    """Have an application describe itself; made when it is first asked for."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign] # FastAPI's documented way to change it


def _described(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    components = found.setdefault("components", {})
    components["securitySchemes"] = {"bearer": _BEARER}
    components["responses"] = {"Problem": _ANSWER}
    schemas = {**components.get("schemas", {}), "Problem": _PROBLEM}
    components["schemas"] = {name: one for name, one in schemas.items() if name not in _FASTAPIS_OWN}
    for operation in _operations(found):
        problem = {"$ref": "#/components/responses/Problem"}
        answers = {code: one for code, one in operation["responses"].items() if code != "422"}
        operation["responses"] = {**answers, "4XX": problem, "5XX": problem}
    return found


_FASTAPIS_OWN = {"HTTPValidationError", "ValidationError"}


def _operations(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in found["paths"].values():
        yield from path.values()
