"""Functions: made, changed, shown and deleted."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from localcloud.errors import InvalidParameterValue
from localcloud.parameters import Between, OneOf
from localcloud.runtime.catalog import Deployed
from localcloud.runtime.function import LATEST, Function
from localcloud.scf.code import Code, unpack
from localcloud.scf.configuration import Configuration, Tag, tags_of
from localcloud.scf.errors import (
    CodeNotUpdated,
    FunctionNameInUse,
    InvalidFunctionName,
    InvalidHandler,
    InvalidRuntime,
    NamespaceNotFound,
    VersionBoundToAlias,
    VersionNotFound,
)
from localcloud.scf.service import (
    SERVICE,
    deploying,
    find,
    find_settled,
    key_of,
    layers_of,
    qualified,
    runtime_of,
    unsettle,
)
from localcloud.scf.views import list_function, show_function

if TYPE_CHECKING:
    from localcloud.runtime.function import Key
    from localcloud.service import Answer, Call

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,58}[A-Za-z0-9]")
HANDLER = re.compile(r"[A-Za-z][\w-]*\.[A-Za-z][\w-]*")
Limit = Annotated[int, Between(0, 100)]


def handler_of(text: str) -> str:
    """Check a handler: `file.function`."""
    if not HANDLER.fullmatch(text):
        raise InvalidHandler(handler=text)
    return text


@SERVICE.action
@dataclass(frozen=True, kw_only=True)
class CreateFunction(Configuration):
    """Make a function. Its runtime has to be one of Python 3, and runs on the server's own Python."""

    code: Code
    handler: str = "index.main_handler"
    type: Annotated[str, OneOf("Event")] = "Event"
    code_source: str | None = None
    tags: list[Tag] | None = None
    async_run_enable: str | None = None
    trace_enable: str | None = None
    auto_deploy_cls_topic_index: str | None = None
    auto_create_cls_topic: str | None = None
    protocol_type: str | None = None

    async def answer(self, call: Call) -> Answer:
        """Make it from a zip file."""
        key = self._key(call)
        stored = await unpack(self.code.zip_file, runtime_of(call).store)
        function = Function(
            key=key,
            handler=handler_of(self.handler),
            source=stored.folder,
            runtime=self.runtime or "",
            code_bytes=stored.size_bytes,
            added_s=call.now_s,
            modified_s=call.now_s,
        )
        made = Deployed({LATEST: self.changed(function, layers_of(call))}, tags=tags_of(self.tags))
        made.dead_letter = self.dead_letter_config.name if self.dead_letter_config else None
        with deploying(call, made.latest) as catalog:
            catalog.add(made)
        unsettle(call, made, "Creating")
        return {}

    def _key(self, call: Call) -> Key:
        key, catalog = key_of(call, self.function_name, self.namespace), runtime_of(call).catalog
        if not NAME.fullmatch(self.function_name):
            raise InvalidFunctionName(name=self.function_name)
        if not (self.runtime or "").startswith("Python3"):
            raise InvalidRuntime(runtime=self.runtime)
        if self.namespace not in catalog.namespaces(key.uin, key.region):
            raise NamespaceNotFound(name=self.namespace)
        if key in catalog.functions:
            raise FunctionNameInUse(name=self.function_name)
        return key


@SERVICE.action
@dataclass(frozen=True)
class UpdateFunctionCode:
    """Change the latest version's code, and publish it if asked."""

    function_name: str
    handler: str | None = None
    cos_bucket_name: str | None = None
    cos_object_name: str | None = None
    zip_file: str | None = None
    namespace: str = "default"
    cos_bucket_region: str | None = None
    install_dependency: str | None = None
    env_id: str | None = None
    publish: str = "FALSE"
    code: Code | None = None
    code_source: str | None = None

    async def answer(self, call: Call) -> Answer:
        """Put the new code in place; instances of the old one end with their event."""
        deployed = find_settled(call, self.function_name, self.namespace, CodeNotUpdated)
        zip_file = self.code.zip_file if self.code else self.zip_file
        stored = await unpack(zip_file, runtime_of(call).store)
        changed = replace(
            deployed.latest,
            source=stored.folder,
            code_bytes=stored.size_bytes,
            handler=handler_of(self.handler) if self.handler else deployed.latest.handler,
        )
        _put(call, deployed, changed, self.publish)
        return {}


