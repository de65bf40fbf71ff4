from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception import TencentCloudSDKException

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.pytest_plugin import LocalCloud

    Call = Callable[..., dict[str, Any]]

FLEET = """
accounts:
  - {uin: "100000000001", secret_id: AKIDone, secret_key: one}
  - uin: "100000000002"
    secret_id: AKIDtwo
    secret_key: two
    roles: [{name: backup, external_id: agreed, trusts: ["100000000001"]}]
regions:
  ap-guangzhou:
    disks: [{id: disk-one}, {id: disk-two, account: "100000000002"}]
    snapshots: [{id: snap-one, disk: disk-one}, {id: snap-sys, disk: disk-one, usage: SYSTEM_DISK}]
"""
TWO = Credential("AKIDtwo", "two")
ROLE = "qcs::cam::uin/100000000002:roleName/backup"
pytestmark = pytest.mark.fleet(FLEET)


def test_a_trusted_caller_works_in_the_roles_account(localcloud: LocalCloud, call: Call) -> None:
    answer = call(
        "sts", "AssumeRole", RoleArn=ROLE, RoleSessionName="night", ExternalId="agreed", DurationSeconds=60
    )
    keys = answer["Credentials"]
    role = Credential(keys["TmpSecretId"], keys["TmpSecretKey"], keys["Token"])

    disks = call("cbs", "DescribeDisks", credential=role)["DiskSet"]
    caller = call("sts", "GetCallerIdentity", credential=role)
    localcloud.cloud.clock.advance(61)
    with pytest.raises(TencentCloudSDKException) as late:
        call("cbs", "DescribeDisks", credential=role)

    assert [each["DiskId"] for each in disks] == ["disk-two"]
    assert (caller["AccountId"], caller["Type"]) == ("100000000002", "CAMRole")
    assert caller["PrincipalId"] == "100000000001"
    assert caller["UserId"].endswith(":night")
    assert late.value.code == "AuthFailure.TokenFailure"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"ExternalId": "other"}, "UnauthorizedOperation"),
        ({"ExternalId": ""}, "UnauthorizedOperation"),
        ({"RoleArn": ROLE.replace("backup", "none")}, "ResourceNotFound.RoleNotFound"),
        ({"RoleArn": ROLE.replace("100000000002", "7")}, "ResourceNotFound.RoleNotFound"),
        ({"RoleArn": "backup"}, "InvalidParameter.ParamError"),
        ({"RoleSessionName": "with space"}, "InvalidParameter.ParamError"),
        ({"DurationSeconds": 43_201}, "InvalidParameter.OverTimeError"),
    ],
)
def test_a_role_that_is_not_given_is_refused(call: Call, asked: dict[str, object], expected: str) -> None:
    good = {"RoleArn": ROLE, "RoleSessionName": "night", "ExternalId": "agreed"}

    with pytest.raises(TencentCloudSDKException) as refused:
        call("sts", "AssumeRole", **good | asked)

    assert refused.value.code == expected


def test_a_role_trusts_only_whom_it_names(call: Call) -> None:
    with pytest.raises(TencentCloudSDKException) as refused:
        call("sts", "AssumeRole", credential=TWO, RoleArn=ROLE, RoleSessionName="own", ExternalId="agreed")

    assert refused.value.code == "UnauthorizedOperation"


def test_a_shared_snapshot_is_seen_and_used_by_the_other_account_until_it_is_taken_back(
    call: Call,
) -> None:
    def turn(permission: str) -> None:
        call(
            "cbs",
            "ModifySnapshotsSharePermission",
            SnapshotIds=["snap-one"],
            AccountIds=["100000000002"],
            Permission=permission,
        )

    turn("SHARE")
    seen = call("cbs", "DescribeSnapshots", credential=TWO)["SnapshotSet"]
    disk = call(
        "cbs",
        "CreateDisks",
        credential=TWO,
        Placement={"Zone": "ap-guangzhou-1"},
        DiskChargeType="POSTPAID_BY_HOUR",
        DiskType="CLOUD_PREMIUM",
        SnapshotId="snap-one",
    )
    own = call("cbs", "DescribeSnapshots", SnapshotIds=["snap-one"])["SnapshotSet"][0]
    with_whom = call("cbs", "DescribeSnapshotSharePermission", SnapshotId="snap-one")["SharePermissionSet"]
    with pytest.raises(TencentCloudSDKException) as foreign:
        call("cbs", "DeleteSnapshots", credential=TWO, SnapshotIds=["snap-one"])
    turn("CANCEL")

    assert [(each["SnapshotId"], each["SnapshotType"]) for each in seen] == [("snap-one", "SHARED_SNAPSHOT")]
    assert disk["DiskIdSet"]
    assert (own["ShareReference"], own["SnapshotType"]) == (1, "PRIVATE_SNAPSHOT")
    assert [each["AccountId"] for each in with_whom] == ["100000000002"]
    assert foreign.value.code == "InvalidSnapshotId.NotFound"
    assert call("cbs", "DescribeSnapshots", credential=TWO)["TotalCount"] == 0


def test_a_system_disks_snapshot_is_not_shared(call: Call) -> None:
    with pytest.raises(TencentCloudSDKException) as refused:
        call(
            "cbs",
            "ModifySnapshotsSharePermission",
            SnapshotIds=["snap-one", "snap-sys"],
            AccountIds=["100000000002"],
            Permission="SHARE",
        )

    assert refused.value.code == "InvalidSnapshot.NotSupported"
    assert call("cbs", "DescribeSnapshots", credential=TWO)["TotalCount"] == 0


@pytest.mark.fleet("""
accounts: [{uin: "100000000001"}, {uin: "100000000002", secret_id: AKIDtwo, secret_key: two}]
regions:
  ap-guangzhou:
    disks: [{id: disk-a}]
    snapshots: [{id: snap-lent0001, disk: disk-a, shared_with: ["100000000002"]}]
""")
def test_what_the_fleet_file_shares_is_seen_by_the_other_account(call: Call) -> None:
    two = Credential("AKIDtwo", "two")

    seen = call("cbs", "DescribeSnapshots", credential=two, SnapshotIds=["snap-lent0001"])

    assert [each["SnapshotId"] for each in seen["SnapshotSet"]] == ["snap-lent0001"]
