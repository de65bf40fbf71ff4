"""The error codes of CBS that are answered here (SDK, `cbs/v20170312/errorcodes.py`), one class for each."""

from __future__ import annotations

from localcloud.errors import ApiError


class InsufficientSnapshotQuota(ApiError):
    """The region holds as many snapshots as it may."""

    code = "InsufficientSnapshotQuota"
    zh = "快照配额不足:地域 `{region}` 最多 {limit} 个快照。"
    en = "The snapshot quota of `{region}` is used up: {limit}."


class ResourceInsufficientOverQuota(ApiError):
    """The disk holds as many snapshots as it may; that this code is the disk's is inferred."""

    code = "ResourceInsufficient.OverQuota"
    zh = "云硬盘 `{disk}` 的快照数量超过配额:{limit}。"
    en = "The disk `{disk}` has used up its snapshot quota: {limit}."


class InvalidDiskIdNotFound(ApiError):
    """No such disk in this region."""

    code = "InvalidDiskId.NotFound"
    zh = "云硬盘 `{disk}` 不存在。"
    en = "The disk `{disk}` does not exist."


class InvalidDiskBusy(ApiError):
    """The disk is being attached, detached or changed."""

    code = "InvalidDisk.Busy"
    zh = "云硬盘 `{disk}` 忙({state}),请稍后重试。"
    en = "The disk `{disk}` is busy ({state}): try again later."


class InvalidDiskExpire(ApiError):
    """The disk has expired and waits in the recycle bin."""

    code = "InvalidDisk.Expire"
    zh = "云硬盘 `{disk}` 已过期。"
    en = "The disk `{disk}` has expired."


class InvalidDiskNotSupportSnapshot(ApiError):
    """The disk has no SnapshotAbility."""

    code = "InvalidDisk.NotSupportSnapshot"
    zh = "云硬盘 `{disk}` 没有快照能力。"
    en = "The disk `{disk}` cannot be snapshotted."


class InvalidDiskSnapshotCreating(ApiError):
    """Another snapshot of the disk is still being made."""

    code = "InvalidDisk.SnapshotCreating"
    zh = "云硬盘 `{disk}` 正在创建快照,请稍后重试。"
    en = "A snapshot of the disk `{disk}` is being made: try again later."


class InvalidSnapshotIdNotFound(ApiError):
    """No such snapshot in this region."""

    code = "InvalidSnapshotId.NotFound"
    zh = "快照 `{snapshot}` 不存在。"
    en = "The snapshot `{snapshot}` does not exist."


class ResourceInUseDiskMigrating(ApiError):
    """The disk is being moved to another type."""

    code = "ResourceInUse.DiskMigrating"
    zh = "云硬盘 `{disk}` 正在变更类型。"
    en = "The disk `{disk}` is being migrated."


class ResourceInUseDiskRollbacking(ApiError):
    """The disk is being rolled back."""

    code = "ResourceInUse.DiskRollbacking"
    zh = "云硬盘 `{disk}` 正在回滚。"
    en = "The disk `{disk}` is being rolled back."


class ResourceInUseCopySnapshotConflict(ApiError):
    """The snapshot is being copied to another region."""

    code = "ResourceInUse.CopySnapshotConflict"
    zh = "快照 `{snapshot}` 正在跨地域复制。"
    en = "The snapshot `{snapshot}` is being copied to another region."


class ResourceUnavailableNotSupported(ApiError):
    """The account may not do this."""

    code = "ResourceUnavailable.NotSupported"
    zh = "不支持:{reason}。"
    en = "Not supported: {reason}."


class ShareDiskNotSupportSnap(ApiError):
    """A shared disk is not snapshotted."""

    code = "UnsupportedOperation.ShareDiskNotSupportSnap"
    zh = "共享型云硬盘 `{disk}` 不支持快照。"
    en = "The shared disk `{disk}` cannot be snapshotted."


class SnapHasShared(ApiError):
    """The snapshot is shared with other accounts."""

    code = "UnsupportedOperation.SnapHasShared"
    zh = "快照 `{snapshot}` 已共享。"
    en = "The snapshot `{snapshot}` is shared."


