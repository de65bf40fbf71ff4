from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tencentcloud.common.exception import TencentCloudSDKException

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.pytest_plugin import LocalCloud

    Call = Callable[..., dict[str, Any]]

DISK = "qcs::cbs:ap-guangzhou:uin/100000000001:instance/disk-spare001"
SNAPSHOT = "qcs::cvm:ap-guangzhou:uin/:snapshot/snap-full0001-00"


def tags_of(call: Call, snapshot: str) -> dict[str, str]:
    found = call("cbs", "DescribeSnapshots", SnapshotIds=[snapshot])["SnapshotSet"][0]["Tags"]
    return {each["Key"]: each["Value"] for each in found}


def test_tags_given_at_creation_are_on_the_snapshot(call: Call) -> None:
    tags = [{"Key": "cbsnap:policy", "Value": "orders-db"}]

    made = call("cbs", "CreateSnapshot", DiskId="disk-orders-a", Tags=tags)["SnapshotId"]

    assert tags_of(call, made) == {"cbsnap:policy": "orders-db"}


def test_a_snapshot_is_tagged_with_and_without_the_account_in_its_name(call: Call) -> None:
    with_number = SNAPSHOT.replace("uin/", "uin/100000000001").replace("-00", "-01")
    label = [{"TagKey": "cbsnap:label", "TagValue": "application"}]

    answer = call("tag", "TagResources", ResourceList=[SNAPSHOT, with_number], Tags=label)

    assert answer["FailedResources"] == []
    assert tags_of(call, "snap-full0001-00") == {"cbsnap:label": "application"}
    assert tags_of(call, "snap-full0001-01") == {"cbsnap:label": "application"}


def test_a_resource_that_fails_does_not_stop_the_others(call: Call) -> None:
    nowhere = SNAPSHOT.replace("full0001-00", "nowhere")

    answer = call(
        "tag", "TagResources", ResourceList=[nowhere, DISK], Tags=[{"TagKey": "a", "TagValue": "b"}]
    )
    found = call("tag", "GetResources", ResourceList=[DISK])["ResourceTagMappingList"]

    assert [each["Resource"] for each in answer["FailedResources"]] == [nowhere]
    assert answer["FailedResources"][0]["Code"] == "InvalidParameterValue.ResourceIdInvalid"
    assert found == [{"Resource": DISK, "Tags": [{"TagKey": "a", "TagValue": "b", "Category": "Custom"}]}]


def test_a_tag_that_is_taken_off_is_gone(call: Call) -> None:
    call("tag", "TagResources", ResourceList=[DISK], Tags=[{"TagKey": "a", "TagValue": "b"}])

    call("tag", "UnTagResources", ResourceList=[DISK], TagKeys=["a", "never there"])

    assert call("tag", "GetResources", ResourceList=[DISK])["ResourceTagMappingList"] == []


def test_one_call_writes_some_tags_and_takes_others_off(call: Call) -> None:
    call("tag", "TagResources", ResourceList=[DISK], Tags=[{"TagKey": "old", "TagValue": "1"}])

    call(
        "tag",
        "ModifyResourceTags",
        Resource=DISK,
        ReplaceTags=[{"TagKey": "new", "TagValue": "2"}],
        DeleteTags=[{"TagKey": "old"}],
    )
    with pytest.raises(TencentCloudSDKException) as refused:
        call(
            "tag",
            "ModifyResourceTags",
            Resource=DISK,
            ReplaceTags=[{"TagKey": "x", "TagValue": "2"}],
            DeleteTags=[{"TagKey": "x"}],
        )

    found = call("tag", "GetResources", ResourceList=[DISK])["ResourceTagMappingList"][0]["Tags"]
    assert {each["TagKey"]: each["TagValue"] for each in found} == {"new": "2"}
    assert refused.value.code == "InvalidParameterValue.DeleteTagsParamError"


def test_resources_are_found_by_their_tags_page_by_page(call: Call) -> None:
    wanted = [{"TagKey": "app", "TagValue": ["orders"]}]
    found, token = [], None

    while token != "":
        page = call("tag", "GetResources", TagFilters=wanted, MaxResults=2, PaginationToken=token or "")
        token = page["PaginationToken"]
        found += [each["Resource"].split("/")[-1] for each in page["ResourceTagMappingList"]]
    one_kind = call(
        "tag", "DescribeResourcesByTags", TagFilters=wanted, ServiceType="cbs", ResourceRegion="ap-singapore"
    )

    assert sorted(found) == ["disk-far00001", "disk-orders-a", "disk-orders-b", "ins-orders01"]
    assert [each["ResourceId"] for each in one_kind["Rows"]] == ["disk-far00001"]
    assert call("tag", "GetTagValues", TagKeys=["app"])["Tags"] == [
        {"TagKey": "app", "TagValue": value, "Category": "Custom"} for value in ("orders", "web")
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a|b", "CharacterIllegal"),
        (" inner only", "CharacterIllegal"),
        ("x" * 256, "LengthExceeded"),
        ("tab\there", "CharacterIllegal"),
    ],
)
def test_a_value_the_tag_service_would_not_take_is_refused(call: Call, value: str, expected: str) -> None:
    with pytest.raises(TencentCloudSDKException) as by_service:
        call("tag", "TagResources", ResourceList=[DISK], Tags=[{"TagKey": "k", "TagValue": value}])
    with pytest.raises(TencentCloudSDKException) as at_creation:
        call("cbs", "CreateSnapshot", DiskId="disk-orders-a", Tags=[{"Key": "k", "Value": value}])

    assert by_service.value.code == f"InvalidParameterValue.TagValue{expected}"
    assert at_creation.value.code == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("resources", "key", "expected"),
    [
        ([DISK], "a|b", "InvalidParameterValue.TagKeyCharacterIllegal"),
        ([DISK] * 10, "k", "LimitExceeded.ResourceNumPerRequest"),
    ],
)
def test_a_bad_key_and_a_tenth_resource_have_their_own_codes(
    call: Call, resources: list[str], key: str, expected: str
) -> None:
    with pytest.raises(TencentCloudSDKException) as refused:
        call("tag", "TagResources", ResourceList=resources, Tags=[{"TagKey": key, "TagValue": "v"}])

    assert refused.value.code == expected


def test_a_key_has_a_thousand_values_at_most(localcloud: LocalCloud, call: Call) -> None:
    localcloud.cloud.world.tags_of("100000000001").enter({"k": "7"})
    for number in range(1000):
        localcloud.cloud.world.tags_of("100000000001").enter({"k": str(number)})

    known = call("tag", "TagResources", ResourceList=[DISK], Tags=[{"TagKey": "k", "TagValue": "7"}])
    with pytest.raises(TencentCloudSDKException) as refused:
        call("tag", "TagResources", ResourceList=[DISK], Tags=[{"TagKey": "k", "TagValue": "new"}])

    assert known["FailedResources"] == []
    assert refused.value.code == "LimitExceeded.TagValue"
