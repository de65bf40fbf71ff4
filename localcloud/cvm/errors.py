"""The error codes of CVM that are answered here (SDK, `cvm/v20170312/errorcodes.py`), one class for each."""

from __future__ import annotations

from localcloud.errors import ApiError


class InvalidInstanceIdNotFound(ApiError):
    """No such instance in this region."""

    code = "InvalidInstanceId.NotFound"
    zh = "实例 `{instance}` 不存在。"
    en = "The instance `{instance}` does not exist."


class InstanceStateStarting(ApiError):
    """The instance is being started."""

    code = "UnsupportedOperation.InstanceStateStarting"
    zh = "实例 `{instance}` 正在开机。"
    en = "The instance `{instance}` is being started."


class InstanceStateStopping(ApiError):
    """The instance is being stopped."""

    code = "UnsupportedOperation.InstanceStateStopping"
    zh = "实例 `{instance}` 正在关机。"
    en = "The instance `{instance}` is being stopped."


class InstanceStateRunning(ApiError):
    """The instance runs already."""

    code = "UnsupportedOperation.InstanceStateRunning"
    zh = "实例 `{instance}` 处于运行中。"
    en = "The instance `{instance}` is running."


class InstanceStateStopped(ApiError):
    """The instance is stopped already."""

    code = "UnsupportedOperation.InstanceStateStopped"
    zh = "实例 `{instance}` 已关机。"
    en = "The instance `{instance}` is stopped."


class InstanceStatePending(ApiError):
    """The instance is being made."""

    code = "UnsupportedOperation.InstanceStatePending"
    zh = "实例 `{instance}` 正在创建。"
    en = "The instance `{instance}` is being made."


class InstanceStateLaunchFailed(ApiError):
    """The instance could not be made."""

    code = "UnsupportedOperation.InstanceStateLaunchFailed"
    zh = "实例 `{instance}` 创建失败。"
    en = "The instance `{instance}` could not be made."


class InstanceStateRebooting(ApiError):
    """The instance is being restarted."""

    code = "UnsupportedOperation.InstanceStateRebooting"
    zh = "实例 `{instance}` 正在重启。"
    en = "The instance `{instance}` is being restarted."


class InstanceStateShutdown(ApiError):
    """The instance is shut down and will be ended."""

    code = "UnsupportedOperation.InstanceStateShutdown"
    zh = "实例 `{instance}` 已停止待销毁。"
    en = "The instance `{instance}` is shut down and will be ended."


class InstanceStateTerminating(ApiError):
    """The instance is being ended."""

    code = "UnsupportedOperation.InstanceStateTerminating"
    zh = "实例 `{instance}` 正在销毁。"
    en = "The instance `{instance}` is being ended."


class InvalidFilterValueLimitExceeded(ApiError):
    """A filter has more values than it may; that it is this code for them is [inferred] from its name."""

    code = "InvalidFilterValue.LimitExceeded"
    zh = "过滤器 `{name}` 的值超过 {limit} 个。"
    en = "The filter `{name}` has more values than {limit}."
