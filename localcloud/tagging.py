"""What a tag may be, and which tags an account has; for every service that takes one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localcloud.errors import InvalidParameterValue, LimitExceededTagValue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localcloud.resources import Tags
    from localcloud.service import Call

VALUES_PER_KEY = 1000  # 651/13354
# 1 to 255 letters, digits, inner spaces and +-=._:/@()[],;>< (651/13354); letters include Chinese ones.
_VALUE = re.compile(r"(?! )[\w +\-=.:/@()\[\],;><]{1,255}(?<! )")
_KEY = re.compile(r"(?! )[\w +\-=.:/@()\[\],;><]{1,127}(?<! )")


@dataclass(frozen=True)
class Tag:
    """A tag as CBS and CVM write it."""

    key: str
    value: str


@dataclass
class TagBook:
    """The keys of one account and their values; one that nothing carries any more counts [inferred]."""

    values: dict[str, dict[str, None]] = field(default_factory=dict)

    def enter(self, tags: Tags) -> None:
        """Know these tags from now on; raises LimitExceeded.TagValue, and then knows none of them."""
        for key, value in tags.items():
            known = self.values.get(key, {})
            if value not in known and len(known) >= VALUES_PER_KEY:
                raise LimitExceededTagValue(key=key, limit=VALUES_PER_KEY)
        for key, value in tags.items():
            self.values.setdefault(key, {})[value] = None


def is_key(key: str) -> bool:
    """Say whether the tag service takes this key."""
    return _KEY.fullmatch(key) is not None


def is_value(value: str) -> bool:
    """Say whether the tag service takes this value; an empty one, too."""
    return not value or _VALUE.fullmatch(value) is not None


def check(key: str, value: str) -> None:
    """Raise InvalidParameterValue for a key or value that the tag service would not take."""
    if not is_key(key):
        raise InvalidParameterValue(name="TagKey", reason=f"`{key}`")
    if not is_value(value):
        raise InvalidParameterValue(name="TagValue", reason=f"`{value}`")


def accepted(call: Call, tags: Iterable[Tag] | None) -> Tags:
    """Return the tags of a request as a resource keeps them, checked and known to the account."""
    kept = {}
    for tag in tags or ():
        check(tag.key, tag.value)
        kept[tag.key] = tag.value
    call.cloud.world.tags_of(call.caller.account.uin).enter(kept)
    return kept


def shown(tags: Tags) -> list[dict[str, str]]:
    """Return tags as the answers of CBS and CVM show them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
