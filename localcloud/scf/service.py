"""The table that the actions of SCF enter themselves in, and how they reach the function runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.runtime.functions import FunctionNotFoundError, FunctionRuntime
from localcloud.scf.errors import FunctionNotFound, NamespaceNotFound, QualifierNotFound
from localcloud.service import Service

if TYPE_CHECKING:
    from localcloud.runtime.serverless import Function
    from localcloud.service import Call

SERVICE = Service("scf", "2018-04-16", per_second=20)
QUALIFIERS = ("$LATEST", "$DEFAULT")


def deployed(call: Call, name: str, namespace: str, qualifier: str) -> tuple[FunctionRuntime, Function]:
    """Return the runtime and the caller's function; raises the API's error where there is none."""
    runtime = call.runtime
    if not isinstance(runtime, FunctionRuntime) or call.caller.account.uin != runtime.account.uin:
        raise FunctionNotFound(name=name)
    try:
        function = runtime.function(name)
    except FunctionNotFoundError as error:
        raise FunctionNotFound(name=name) from error
    if function.region != call.region:
        raise FunctionNotFound(name=name)
    if function.namespace != namespace:
        raise NamespaceNotFound(name=namespace)
    if qualifier not in QUALIFIERS:
        raise QualifierNotFound(name=qualifier)
    return runtime, function
