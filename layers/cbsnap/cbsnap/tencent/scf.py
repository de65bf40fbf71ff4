"""What SCF (2018-04-16) tells of functions, layers and triggers, as the core's values; nothing is changed.

The digest of what was sent stands in a description: `Code <sha256>. Release <time>.` of a function's
version, `Content <sha256>.` of a layer's. Descriptions take letters, digits, spaces, commas and full stops
only (SDK).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from cbsnap.deployment import FoundVersion, Settings, Trigger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbsnap.tencent.api import Api

PAGE = 100  # the local cloud's most; the SDK names none
_CODE = re.compile(r"^(.*?) ?Code ([0-9a-f]{64})\. Release ([0-9TZ]{16})\.$", re.DOTALL)
_CONTENT = re.compile(r"Content ([0-9a-f]{64})\.$")


class Scf:
    """The rows of one region and namespace."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace

    def of(self, function: str, asked: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the parameters of a call about one function."""
        return {"FunctionName": function, "Namespace": self._namespace, **(asked or {})}

    def read(self, action: str, function: str, asked: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask about one function. Raises CloudError."""
        return self._api.read("scf", action, self.of(function, asked))

    def functions(self, prefix: str = "") -> list[dict[str, Any]]:
        """Return the functions whose names begin so."""
        asked = {"Namespace": self._namespace, **({"SearchKey": prefix} if prefix else {})}
        rows = self.pages("ListFunctions", "Functions", asked)
        return [row for row in rows if str(row["FunctionName"]).startswith(prefix)]

    def triggers(self, function: str) -> list[dict[str, Any]]:
        """Return a function's triggers."""
        return self.pages("ListTriggers", "Triggers", self.of(function))

    def layer_versions(self, layer: str) -> list[dict[str, Any]]:
        """Return a layer's versions, none where there is no such layer."""
        return list(self._api.read("scf", "ListLayerVersions", {"LayerName": layer})["LayerVersions"] or ())

    def layer_version(self, layer: str, version: int) -> dict[str, Any]:
        """Return one version of a layer, with its Location and Status."""
        return self._api.read("scf", "GetLayerVersion", {"LayerName": layer, "LayerVersion": version})

    def pages(self, action: str, field: str, asked: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return all rows of a list."""
        rows: list[dict[str, Any]] = []
        while True:
            page = {**(asked or {}), "Limit": PAGE, "Offset": len(rows)}
            found = self._api.read("scf", action, page)[field] or ()
            rows += found
            if len(found) < PAGE:
                return rows


def tags(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of a function or layer."""
    return {one["Key"]: one["Value"] for one in row.get("Tags") or ()}


def environment(row: Mapping[str, Any]) -> dict[str, str]:
    """Return a function's variables."""
    variables = _part(row, "Environment").get("Variables") or ()
    return {str(one["Key"]): str(one.get("Value") or "") for one in variables}


def layers(row: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """Return a function's layers with their versions, in the order of their binding."""
    return tuple((str(one["LayerName"]), int(one["LayerVersion"])) for one in row.get("Layers") or ())


def version(row: Mapping[str, Any], number: str) -> FoundVersion:
    """Read GetFunction's answer about one version."""
    marked = _CODE.match(_text(row, "Description"))
    description, sha256, release = marked.groups() if marked else (_text(row, "Description"), "", "")
    return FoundVersion(
        number, sha256=sha256, release=release, settings=_settings(row, description), layers=layers(row)
    )


def _settings(row: Mapping[str, Any], description: str) -> Settings:
    vpc, dead = _part(row, "VpcConfig"), _part(row, "DeadLetterConfig")
    return Settings(
        handler=str(row["Handler"]),
        runtime=str(row["Runtime"]),
        description=description,
        role=_text(row, "Role"),
        memory_mib=int(row["MemorySize"]),
        timeout_s=int(row["Timeout"]),
        init_timeout_s=int(row["InitTimeout"]),
        environment=environment(row),
        network=(_text(vpc, "VpcId"), _text(vpc, "SubnetId")),
        public=_part(row, "PublicNetConfig").get("PublicNetStatus", "ENABLE") == "ENABLE",
        log=(_text(row, "ClsLogsetId"), _text(row, "ClsTopicId")),
        dead_letter=(_text(dead, "Type"), _text(dead, "Name"), _text(dead, "FilterType")),
    )


def trigger(row: Mapping[str, Any]) -> Trigger:
    """Read a row of ListTriggers."""
    kind, name, enabled = str(row["Type"]), str(row["TriggerName"]), bool(row["Enable"])
    told = _described(row)
    if kind == "timer":
        return Trigger(kind, name, enabled, cron=_text(told, "cron"), argument=_text(row, "CustomArgument"))
    net = _part(told, "NetConfig")
    return Trigger(
        kind,
        name,
        enabled,
        auth=_text(told, "AuthType"),
        extranet=bool(net.get("EnableExtranet")),
        intranet=bool(net.get("EnableIntranet")),
    )


def content(row: Mapping[str, Any]) -> str:
    """Return the digest of a layer's version, empty where it is not ours."""
    marked = _CONTENT.search(_text(row, "Description"))
    return marked[1] if marked else ""


def _described(row: Mapping[str, Any]) -> dict[str, Any]:
    """Read a TriggerDesc: JSON, or a timer's bare expression as older clients wrote it [inferred]."""
    text = _text(row, "TriggerDesc") or "{}"
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {"cron": text}


def _text(row: Mapping[str, Any], key: str) -> str:
    return str(row.get(key) or "")


def _part(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return row.get(key) or {}
