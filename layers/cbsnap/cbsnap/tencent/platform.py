"""The port `Platform`: functions, layers and triggers of one region and namespace, through SCF's API.

What is ours is told by a tag on functions and layers, and by a trigger's description. How SCF's rows read
is `scf`'s part.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from cbsnap.deployment import (
    DEFAULT,
    LATEST,
    OWNER,
    Found,
    FoundFunction,
    FoundLayer,
    FoundTrigger,
    FoundVersion,
    Retrying,
    Trigger,
)
from cbsnap.errors import Throttled
from cbsnap.tencent import scf
from cbsnap.tencent.scf import Scf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cbsnap.deployment import WantedFunction
    from cbsnap.ports.clock import Clock
    from cbsnap.tencent.api import Api

MADE_BY_US = "Made by cbsnap deploy."
UPLOAD_TIMEOUT_S = 300.0  # 10 MiB over a slow line
CHANGE_TIMEOUT_S = 60.0
TRIES, PAUSE_S = 8, 1.0


class RegionPlatform:
    """One region's functions and layers."""

    def __init__(self, api: Api, namespace: str, clock: Clock) -> None:
        self._api = api
        self._scf = Scf(api, namespace)
        self._clock = clock

    def found(self, deployment: str, looks_like_ours: Callable[[str], bool]) -> Found:
        """Return what is ours, and what only has a name that `looks_like_ours`."""

        def meant(name: str, tags: Mapping[str, str]) -> bool:
            return tags.get(OWNER) == deployment or looks_like_ours(name)

        layers = [(str(row["LayerName"]), scf.tags(row)) for row in self._scf.pages("ListLayers", "Layers")]
        functions = [(str(row["FunctionName"]), scf.tags(row)) for row in self._scf.functions()]
        return Found(
            tuple(self._layer(name, tags) for name, tags in layers if meant(name, tags)),
            tuple(self._function(name, tags) for name, tags in functions if meant(name, tags)),
        )

    def status(self, function: str) -> str:
        """Return what a function is about (583/37883): Active, Updating, …Failed."""
        return str(self._scf.read("GetFunction", function)["Status"])

    def layer_status(self, layer: str, version: int) -> str:
        """Return what a layer's version is about."""
        return str(self._scf.layer_version(layer, version)["Status"])

    def publish_layer(
        self, layer: str, content: bytes, sha256: str, runtimes: Sequence[str], deployment: str
    ) -> int:
        """Publish a layer's next version; returns its number."""
        asked = {
            "LayerName": layer,
            "CompatibleRuntimes": list(runtimes),
            "Content": _zip(content),
            "Description": f"{MADE_BY_US} Content {sha256}.",
            "Tags": [{"Key": OWNER, "Value": deployment}],
        }
        return int(self._send("PublishLayerVersion", asked, UPLOAD_TIMEOUT_S)["LayerVersion"])

    def create_function(
        self,
        wanted: WantedFunction,
        content: bytes,
        layers: Mapping[str, int],
        description: str,
        deployment: str,
    ) -> None:
        """Make a function; nobody calls it before it has triggers."""
        asked = _configuration(wanted, layers, description) | {
            "Runtime": wanted.settings.runtime,
            "Handler": wanted.settings.handler,
            "Code": _zip(content),
            "Tags": [{"Key": OWNER, "Value": deployment}],
        }
        self._send("CreateFunction", self._scf.of(wanted.name, asked), UPLOAD_TIMEOUT_S)

    def update_code(self, wanted: WantedFunction, content: bytes) -> None:
        """Send a function's code."""
        asked = {"Handler": wanted.settings.handler, "Code": _zip(content)}
        self._send("UpdateFunctionCode", self._scf.of(wanted.name, asked), UPLOAD_TIMEOUT_S)

    def configure(self, wanted: WantedFunction, layers: Mapping[str, int], description: str) -> None:
        """Set all settings of what can still be changed."""
        self._change("UpdateFunctionConfiguration", wanted.name, _configuration(wanted, layers, description))

    def publish_version(self, function: str, description: str) -> str:
        """Make a version of what can still be changed; returns its number."""
        answer = self._send("PublishVersion", self._scf.of(function, {"Description": description}))
        return str(answer["FunctionVersion"])

    def point(self, function: str, alias: str, version: str, *, exists: bool) -> None:
        """Let an alias stand for a version."""
        action = "UpdateAlias" if exists else "CreateAlias"
        self._change(action, function, {"Name": alias, "FunctionVersion": version})

    def retry(self, function: str, retrying: Retrying) -> None:
        """Set how asynchronous events are treated, of all versions alike."""
        config = {"RetryConfig": [{"RetryNum": retrying.retries}], "MsgTTL": retrying.age_s}
        self._change("UpdateFunctionEventInvokeConfig", function, {"AsyncTriggerConfig": config})

    def create_trigger(self, function: str, trigger: Trigger) -> None:
        """Make a trigger that calls what $DEFAULT stands for."""
        self._change("CreateTrigger", function, _trigger_parameters(trigger))

    def update_trigger(self, function: str, trigger: Trigger) -> None:
        """Change a trigger, and make it ours."""
        self._change("UpdateTrigger", function, _trigger_parameters(trigger))

    def delete_trigger(self, function: str, found: FoundTrigger) -> None:
        """Delete a trigger."""
        named = {"TriggerName": found.trigger.name, "Type": found.trigger.kind, "Qualifier": found.qualifier}
        self._change("DeleteTrigger", function, named)

    def delete_version(self, function: str, version: str) -> None:
        """Delete a published version."""
        self._change("DeleteFunction", function, {"Qualifier": version})

    def delete_function(self, function: str) -> None:
        """Delete a function with all of its versions."""
        self._change("DeleteFunction", function, {})

    def delete_layer(self, layer: str, version: int) -> None:
        """Delete one version of a layer."""
        self._send("DeleteLayerVersion", {"LayerName": layer, "LayerVersion": version})

    def _layer(self, name: str, tags: Mapping[str, str]) -> FoundLayer:
        rows = self._scf.layer_versions(name)
        versions = {int(row["LayerVersion"]): scf.content(row) for row in rows}
        # Whether a tag is a version's or its layer's is not documented: one on any version counts.
        owners = [tags.get(OWNER), *(scf.tags(row).get(OWNER) for row in rows)]
        return FoundLayer(name, next(filter(None, owners), ""), versions)

    def _function(self, name: str, tags: Mapping[str, str]) -> FoundFunction:
        numbers = [
            str(row["Version"])
            for row in self._scf.pages("ListVersionByFunction", "Versions", self._scf.of(name))
            if row["Version"] != LATEST
        ]
        aliases = self._scf.read("ListAliases", name, {"Limit": str(scf.PAGE)})["Aliases"]
        config = self._scf.read("GetFunctionEventInvokeConfig", name)["AsyncTriggerConfig"]
        return FoundFunction(
            name=name,
            owner=tags.get(OWNER, ""),
            latest=self._version(name, LATEST),
            versions=tuple(self._version(name, one) for one in sorted(numbers, key=int)),
            aliases={str(one["Name"]): str(one["FunctionVersion"]) for one in aliases},
            retrying=Retrying(int(config["RetryConfig"][0]["RetryNum"]), int(config["MsgTTL"])),
            triggers=tuple(self._triggers(name)),
        )

    def _version(self, function: str, version: str) -> FoundVersion:
        return scf.version(self._scf.read("GetFunction", function, {"Qualifier": version}), version)

    def _triggers(self, function: str) -> Iterator[FoundTrigger]:
        for row in self._scf.triggers(function):
            ours = str(row["Description"] or "") == MADE_BY_US
            yield FoundTrigger(scf.trigger(row), str(row["Qualifier"]), ours)

    def _change(self, action: str, function: str, asked: Mapping[str, Any]) -> None:
        self._send(action, self._scf.of(function, asked))

    def _send(
        self, action: str, asked: Mapping[str, Any], timeout_s: float = CHANGE_TIMEOUT_S
    ) -> dict[str, Any]:
        """Change something: once, but for calls that were refused for coming too fast."""
        for _ in range(TRIES - 1):
            try:
                return self._api.call("scf", action, asked, timeout_s)
            except Throttled:
                self._clock.sleep(PAUSE_S)
        return self._api.call("scf", action, asked, timeout_s)


