"""Which snapshots a drill tries: the newest good run, one host's disks, all or none, hosts in turn."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from cbsnap.errors import InputError
from cbsnap.model.cloud import Disk, Snapshot
from cbsnap.model.labels import Label
from cbsnap.model.plan import Target
from cbsnap.model.policies import Drilling, Grouping, Keep, Policy, Selection
from cbsnap.rules.drilling import chosen, newest_drilled, newest_run, place
from cbsnap.rules.ours import Ours, ours

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
THEIRS = "qcs::cam::uin/100000000002:roleName/cbsnap"
DRILLING = Drilling("ins-scratch", "0 5 * * 0", 4 * HOUR, max_gib=100)
POLICY = Policy(
    "orders", Selection(), "0 * * * *", "UTC", HOUR, Keep(last=3), Grouping.INSTANCE, good=Label.APPLICATION
)


def disk(disk_id: str, instance_id: str = "ins-1", **changed: object) -> Disk:
    made = Disk(disk_id, "r", "r-1", "", "DATA_DISK", "ATTACHED", 10, (instance_id,))
    return replace(made, **changed)  # type: ignore[arg-type]


def shot(
    disk_id: str, hours_ago: int = 1, drill: str = "", label: str = "application", **changed: object
) -> Ours:
    due = NOON - hours_ago * HOUR
    tags = {"cbsnap:deployment": "prod", "cbsnap:label": label} | ({"cbsnap:drill": drill} if drill else {})
    made = Snapshot(
        f"snap-{disk_id.removeprefix('disk-')}{hours_ago}",
        "r",
        f"orders.{due:%Y%m%dT%H%MZ}.{disk_id.removeprefix('disk-')}",
        disk_id,
        "NORMAL",
        100,
        due,
        10,
        tags=tags,
    )
    (one,) = ours([replace(made, **changed)], "prod")  # type: ignore[arg-type]
    return one


def choice(mine: list[Ours], *disks: Disk, policy: Policy = POLICY, max_gib: int = 100) -> list[str]:
    by_id = {one.id: one for one in disks}
    found = chosen(policy, replace(DRILLING, max_gib=max_gib), mine, by_id, NOON)
    return [one.snapshot.id for one in found.snapshots]


def test_the_newest_good_run_is_taken_not_a_newer_lesser_one() -> None:
    mine = [shot("disk-a", 3), shot("disk-a", 2), shot("disk-a", 1, label="crash")]

    assert choice(mine, disk("disk-a")) == ["snap-a2"]


def test_what_came_after_the_drill_was_due_waits_for_the_next() -> None:
    mine = [shot("disk-a", 3), shot("disk-a", 1)]

    assert [one.snapshot.id for one in newest_run(POLICY, mine, NOON - 2 * HOUR)] == ["snap-a3"]


@pytest.mark.parametrize(
    "changed",
    [{"usage": "SYSTEM_DISK"}, {"copied": True}, {"state": "CREATING"}, {"name": "other.20261122T1100Z.a"}],
)
def test_what_cannot_be_cloned_here_or_is_another_policys_is_no_choice(changed: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="no good run"):
        choice([shot("disk-a", **changed)], disk("disk-a"))


def test_a_host_is_tried_whole_or_not() -> None:
    mine = [shot("disk-a"), shot("disk-c")]
    disks = [disk("disk-a"), disk("disk-b"), disk("disk-c", "ins-2")]

    assert choice(mine, *disks) == ["snap-c1"]


def test_a_system_disk_is_left_out_of_its_host() -> None:
    disks = [disk("disk-a"), disk("disk-sys", usage="SYSTEM_DISK")]

    assert choice([shot("disk-a"), shot("disk-sys", usage="SYSTEM_DISK")], *disks) == ["snap-a1"]


def test_a_group_over_hosts_is_tried_one_host_at_a_time() -> None:
    together = replace(POLICY, group=Grouping.ALL)

    assert choice(
        [shot("disk-a"), shot("disk-b")], disk("disk-a"), disk("disk-b", "ins-2"), policy=together
    ) == ["snap-a1"]


def test_the_host_whose_drill_is_longest_ago_has_its_turn() -> None:
    disks = [disk(f"disk-{one}", f"ins-{one}") for one in "abc"]
    mine = [shot(f"disk-{one}") for one in "abc"]
    drilled = [shot("disk-a", 3, "failed"), shot("disk-b", 5, "passed"), shot("disk-c", 4, "late")]

    assert choice([*mine, *drilled], *disks) == ["snap-b1"]


def test_a_disk_that_is_gone_is_tried_by_itself() -> None:
    assert choice([shot("disk-a"), shot("disk-b")]) == ["snap-a1"]


def test_what_is_over_the_cap_gives_way_to_what_fits_and_else_says_how_much_it_needs() -> None:
    mine = [shot("disk-a", size_gib=80), shot("disk-b", size_gib=30)]
    disks = [disk("disk-a"), disk("disk-b", "ins-2")]

    assert choice(mine, *disks, max_gib=40) == ["snap-b1"]
    with pytest.raises(InputError, match="needs 1 disks, 30 GiB; allowed are 20, 20 GiB"):
        choice(mine, *disks, max_gib=20)


def test_only_a_known_verdict_counts_as_one() -> None:
    mine = [shot("disk-a", 3, "passed"), shot("disk-a", 2, "excellent"), shot("disk-a", 1)]

    assert [one.snapshot.id for one in newest_drilled(POLICY, mine)] == ["snap-a3"]


@pytest.mark.parametrize(
    ("region", "role", "targets", "found"),
    [
        (None, None, [Target("a")], Target("a")),
        (None, None, [Target("a", THEIRS)], Target("a", THEIRS)),
        ("b", None, [Target("a"), Target("b", THEIRS)], Target("b", THEIRS)),
        ("a", None, [Target("a", THEIRS), Target("a")], Target("a")),
        ("a", THEIRS, [Target("a", THEIRS), Target("a")], Target("a", THEIRS)),
        ("a", None, [Target("a", THEIRS), Target("a", "another")], None),
        ("a", "another", [Target("a", THEIRS), Target("a")], None),
        ("c", None, [Target("a")], None),
    ],
)
def test_of_two_accounts_in_a_region_one_is_drilled(
    region: str | None, role: str | None, targets: list[Target], found: Target | None
) -> None:
    assert place(targets, replace(DRILLING, region=region, role=role)) == found
