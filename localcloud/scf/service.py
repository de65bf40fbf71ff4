"""The table that the actions of SCF enter themselves in, and how they reach the function runtime."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from localcloud.runtime.catalog import ACTIVE, NotDeployedError
from localcloud.runtime.function import Key
from localcloud.runtime.functions import FunctionRuntime
from localcloud.runtime.layers import LayerError
from localcloud.scf.errors import (
    FunctionDeploying,
    FunctionNotFound,
    InvalidLayers,
    NamespaceNotFound,
    QualifierNotFound,
)
from localcloud.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.errors import ApiError
    from localcloud.runtime.catalog import Catalog, Deployed, Layer
    from localcloud.runtime.function import Function, LayerRef
    from localcloud.service import Call

SERVICE = Service("scf", "2018-04-16", per_second=20)


@contextmanager
def qualified(qualifier: str) -> Iterator[None]:
    """Turn a version or alias that is not there into the API's error."""
    try:
        yield
    except NotDeployedError as error:
        raise QualifierNotFound(name=qualifier) from error


def runtime_of(call: Call) -> FunctionRuntime:
    """Return the function runtime; a server without one has no functions."""
    if not isinstance(call.runtime, FunctionRuntime):
        raise FunctionNotFound(name="*")
    return call.runtime


def key_of(call: Call, name: str, namespace: str) -> Key:
    """Return where a function of the caller lives."""
    return Key(call.caller.account.uin, call.region, namespace, name)


def layers_of(call: Call) -> dict[LayerRef, Layer]:
    """Return the layers of the caller's region, to be looked at or changed."""
    return runtime_of(call).catalog.layers_of(call.caller.account.uin, call.region)


@contextmanager
def deploying(call: Call, function: Function | None = None) -> Iterator[Catalog]:
    """Change the catalog inside; a new version's root is laid out before, so that a failure changes nothing.

    Raises InvalidLayers where its layers do not go together.
    """
    runtime = runtime_of(call)
    if function:
        try:
            runtime.prepare(function)
        except LayerError as error:
            raise InvalidLayers(reason=str(error)) from error
    yield runtime.catalog
    runtime.changed()


def find(call: Call, name: str, namespace: str) -> Deployed:
    """Return a function of the caller; raises the API's error where there is none."""
    catalog = runtime_of(call).catalog
    if namespace not in catalog.namespaces(call.caller.account.uin, call.region):
        raise NamespaceNotFound(name=namespace)
    try:
        return catalog.find(key_of(call, name, namespace))
    except NotDeployedError as error:
        raise FunctionNotFound(name=name) from error


def find_settled(
    call: Call, name: str, namespace: str, refusal: type[ApiError] = FunctionDeploying
) -> Deployed:
    """Return a function that can be changed; raises `refusal` while an earlier change is under way."""
    deployed = find(call, name, namespace)
    if (status := deployed.status(call.now_s)) != ACTIVE:
        raise refusal(name=name, status=status)
    return deployed


def unsettle(call: Call, deployed: Deployed, change: str) -> None:
    """Let a change take its time: Creating, Updating, Publishing. That all versions share it is inferred."""
    deployed.change, deployed.settled_s = change, call.now_s + runtime_of(call).deploy_s