class SnapshotHasBindedImage(ApiError):
    """An image was made of the snapshot."""

    code = "UnsupportedOperation.SnapshotHasBindedImage"
    zh = "快照 `{snapshot}` 有关联的镜像。"
    en = "The snapshot `{snapshot}` belongs to an image."


class StateError(ApiError):
    """The state does not allow it."""

    code = "UnsupportedOperation.StateError"
    zh = "`{resource}` 的状态为 {state},不支持该操作。"
    en = "The state of `{resource}` is {state}, which does not allow this."


class InvalidAutoSnapshotPolicyIdNotFound(ApiError):
    """No such automatic policy in this region."""

    code = "InvalidAutoSnapshotPolicyId.NotFound"
    zh = "定期快照策略 `{policy}` 不存在。"
    en = "The automatic snapshot policy `{policy}` does not exist."


class InvalidDiskNotPortable(ApiError):
    """A disk that came with its instance is not moved."""

    code = "InvalidDisk.NotPortable"
    zh = "云硬盘 `{disk}` 不是弹性云盘。"
    en = "The disk `{disk}` is not portable."


class InvalidInstanceIdNotFound(ApiError):
    """No such instance in this region."""

    code = "InvalidInstanceId.NotFound"
    zh = "实例 `{instance}` 不存在。"
    en = "The instance `{instance}` does not exist."


class InvalidParameterDiskSizeNotMatch(ApiError):
    """A disk is smaller than the snapshot that it is to be made of."""

    code = "InvalidParameter.DiskSizeNotMatch"
    zh = "云硬盘大小 {size} GiB 小于快照大小 {least} GiB。"
    en = "A disk of {size} GiB is smaller than its snapshot, {least} GiB."


class InvalidSnapshotNotSupported(ApiError):
    """The snapshot is not of the kind that this needs."""

    code = "InvalidSnapshot.NotSupported"
    zh = "快照 `{snapshot}` 不支持该操作:{reason}。"
    en = "The snapshot `{snapshot}` does not support this: {reason}."


class LimitExceededInstanceAttachedDisk(ApiError):
    """An instance carries as many disks as it may."""

    code = "LimitExceeded.InstanceAttachedDisk"
    zh = "实例 `{instance}` 挂载的云硬盘数量超过限制 {limit}。"
    en = "The instance `{instance}` carries as many disks as it may: {limit}."


class ResourceNotFoundNotFound(ApiError):
    """No such thing in this region."""

    code = "ResourceNotFound.NotFound"
    zh = "资源 `{resource}` 不存在。"
    en = "The resource `{resource}` does not exist."


class ResourceUnavailableAttached(ApiError):
    """The disk is attached already, or still."""

    code = "ResourceUnavailable.Attached"
    zh = "云硬盘 `{disk}` 已挂载。"
    en = "The disk `{disk}` is attached."


class ResourceUnavailableZoneNotMatch(ApiError):
    """The disk and the instance lie in different zones."""

    code = "ResourceUnavailable.ZoneNotMatch"
    zh = "云硬盘 `{disk}` 与实例 `{instance}` 不在同一可用区。"
    en = "The disk `{disk}` and the instance `{instance}` are in different zones."


class InstanceNotStopped(ApiError):
    """The disk's instance has to be stopped first."""

    code = "UnsupportedOperation.InstanceNotStopped"
    zh = "实例 `{instance}` 未关机。"
    en = "The instance `{instance}` is not stopped."


class SnapshotGroupDiskAttachMultiInstance(ApiError):
    """The disks of a group are not all on one instance."""

    code = "UnsupportedOperation.SnapshotGroupDiskAttachMultiInstance"
    zh = "云硬盘 {disks} 未挂载在同一实例上。"
    en = "The disks {disks} are not all attached to one instance."


class SnapshotNotSupportCopy(ApiError):
    """The snapshot cannot be copied to another region; that this is so of encrypted ones is inferred."""

    code = "UnsupportedOperation.SnapshotNotSupportCopy"
    zh = "快照 `{snapshot}` 不支持跨地域复制。"
    en = "The snapshot `{snapshot}` cannot be copied to another region."
