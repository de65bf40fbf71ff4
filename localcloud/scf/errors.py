# a class is named after its code
"""SCF's own error codes, from the SDK's list; which of them a situation gives is inferred. Texts are ours."""

from __future__ import annotations

from localcloud.errors import ApiError


class FunctionNotFound(ApiError):
    """There is no such function in this region."""

    code = "ResourceNotFound.FunctionName"
    zh = "函数不存在:`{name}`。"
    en = "The function `{name}` does not exist."


class NamespaceNotFound(ApiError):
    """There is no such namespace."""

    code = "ResourceNotFound.Namespace"
    zh = "Namespace 不存在:`{name}`。"
    en = "The namespace `{name}` does not exist."


class QualifierNotFound(ApiError):
    """The function has no such version or alias."""

    code = "ResourceNotFound.Qualifier"
    zh = "版本不存在:`{name}`。"
    en = "The version or alias `{name}` does not exist."


class VersionNotFound(ApiError):
    """The function has no such version."""

    code = "ResourceNotFound.FunctionVersion"
    zh = "函数版本不存在:`{name}`。"
    en = "The version `{name}` does not exist."


class AliasNotFound(ApiError):
    """The function has no such alias."""

    code = "ResourceNotFound.Alias"
    zh = "别名不存在:`{name}`。"
    en = "The alias `{name}` does not exist."


class LayerNotFound(ApiError):
    """There is no such layer."""

    code = "ResourceNotFound.Layer"
    zh = "层不存在:`{name}`。"
    en = "The layer `{name}` does not exist."


class LayerVersionNotFound(ApiError):
    """The layer has no such version."""

    code = "ResourceNotFound.LayerVersion"
    zh = "层版本不存在:`{name}` {version}。"
    en = "The layer `{name}` has no version {version}."


class TriggerNotFound(ApiError):
    """The function has no such trigger."""

    code = "ResourceNotFound.Trigger"
    zh = "触发器不存在:`{name}`。"
    en = "The trigger `{name}` does not exist."


class AsyncEventNotFound(ApiError):
    """There is no asynchronous event of this id."""

    code = "ResourceNotFound.AsyncEvent"
    zh = "未找到指定的异步事件:`{request_id}`。"
    en = "There is no asynchronous event `{request_id}`."


class FunctionNameInUse(ApiError):
    """The name is taken."""

    code = "ResourceInUse.FunctionName"
    zh = "函数名已存在:`{name}`。"
    en = "The function name `{name}` is taken."


class AliasInUse(ApiError):
    """The alias is taken."""

    code = "ResourceInUse.Alias"
    zh = "别名已存在:`{name}`。"
    en = "The alias `{name}` is taken."


class TriggerInUse(ApiError):
    """The trigger's name is taken."""

    code = "ResourceInUse.TriggerName"
    zh = "触发器已存在:`{name}`。"
    en = "The trigger `{name}` exists already."


class LayerVersionInUse(ApiError):
    """A function uses this version of the layer."""

    code = "ResourceInUse.LayerVersion"
    zh = "层版本正在被函数 `{function}` 使用。"
    en = "The function `{function}` uses this version of the layer."


class VersionBoundToAlias(ApiError):
    """An alias stands for the version that is to be deleted."""

    code = "UnsupportedOperation.AliasBind"
    zh = "版本仍绑定别名 `{alias}`,请解绑后重试。"
    en = "The alias `{alias}` stands for this version: unbind it first."


class InvalidFunctionName(ApiError):
    """The function's name is not one."""

    code = "InvalidParameterValue.FunctionName"
    zh = "函数名不符合规范:`{name}`。"
    en = "`{name}` is no function name: 2-60 letters, digits, hyphens, underscores, from a letter to no sign."


class InvalidName(ApiError):
    """Another name is not one."""

    code = "InvalidParameterValue.Name"
    zh = "名称不符合规范:`{name}`。"
    en = "`{name}` is no name: letters, digits, hyphens and underscores, beginning with a letter."


class InvalidHandler(ApiError):
    """The handler is not `file.function`."""

    code = "InvalidParameterValue.Handler"
    zh = "执行方法不符合规范:`{handler}`。"
    en = "The handler `{handler}` is not of the form file.function."


class InvalidRuntime(ApiError):
    """The runtime is unknown, or none of Python."""

    code = "InvalidParameterValue.Runtime"
    zh = "不支持的运行环境:`{runtime}`。"
    en = "The runtime `{runtime}` is not emulated: Python 3 is."


class InvalidMemorySize(ApiError):
    """The memory is not one of the sizes."""

    code = "InvalidParameterValue.MemorySize"
    zh = "内存取值错误:{given}。"
    en = "MemorySize {given} is neither 64 nor a multiple of 128 from 128 to 3072."


class TimeoutLimit(ApiError):
    """The time limit is beyond the bounds."""

    code = "LimitExceeded.Timeout"
    zh = "超时时间取值错误:{given}。"
    en = "Timeout {given} is not from 1 to 900."


