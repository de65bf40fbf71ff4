"""How disks stand, for people, programs and monitors: values for JSON, lines, metrics, an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbsnap.rules.coverage import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cbsnap.rules.coverage import Coverage

_WELL = {Standing.COVERED, Standing.PENDING, Standing.UNSELECTED}
ALL_COVERED, SOME_STALE, SOME_WITHOUT = 0, 1, 2


def values(entries: Iterable[Coverage]) -> list[dict[str, Any]]:
    """Return one object for each disk and policy; `age_s` is that of the newest good snapshot."""
    return [
        {
            "region": entry.disk.region,
            "disk_id": entry.disk.id,
            "policy": entry.policy,
            "standing": entry.standing.value,
            "snapshot_id": entry.newest.snapshot.id if entry.newest else None,
            "label": entry.newest.label.value if entry.newest and entry.newest.label else None,
            "age_s": int(entry.age.total_seconds()) if entry.age is not None else None,
        }
        for entry in entries
    ]


def metrics(entries: Sequence[Coverage]) -> Iterator[str]:
    """Yield lines in Prometheus's text format."""
    yield "# HELP cbsnap_disk_covered Whether the disk has a good snapshot that is fresh enough."
    yield "# TYPE cbsnap_disk_covered gauge"
    for entry in entries:
        if entry.policy is not None:
            yield f"cbsnap_disk_covered{_labels(entry)} {int(entry.standing in _WELL)}"
    yield "# HELP cbsnap_newest_good_age_seconds Age of the disk's newest good snapshot."
    yield "# TYPE cbsnap_newest_good_age_seconds gauge"
    for entry in entries:
        if entry.age is not None:
            yield f"cbsnap_newest_good_age_seconds{_labels(entry)} {entry.age.total_seconds():.0f}"
    yield "# HELP cbsnap_unselected_disks Disks that no policy selects."
    yield "# TYPE cbsnap_unselected_disks gauge"
    yield f"cbsnap_unselected_disks {sum(entry.standing is Standing.UNSELECTED for entry in entries)}"


def exit_code(entries: Iterable[Coverage]) -> int:
    """Return what a monitor goes by: 0 all is covered, 1 some are stale, 2 some have no good one at all."""
    standings = {entry.standing for entry in entries}
    if Standing.NONE in standings:
        return SOME_WITHOUT
    return SOME_STALE if Standing.STALE in standings else ALL_COVERED


def _labels(entry: Coverage) -> str:
    """Return the labels; ids, regions and policies need no escaping, by their own rules."""
    return f'{{region="{entry.disk.region}",disk="{entry.disk.id}",policy="{entry.policy}"}}'
