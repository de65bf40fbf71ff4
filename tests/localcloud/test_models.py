"""Every action that is emulated, held against the SDK's own models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from localcloud import cbs, cls, cvm, sts, tag, tat
from localcloud.parameters import parameter_names
from tests.localcloud.sdk_models import differences, shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.pytest_plugin import LocalCloud
    from localcloud.service import Service

    Call = Callable[..., dict[str, Any]]

SERVICES = (cbs.SERVICE, cls.SERVICE, cvm.SERVICE, sts.SERVICE, tag.SERVICE, tat.SERVICE)
DISK = "qcs::cbs:ap-guangzhou:uin/100000000001:instance/disk-orders-a"
TAGS = [{"TagKey": "app", "TagValue": "orders"}]
OLD = "snap-full0001-00"
ROLE = "qcs::cam::uin/100000000001:roleName/cbsnap"

# What each action is asked so that its answer has something in it; {group} and {member} are made beforehand.
ASKED: dict[str, dict[str, dict[str, Any]]] = {
    "cbs": {
        "ApplySnapshot": {"SnapshotId": OLD, "DiskId": "disk-full0001"},
        "ApplySnapshotGroup": {
            "SnapshotGroupId": "{group}",
            "ApplyDisks": [{"SnapshotId": "{member}", "DiskId": "disk-orders-a"}],
            "AutoStopInstance": True,
        },
        "AttachDisks": {"InstanceId": "ins-orders01", "DiskIds": ["disk-spare001"]},
        "BindAutoSnapshotPolicy": {"AutoSnapshotPolicyId": "asp-nightly1", "DiskIds": ["disk-orders-a"]},
        "CopySnapshotCrossRegions": {"SnapshotId": OLD, "DestinationRegions": ["ap-singapore", "ap-none"]},
        "CreateDisks": {
            "Placement": {"Zone": "ap-guangzhou-1"},
            "DiskChargeType": "POSTPAID_BY_HOUR",
            "DiskType": "CLOUD_PREMIUM",
            "SnapshotId": OLD,
        },
        "CreateSnapshot": {"DiskId": "disk-orders-a"},
        "CreateSnapshotGroup": {"DiskIds": ["disk-orders-a", "disk-orders-b"]},
        "DeleteSnapshotGroup": {"SnapshotGroupId": "{group}"},
        "DeleteSnapshots": {"SnapshotIds": ["snap-full0001-01"]},
        "DescribeAutoSnapshotPolicies": {},
        "DescribeDiskAssociatedAutoSnapshotPolicy": {"DiskId": "disk-web-sys1"},
        "DescribeDisks": {"Limit": 100, "ReturnBindAutoSnapshotPolicy": True},
        "DescribeSnapshotGroups": {},
        "DescribeSnapshotOverview": {},
        "DescribeSnapshotSharePermission": {"SnapshotId": OLD},
        "DescribeSnapshots": {"Limit": 100},
        "DetachDisks": {"DiskIds": ["disk-orders-a"]},
        "GetSnapOverview": {},
        "ModifyDiskAttributes": {"DiskIds": ["disk-spare001"], "DiskName": "renamed"},
        "ModifySnapshotAttribute": {"SnapshotId": OLD, "SnapshotName": "renamed"},
        "ModifySnapshotsSharePermission": {
            "SnapshotIds": [OLD],
            "AccountIds": ["100000000009"],
            "Permission": "CANCEL",
        },
        "ResizeDisk": {"DiskId": "disk-spare001", "DiskSize": 60},
        "TerminateDisks": {"DiskIds": ["disk-spare001"]},
        "UnbindAutoSnapshotPolicy": {"AutoSnapshotPolicyId": "asp-nightly1", "DiskIds": ["disk-web-sys1"]},
    },
    "cls": {"SearchLog": {"TopicId": "topic", "From": 0, "To": 2_000_000_000_000}},
    "cvm": {
        "DescribeInstances": {},
        "DescribeRegions": {},
        "DescribeZones": {},
        "StartInstances": {"InstanceIds": ["ins-stopped1"]},
        "StopInstances": {"InstanceIds": ["ins-orders01"]},
    },
    "sts": {
        "AssumeRole": {"RoleArn": ROLE, "RoleSessionName": "test"},
        "GetCallerIdentity": {},
    },
    "tag": {
        "DescribeResourcesByTags": {"TagFilters": [{"TagKey": "app"}]},
        "GetResources": {},
        "GetTagKeys": {},
        "GetTagValues": {"TagKeys": ["app"]},
        "ModifyResourceTags": {"Resource": DISK, "ReplaceTags": TAGS},
        "TagResources": {"ResourceList": [DISK, DISK.replace("orders-a", "none")], "Tags": TAGS},
        "UnTagResources": {"ResourceList": [DISK.replace("orders-a", "none")], "TagKeys": ["app"]},
    },
    "tat": {
        "DescribeAutomationAgentStatus": {},
        "DescribeInvocationTasks": {},
        "InvokeCommand": {"CommandId": "{command}", "InstanceIds": ["ins-orders01"]},
        "RunCommand": {"Content": "dHJ1ZQ==", "InstanceIds": ["ins-orders01"]},
    },
}
ACTIONS = [(service, action) for service in SERVICES for action in sorted(service.actions)]
NAMES = [f"{service.name}-{action}" for service, action in ACTIONS]


def test_every_action_is_held_against_its_model() -> None:
    for service in SERVICES:
        assert service.actions.keys() == ASKED[service.name].keys()


@pytest.mark.parametrize(("service", "action"), ACTIONS, ids=NAMES)
def test_takes_every_parameter_of_the_model_and_no_other(service: Service, action: str) -> None:
    expected = shape(service.name, service.version, f"{action}Request").keys()

    taken = parameter_names(service.actions[action])

    assert set(taken) == set(expected)


@pytest.mark.parametrize(("service", "action"), ACTIONS, ids=NAMES)
def test_answers_with_every_field_of_the_model_and_no_other(
    localcloud: LocalCloud, call: Call, service: Service, action: str
) -> None:
    made = prepared(localcloud, call)

    answer = call(service.name, action, **filled(ASKED[service.name][action], made))

    assert not differences(service.name, service.version, f"{action}Response", answer)
    lists = [name for name in answer if name.endswith(("Set", "List", "Rows", "Tags", "Resources"))]
    assert all(answer[name] not in ([], None) for name in lists)


def prepared(localcloud: LocalCloud, call: Call) -> dict[str, str]:
    """Have one of everything: an image, a shared snapshot, a stopped instance, a group that is done."""
    region = localcloud.cloud.world.regions["100000000001", "ap-guangzhou"]
    region.snapshots["snap-busy0001"].images = ["img-1"]
    call(
        "cbs",
        "ModifySnapshotsSharePermission",
        SnapshotIds=[OLD],
        AccountIds=["100000000009"],
        Permission="SHARE",
    )
    group = call("cbs", "CreateSnapshotGroup", DiskIds=["disk-orders-a", "disk-orders-b"])["SnapshotGroupId"]
    command = call("tat", "RunCommand", Content="dHJ1ZQ==", InstanceIds=["ins-web00001"], SaveCommand=True)
    localcloud.cloud.clock.advance(3)
    return {
        "{command}": command["CommandId"],
        "{group}": group,
        "{member}": region.groups[group].snapshots[0],
    }


def filled(asked: Any, made: dict[str, str]) -> Any:  # noqa: ANN401  # JSON
    """Put the ids that were made into what is asked."""
    if isinstance(asked, dict):
        return {key: filled(value, made) for key, value in asked.items()}
    if isinstance(asked, list):
        return [filled(value, made) for value in asked]
    return made.get(asked, asked) if isinstance(asked, str) else asked
