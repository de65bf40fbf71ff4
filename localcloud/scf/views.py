"""How functions, layers and triggers look in answers; fields of what is not emulated are empty."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from localcloud.moments import shanghai

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from localcloud.runtime.catalog import Alias, Deployed, Layer, Timer, Url
    from localcloud.runtime.function import Function
    from localcloud.service import Answer

ON, OFF = 1, 0
NOT_THERE = ("CodeInfo", "CodeError", "StatusDesc", "ProtocolType")


def function_id(function: Function) -> str:
    """Return a made-up id that stays the same."""
    return "lam-" + hashlib.sha256(repr(function.key).encode()).hexdigest()[:8]


def show_function(deployed: Deployed, function: Function, layers: Iterable[Layer], now_s: float) -> Answer:
    """Show one version, with the function's triggers."""
    vpc_id, subnet_id = function.network
    return {
        **dict.fromkeys(NOT_THERE, ""),
        **_identity(deployed, function, now_s),
        **_unused(),
        "VpcConfig": {"VpcId": vpc_id, "SubnetId": subnet_id},
        "PublicNetConfig": {
            "PublicNetStatus": "ENABLE" if function.public else "DISABLE",
            "EipConfig": {"EipStatus": "DISABLE", "EipAddress": []},
        },
        "ClsLogsetId": function.log_set,
        "Handler": function.handler,
        "CodeSize": function.code_bytes,
        "CodeResult": "success",
        "ErrNo": 0,
        "Timeout": function.time_limit_s,
        "InitTimeout": function.init_limit_s,
        "FunctionVersion": function.version,
        "Qualifier": function.version,
        "MemorySize": function.memory_mib,
        "Environment": {"Variables": [{"Key": key, "Value": value} for key, value in function.environment]},
        "Role": function.role,
        "ClsTopicId": function.log_topic,
        "Layers": [show_layer(each, now_s) for each in layers],
        "Triggers": [_without_bound(each) for each in show_triggers(deployed)],
        "DeadLetterConfig": {"Type": "", "Name": deployed.dead_letter or "", "FilterType": ""},
        "AvailableStatus": "Available",
    }


def _identity(deployed: Deployed, function: Function, now_s: float) -> Answer:
    return {
        "FunctionName": function.name,
        "FunctionId": function_id(function),
        "Namespace": function.key.namespace,
        "Runtime": function.runtime,
        "Description": function.description,
        "Status": deployed.status(now_s),
        "Type": "Event",
        "AddTime": shanghai(function.added_s),
        "ModTime": shanghai(function.modified_s),
        "Tags": _tags(deployed.tags),
        "StatusReasons": [],
        "AsyncRunEnable": "FALSE",
        "TraceEnable": "FALSE",
    }


def _unused() -> Answer:
    flags = ("UseGpu", "InstallDependency", "L5Enable", "OnsEnable", "DnsCache")
    return dict.fromkeys(flags, "FALSE") | {
        "EipConfig": {"EipFixed": "FALSE", "Eips": []},
        "AccessInfo": {"Host": "", "Vip": ""},
        "CfsConfig": {"CfsInsList": []},
        "ImageConfig": None,
        "ProtocolParams": None,
        "InstanceConcurrencyConfig": None,
        "IntranetConfig": None,
    }


def _tags(tags: Mapping[str, str]) -> list[Answer]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def list_function(deployed: Deployed, now_s: float) -> Answer:
    """Show a function in a list."""
    return _identity(deployed, deployed.latest, now_s) | {
        "StatusDesc": "",
        "TotalProvisionedConcurrencyMem": 0,
        "ReservedConcurrencyMem": deployed.reserved_mib or 0,
    }


def show_version(function: Function, status: str) -> Answer:
    """Show a version in a list."""
    return {
        "Version": function.version,
        "Description": function.description,
        "AddTime": shanghai(function.added_s),
        "ModTime": shanghai(function.modified_s),
        "Status": status,
    }


def show_alias(alias: Alias) -> Answer:
    """Show an alias."""
    weights = [{"Version": version, "Weight": weight} for version, weight in alias.weights.items()]
    return {
        "Name": alias.name,
        "FunctionVersion": alias.version,
        "RoutingConfig": {"AdditionalVersionWeights": weights, "AddtionVersionMatchs": []},
        "Description": alias.description,
        "AddTime": shanghai(alias.added_s),
        "ModTime": shanghai(alias.modified_s),
    }


def show_layer(layer: Layer, now_s: float) -> Answer:
    """Show a layer's version in a list."""
    return {
        "CompatibleRuntimes": list(layer.runtimes),
        "AddTime": shanghai(layer.added_s),
        "Description": layer.description,
        "LicenseInfo": layer.licence,
        "LayerVersion": layer.ref.version,
        "LayerName": layer.ref.name,
        "Status": layer.status(now_s),
        "Stamp": "",
        "Tags": _tags(layer.tags),
    }


def show_triggers(deployed: Deployed) -> list[Answer]:
    """Show a function's triggers."""
    timers = [show_timer(deployed, each) for each in deployed.timers.values()]
    return timers + ([show_url(deployed, deployed.url)] if deployed.url else [])


def show_timer(deployed: Deployed, timer: Timer) -> Answer:
    """Show a timer as ListTriggers does; TriggerDesc is JSON, as CreateTrigger's examples have it."""
    return _trigger(deployed, timer.name) | {
        "Type": "timer",
        "Enable": ON if timer.enabled else OFF,
        "Qualifier": timer.qualifier,
        "TriggerDesc": json.dumps({"cron": timer.cron.expression}),
        "CustomArgument": timer.argument,
        "Description": timer.description,
        "AddTime": shanghai(timer.added_s),
        "ModTime": shanghai(timer.modified_s),
    }


def show_url(deployed: Deployed, url: Url) -> Answer:
    """Show a function URL as ListTriggers does."""
    return _trigger(deployed, url.name) | {
        "Type": "http",
        "Enable": ON if url.enabled else OFF,
        "Qualifier": url.qualifier,
        "TriggerDesc": json.dumps(
            {
                "AuthType": "NONE",
                "NetConfig": {"EnableExtranet": url.extranet, "EnableIntranet": url.intranet},
            }
        ),
        "CustomArgument": "",
        "Description": url.description,
        "AddTime": shanghai(url.added_s),
        "ModTime": shanghai(url.added_s),
    }


def _trigger(deployed: Deployed, name: str) -> Answer:
    return {
        "TriggerName": name,
        "AvailableStatus": "Available",
        "ResourceId": f"{function_id(deployed.latest)}-{name}",
        "BindStatus": "on",
        "TriggerAttribute": "",
        "BoundResources": None,
    }


def _without_bound(trigger: Answer) -> Answer:
    """Return a trigger as GetFunction and CreateTrigger show it: they do not say what else it is bound to."""
    return {name: value for name, value in trigger.items() if name != "BoundResources"}


def created(trigger: Answer) -> Answer:
    """Return a trigger as CreateTrigger shows it."""
    return {"TriggerInfo": _without_bound(trigger)}
