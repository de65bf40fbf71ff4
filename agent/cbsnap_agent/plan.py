"""A plan as the host's configuration writes it: which steps, over what; read and checked, nothing done.

    [plan:orders]
    steps = sqlite sync freeze
    sqlite.databases = /data/orders.db
    mounts = /data/files
    disks = /data=disk-11111111

`steps` are engines first, in the order in which they lock, then `command`, then `sync`, then `freeze`.
`mounts` are filesystems that belong to the plan besides those on which the engines' data lies.
"""

import hashlib
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from . import engines, values

MAX_TTL_S = 60
FILESYSTEM_STEPS = ("sync", "freeze")
CLEAN_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C"}


class CommandStep(NamedTuple):
    """The host's own commands round the snapshot; an empty argv runs nothing."""

    pre: List[str]
    post: List[str]
    timeout_s: float
    environment: Dict[str, str]


class Plan(NamedTuple):
    """A plan; `engines` are (name, settings), `hash` changes with anything that is written in its section."""

    name: str
    hash: str
    engines: List[Tuple[str, Any]]
    command: Optional[CommandStep]
    sync: bool
    freeze: bool
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
    pre = section.take("command.pre", values.command)
    post = section.take("command.post", values.command)
    if section.take("command.shell", values.yes_no, default=False):
        pre, post = (["/bin/sh", "-c", " ".join(argv)] for argv in (pre, post))
    return CommandStep(pre, post, section.take("command.timeout_s", values.seconds(0.1, 30), 10), environment)


def _check(section, plan, steps):
    order = [*engines.NAMES, "command", *FILESYSTEM_STEPS]
    ranks = [0 if name in engines.NAMES else order.index(name) for name in steps]
    if ranks != sorted(ranks):
        raise section.error("steps", "must name engines first, then command, then sync, then freeze")
    if not (plan.engines or plan.mounts):
        raise section.error("mounts", "must name what the plan covers, since it has no engine")
    if plan.attests and not plan.command:
        raise section.error("attests", "is for what a command does, and steps name none")
