"""Every disk is told how it stands with each policy that selects it, or that none does."""

from datetime import datetime, timedelta, timezone

import pytest
from cbsnap.model import Disk, Label, Selection, Snapshot
from cbsnap.rules.coverage import Coverage, Need, Standing, coverage
from cbsnap.rules.names import SnapshotName
from cbsnap.rules.ours import Ours

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)
DATA = Disk("disk-a", "ap-guangzhou", "ap-guangzhou-6", "", "DATA_DISK", "ATTACHED", 10)
BOOT = Disk("disk-b", "ap-guangzhou", "ap-guangzhou-6", "", "SYSTEM_DISK", "ATTACHED", 10)
NO_TAGS: dict[str, str] = {}
NIGHTLY = Need("nightly", Selection(usage="DATA_DISK"), Label.FILESYSTEM, timedelta(hours=26))


def shot(
    hours: int,
    label: Label | None = Label.APPLICATION,
    state: str = "NORMAL",
    region: str = "ap-guangzhou",
    tags: dict[str, str] = NO_TAGS,
) -> Ours:
    due = NOW - timedelta(hours=hours)
    snapshot = Snapshot(f"snap-{hours}", region, "", "disk-a", state, 100, due, 10, tags=tags)
    return Ours(snapshot, SnapshotName("nightly", due, "disk-a"), label)


def standing(*snapshots: Ours) -> Coverage:
    [entry] = coverage([DATA], [NIGHTLY], snapshots, NOW)
    return entry


def test_a_fresh_good_snapshot_covers_its_disk() -> None:
    newest = shot(26)

    entry = standing(shot(50), newest)

    assert entry == Coverage(DATA, Standing.COVERED, "nightly", newest, timedelta(hours=26), NIGHTLY.within)


def test_a_good_snapshot_that_is_too_old_is_stale() -> None:
    assert standing(shot(27)).standing is Standing.STALE


@pytest.mark.parametrize(
    "lesser",
    [shot(1, Label.CRASH), shot(1, None), shot(1, state="CREATING"), shot(1, region="ap-singapore")],
)
def test_a_lesser_unfinished_or_far_snapshot_covers_nothing(lesser: Ours) -> None:
    assert standing(lesser) == Coverage(DATA, Standing.NONE, "nightly", within=NIGHTLY.within)
    assert standing(lesser, shot(30)).standing is Standing.STALE


def test_what_failed_its_drill_covers_nothing_and_is_the_last_drill() -> None:
    broken = shot(1, tags={"cbsnap:drill": "failed"})
    passed = shot(30, tags={"cbsnap:drill": "passed"})

    entry = standing(passed, broken)

    assert (entry.standing, entry.newest, entry.drilled) == (Standing.STALE, passed, broken)


def test_a_disk_that_no_policy_selects_is_listed() -> None:
    entries = coverage([BOOT, DATA], [NIGHTLY], [shot(1)], NOW)

    assert [(entry.disk.id, entry.standing) for entry in entries] == [
        ("disk-a", Standing.COVERED),
        ("disk-b", Standing.UNSELECTED),
    ]


def test_a_disk_stands_with_each_of_its_policies_by_itself() -> None:
    weekly = Need("weekly", Selection(), Label.CRASH, timedelta(days=8))

    entries = coverage([DATA], [weekly, NIGHTLY], [shot(1)], NOW)

    assert [(entry.policy, entry.standing) for entry in entries] == [
        ("nightly", Standing.COVERED),
        ("weekly", Standing.NONE),
    ]
