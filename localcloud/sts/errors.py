"""The error codes of STS that are answered here (SDK, `sts/v20180813/errorcodes.py`), one class for each."""

from __future__ import annotations

from localcloud.errors import ApiError


class RoleNotFound(ApiError):
    """There is no such account, or it has no such role."""

    code = "ResourceNotFound.RoleNotFound"
    zh = "账号对应的角色不存在:`{role}`。"
    en = "The role does not exist: `{role}`."


class UnauthorizedOperation(ApiError):
    """The role does not trust the caller, or not with this external id."""

    code = "UnauthorizedOperation"
    zh = "未授权操作:`{role}`。"
    en = "The caller may not assume the role `{role}`."


class ParamError(ApiError):
    """A parameter does not have the documented form."""

    code = "InvalidParameter.ParamError"
    zh = "参数 `{name}` 错误。"
    en = "The parameter `{name}` is not valid."


class OverTimeError(ApiError):
    """Credentials are asked for longer than they may live."""

    code = "InvalidParameter.OverTimeError"
    zh = "过期时间超过阈值:{limit_s} 秒。"
    en = "Credentials live {limit_s} s at most."
