"""SCF's own error codes, from the SDK's list; which of them a situation gives is inferred. Texts are ours."""

from __future__ import annotations

from localcloud.errors import ApiError


class FunctionNotFound(ApiError):
    """There is no such function in this region."""

    code = "ResourceNotFound.FunctionName"
    zh = "函数不存在:`{name}`。"
    en = "The function `{name}` does not exist."


class NamespaceNotFound(ApiError):
    """The function is in another namespace."""

    code = "ResourceNotFound.Namespace"
    zh = "Namespace 不存在:`{name}`。"
    en = "The namespace `{name}` does not exist."


class QualifierNotFound(ApiError):
    """The function has no such version or alias."""

    code = "ResourceNotFound.Qualifier"
    zh = "版本不存在:`{name}`。"
    en = "The version or alias `{name}` does not exist."


class InvalidInvokeType(ApiError):
    """InvocationType is another word."""

    code = "InvalidParameterValue.InvokeType"
    zh = "参数 `InvocationType` 取值错误:`{given}`。"
    en = "InvocationType `{given}` is neither RequestResponse nor Event."


class InvalidPayload(ApiError):
    """The payload is not JSON."""

    code = "InvalidParameter.Payload"
    zh = "请求参数不合法:`{name}` 不是 JSON。"
    en = "The parameter `{name}` is not JSON."


class RequestTooLarge(ApiError):
    """The payload is larger than this kind of call takes."""

    code = "InvalidParameter.RequestTooLarge"
    zh = "请求大小超限:{size} 字节,最大 {limit} 字节。"
    en = "The payload is {size} bytes, {limit} are allowed."
