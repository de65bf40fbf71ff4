"""Writing tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from localcloud.errors import ApiError, MissingParameter
from localcloud.parameters import Between
from localcloud.tag import errors
from localcloud.tag.resources import find
from localcloud.tag.service import SERVICE, WRITES_PER_SECOND
from localcloud.tagging import is_key, is_value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from localcloud.resources import Tags
    from localcloud.service import Answer, Call

TAGS_PER_RESOURCE = 50  # 651/13354
VALUE_CHARACTERS = 255  # 651/13354
RESOURCES_PER_CALL = 9


@dataclass(frozen=True)
class Tag:
    """A tag as this service writes it."""

    tag_key: str
    tag_value: str
    category: str | None = None


@dataclass(frozen=True)
class TagKeyObject:
    """A tag's key alone."""

    tag_key: str


class FewResources:
    """Nine resources a call."""

    def check(self, resources: Sequence[str], _: str) -> None:
        """Raise LimitExceeded.ResourceNumPerRequest for more."""
        if len(resources) > RESOURCES_PER_CALL:
            raise errors.LimitExceededResourceNumPerRequest(limit=RESOURCES_PER_CALL)


Resources = Annotated[list[str], Between(1, 10**6), FewResources()]


def _check(key: str, value: str) -> None:
    if len(value) > VALUE_CHARACTERS:
        raise errors.TagValueLengthExceeded(limit=VALUE_CHARACTERS)
    if not is_key(key):
        raise errors.TagKeyCharacterIllegal(key=key)
    if not is_value(value):
        raise errors.TagValueCharacterIllegal(value=value)


def _known(call: Call, tags: Sequence[Tag]) -> None:
    """Check tags and let the account know them."""
    for tag in tags:
        _check(tag.tag_key, tag.tag_value)
    call.cloud.world.tags_of(call.caller.account.uin).enter({tag.tag_key: tag.tag_value for tag in tags})


def _write(held: Tags, tags: Sequence[Tag], resource: str) -> None:
    if len(held.keys() | {tag.tag_key for tag in tags}) > TAGS_PER_RESOURCE:
        raise errors.LimitExceededResourceAttachedTags(resource=resource, limit=TAGS_PER_RESOURCE)
    held.update({tag.tag_key: tag.tag_value for tag in tags})


def _each(call: Call, resources: Sequence[str], change: Callable[[Tags, str], None]) -> Answer:
    """Change the tags of each resource; a failed one is listed and does not stop the others."""

    def failure(text: str) -> Answer | None:
        try:
            change(find(call, text).existing().tags, text)
        except ApiError as error:
            return {"Resource": text, "Code": error.code, "Message": error.message("zh-CN")}
        return None

    return {"FailedResources": [each for text in resources if (each := failure(text))]}


@SERVICE.rated(WRITES_PER_SECOND)
@dataclass(frozen=True)
class TagResources:
    """Add tags to resources, or change their values."""

    resource_list: Resources
    tags: Annotated[list[Tag], Between(1, 9)]

    def answer(self, call: Call) -> Answer:
        """Answer with the resources that failed."""
        _known(call, self.tags)
        return _each(call, self.resource_list, lambda held, text: _write(held, self.tags, text))


@SERVICE.rated(WRITES_PER_SECOND)
@dataclass(frozen=True)
class UnTagResources:
    """Take tags off resources; a key that is not there is no error."""

    resource_list: Resources
    tag_keys: Annotated[list[str], Between(1, 9)]

    def answer(self, call: Call) -> Answer:
        """Answer with the resources that failed."""
        return _each(call, self.resource_list, lambda held, _: _remove(held, self.tag_keys))


def _remove(held: Tags, keys: Sequence[str]) -> None:
    for key in keys:
        held.pop(key, None)


@SERVICE.rated(WRITES_PER_SECOND)
@dataclass(frozen=True)
class ModifyResourceTags:
    """Change one resource's tags: write some, take others off."""

    resource: str
    replace_tags: Annotated[list[Tag], Between(1, 10)] | None = None
    delete_tags: Annotated[list[TagKeyObject], Between(1, 10)] | None = None

    def answer(self, call: Call) -> Answer:
        """Answer with nothing but the request's id."""
        written, removed = self.replace_tags or [], [each.tag_key for each in self.delete_tags or []]
        if not written and not removed:
            raise MissingParameter(name="ReplaceTags, DeleteTags")
        for both in {tag.tag_key for tag in written} & set(removed):
            raise errors.DeleteTagsParamError(key=both)
        held = find(call, self.resource).existing().tags
        _known(call, written)
        _write(held, written, self.resource)
        _remove(held, removed)
        return {}
