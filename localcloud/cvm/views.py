"""How an instance looks in an answer: every field of the SDK's model, nulls and times as recorded."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from localcloud.moments import utc
from localcloud.tagging import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localcloud.resources import Disk, Instance, Region
    from localcloud.service import Answer


def show_instance(instance: Instance, disks: Iterable[Disk]) -> Answer:
    """Show an instance with its disks. What no backup looks at is the same for all."""
    attached = list(disks)
    return {
        "InstanceId": instance.id,
        "InstanceName": instance.name,
        "InstanceState": instance.state,
        "Uuid": str(uuid.uuid5(uuid.NAMESPACE_OID, instance.id)),
        "CreatedTime": utc(instance.created_s),
        "Placement": {
            "Zone": instance.zone,
            "ProjectId": 0,
            "HostIds": None,
            "HostId": None,
            "DedicatedResourcePackTenancy": None,
            "DedicatedResourcePackIds": None,
            "RackId": None,
        },
        "SystemDisk": next((_system_disk(each) for each in attached if each.usage == "SYSTEM_DISK"), None),
        "DataDisks": [_data_disk(each) for each in attached if each.usage == "DATA_DISK"],
        "LatestOperation": instance.operation or None,
        "LatestOperationState": instance.operation_state or None,
        "LatestOperationRequestId": instance.operation_request or None,
        "LatestOperationErrorMsg": None,
        "StopChargingMode": instance.stopped_mode,
        "Tags": shown(instance.tags),
        **_network(instance),
        **_PLAIN,
        **instance.shows,
    }


def _network(instance: Instance) -> Answer:
    return {
        "PrivateIpAddresses": [instance.ip] if instance.ip else [],
        "PublicIpAddresses": None,
        "IPv6Addresses": None,
        "PublicIPv6Addresses": None,
        "InternetAccessible": {
            "InternetMaxBandwidthOut": 0,
            "InternetChargeType": None,
            "PublicIpAssigned": None,
            "BandwidthPackageId": None,
            "InternetServiceProvider": None,
            "IPv4AddressType": None,
            "IPv6AddressType": None,
            "AntiDDoSPackageId": None,
        },
        "VirtualPrivateCloud": {
            "VpcId": "vpc-local000",
            "SubnetId": "subnet-local000",
            "AsVpcGateway": False,
            "PrivateIpAddresses": None,
            "Ipv6AddressCount": None,
        },
        "HostName": instance.name,
    }


def _system_disk(disk: Disk) -> Answer:
    return {
        "DiskType": disk.kind,
        "DiskId": disk.id,
        "DiskSize": disk.size_gib,
        "DiskName": disk.name,
        "CdcId": None,
        "Encrypt": disk.encrypt,
        "KmsKeyId": None,
    }


def _data_disk(disk: Disk) -> Answer:
    return _system_disk(disk) | {
        "DeleteWithInstance": disk.delete_with_instance,
        "SnapshotId": None,
        "ThroughputPerformance": 0,
        "BurstPerformance": None,
    }


_PLAIN: Answer = {
    "InstanceType": "SA2.MEDIUM4",
    "CPU": 2,
    "Memory": 4,
    "RestrictState": "NORMAL",
    "InstanceChargeType": "POSTPAID_BY_HOUR",
    "ImageId": "img-local000",
    "OsName": "TencentOS Server 3.1 (TK4)",
    "RenewFlag": None,
    "ExpiredTime": None,
    "SecurityGroupIds": [],
    "LoginSettings": {"Password": None, "KeyIds": None, "KeepImageLogin": None},
    "DisasterRecoverGroupId": "",
    "DisasterRecoverGroupIds": None,
    "CamRoleName": "",
    "HpcClusterId": "",
    "RdmaIpAddresses": None,
    "DedicatedClusterId": "",
    "IsolatedSource": "NOTISOLATED",
    "GPUInfo": None,
    "LicenseType": "TencentCloud",
    "DisableApiTermination": False,
    "DefaultLoginUser": "root",
    "DefaultLoginPort": 22,
    "EnableJumboFrame": None,
    "Metadata": None,
    "CpuTopology": None,
    "PartitionNumber": None,
}


def disks_by_instance(region: Region) -> dict[str, list[Disk]]:
    """Group a region's attached disks by their instance."""
    grouped: dict[str, list[Disk]] = {each: [] for each in region.instances}
    for disk in region.disks.values():
        for instance_id in disk.instances:
            grouped.setdefault(instance_id, []).append(disk)
    return grouped
