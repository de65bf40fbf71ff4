"""Triggers: timers and function URLs.

TriggerDesc is JSON, `{"cron": …}` for a timer (583/39901) and `{"AuthType", "NetConfig"}` for a URL
(583/100227); a bare cron expression is taken, too, since older clients send one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from localcloud.errors import InvalidParameterValue
from localcloud.parameters import Between, OneOf
from localcloud.runtime.catalog import Timer, Url
from localcloud.runtime.cron import Cron, CronError
from localcloud.runtime.function import LATEST
from localcloud.scf.errors import (
    InvalidCron,
    InvalidTriggerDesc,
    TriggerInUse,
    TriggerLimit,
    TriggerNotFound,
    TriggerNotSupported,
)
from localcloud.scf.service import SERVICE, find, find_settled, qualified
from localcloud.scf.views import created, show_timer, show_triggers, show_url

if TYPE_CHECKING:
    from localcloud.runtime.catalog import Deployed
    from localcloud.service import Answer, Call

TIMERS_LIMIT = 10
Enable = Annotated[str, OneOf("OPEN", "CLOSE")]


def _cron(text: str) -> Cron:
    try:
        described = json.loads(text)
    except ValueError:
        described = {"cron": text}
    if not isinstance(described, dict) or not isinstance(described.get("cron"), str):
        raise InvalidTriggerDesc(reason='{"cron": "0 */5 * * * * *"}')
    try:
        return Cron(described["cron"])
    except CronError as error:
        raise InvalidCron(reason=str(error)) from error


def _networks(text: str) -> tuple[bool, bool]:
    """Return whether the internet and the private network reach a URL."""
    try:
        described: dict[str, Any] = json.loads(text)
        auth, net = described.get("AuthType", "NONE"), described.get("NetConfig", {})
        reached = (bool(net.get("EnableExtranet", True)), bool(net.get("EnableIntranet", False)))
    except (ValueError, AttributeError) as error:
        raise InvalidTriggerDesc(reason='{"AuthType": "NONE", "NetConfig": {}}') from error
    if auth != "NONE":
        raise InvalidTriggerDesc(reason="AuthType NONE")
    return reached


def _timer(deployed: Deployed, name: str) -> Timer:
    if name not in deployed.timers:
        raise TriggerNotFound(name=name)
    return deployed.timers[name]


@SERVICE.action
@dataclass(frozen=True)
class CreateTrigger:
    """Make a timer or a function URL."""

    function_name: str
    trigger_name: str
    type: str
    trigger_desc: str = "{}"
    namespace: str = "default"
    qualifier: str = LATEST
    enable: Enable = "OPEN"
    custom_argument: str = ""
    description: str = ""

    def answer(self, call: Call) -> Answer:
        """Make it."""
        deployed = find_settled(call, self.function_name, self.namespace)
        with qualified(self.qualifier):
            deployed.resolve(self.qualifier)
        if self.type == "timer":
            return created(show_timer(deployed, self._add_timer(deployed, call.now_s)))
        if self.type == "http":
            return created(show_url(deployed, self._open_url(deployed, call.now_s)))
        raise TriggerNotSupported(kind=self.type)

    def _add_timer(self, deployed: Deployed, now_s: float) -> Timer:
        if self.trigger_name in deployed.timers:
            raise TriggerInUse(name=self.trigger_name)
        if len(deployed.timers) >= TIMERS_LIMIT:
            raise TriggerLimit(limit=TIMERS_LIMIT)
        timer = Timer(
            name=self.trigger_name,
            cron=_cron(self.trigger_desc),
            enabled=self.enable == "OPEN",
            argument=self.custom_argument,
            qualifier=self.qualifier,
            description=self.description,
            added_s=now_s,
            modified_s=now_s,
        )
        deployed.timers[timer.name] = timer
        return timer

    def _open_url(self, deployed: Deployed, now_s: float) -> Url:
        if deployed.url:
            raise TriggerInUse(name=deployed.url.name)
        extranet, intranet = _networks(self.trigger_desc)
        deployed.url = Url(
            extranet or intranet,
            self.trigger_name,
            self.qualifier,
            now_s,
            extranet=extranet,
            intranet=intranet,
            enabled=self.enable == "OPEN",
            description=self.description,
        )
        return deployed.url


@SERVICE.action
@dataclass(frozen=True)
class ListTriggers:
    """List a function's triggers; Filters are not emulated and refused."""

    function_name: str
    namespace: str = "default"
    offset: int = 0
    limit: Annotated[int, Between(0, 100)] = 20
    order_by: Annotated[str, OneOf("add_time", "mod_time")] = "mod_time"
    order: Annotated[str, OneOf("ASC", "DESC")] = "DESC"
    filters: object = None

    def answer(self, call: Call) -> Answer:
        """Show a page."""
        if self.filters:
            raise InvalidParameterValue(name="Filters", reason="not emulated")
        triggers = show_triggers(find(call, self.function_name, self.namespace))
        moment = "AddTime" if self.order_by == "add_time" else "ModTime"
        triggers.sort(key=lambda each: str(each[moment]), reverse=self.order == "DESC")
        return {"Triggers": triggers[self.offset : self.offset + self.limit], "TotalCount": len(triggers)}


