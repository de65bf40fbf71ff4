"""Room is found or refused with figures before anything is locked."""

import pytest
from cbsnap.model import Decision, Group, QuotaLimits, SnapshotUsage
from cbsnap.rules.quota import Room, admit, region_room
from hypothesis import given
from hypothesis import strategies as st

DOCUMENTED = QuotaLimits()
PAIR = Group("ins-1", ("disk-a", "disk-b"))
SINGLE = Group("disk-c", ("disk-c",))
EMPTY = {"disk-a": 0, "disk-b": 0, "disk-c": 0}


@pytest.mark.parametrize(("disks", "limit"), [(0, 64), (1, 128), (2, 192), (100, 6464)])
def test_a_region_has_64_and_64_more_for_each_disk(disks: int, limit: int) -> None:
    room = region_room(DOCUMENTED, disks, SnapshotUsage(10, 0.0, 0.0))

    assert room == Room(limit, 10)
    assert room.left == limit - 10


def test_a_set_region_limit_replaces_the_documented_one() -> None:
    assert region_room(QuotaLimits(region=20), 100, SnapshotUsage(5, 0.0, 0.0)) == Room(20, 5)


def test_nothing_is_left_above_the_limit() -> None:
    assert Room(10, 12).left == 0


def test_a_group_that_fits_exactly_is_let_in() -> None:
    admission = admit([PAIR], EMPTY | {"disk-a": 63}, Room(192, 190), DOCUMENTED)

    assert admission.groups == (PAIR,)
    assert admission.refused == ()


def test_a_group_larger_than_the_regions_room_is_refused_whole_with_figures() -> None:
    admission = admit([PAIR], EMPTY, Room(192, 191), DOCUMENTED)

    assert admission.groups == ()
    assert [(outcome.disk_id, outcome.decision) for outcome in admission.refused] == [
        ("disk-a", Decision.REFUSED),
        ("disk-b", Decision.REFUSED),
    ]
    assert admission.refused[0].reason.startswith("region quota: needs 2, has 1 of 192")
    assert "quota.region" in admission.refused[0].reason


def test_one_full_disk_refuses_its_group_and_is_named() -> None:
    admission = admit([PAIR, SINGLE], EMPTY | {"disk-b": 64}, Room(192, 0), DOCUMENTED)

    assert admission.groups == (SINGLE,)
    assert {outcome.reason for outcome in admission.refused} == {
        "disk quota: disk-b has 64 of 64; delete some or raise quota.disk"
    }


def test_a_set_disk_limit_replaces_the_documented_one() -> None:
    counts = EMPTY | {"disk-c": 64}

    assert admit([SINGLE], counts, Room(192, 0), QuotaLimits(disk=65)).groups == (SINGLE,)
    assert admit([SINGLE], EMPTY | {"disk-c": 3}, Room(192, 0), QuotaLimits(disk=3)).groups == ()


def test_a_smaller_group_behind_one_that_does_not_fit_is_let_in() -> None:
    admission = admit([PAIR, SINGLE], EMPTY, Room(10, 9), DOCUMENTED)

    assert admission.groups == (SINGLE,)
    assert [outcome.disk_id for outcome in admission.refused] == ["disk-a", "disk-b"]


@given(
    sizes=st.lists(st.integers(1, 5), max_size=12),
    count=st.integers(0, 80),
    used=st.integers(0, 40),
    limit=st.integers(0, 40),
    disk_limit=st.none() | st.integers(0, 90),
)
def test_every_disk_is_answered_once_and_the_limits_hold(
    sizes: list[int], count: int, used: int, limit: int, disk_limit: int | None
) -> None:
    groups = [Group(f"g{n}", tuple(f"disk-{n}-{m}" for m in range(size))) for n, size in enumerate(sizes)]
    counts = {disk_id: count for group in groups for disk_id in group.disk_ids}

    admission = admit(groups, counts, Room(limit, used), QuotaLimits(disk=disk_limit))

    taken = [disk_id for group in admission.groups for disk_id in group.disk_ids]
    assert sorted(taken + [outcome.disk_id for outcome in admission.refused]) == sorted(counts)
    assert len(taken) <= max(limit - used, 0)
    assert not taken or count < (64 if disk_limit is None else disk_limit)
    assert [group for group in groups if group in admission.groups] == list(admission.groups)
