"""How an error looks: a problem document (RFC 9457) with the field at fault and the request's id.

One table says which of our errors is which status. What a person did not write (the policy file,
the environment) is the server's fault, though it is an InputError too.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import Request  # noqa: TC002 - FastAPI reads the annotations
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from cbsnap.errors import (
    CbsnapError,
    CloudError,
    CredentialsRefused,
    HostError,
    InputError,
    PlanChanged,
    PolicyFileError,
    QuotaExhausted,
    Throttled,
)

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Scope

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
_LONGEST_FIELD = 200
_STATUS: dict[type[CbsnapError], int] = {
    PolicyFileError: 500,
    PlanChanged: 409,
    InputError: 422,
    QuotaExhausted: 409,
    Throttled: 503,
    CredentialsRefused: 502,
    CloudError: 502,
    HostError: 502,
}
_KINDS = (["rollback"], ["clone"])  # what a restore's body is read as, by its `kind`
_OF_THE_SERVER = ("CBSNAP_", "TENCENTCLOUD_")  # settings, not what a caller wrote


def tell(app: FastAPI) -> None:
    """Have an application answer its errors so."""
    app.exception_handler(CbsnapError)(_ours)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(HTTPException)(_plain)


def problem(scope: Scope, status: int, detail: str, **more: object) -> Response:
    """Return a problem document; `more` are members of its own, and those that are None are left out."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "request_id": scope["state"]["request_id"],
        **{name: value for name, value in more.items() if value is not None},
    }
    # In ASCII, since what a caller wrote need not be encodable (half of a surrogate pair).
    return Response(json.dumps(content), status, media_type=MEDIA_TYPE)


async def _ours(request: Request, error: CbsnapError) -> Response:
    status = _status(error)
    answer = problem(
        request.scope,
        status,
        str(error),
        field=error.field[:_LONGEST_FIELD] if isinstance(error, InputError) and status < 500 else None,  # noqa: PLR2004 - where the server's own errors begin
        code=error.code if isinstance(error, CloudError) else None,
    )
    if isinstance(error, Throttled):
        answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer


def _status(error: CbsnapError) -> int:
    if isinstance(error, InputError) and error.field.startswith(_OF_THE_SERVER):
        return 500
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 500)


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    """Name the first field that is wrong, and all of them."""
    errors = [{"field": _field(one), "message": one["msg"]} for one in error.errors()]
    first = errors[0]
    detail = f"{first['field']}: {first['message']}"
    return problem(request.scope, 422, detail, field=first["field"], errors=errors)


async def _plain(request: Request, error: HTTPException) -> Response:
    answer = problem(request.scope, error.status_code, str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


def _field(error: dict[str, Any]) -> str:
    """Return the field as the caller has it: without the kind that the body was read as."""
    where, *rest = error["loc"]
    if error["type"].startswith("union_tag"):
        rest.append(error["ctx"]["discriminator"].strip("'"))
    parts = rest[1:] if rest[:1] in _KINDS else rest
    return (".".join(str(part) for part in parts) or str(where))[:_LONGEST_FIELD]