@SERVICE.action
@dataclass(frozen=True)
class UpdateTrigger:
    """Change a timer or a function URL; what is not given stays."""

    function_name: str
    trigger_name: str
    type: Annotated[str, OneOf("timer", "http")]
    enable: Enable | None = None
    qualifier: str = LATEST
    namespace: str = "default"
    trigger_desc: str | None = None
    description: str | None = None
    custom_argument: str | None = None

    def answer(self, call: Call) -> Answer:
        """Change it."""
        deployed = find_settled(call, self.function_name, self.namespace)
        if self.type == "http":
            self._change_url(deployed)
        else:
            self._change_timer(_timer(deployed, self.trigger_name), call.now_s)
        return {}

    def _change_url(self, deployed: Deployed) -> None:
        if deployed.url is None or deployed.url.name != self.trigger_name:
            raise TriggerNotFound(name=self.trigger_name)
        if self.trigger_desc is not None:
            deployed.url.extranet, deployed.url.intranet = _networks(self.trigger_desc)
        deployed.url.enabled = deployed.url.enabled if self.enable is None else self.enable == "OPEN"
        deployed.url.open = deployed.url.enabled and (deployed.url.extranet or deployed.url.intranet)
        deployed.url.description = deployed.url.description if self.description is None else self.description

    def _change_timer(self, timer: Timer, now_s: float) -> None:
        timer.cron = timer.cron if self.trigger_desc is None else _cron(self.trigger_desc)
        timer.enabled = timer.enabled if self.enable is None else self.enable == "OPEN"
        timer.description = timer.description if self.description is None else self.description
        timer.argument = timer.argument if self.custom_argument is None else self.custom_argument
        timer.modified_s = now_s


@SERVICE.action
@dataclass(frozen=True)
class UpdateTriggerStatus:
    """Switch a timer on or off."""

    enable: Enable
    function_name: str
    trigger_name: str
    type: Annotated[str, OneOf("timer")]
    qualifier: str = LATEST
    namespace: str = "default"
    trigger_desc: str | None = None

    def answer(self, call: Call) -> Answer:
        """Switch it."""
        timer = _timer(find(call, self.function_name, self.namespace), self.trigger_name)
        timer.enabled, timer.modified_s = self.enable == "OPEN", call.now_s
        return {}


@SERVICE.action
@dataclass(frozen=True)
class DeleteTrigger:
    """Delete a timer or a function URL."""

    function_name: str
    trigger_name: str
    type: str
    namespace: str = "default"
    trigger_desc: str | None = None
    qualifier: str = LATEST

    def answer(self, call: Call) -> Answer:
        """Delete it."""
        deployed = find(call, self.function_name, self.namespace)
        if self.type == "timer":
            del deployed.timers[_timer(deployed, self.trigger_name).name]
        elif self.type == "http" and deployed.url:
            deployed.url = None
        else:
            raise TriggerNotFound(name=self.trigger_name)
        return {}