def _zip(content: bytes) -> dict[str, str]:
    return {"ZipFile": base64.b64encode(content).decode()}


def _configuration(wanted: WantedFunction, layers: Mapping[str, int], description: str) -> dict[str, Any]:
    """Return all settings; what is not wanted is said, too, so that it is taken away."""
    one = wanted.settings
    kind, name, filter_type = one.dead_letter
    return {
        "Description": description,
        "MemorySize": one.memory_mib,
        "Timeout": one.timeout_s,
        "InitTimeout": one.init_timeout_s,
        "Role": one.role,
        "Environment": {
            "Variables": [{"Key": key, "Value": value} for key, value in one.environment.items()]
        },
        "Layers": [{"LayerName": layer, "LayerVersion": layers[layer]} for layer in wanted.layers],
        "VpcConfig": {"VpcId": one.network[0], "SubnetId": one.network[1]},
        "PublicNetConfig": {
            "PublicNetStatus": "ENABLE" if one.public else "DISABLE",
            "EipConfig": {"EipStatus": "DISABLE"},
        },
        "ClsLogsetId": one.log[0],
        "ClsTopicId": one.log[1],
        **(
            {"DeadLetterConfig": {"Type": kind, "Name": name, "FilterType": filter_type}}
            if any(one.dead_letter)
            else {}
        ),
    }


def _trigger_parameters(trigger: Trigger) -> dict[str, Any]:
    """Return what makes or changes a trigger: 583/39901 has a timer's description, 583/100227 a URL's."""
    if trigger.kind == "timer":
        told: dict[str, Any] = {"cron": trigger.cron}
    else:
        net = {"EnableExtranet": trigger.extranet, "EnableIntranet": trigger.intranet}
        told = {"AuthType": trigger.auth, "NetConfig": net}
    return {
        "TriggerName": trigger.name,
        "Type": trigger.kind,
        "TriggerDesc": json.dumps(told),
        "Qualifier": DEFAULT,
        "Enable": "OPEN" if trigger.enabled else "CLOSE",
        "Description": MADE_BY_US,
        **({"CustomArgument": trigger.argument} if trigger.kind == "timer" else {}),
    }
