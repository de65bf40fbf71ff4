"""Versions and aliases."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from localcloud.parameters import Between, OneOf
from localcloud.runtime.catalog import DEFAULT_ALIAS, Alias
from localcloud.scf.configuration import described
from localcloud.scf.errors import (
    AliasInUse,
    AliasNotFound,
    InvalidName,
    InvalidRoutingConfig,
    NotPublished,
    VersionNotFound,
)
from localcloud.scf.service import SERVICE, deploying, find, find_settled, unsettle
from localcloud.scf.views import show_alias, show_version

if TYPE_CHECKING:
    from localcloud.runtime.catalog import Deployed
    from localcloud.service import Answer, Call

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
Limit = Annotated[int, Between(0, 100)]


@dataclass(frozen=True)
class VersionWeight:
    """A part of an alias's calls, from 0 to 1, goes to a further version."""

    version: str
    weight: float


@dataclass(frozen=True)
class RoutingConfig:
    """Where an alias sends its calls beside its main version; rules for that are refused."""

    additional_version_weights: list[VersionWeight] | None = None
    addtion_version_matchs: object = None

    def weights(self, deployed: Deployed, main: str) -> dict[str, float]:
        """Return the weights; raises VersionNotFound or InvalidRoutingConfig."""
        given = self.additional_version_weights or []
        if len(given) > 1 or self.addtion_version_matchs:
            raise InvalidRoutingConfig(reason="one further version by weight at most")
        for each in given:
            if each.version not in deployed.versions:
                raise VersionNotFound(name=each.version)
            if each.version == main or not 0 <= each.weight <= 1:
                raise InvalidRoutingConfig(reason="another version with a weight from 0 to 1")
        return {each.version: each.weight for each in given}


@SERVICE.action
@dataclass(frozen=True)
class PublishVersion:
    """Make a version of what is latest; it never changes."""

    function_name: str
    description: str = ""
    namespace: str = "default"

    def answer(self, call: Call) -> Answer:
        """Show the version."""
        deployed = find_settled(call, self.function_name, self.namespace, NotPublished)
        described(self.description)
        with deploying(call):
            made = deployed.publish(call.now_s, self.description)
        unsettle(call, deployed, "Publishing")
        return {
            "FunctionVersion": made.version,
            "CodeSize": made.code_bytes,
            "MemorySize": made.memory_mib,
            "Description": made.description,
            "Handler": made.handler,
            "Timeout": made.time_limit_s,
            "Runtime": made.runtime,
            "Namespace": made.key.namespace,
        }


@SERVICE.action
@dataclass(frozen=True)
class ListVersionByFunction:
    """List a function's versions."""

    function_name: str
    namespace: str = "default"
    offset: int = 0
    limit: Limit = 20
    order: Annotated[str, OneOf("ASC", "DESC")] = "DESC"
    order_by: Annotated[str, OneOf("AddTime", "ModTime")] = "AddTime"

    def answer(self, call: Call) -> Answer:
        """Show a page."""
        deployed = find(call, self.function_name, self.namespace)
        versions = list(deployed.versions.values())
        moment = "added_s" if self.order_by == "AddTime" else "modified_s"
        versions.sort(key=lambda each: float(getattr(each, moment)), reverse=self.order == "DESC")
        page = versions[self.offset : self.offset + self.limit]
        return {
            "FunctionVersion": [each.version for each in page],
            "Versions": [show_version(each, deployed.status(call.now_s)) for each in page],
            "TotalCount": len(versions),
        }


def _find_alias(deployed: Deployed, name: str) -> Alias:
    if name not in deployed.aliases:
        raise AliasNotFound(name=name)
    return deployed.aliases[name]


def _point(
    alias: Alias, deployed: Deployed, version: str, routing: RoutingConfig | None, description: str | None
) -> None:
    if version not in deployed.versions:
        raise VersionNotFound(name=version)
    alias.weights = routing.weights(deployed, version) if routing else {}
    alias.version = version
    alias.description = alias.description if description is None else description


@SERVICE.action
@dataclass(frozen=True)
class CreateAlias:
    """Give a version a name."""

    name: str
    function_name: str
    function_version: str
    namespace: str = "default"
    routing_config: RoutingConfig | None = None
    description: str | None = None

    def answer(self, call: Call) -> Answer:
        """Make it."""
        deployed = find(call, self.function_name, self.namespace)
        if not NAME.fullmatch(self.name):
            raise InvalidName(name=self.name)
        if self.name in deployed.aliases:
            raise AliasInUse(name=self.name)
        alias = Alias(self.name, self.function_version, call.now_s, call.now_s)
        _point(alias, deployed, self.function_version, self.routing_config, self.description)
        deployed.aliases[self.name] = alias
        return {}


@SERVICE.action
@dataclass(frozen=True)
class UpdateAlias:
    """Point an alias elsewhere, $DEFAULT too."""

    function_name: str
    name: str
    function_version: str
    namespace: str = "default"
    routing_config: RoutingConfig | None = None
    description: str | None = None

    def answer(self, call: Call) -> Answer:
        """Change it."""
        deployed = find_settled(call, self.function_name, self.namespace)
        alias = _find_alias(deployed, self.name)
        _point(alias, deployed, self.function_version, self.routing_config, self.description)
        alias.modified_s = call.now_s
        return {}


@SERVICE.action
@dataclass(frozen=True)
class GetAlias:
    """Show an alias."""

    function_name: str
    name: str
    namespace: str = "default"

    def answer(self, call: Call) -> Answer:
        """Show it."""
        return show_alias(_find_alias(find(call, self.function_name, self.namespace), self.name))


@SERVICE.action
@dataclass(frozen=True)
class DeleteAlias:
    """Delete an alias; $DEFAULT stays."""

    function_name: str
    name: str
    namespace: str = "default"

    def answer(self, call: Call) -> Answer:
        """Delete it."""
        deployed = find(call, self.function_name, self.namespace)
        _find_alias(deployed, self.name)
        if self.name == DEFAULT_ALIAS:
            raise InvalidName(name=self.name)
        del deployed.aliases[self.name]
        return {}


@SERVICE.action
@dataclass(frozen=True)
class ListAliases:
    """List a function's aliases. Offset and Limit are texts in the SDK's model."""

    function_name: str
    namespace: str = "default"
    function_version: str | None = None
    offset: str = "0"
    limit: str = "20"

    def answer(self, call: Call) -> Answer:
        """Show a page."""
        aliases = [
            show_alias(each)
            for each in find(call, self.function_name, self.namespace).aliases.values()
            if self.function_version in (None, each.version, *each.weights)
        ]
        first, size = int(self.offset), int(self.limit)
        return {"Aliases": aliases[first : first + size], "TotalCount": len(aliases)}
