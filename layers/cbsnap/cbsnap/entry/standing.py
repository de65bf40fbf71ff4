"""How disks stand, for people, programs and monitors: values for JSON, lines, metrics, an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbsnap.rules.coverage import Standing
from cbsnap.rules.drillreports import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cbsnap.rules.coverage import Coverage

_WELL = {Standing.COVERED, Standing.PENDING, Standing.UNSELECTED}
ALL_COVERED, SOME_STALE, SOME_WITHOUT = 0, 1, 2


def values(entries: Iterable[Coverage]) -> list[dict[str, Any]]:
    """Return one object for each disk and policy; `age_s` is the newest good one's, `drill` the last's."""
    return [
        {
            "region": entry.disk.region,
            "disk_id": entry.disk.id,
            "policy": entry.policy,
            "standing": entry.standing.value,
            "snapshot_id": entry.newest.snapshot.id if entry.newest else None,
            "label": entry.newest.label.value if entry.newest and entry.newest.label else None,
            "age_s": int(entry.age.total_seconds()) if entry.age is not None else None,
            "target_s": int(entry.within.total_seconds()) if entry.within is not None else None,
            "drill": verdict(entry),
            "drilled": entry.drilled.snapshot.id if entry.drilled else None,
        }
        for entry in entries
    ]


def metrics(entries: Sequence[Coverage]) -> Iterator[str]:
    """Yield lines in Prometheus's text format."""
    yield from _family(
        "cbsnap_disk_covered",
        "Whether the disk has a good snapshot that is fresh enough, or is owed none yet.",
        [(one, int(one.standing in _WELL)) for one in entries if one.policy is not None],
    )
    yield from _family(
        "cbsnap_newest_good_age_seconds",
        "Age of the disk's newest good snapshot.",
        [(one, int(one.age.total_seconds())) for one in entries if one.age is not None],
    )
    yield from _family(
        "cbsnap_newest_good_target_seconds",
        "How old the disk's newest good snapshot may be.",
        [(one, int(one.within.total_seconds())) for one in entries if one.within is not None],
    )
    yield from _family(
        "cbsnap_last_drill_passed",
        "Whether the last drill of the disk's snapshots passed.",
        [(one, int(verdict(one) == Verdict.PASSED.value)) for one in entries if one.drilled is not None],
    )
    yield "# HELP cbsnap_unselected_disks Disks that no policy selects."
    yield "# TYPE cbsnap_unselected_disks gauge"
    yield f"cbsnap_unselected_disks {sum(entry.standing is Standing.UNSELECTED for entry in entries)}"


def _family(name: str, what: str, values: Iterable[tuple[Coverage, int]]) -> Iterator[str]:
    yield f"# HELP {name} {what}"
    yield f"# TYPE {name} gauge"
    for entry, value in values:
        yield f"{name}{_labels(entry)} {value}"


def verdict(entry: Coverage) -> str | None:
    """Return in a word what the last drill of the disk's snapshots came to; None if there was none."""
    return entry.drilled.verdict.value if entry.drilled and entry.drilled.verdict else None


def exit_code(entries: Iterable[Coverage]) -> int:
    """Return what a monitor goes by: 0 all is covered, 1 some are stale, 2 some have no good one at all."""
    standings = {entry.standing for entry in entries}
    if Standing.NONE in standings:
        return SOME_WITHOUT
    return SOME_STALE if Standing.STALE in standings else ALL_COVERED


def _labels(entry: Coverage) -> str:
    """Return the labels; ids, regions and policies need no escaping, by their own rules."""
    return f'{{region="{entry.disk.region}",disk="{entry.disk.id}",policy="{entry.policy}"}}'
