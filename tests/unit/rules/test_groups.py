"""Disks that belong to one moment are one group."""

from dataclasses import replace

from cbsnap.model.cloud import Disk
from cbsnap.model.policies import Grouping
from cbsnap.model.runs import Group
from cbsnap.rules.groups import grouped
from hypothesis import given
from hypothesis import strategies as st


def disk(disk_id: str, *instance_ids: str) -> Disk:
    return Disk(
        disk_id, "ap-guangzhou", "ap-guangzhou-6", "", "DATA_DISK", "ATTACHED", 10, instance_ids=instance_ids
    )


DISKS = [
    disk("disk-c", "ins-1"),
    disk("disk-a", "ins-1"),
    disk("disk-b", "ins-2"),
    disk("disk-d"),
    disk("disk-e"),
]


def test_by_disk_each_is_on_its_own() -> None:
    assert grouped(DISKS[:2], Grouping.DISK) == [
        Group("disk-a", ("disk-a",)),
        Group("disk-c", ("disk-c",)),
    ]


def test_by_instance_its_disks_are_together_and_unattached_ones_alone() -> None:
    assert grouped(DISKS, Grouping.INSTANCE) == [
        Group("disk-d", ("disk-d",)),
        Group("disk-e", ("disk-e",)),
        Group("ins-1", ("disk-a", "disk-c")),
        Group("ins-2", ("disk-b",)),
    ]


def test_a_disk_on_several_instances_goes_with_the_first() -> None:
    disks = [disk("disk-a", "ins-2", "ins-1"), disk("disk-b", "ins-1")]

    assert grouped(disks, Grouping.INSTANCE) == [Group("ins-1", ("disk-a", "disk-b"))]


@given(st.permutations(DISKS), st.sampled_from(Grouping))
def test_the_order_of_disks_does_not_matter_and_none_is_lost(disks: list[Disk], grouping: Grouping) -> None:
    groups = grouped(disks, grouping)

    assert groups == grouped(DISKS, grouping)
    assert sorted(disk_id for group in groups for disk_id in group.disk_ids) == [
        "disk-a",
        "disk-b",
        "disk-c",
        "disk-d",
        "disk-e",
    ]


def test_by_tag_those_that_share_its_value_are_together_and_others_alone() -> None:
    tagged = [replace(DISKS[0], tags={"app": "x"}), replace(DISKS[2], tags={"app": "x"}), DISKS[1]]

    assert grouped(tagged, Grouping.TAG, "app") == [
        Group("app=x", ("disk-b", "disk-c")),
        Group("disk-a", ("disk-a",)),
    ]


def test_all_are_one_moment_when_asked_for() -> None:
    assert grouped(DISKS[:3], Grouping.ALL) == [Group("all", ("disk-a", "disk-b", "disk-c"))]