@SERVICE.action
@dataclass(frozen=True, kw_only=True)
class UpdateFunctionConfiguration(Configuration):
    """Change the latest version's settings, and publish it if asked."""

    publish: str = "FALSE"
    l5_enable: str | None = None
    ignore_sys_log: bool | None = None

    def answer(self, call: Call) -> Answer:
        """Put the new settings in place."""
        deployed = find_settled(call, self.function_name, self.namespace)
        if self.runtime not in (None, deployed.latest.runtime):
            raise InvalidRuntime(runtime=self.runtime)
        _put(call, deployed, self.changed(deployed.latest, layers_of(call)), self.publish)
        if self.dead_letter_config:
            deployed.dead_letter = self.dead_letter_config.name
        return {}


def _put(call: Call, deployed: Deployed, changed: Function, publish: str) -> None:
    latest = replace(changed, modified_s=call.now_s)
    with deploying(call, latest):
        deployed.versions[LATEST] = latest
        if publish.upper() == "TRUE":
            deployed.publish(call.now_s, changed.description)
    unsettle(call, deployed, "Updating")


@SERVICE.action
@dataclass(frozen=True)
class GetFunction:
    """Show one version of a function. The code itself is never shown."""

    function_name: str
    qualifier: str = LATEST
    namespace: str = "default"
    show_code: str = "FALSE"

    def answer(self, call: Call) -> Answer:
        """Show it."""
        deployed = find(call, self.function_name, self.namespace)
        with qualified(self.qualifier):
            function = deployed.resolve(self.qualifier)
        layers = layers_of(call)
        return show_function(deployed, function, [layers[ref] for ref in function.layers], call.now_s)


@SERVICE.action
@dataclass(frozen=True)
class ListFunctions:
    """List functions; Filters are not emulated and refused."""

    order: Annotated[str, OneOf("ASC", "DESC")] = "DESC"
    orderby: Annotated[str, OneOf("AddTime", "ModTime", "FunctionName")] = "FunctionName"
    offset: int = 0
    limit: Limit = 20
    search_key: str = ""
    namespace: str = "default"
    description: str = ""
    filters: object = None

    def answer(self, call: Call) -> Answer:
        """Show a page."""
        if self.filters:
            raise InvalidParameterValue(name="Filters", reason="not emulated")
        here = key_of(call, "", self.namespace)[:3]
        found = [
            list_function(each, call.now_s)
            for key, each in runtime_of(call).catalog.functions.items()
            if key[:3] == here and self.search_key in key.name and self.description in each.latest.description
        ]
        found.sort(key=lambda row: str(row[self.orderby]), reverse=self.order == "DESC")
        return {"Functions": found[self.offset : self.offset + self.limit], "TotalCount": len(found)}


@SERVICE.action
@dataclass(frozen=True)
class DeleteFunction:
    """Delete a function, or one version of it."""

    function_name: str
    namespace: str = "default"
    qualifier: str | None = None

    def answer(self, call: Call) -> Answer:
        """Delete it; its instances end with their event."""
        deployed = find(call, self.function_name, self.namespace)
        with deploying(call) as catalog:
            if self.qualifier is None:
                del catalog.functions[deployed.key]
            else:
                _delete_version(deployed, self.qualifier)
        return {}


def _delete_version(deployed: Deployed, version: str) -> None:
    if version == LATEST or version not in deployed.versions:
        raise VersionNotFound(name=version)
    for alias in deployed.aliases.values():
        if version in (alias.version, *alias.weights):
            raise VersionBoundToAlias(alias=alias.name)
    del deployed.versions[version]
