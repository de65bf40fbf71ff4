"""The configuration file: what the agent is, and which plans the host knows.

[agent]
listen = 10.0.0.4:9780
instance_id = ins-11111111
key_file = /etc/cbsnap-agent/keys

and a [plan:NAME] section for each plan; see plan.py.
"""

import re
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from . import ini, plan, values
from .errors import ConfigError
from .keys import KeyFile

RUNTIME_DIR = "/run/cbsnap-agent"
METADATA_URL = "http://metadata.tencentyun.com/latest/meta-data/instance-id"

_DRILL = re.compile(r"^drill:[a-z][a-z0-9-]{0,39}$")  # read by the drill itself: see drill/settings.py
_PLAN = re.compile(r"^plan:[a-z][a-z0-9-]{0,39}$")


class Agent(NamedTuple):
    """The [agent] section; `metadata_url` is None where the metadata are not asked.

    `listen` is None where no port is open: requests come over the unix socket only, and no key is wanted.
    """

    listen: Optional[Tuple[str, int]]
    instance_id: str
    keys: Optional[KeyFile]
    runtime_dir: str
    metadata_url: Optional[str]
    allow: List[Any]
    metrics: bool
    tls: Optional[Tuple[str, str]]


class Config(NamedTuple):
    """The whole file; `plans` by name."""

    agent: Agent
    plans: Dict[str, Any]


def load(path):
    """Read and check a configuration file with all that it names; raises ConfigError."""
    try:
        with open(path) as source:
            sections = ini.parse(source.read(), path)
    except (OSError, ValueError) as error:
        raise ConfigError("{}: {}".format(path, getattr(error, "strerror", "") or "not UTF-8")) from error
    if "agent" not in sections:
        raise ConfigError("{}: the section [agent] is missing".format(path))
    agent = _agent(sections.pop("agent"))
    plans = [section for section in sections.values() if not _DRILL.match(section.name)]
    return Config(agent, {read.name: read for read in map(_plan, plans)})


def _agent(section):
    listen = section.take("listen", values.address_or_off)
    agent = Agent(
        listen=listen,
        instance_id=section.take("instance_id", values.word),
        keys=section.take("key_file", _keys) if listen else section.take("key_file", _keys, None),
        runtime_dir=section.take("runtime_dir", values.path, RUNTIME_DIR),
        metadata_url=section.take("metadata", _metadata, METADATA_URL),
        allow=section.take("allow", values.networks, []),
        metrics=section.take("metrics", values.yes_no, default=False),
        tls=_tls(section),
    )
    section.finish()
    return agent


def _tls(section):
    """Return (certificate, key), both or None."""
    pair = section.take("tls_certificate", values.path, None), section.take("tls_key", values.path, None)
    if (pair[0] is None) != (pair[1] is None):
        raise section.error("tls_key", "and tls_certificate go together")
    return pair if pair[0] else None


def _plan(section):
    if not _PLAN.match(section.name):
        raise section.error(
            "", "is no section: there are [agent], [plan:name] and [drill:name], of a-z, 0-9 and -"
        )
    return plan.read(section)


def _metadata(text):
    """Return the address that tells this instance's id: `check` for the cloud's own, None for `off`."""
    if text.startswith("http://"):
        return text
    return {"check": METADATA_URL, "off": None}[values.one_of("check", "off")(text)]


def _keys(text):
    keys = KeyFile(values.path(text))
    keys.load()
    return keys
