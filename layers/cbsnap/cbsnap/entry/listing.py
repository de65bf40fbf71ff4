"""What a dry run prints: one line a snapshot, with the reason for its fate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cbsnap.jobs.prune import Judged

_HEADINGS = ("snapshot", "disk", "due (UTC)", "label", "fate", "why")


def values(judged: Iterable[Judged]) -> list[dict[str, Any]]:
    """Return one object for each snapshot, in the same order."""
    return [
        {
            "snapshot_id": verdict.of.snapshot.id,
            "region": verdict.of.snapshot.region,
            "disk_id": verdict.of.name.disk_id,
            "policy": verdict.of.name.policy,
            "due": verdict.of.name.due.isoformat(),
            "label": verdict.of.label.value if verdict.of.label else None,
            "stays": verdict.stays,
            "reason": verdict.reason,
        }
        for one in judged
        for verdict in one.verdicts
    ]


def verdicts(judged: Iterable[Judged]) -> Iterator[str]:
    """Yield the lines of a table, by policy and disk, newest first."""
    rows = [_HEADINGS]
    for one in judged:
        for verdict in one.verdicts:
            mine = verdict.of
            rows.append(
                (
                    mine.snapshot.id,
                    mine.name.disk_id,
                    f"{mine.name.due:%Y-%m-%d %H:%M}",
                    mine.label.value if mine.label else "unproven",
                    "stays" if verdict.stays else "goes",
                    verdict.reason,
                )
            )
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
