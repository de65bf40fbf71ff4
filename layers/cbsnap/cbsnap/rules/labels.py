"""How far a snapshot may be trusted: never more than what was proved for this very disk.

A disk gets what its lease's cover earned when its create was answered before the release was
sent, and the host attests that nothing broke until this holder's own release. One member of a
group that was not cut inside makes the whole group `crash`: its parts do not belong together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.model import Label

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cbsnap.ports import LeaseRecord


def labels(
    group: Collection[str], answered: Mapping[str, str], released: LeaseRecord
) -> dict[str, tuple[Label, str]]:
    """Return label and reason of each answered disk; the reason is empty for what the plan earned.

    `group`: all disks that belong together. `answered`: disk to snapshot id, what had been
    answered when the release was sent. `released`: the host's answer to that release.
    """
    broken = _why_crash(group, answered, released)
    if broken:
        return dict.fromkeys(answered, (Label.CRASH, broken))
    earned = {cover.disk_id: cover.label for cover in released.covers}
    return {
        disk_id: (earned[disk_id], "")
        if disk_id in earned
        else (Label.CRASH, "the plan does not cover this disk")
        for disk_id in answered
    }


def _why_crash(group: Collection[str], answered: Mapping[str, str], released: LeaseRecord) -> str:
    if not released.whole:
        return f"the host was not held without a break: {released.reason or released.state.lower()}"
    absent = sorted(set(group) - set(answered))
    if absent:
        return f"taken without {', '.join(absent)}, which belong to the same moment"
    return ""
