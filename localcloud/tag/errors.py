"""The error codes of the tag service that are answered here (SDK, `tag/v20180813/errorcodes.py`)."""

from __future__ import annotations

from localcloud.errors import ApiError


class ResourceDescriptionError(ApiError):
    """Not a resource in six parts, or of a kind that does not exist here."""

    code = "InvalidParameterValue.ResourceDescriptionError"
    zh = "资源描述错误:`{resource}`。"
    en = "The resource is not described well: `{resource}`."


class ResourceIdInvalid(ApiError):
    """There is no such resource."""

    code = "InvalidParameterValue.ResourceIdInvalid"
    zh = "资源不存在:`{resource}`。"
    en = "The resource does not exist: `{resource}`."


class DeleteTagsParamError(ApiError):
    """The same key is to be written and deleted."""

    code = "InvalidParameterValue.DeleteTagsParamError"
    zh = "DeleteTags 中不能包含 ReplaceTags 中的元素:`{key}`。"
    en = "DeleteTags must not hold a key of ReplaceTags: `{key}`."


class LimitExceededResourceAttachedTags(ApiError):
    """A resource carries as many tags as it may."""

    code = "LimitExceeded.ResourceAttachedTags"
    zh = "资源 `{resource}` 关联的标签数超过限制 {limit}。"
    en = "The resource `{resource}` carries as many tags as it may: {limit}."


class TagKeyCharacterIllegal(ApiError):
    """A key that has what no key may have."""

    code = "InvalidParameterValue.TagKeyCharacterIllegal"
    zh = "标签键包含非法字符:`{key}`。"
    en = "The key has a character that it must not have: `{key}`."


class TagValueCharacterIllegal(ApiError):
    """A value that has what no value may have."""

    code = "InvalidParameterValue.TagValueCharacterIllegal"
    zh = "标签值包含非法字符:`{value}`。"
    en = "The value has a character that it must not have: `{value}`."


class LimitExceededResourceNumPerRequest(ApiError):
    """More resources than one call takes."""

    code = "LimitExceeded.ResourceNumPerRequest"
    zh = "单次请求的资源数达到上限 {limit}。"
    en = "One call takes no more resources than {limit}."


class TagValueLengthExceeded(ApiError):
    """A value longer than one may be."""

    code = "InvalidParameterValue.TagValueLengthExceeded"
    zh = "标签值长度超过限制 {limit}。"
    en = "The value is longer than {limit} characters."
