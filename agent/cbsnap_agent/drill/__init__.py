"""Drills: the clones of a snapshot, looked at on a host of their own; apart.py keeps them from all else.

A clone is thrown away afterwards, so its journal is replayed and a server may write to it. Each engine's
module has two functions:

read(section)                    the settings, taken from the drill's section; raises ConfigError
checked(settings, room, checks)  a context: checks the engine's data, and serves them until it is left;
                                 gives what the host's own command finds in its environment
"""

import importlib

ENGINES = ("mysql", "postgresql", "redis", "sqlite")


class Unable(Exception):  # noqa: N818 - the situation is the name, here as elsewhere
    """The drill cannot be done, which says nothing of the snapshot."""


class Broken(Exception):  # noqa: N818 - as above
    """What was looked at is not sound."""


def engine(name):
    """Return an engine's module."""
    return importlib.import_module("cbsnap_agent.drill." + name)
