"""Room is found or refused with figures before anything is locked."""

import pytest
from cbsnap.model import Decision, Group, QuotaLimits, SnapshotUsage
from cbsnap.rules.quota import Room, admit, region_room, to_free
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


def of(**disks: int) -> dict[str, str]:
    """Return so many spare snapshots of each disk."""
    return {f"{disk}-{number}": f"disk-{disk}" for disk, count in disks.items() for number in range(count)}


def test_no_more_is_freed_than_the_disk_needs() -> None:
    assert to_free([SINGLE], EMPTY | {"disk-c": 65}, Room(999, 0), DOCUMENTED, of(a=3, c=5)) == ["c-0", "c-1"]


def test_no_more_is_freed_than_the_region_needs() -> None:
    assert to_free([PAIR, SINGLE], EMPTY, Room(10, 9), DOCUMENTED, of(a=5)) == ["a-0", "a-1"]


def test_what_is_freed_for_a_disk_counts_for_the_region() -> None:
    assert to_free([SINGLE], EMPTY | {"disk-c": 64}, Room(10, 10), DOCUMENTED, of(a=1, c=1)) == ["c-0"]


def test_what_a_disk_that_is_gone_has_left_is_freed_for_the_region() -> None:
    assert to_free([SINGLE], EMPTY, Room(10, 10), DOCUMENTED, of(z=2)) == ["z-0"]


def test_nothing_is_freed_for_a_group_that_would_not_fit_even_so() -> None:
    assert to_free([PAIR], EMPTY | {"disk-a": 64, "disk-b": 64}, Room(999, 0), DOCUMENTED, of(a=9)) == []
    assert to_free([PAIR], EMPTY, Room(10, 10), DOCUMENTED, of(c=1)) == []


@given(
    st.lists(st.integers(0, 2), min_size=3, max_size=3),
    st.integers(0, 16),
    st.integers(0, 3),
    st.lists(st.integers(0, 4), min_size=3, max_size=3),
)
def test_what_is_freed_lets_groups_in_and_not_one_less_would_do(
    kept: list[int], limit: int, others: int, spares: list[int]
) -> None:
    counts = [sum(both) for both in zip(kept, spares, strict=True)]
    held = {f"disk-{letter}": count for letter, count in zip("abc", counts, strict=True)}
    used = sum(counts) + others
    limits, room, groups = QuotaLimits(disk=2), Room(limit, used), [PAIR, SINGLE]
    spare = of(**dict(zip("abc", spares, strict=True)))

    freed = to_free(groups, held, room, limits, spare)

    def let_in(gone: list[str]) -> int:
        left = {disk: count - [spare[one] for one in gone].count(disk) for disk, count in held.items()}
        admission = admit(groups, left, Room(limit, used - len(gone)), limits)
        return sum(len(group.disk_ids) for group in admission.groups)

    assert let_in(freed) >= let_in([])
    assert all(let_in(freed[:place] + freed[place + 1 :]) < let_in(freed) for place in range(len(freed)))
