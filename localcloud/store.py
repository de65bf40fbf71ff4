"""Keeping the world in a file, so that it is there again after a restart.

What is kept: accounts with their temporary credentials, everything in the regions, what is still to come, and
how far the clock was moved. What was asked, faults, devices and invocations are not.
"""

from __future__ import annotations

import json
import time
import types
from dataclasses import fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from localcloud.accounts import Keyring
from localcloud.agenda import Agenda, Entry
from localcloud.cloud import World
from localcloud.resources import Region
from localcloud.tagging import TagBook

if TYPE_CHECKING:
    from pathlib import Path

    from localcloud.clock import Clock

FORMAT = 2


class StoreError(Exception):
    """The kept state cannot be read; the message says why."""


def save(path: Path, world: World, clock: Clock) -> None:
    """Write the world in place of what the file held, whole or not at all."""
    kept = {
        "format": FORMAT,
        "ahead_s": clock.now() - time.time(),
        "speed": clock.speed,
        "keyring": world.keyring,
        "regions": list(world.regions.values()),
        "agenda": world.agenda.entries,
        "tags": world.tags,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(kept, default=_plain))
    part.replace(path)


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))


def _plain(record: Any) -> dict[str, object]:  # noqa: ANN401  # any record
    """Return a record's fields, which are not copied all the way down as `asdict` does."""
    kind: Any = type(record)
    return {name: getattr(record, name) for name in _names(kind)}


def load(path: Path, clock: Clock) -> World:
    """Read the world back, and set the clock as far ahead as it was; raises StoreError."""
    try:
        kept = json.loads(path.read_text())
        if kept["format"] != FORMAT:
            raise StoreError(f"{path} is of format {kept['format']}, not {FORMAT}")
        regions = [_back(Region, each) for each in kept["regions"]]
        world = World(
            keyring=_back(Keyring, kept["keyring"]),
            regions={(each.uin, each.name): each for each in regions},
            agenda=Agenda([_back(Entry, each) for each in kept["agenda"]]),
            tags={uin: _back(TagBook, each) for uin, each in kept["tags"].items()},
        )
        clock.set(time.time() + kept["ahead_s"], kept["speed"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path} cannot be read back: {error}") from error
    return world


def _back(hint: Any, value: Any) -> Any:  # noqa: ANN401  # a type hint is only known as it runs
    """Make what `_plain` made plain into what it was."""
    origin = get_origin(hint)
    if value is None or origin in (Union, types.UnionType):
        return None if value is None else _back(get_args(hint)[0], value)
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        return hint(**{each.name: _back(hints[each.name], value[each.name]) for each in fields(hint)})  # type: ignore[operator]  # a dataclass type, as just seen
    if hint is Entry:
        return Entry(value[0], value[1], value[2], tuple(value[3]))
    if origin is dict:
        return {key: _back(get_args(hint)[1], each) for key, each in value.items()}
    if origin in (list, tuple):
        return origin(_back(get_args(hint)[0], each) for each in value)
    return value
