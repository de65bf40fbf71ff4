"""The error codes of TAT that are answered here (SDK, `tat/v20201028/errorcodes.py`), one class for each."""

from __future__ import annotations

from localcloud.errors import ApiError


class CommandContentInvalid(ApiError):
    """The script is not Base64, not text, or too long."""

    code = "InvalidParameterValue.CommandContentInvalid"
    zh = "Command 内容无效:{reason}。"
    en = "The content of the command is not valid: {reason}."


class ParameterDisabled(ApiError):
    """Parameters are given for a command that takes none."""

    code = "InvalidParameterValue.ParameterDisabled"
    zh = "未启用自定义参数功能。"
    en = "The command takes no parameters."


class ParameterInvalidJsonFormat(ApiError):
    """Parameters are no JSON object of texts."""

    code = "InvalidParameterValue.ParameterInvalidJsonFormat"
    zh = "参数 `{name}` 为非法 json string 格式。"
    en = "The parameter `{name}` is no JSON object of texts."


class LackOfParameters(ApiError):
    """The script names a parameter that has no value."""

    code = "InvalidParameterValue.LackOfParameters"
    zh = "未提供 Parameters 信息:`{key}`。"
    en = "The script's parameter `{key}` has no value."


class CommandNotFound(ApiError):
    """No such saved command."""

    code = "ResourceNotFound.CommandNotFound"
    zh = "命令不存在:`{command}`。"
    en = "The command `{command}` does not exist."


class InstanceNotFound(ApiError):
    """No such instance in this region."""

    code = "ResourceNotFound.InstanceNotFound"
    zh = "实例不存在:`{instance}`。"
    en = "The instance `{instance}` does not exist."


class AgentNotInstalled(ApiError):
    """The instance has no agent of the command channel."""

    code = "ResourceUnavailable.AgentNotInstalled"
    zh = "Agent 未安装:`{instance}`。"
    en = "The agent is not installed on `{instance}`."


class InstanceStateNotRunning(ApiError):
    """The instance does not run."""

    code = "ResourceUnavailable.InstanceStateNotRunning"
    zh = "实例未处于运行中:`{instance}`。"
    en = "The instance `{instance}` is not running."
