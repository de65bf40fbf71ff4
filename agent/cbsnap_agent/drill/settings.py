"""A drill as the scratch host's configuration writes it: what is looked at beyond the filesystems.

    [drill:mysql]
    engines = mysql
    places = /srv/data=ibdata1
    command = /usr/local/bin/count-orders

`places` mounts the clone that holds a file of that pattern where its host has it, for data that name each
other by absolute paths. The command is run as root while the engines serve, without a network; it fails by
its exit code.
"""

import os
import shlex
from typing import Any, Dict, List, NamedTuple, Tuple

from cbsnap_agent import ini, values
from cbsnap_agent.errors import ConfigError

from . import ENGINES, engine


class Drill(NamedTuple):
    """What is looked at; `engines` are (name, settings), an empty command runs nothing."""

    engines: List[Tuple[str, Any]]
    places: Dict[str, str]
    command: List[str]
    command_limit_s: float
    environment: Dict[str, str]


FILESYSTEMS_ONLY = Drill([], {}, [], 0, {})


def load(path, name):
    """Return the drill of that name in a configuration file, whatever else it has; raises ConfigError."""
    try:
        with open(path) as source:
            sections = ini.parse(source.read(), path)
    except (OSError, ValueError) as error:
        raise ConfigError("{}: {}".format(path, getattr(error, "strerror", "") or "not UTF-8")) from error
    if "drill:" + name not in sections:
        raise ConfigError("{}: there is no section [drill:{}]".format(path, name))
    return read(sections["drill:" + name])


def read(section):
    """Return the drill that a section describes; raises ConfigError."""
    names = section.take("engines", values.words_of(*ENGINES), [])
    has_shell = section.take("command.shell", values.yes_no, default=False)
    drill = Drill(
        engines=[(name, engine(name).read(section)) for name in names],
        places=section.take("places", _places, {}),
        command=section.take("command", values.shell if has_shell else values.command, []),
        command_limit_s=section.take("command.timeout_s", values.seconds(1, 86_400), 600),
        environment=section.take("command.environment", values.environment, {}),
    )
    if not (drill.engines or drill.command):
        raise section.error("engines", "must name what is looked at, or there must be a command")
    section.finish()
    return drill


def _places(text):
    found = {}
    for pair in shlex.split(text):
        place, equals, pattern = pair.partition("=")
        if not equals or not pattern or pattern.startswith(("/", "..")):
            raise ValueError("wants /path=pattern of a file in the clone, not {!r}".format(pair))
        found[os.path.realpath(values.path(place))] = pattern
    if "/" in found:
        raise ValueError("cannot have / replaced")
    return found
