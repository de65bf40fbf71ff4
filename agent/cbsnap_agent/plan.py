"""A plan as the host's configuration writes it: which steps, over what; read and checked, nothing done.

    [plan:orders]
    steps = sqlite sync freeze
    sqlite.databases = /data/orders.db
    mounts = /data/files
    disks = /data=disk-11111111

`steps` are engines first, in the order in which they lock, then `command`, then `sync`, then `freeze`;
or `unmount` alone, which stops services, unmounts, and has it all back afterwards.
`mounts` are filesystems that belong to the plan besides those on which the engines' data lies.
"""

import hashlib
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from . import engines, values

MAX_TTL_S = 60
FILESYSTEM_STEPS = ("sync", "freeze", "unmount")
CLEAN_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C"}


class CommandStep(NamedTuple):
    """The host's own commands round the snapshot; an empty argv runs nothing."""

    pre: List[str]
    post: List[str]
    timeout_s: float
    environment: Dict[str, str]


class UnmountStep(NamedTuple):
    """The services that are stopped before the unmount, in this order, and how they are told."""

    services: List[str]
    control: str
    timeout_s: float


class Plan(NamedTuple):
    """A plan; `engines` are (name, settings), `hash` changes with anything that is written in its section."""

    name: str
    hash: str
    engines: List[Tuple[str, Any]]
    command: Optional[CommandStep]
    sync: bool
    freeze: bool
    unmount: Optional[UnmountStep]
    mounts: List[str]
    disks: Dict[str, str]
    max_ttl_s: float
    attests: Optional[str]


def read(section):
    """Return the plan that a [plan:NAME] section describes; raises ConfigError."""
    steps = section.take("steps", values.words_of(*engines.NAMES, "command", *FILESYSTEM_STEPS))
    chosen = [(name, engines.module(name).read(section)) for name in steps if name in engines.NAMES]
    plan = Plan(
        name=section.name.partition(":")[2],
        hash=hashlib.sha256(section.canonical().encode()).hexdigest(),
        engines=chosen,
        command=_command(section) if "command" in steps else None,
        sync="sync" in steps,
        freeze="freeze" in steps,
        unmount=_unmount(section) if "unmount" in steps else None,
        mounts=section.take("mounts", values.paths, []),
        disks=section.take("disks", values.disk_map, {}),
        max_ttl_s=section.take("max_ttl_s", values.seconds(1, MAX_TTL_S), MAX_TTL_S),
        attests=section.take("attests", values.one_of("application"), None),
    )
    _check(section, plan, steps)
    section.finish()
    return plan


def _command(section):
    environment = dict(CLEAN_ENVIRONMENT, **section.take("command.environment", values.environment, {}))
    has_shell = section.take("command.shell", values.yes_no, default=False)
    pre, post = (
        section.take("command." + name, values.shell if has_shell else values.command)
        for name in ("pre", "post")
    )
    return CommandStep(pre, post, section.take("command.timeout_s", values.seconds(0.1, 30), 10), environment)


def _unmount(section):
    return UnmountStep(
        services=section.take("unmount.services", str.split, []),
        control=section.take("unmount.control", values.path, "/bin/systemctl"),
        timeout_s=section.take("unmount.timeout_s", values.seconds(0.1, 60), 30),
    )


def _check(section, plan, steps):
    order = [*engines.NAMES, "command", *FILESYSTEM_STEPS]
    ranks = [0 if name in engines.NAMES else order.index(name) for name in steps]
    if ranks != sorted(ranks):
        raise section.error("steps", "must name engines first, then command, then sync, then freeze")
    if not (plan.engines or plan.mounts):
        raise section.error("mounts", "must name what the plan covers, since it has no engine")
    if plan.unmount and steps != ["unmount"]:
        raise section.error(
            "steps", "with unmount there is nothing else: what writes is stopped as a service"
        )
    if plan.attests and not plan.command:
        raise section.error("attests", "is for what a command does, and steps name none")
