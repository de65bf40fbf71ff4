"""What a tag may be, for every service that takes one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.errors import InvalidParameterValue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localcloud.resources import Tags

# 1 to 255 letters, digits, inner spaces and +-=._:/@()[],;>< (651/13354); letters include Chinese ones.
_VALUE = re.compile(r"(?! )[\w +\-=.:/@()\[\],;><]{1,255}(?<! )")
_KEY = re.compile(r"(?! )[\w +\-=.:/@()\[\],;><]{1,127}(?<! )")


@dataclass(frozen=True)
class Tag:
    """A tag as CBS and CVM write it."""

    key: str
    value: str


def check(key: str, value: str) -> None:
    """Raise InvalidParameterValue for a key or value that the tag service would not take."""
    if not _KEY.fullmatch(key):
        raise InvalidParameterValue(name="TagKey", reason=f"`{key}`")
    if value and not _VALUE.fullmatch(value):
        raise InvalidParameterValue(name="TagValue", reason=f"`{value}`")


def accepted(tags: Iterable[Tag] | None) -> Tags:
    """Return the tags of a request as a resource keeps them, each of them checked."""
    kept = {}
    for tag in tags or ():
        check(tag.key, tag.value)
        kept[tag.key] = tag.value
    return kept


def shown(tags: Tags) -> list[dict[str, str]]:
    """Return tags as the answers of CBS and CVM show them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