class InitTimeoutLimit(ApiError):
    """The limit of the start is beyond the bounds."""

    code = "LimitExceeded.InitTimeout"
    zh = "初始化超时时间取值错误:{given}。"
    en = "InitTimeout {given} is not from 3 to 300."


class LayersLimit(ApiError):
    """More layers than a version takes."""

    code = "LimitExceeded.Layers"
    zh = "层数量超出限制:{limit}。"
    en = "A function takes {limit} layers."


class InvalidLayers(ApiError):
    """The layers do not go together."""

    code = "InvalidParameterValue.Layers"
    zh = "层参数错误:{reason}。"
    en = "The layers do not go together: {reason}."


class ReservedEnvironment(ApiError):
    """A variable that the platform keeps for itself."""

    code = "InvalidParameterValue.EnvironmentSystemProtect"
    zh = "环境变量 `{name}` 为系统保留。"
    en = "The variable `{name}` is reserved."


class EnvironmentLimit(ApiError):
    """The variables are too large."""

    code = "InvalidParameterValue.EnvironmentExceededLimit"
    zh = "环境变量超出限制:{limit} 字节。"
    en = "The variables are larger than {limit} bytes together."


class InvalidCodeSource(ApiError):
    """The code comes from where the local cloud has nothing."""

    code = "InvalidParameterValue.CodeSource"
    zh = "不支持的代码来源,仅支持 ZipFile。"
    en = "Only a ZipFile is emulated as the source of code."


class InvalidZipFile(ApiError):
    """The archive cannot be used."""

    code = "InvalidParameterValue.ZipFile"
    zh = "ZipFile 错误:{reason}。"
    en = "ZipFile cannot be used: {reason}."


class InvalidBase64(ApiError):
    """The archive is not base64."""

    code = "InvalidParameterValue.ZipFileBase64BinasciiError"
    zh = "ZipFile 不是 base64 编码。"
    en = "ZipFile is not base64."


class InvalidTriggerDesc(ApiError):
    """What a trigger is described by cannot be read."""

    code = "InvalidParameterValue.TriggerDesc"
    zh = "TriggerDesc 错误:{reason}。"
    en = "TriggerDesc cannot be used: {reason}."


class InvalidCron(ApiError):
    """A timer's expression cannot be read."""

    code = "InvalidParameterValue.TriggerCronConfig"
    zh = "Cron 表达式错误:{reason}。"
    en = "The cron expression {reason}."


class TriggerNotSupported(ApiError):
    """Triggers of this type are not emulated."""

    code = "UnsupportedOperation.Trigger"
    zh = "不支持的触发器类型:`{kind}`。"
    en = "Triggers of the type `{kind}` are not emulated: timer and http are."


class TriggerLimit(ApiError):
    """More triggers of a kind than a function has."""

    code = "LimitExceeded.Trigger"
    zh = "触发器数量超出限制:{limit}。"
    en = "A function takes {limit} triggers of a kind."


class InvalidRoutingConfig(ApiError):
    """An alias cannot send calls there."""

    code = "InvalidParameterValue.AdditionalVersionWeights"
    zh = "AdditionalVersionWeights 错误:{reason}。"
    en = "AdditionalVersionWeights cannot be used: {reason}."


class RetryLimit(ApiError):
    """More retries than the platform makes."""

    code = "LimitExceeded.RetryNum"
    zh = "重试次数超出限制:{given}。"
    en = "RetryNum {given} is not from 0 to 2."


class AgeLimit(ApiError):
    """An event cannot be kept so long."""

    code = "LimitExceeded.MsgTTL"
    zh = "消息保留时间超出限制:{given}。"
    en = "MsgTTL {given} is not from 60 to 21600."


class ReservedLimit(ApiError):
    """More memory than the region has to give."""

    code = "LimitExceeded.FunctionReservedConcurrencyMemory"
    zh = "函数独占配额超出限制:{given}。"
    en = "{given} MB cannot be reserved: {left} MB are left."


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


class InvalidDescription(ApiError):
    """A description holds a character that it may not, or is too long."""

    code = "InvalidParameterValue.Description"
    zh = "Description 传入错误。"
    en = "Description takes 1000 letters, digits, spaces, commas, full stops and line breaks at most."


class FunctionDeploying(ApiError):
    """A change is still being carried out."""

    code = "FailedOperation.FunctionStatusError"
    zh = "函数在部署中,无法做此操作:`{name}` {status}。"
    en = "The function `{name}` is {status}: it cannot be changed now."


class CodeNotUpdated(ApiError):
    """A change is still being carried out, and the code cannot be changed."""

    code = "FailedOperation.FunctionNameStatusError"
    zh = "当前函数状态无法更新代码:`{name}` {status}。"
    en = "The function `{name}` is {status}: its code cannot be changed now."


class NotPublished(ApiError):
    """A change is still being carried out, and no version can be made."""

    code = "FailedOperation.PublishVersion"
    zh = "当前函数状态无法发布版本:`{name}` {status}。"
    en = "The function `{name}` is {status}: no version can be published now."
