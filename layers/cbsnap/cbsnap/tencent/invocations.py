"""The port `Invocations`: what became of asynchronous invocations of our functions.

GetAsyncEventStatus says whether one is over, GetRequestStatus what it returned (both in the SDK). That the
latter's RetMsg is the JSON text of the function's own value is inferred; what does not read so is not known.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cbsnap.errors import CloudError, Refused
from cbsnap.ports.functions import Answered

if TYPE_CHECKING:
    from collections.abc import Callable

    from cbsnap.model.plan import Target
    from cbsnap.tencent.api import Api

RUNNING, FINISHED = "RUNNING", "FINISHED"
_WELL = 0  # RetCode of a request that succeeded


class FunctionInvocations:
    """The worker's and the keeper's; functions are named `[region/]name`, as for `Functions`."""

    def __init__(self, api: Callable[[str], Api], region: str, worker: str, keeper: str) -> None:
        self._api = api
        self._region = region
        self._worker = worker
        self._keeper = keeper

    def of_worker(self, target: Target, request_id: str) -> Answered:
        """Return what became of a batch. Raises CloudError."""
        return self._of(target.worker or self._worker, request_id)

    def of_keeper(self, request_id: str) -> Answered:
        """Return what became of an errand. Raises CloudError."""
        return self._of(self._keeper, request_id)

    def _of(self, named: str, request_id: str) -> Answered:
        region, _, function = named.rpartition("/")
        api = self._api(region or self._region)
        try:
            found = api.read("scf", "GetAsyncEventStatus", {"InvokeRequestId": request_id})["Result"]
        except Refused as unknown:
            if unknown.gone or "NotFound" in unknown.code:
                return Answered(over=False)  # not yet, or not any more: the cloud's own state tells
            raise
        if found["Status"] == RUNNING:
            return Answered(over=False)
        if found["Status"] != FINISHED:
            return Answered(over=True, failed=f"{function} ended with {found['StatusCode']}: see its log")
        return Answered(over=True, returned=_returned(api, function, request_id))


def _returned(api: Api, function: str, request_id: str) -> Any:  # noqa: ANN401 - whatever JSON can be
    """Return the function's value; None where it is not told, since it only adds reasons."""
    asked = {"FunctionName": function, "FunctionRequestId": request_id}
    try:
        tries = api.read("scf", "GetRequestStatus", asked).get("Data") or []
        return next((json.loads(one["RetMsg"]) for one in tries if one["RetCode"] == _WELL), None)
    except (CloudError, ValueError, TypeError):
        return None
