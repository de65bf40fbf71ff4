"""Room is found or refused with figures before anything is locked."""

from dataclasses import dataclass

import pytest
from cbsnap.model.cloud import SnapshotUsage
from cbsnap.model.plan import QuotaLimits
from cbsnap.model.runs import Decision, Group
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
    spare = tuple(of(**dict(zip("abc", spares, strict=True))))

    Scarcity(("ab", "c"), spare, tuple(kept), limit, others, 2).assert_just_enough()


@pytest.mark.parametrize(
    "scarcity",
    [
        ("b d a c", "d-0 z-0 a-0 a-1 z-1 c-0 a-2 c-1 d-1 c-2", (2, 0, 2, 1), 13, 2, 1),
        ("ab c d", "c-2 a-0 d-0 d-1 c-1 c-0 z-0", (0, 1, 0, 1), 13, 3, 3),
        ("ca bd", "b-0 b-1 c-0 c-1 c-2 d-0 d-1 d-2", (1, 0, 0, 1), 11, 2, 2),
        ("c bd a", "b-2 b-1 a-2 a-0 a-1 b-0", (1, 1, 1, 2), 9, 0, 2),
        ("b dc a", "b-0 d-0 z-0 a-1 a-0 a-2", (1, 0, 0, 0), 8, 0, 2),
        ("c a b d", "z-2 z-0 d-2 d-0 c-0 z-1 d-1", (0, 0, 1, 2), 11, 0, 3),
        ("a bd c", "a-0 b-2 b-1 d-0 b-0 c-1 z-0 c-2 c-0", (0, 0, 2, 2), 13, 1, 3),
        ("a dc b", "a-0 a-1 a-2 b-0 b-1 c-0 c-1 c-2 d-0 d-1", (0, 2, 2, 2), 13, 1, 3),
    ],
)
def test_what_later_groups_free_for_their_own_disks_is_not_freed_twice(
    scarcity: tuple[str, str, tuple[int, ...], int, int, int],
) -> None:
    groups, spares, kept, *limits = scarcity

    Scarcity(tuple(groups.split()), tuple(spares.split()), kept, *limits).assert_just_enough()


@dataclass(frozen=True)
class Scarcity:
    """Groups of disks a to d, each disk with spare snapshots and others that are `kept`; z is gone."""

    groups: tuple[str, ...]
    spares: tuple[str, ...]
    kept: tuple[int, ...]
    region_limit: int
    others: int
    disk_limit: int

    def assert_just_enough(self) -> None:
        """Free for the groups and let them in; then leave one of the freed at a time where it was."""
        spare = {one: f"disk-{one[0]}" for one in self.spares}
        on_disk = list(spare.values())
        kept = {f"disk-{disk}": count for disk, count in zip("abcd", self.kept, strict=False)}
        held = {disk: count + on_disk.count(disk) for disk, count in kept.items()}
        used = sum(held.values()) + on_disk.count("disk-z") + self.others
        limits = QuotaLimits(disk=self.disk_limit)
        groups = [Group(one, tuple(f"disk-{disk}" for disk in one)) for one in self.groups]

        freed = to_free(groups, held, Room(self.region_limit, used), limits, spare)

        def let_in(gone: list[str]) -> int:
            left = {disk: count - [spare[one] for one in gone].count(disk) for disk, count in held.items()}
            admission = admit(groups, left, Room(self.region_limit, used - len(gone)), limits)
            return sum(len(group.disk_ids) for group in admission.groups)

        assert let_in(freed) >= let_in([])
        assert all(let_in(freed[:place] + freed[place + 1 :]) < let_in(freed) for place in range(len(freed)))
