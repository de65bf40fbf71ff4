"""The policy file, parsed: its policies, and where, for whom and on what occasion they work."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbsnap.model.policies import Policy


@dataclass(frozen=True, slots=True)
class QuotaLimits:
    """What a person set over the documented limits; None means the documented one."""

    region: int | None = None
    disk: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A region whose disks are looked after: of our own account, or of the one that `role` belongs to.

    `role` is a CAM role's resource name (`qcs::cam::uin/100000000001:roleName/cbsnap`), `worker` the
    function that reaches the region's hosts, as `[region/]name`.
    """

    region: str
    role: str | None = None
    external_id: str | None = None
    worker: str | None = None

    def __str__(self) -> str:
        """Return the region, and whose it is when it is not ours."""
        return self.region if self.role is None else f"{self.region} as {self.role}"


@dataclass(frozen=True, slots=True)
class EventRule:
    """What is done when something happens that meets every condition given.

    Conditions are patterns, any of which may match; `*` stands for any text. `data` maps dotted
    paths into the event's data to patterns. `disks` are the fields in which the event names disks or
    instances: then only those are taken, under `policy` or the first one that selects each; without
    it, all that `policy` selects. `apart` is the least time between two snapshots of one disk that
    were asked for. `region` stands in for the event's own.
    """

    name: str
    source: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    data: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    policy: str | None = None
    disks: tuple[str, ...] = ()
    region: str | None = None
    apart: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Wording:
    """How a message reads; `rules.wording` says what `{…}` may stand in which text.

    `title` and `well` head a message while something is open and when nothing is; `line` tells a
    finding, `error` why a region could not be looked after.
    """

    title: str = "cbsnap {deployment}: {open} open"
    well: str = "cbsnap {deployment}: all is well"
    new: str = "New:"
    over: str = "Over:"
    unchanged: str = "Unchanged: {unchanged}"
    line: str = "{trouble}: {subject}{of_policy} in {region}: {reason}"
    error: str = "{region}: {reason}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The policy file, parsed. `agent_port` is where hosts' agents listen on their private address.

    `notify` maps names to apprise's URLs, in which `${NAME}` stands for the environment's secret;
    `templates` has the wording of those that do not take the usual one.
    `time_zone` is that of the policies that name none.
    """

    deployment: str
    targets: tuple[Target, ...]
    policies: tuple[Policy, ...]
    quota: QuotaLimits = QuotaLimits()
    agent_port: int = 9780
    notify: Mapping[str, str] = field(default_factory=dict)
    templates: Mapping[str, Wording] = field(default_factory=dict)
    heartbeat: str | None = None
    events: tuple[EventRule, ...] = ()
    time_zone: str = "Asia/Shanghai"
