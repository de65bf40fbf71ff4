"""The errors that every service shares, one class for each code.

    ApiError
    ├── AuthFailure…         who is asking
    ├── Invalid…, Missing…   what was asked
    ├── RequestLimit…        how often
    └── InternalError        the cloud's own fault

Codes are from the vendor's list of public error codes; a service's own codes stand in its folder. Texts are
ours: the cloud's are not documented, except where a comment says "recorded".
"""

from __future__ import annotations

from typing import ClassVar


class ApiError(Exception):
    """What a call is answered with instead of a result.

    The class says the code and the text in both of the API's languages; the keywords fill the text.
    """

    code: ClassVar[str]
    zh: ClassVar[str]
    en: ClassVar[str]

    def __init__(self, **facts: object) -> None:
        super().__init__(self.en.format(**facts))
        self.facts = facts

    def message(self, language: str) -> str:
        """Return the text in `en-US`, or else in Chinese, which is the API's own default."""
        return (self.en if language == "en-US" else self.zh).format(**self.facts)


class InvalidAuthorization(ApiError):
    """The Authorization header is absent or cannot be read."""

    code = "AuthFailure.InvalidAuthorization"
    zh = "请求头部的 `Authorization` 不符合腾讯云标准。"
    en = "The `Authorization` header does not follow the documented form."


class SecretIdNotFound(ApiError):
    """Nobody has this SecretId."""

    code = "AuthFailure.SecretIdNotFound"
    zh = "密钥不存在:`{secret_id}`。"
    en = "The SecretId `{secret_id}` does not exist."


class SignatureExpire(ApiError):
    """The signed timestamp is more than 300 s away from now."""

    code = "AuthFailure.SignatureExpire"
    zh = "签名过期:`X-TC-Timestamp` 与当前时间相差 {skew_s} 秒,不得超过 300 秒。"
    en = "The signature has expired: `X-TC-Timestamp` is {skew_s} s from now, 300 s at most are allowed."


class SignatureFailure(ApiError):
    """The signature is not the one that the key makes of this request."""

    code = "AuthFailure.SignatureFailure"
    zh = "签名错误:请检查密钥和签名方法。"
    en = "The signature does not match the request: check the key and the way it is signed."


class TokenFailure(ApiError):
    """The session token is absent, wrong, or past its time."""

    code = "AuthFailure.TokenFailure"
    zh = "Token 错误:{reason}。"
    en = "The token is not valid: {reason}."


class UnauthorizedOperation(ApiError):
    """The caller's policies do not allow it; the code and the way it is told were seen in public."""

    code = "AuthFailure.UnauthorizedOperation"
    zh = "操作未授权,请检查CAM策略:{function} ({operation})。"
    en = "You are not authorized to perform operation ({operation}): {function} has no policy for it."


class InternalError(ApiError):
    """The cloud failed."""

    code = "InternalError"
    zh = "内部错误:{reason}。"
    en = "Internal error: {reason}."


class InvalidAction(ApiError):
    """There is no such action, or it is not emulated."""

    code = "InvalidAction"
    zh = "接口不存在:`{action}`。"
    en = "The action `{action}` does not exist or is not emulated."


class InvalidParameter(ApiError):
    """A parameter is wrong in itself."""

    code = "InvalidParameter"
    zh = "参数 `{name}` 错误:{reason}。"
    en = "The parameter `{name}` is not valid: {reason}."


class WrongType(ApiError):
    """A parameter is of the wrong type; the Chinese text is recorded."""

    code = "InvalidParameter"
    zh = "参数 `{name}` 取值类型错误。"
    en = "The parameter `{name}` is of the wrong type."


class InvalidParameterValue(ApiError):
    """A parameter has a value that it cannot have."""

    code = "InvalidParameterValue"
    zh = "参数 `{name}` 取值错误:{reason}。"
    en = "The value of the parameter `{name}` is not valid: {reason}."


class InvalidRequest(ApiError):
    """The request's body or its form cannot be read."""

    code = "InvalidRequest"
    zh = "请求格式错误:{reason}。"
    en = "The request cannot be read: {reason}."


class MissingParameter(ApiError):
    """A required parameter is absent."""

    code = "MissingParameter"
    zh = "缺少参数 `{name}`。"
    en = "The parameter `{name}` is missing."


class NoSuchProduct(ApiError):
    """No service of this name."""

    code = "NoSuchProduct"
    zh = "产品不存在:`{service}`。"
    en = "The product `{service}` does not exist or is not emulated."


class NoSuchVersion(ApiError):
    """The service has no such version."""

    code = "NoSuchVersion"
    zh = "接口版本不存在:`{version}`。"
    en = "The version `{version}` does not exist or is not emulated."


class LimitExceededTagValue(ApiError):
    """A key has as many values as an account may give it (651/13354)."""

    code = "LimitExceeded.TagValue"
    zh = "标签键 `{key}` 对应的标签值达到上限 {limit}。"
    en = "The tag key `{key}` has as many values as it may: {limit}."


class RequestLimitExceeded(ApiError):
    """More calls in a second than the API takes."""

    code = "RequestLimitExceeded"
    zh = "请求次数超过频率限制:`{action}` 每秒 {per_second} 次。"
    en = "Too many requests: `{action}` takes {per_second} a second."


class RequestSizeLimitExceeded(ApiError):
    """The body is larger than the API takes."""

    code = "RequestSizeLimitExceeded"
    zh = "请求包超过限制大小:{limit} 字节。"
    en = "The request is larger than {limit} bytes."


class UnknownParameter(ApiError):
    """The action has no such parameter."""

    code = "UnknownParameter"
    zh = "未定义参数 `{name}`。"
    en = "The parameter `{name}` is not known."


class UnsupportedProtocol(ApiError):
    """Neither GET nor POST."""

    code = "UnsupportedProtocol"
    zh = "HTTP(S) 请求协议错误:{reason}。"
    en = "The protocol is not supported: {reason}."


class UnsupportedRegion(ApiError):
    """The service has no such region."""

    code = "UnsupportedRegion"
    zh = "不支持的地域:`{region}`。"
    en = "The region `{region}` is not supported."


class InvalidFilter(ApiError):
    """The list has no such filter."""

    code = "InvalidFilter"
    zh = "无效的过滤器:`{name}`。"
    en = "There is no filter `{name}`."


class InvalidParameterValueLimitExceeded(ApiError):
    """More values than a list may have."""

    code = "InvalidParameterValue.LimitExceeded"
    zh = "参数 `{name}` 的值的数量超过限制:{limit}。"
    en = "The parameter `{name}` has more values than {limit}."


def injected(code: str, message: str) -> ApiError:
    """Make an error of any code, for a fault that was asked for."""
    kind = type("Injected", (ApiError,), {"code": code, "zh": "{message}", "en": "{message}"})
    error: ApiError = kind(message=message)
    return error
