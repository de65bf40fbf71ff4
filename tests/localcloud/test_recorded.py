"""Answers recorded from the real cloud, replayed as state: the same but for the request's id."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tencentcloud.common.exception import TencentCloudSDKException

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.pytest_plugin import LocalCloud

    Call = Callable[..., dict[str, Any]]

RECORDED = Path(__file__).parent / "recorded"
# The disk's fields that the SDK's model has no more.
DROPPED = {"LatestOperation", "LatestOperationState", "LatestOperationRequestId"}


def recorded(name: str) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = json.loads((RECORDED / name).read_text())
    return answers


def pruned(answer: object, model: object) -> object:
    """Cut from an answer what the recorded one does not have: fields that came later."""
    if isinstance(answer, dict) and isinstance(model, dict):
        return {key: pruned(value, model[key]) for key, value in answer.items() if key in model}
    if isinstance(answer, list) and isinstance(model, list) and len(answer) == len(model):
        return [pruned(one, other) for one, other in zip(answer, model, strict=True)]
    return answer


@pytest.mark.fleet("""
accounts: [{uin: "100000750436"}]
regions:
  ap-singapore:
    disks:
      - id: disk-3i2gnf0k
        charge: PREPAID
        created: 2022-09-23T03:27:30Z
        deadline: 2022-10-23T03:27:30Z
""")
def test_a_disk_looks_as_recorded(localcloud: LocalCloud, call: Call) -> None:
    localcloud.cloud.clock.set(1_664_420_400, speed=0)  # 24 whole days before the deadline
    first, beyond, tags = recorded("cbs_describe_disks.json")
    for field in DROPPED:
        del first["response"]["Response"]["DiskSet"][0][field]

    for one in (first, beyond, tags):
        expected = one["response"]["Response"]
        answer = call(one["service"], one["action"], one["region"], **one["request"])
        assert pruned(answer, expected) == expected | {"RequestId": answer["RequestId"]}


@pytest.mark.fleet("""
accounts: [{uin: "100000750436"}]
regions:
  ap-singapore:
    snapshots:
      - id: snap-lbwv0qm5
        name: Copied snap-6z1cbtrc from ap-seoul
        size_gib: 10
        project_id: 1159375
        from_remote: true
        created: 2020-06-22T01:35:03Z
""")
def test_a_copied_snapshot_looks_as_recorded(call: Call) -> None:
    one = recorded("cbs_describe_snapshots.json")[0]
    expected = one["response"]["Response"]

    answer = call(one["service"], one["action"], one["region"], **one["request"])

    assert pruned(answer, expected) == expected | {"RequestId": answer["RequestId"]}


INSTANCE = recorded("tag_resources.json")[0]["response"]["Response"]["InstanceSet"][0]
# What the fleet file has to say (and PlatformProjectId, not in the SDK): the rest must come by itself.
SAID = {
    "ImageId",
    "InternetAccessible",
    "LoginSettings",
    "Placement",
    "PrivateIpAddresses",
    "PublicIpAddresses",
}
SAID |= {"PlatformProjectId", "SecurityGroupIds", "Uuid", "VirtualPrivateCloud"}


@pytest.mark.fleet(f"""
accounts: [{{uin: "100000750436"}}]
regions:
  ap-singapore:
    instances:
      - id: ins-nhhm5ppo
        created: 2022-09-16T06:18:05Z
        shows: {json.dumps({key: value for key, value in INSTANCE.items() if key in SAID})}
    disks:
      - {{id: disk-4vveobag, usage: SYSTEM_DISK, type: CLOUD_BSSD, instance: ins-nhhm5ppo}}
""")
def test_an_instance_and_its_tags_look_as_recorded(call: Call) -> None:
    described, tagged, read = (recorded("tag_resources.json")[number] for number in (0, 2, 3))
    system = INSTANCE["SystemDisk"] | {
        "ThroughputPerformance": None
    }  # not in the SDK's model of a system disk
    resource = "qcs::cvm:ap-singapore::instance/ins-nhhm5ppo"

    instance = call("cvm", "DescribeInstances", "ap-singapore", InstanceIds=["ins-nhhm5ppo"])["InstanceSet"][
        0
    ]
    written = call(
        "tag", "TagResources", "ap-singapore", ResourceList=[resource], Tags=tagged["request"]["Tags"]
    )
    listed = call("tag", "GetResources", "ap-singapore", ResourceList=[resource])

    expected = described["response"]["Response"]["InstanceSet"][0] | {"SystemDisk": system}
    assert (
        pruned(instance | {"SystemDisk": instance["SystemDisk"] | {"ThroughputPerformance": None}}, expected)
        == expected
    )
    assert written["FailedResources"] == tagged["response"]["Response"]["FailedResources"]
    mapping = read["response"]["Response"]["ResourceTagMappingList"][1:]
    assert pruned(listed["ResourceTagMappingList"], mapping) == mapping


def test_a_wrong_type_is_answered_as_recorded(call: Call) -> None:
    expected = recorded("error_shape.json")[0]["response"]["Response"]["Error"]

    with pytest.raises(TencentCloudSDKException) as refused:
        call("cvm", "DescribeInstances", language="zh-CN", InstanceIds="hello")

    assert (refused.value.code, refused.value.message) == (expected["Code"], expected["Message"])


@pytest.mark.fleet("""
accounts: [{uin: "100000750436"}]
regions: {ap-singapore: {instances: [{id: ins-00lycyy6}]}}
""")
def test_a_stop_goes_as_recorded(localcloud: LocalCloud, call: Call) -> None:
    localcloud.cloud.clock.set(1_664_420_400, speed=0)
    instance = localcloud.cloud.world.regions["100000750436", "ap-singapore"].instances["ins-00lycyy6"]
    instance.operation, instance.operation_state = "StartInstances", "SUCCESS"  # it had been started once
    before, stop, during = recorded("cvm_stop_instances.json")[:3]
    fields = ("InstanceState", "LatestOperation", "LatestOperationState", "StopChargingMode", "RestrictState")

    for one in (before, stop, during):
        answer = call(one["service"], one["action"], one["region"], **one["request"])
        expected = one["response"]["Response"]
        assert answer.keys() == expected.keys()
        if one is not stop:
            shown, wanted = answer["InstanceSet"][0], expected["InstanceSet"][0]
            assert {each: shown[each] for each in fields} == {each: wanted[each] for each in fields}
