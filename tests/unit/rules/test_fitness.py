"""A disk that cannot be taken is told so before anything is locked, with what to do."""

from dataclasses import replace

import pytest
from cbsnap.model.cloud import Disk
from cbsnap.model.runs import Decision
from cbsnap.rules.fitness import unfit

DISK = Disk("disk-1", "ap-guangzhou", "ap-guangzhou-6", "data", "DATA_DISK", "ATTACHED", 100)


@pytest.mark.parametrize("state", ["ATTACHED", "UNATTACHED", "A_STATE_OF_TOMORROW"])
def test_a_disk_at_rest_is_fit_and_an_unknown_state_is_the_clouds_to_judge(state: str) -> None:
    assert unfit(replace(DISK, state=state)) is None


@pytest.mark.parametrize(
    "disk",
    [
        replace(DISK, state="ATTACHING"),
        replace(DISK, state="DETACHING"),
        replace(DISK, state="EXPANDING"),
        replace(DISK, state="ROLLBACKING"),
        replace(DISK, state="DUMPING"),
        replace(DISK, rolling_back=True),
        replace(DISK, migrating=True),
        replace(DISK, migrating=True, snapshot_ability=False),
    ],
)
def test_what_passes_by_itself_is_deferred(disk: Disk) -> None:
    found = unfit(disk)

    assert found is not None
    assert found.decision is Decision.DEFERRED
    assert "can be taken when that has ended" in found.reason


@pytest.mark.parametrize(
    ("disk", "word"),
    [
        (replace(DISK, state="TORECYCLE"), "recycle bin"),
        (replace(DISK, shareable=True), "ShareDiskNotSupportSnap"),
        (replace(DISK, shareable=True, migrating=True), "ShareDiskNotSupportSnap"),
        (replace(DISK, snapshot_ability=False), "SnapshotAbility"),
    ],
)
def test_what_does_not_pass_is_refused_with_its_cause(disk: Disk, word: str) -> None:
    found = unfit(disk)

    assert found is not None
    assert found.decision is Decision.REFUSED
    assert word in found.reason
