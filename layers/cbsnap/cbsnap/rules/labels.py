"""How far a snapshot may be trusted: never more than what was proved for this very disk.

A disk gets what its host's cover earned when its create was answered before the release was sent,
and every host of the group attests that nothing broke until this holder's own release. One member
that was not cut inside makes the whole group `crash`: its parts do not belong together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.model.labels import Label

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from cbsnap.ports.hosts import LeaseRecord

_LOST = {"EXPIRED": "expired", "FAILED": "failed"}  # all other ends are breaks
UNCONFIRMED = "the release was not confirmed: to be settled from the host's journal"


def labels(
    group: Collection[str], answered: Mapping[str, str], released: Sequence[LeaseRecord | None]
) -> dict[str, tuple[Label | None, str]]:
    """Return label and reason of each answered disk; the reason is empty for what the plan earned.

    `group`: all disks that belong together. `answered`: disk to snapshot id, what had been
    answered when the releases were sent. `released`: each host's answer to its release, None for
    one that has not come: then there is no label yet.
    """
    records = [record for record in released if record is not None]
    broken = _why_crash(group, answered, records)
    if broken:
        return dict.fromkeys(answered, (Label.CRASH, broken))
    if len(records) < len(released):
        return dict.fromkeys(answered, (None, UNCONFIRMED))
    covers = sorted((cover for one in records for cover in one.covers), key=lambda one: -one.label.rank)
    earned = {cover.disk_id: cover.label for cover in covers}  # of several for a disk, the weakest
    return {
        disk_id: (earned[disk_id], "")
        if disk_id in earned
        else (Label.CRASH, "the plan does not cover this disk")
        for disk_id in answered
    }


def lost(records: Iterable[LeaseRecord | None]) -> str:
    """Return in a word how a lease ended that was not held to its release; empty when all were.

    A release that was not confirmed is not lost yet.
    """
    ended = [one for one in records if one is not None and not one.whole]
    return next((_LOST.get(one.state, "broken") for one in ended), "")


def _why_crash(group: Collection[str], answered: Mapping[str, str], records: Sequence[LeaseRecord]) -> str:
    for record in records:
        if not record.whole:
            return f"the host was not held without a break: {record.reason or record.state.lower()}"
    absent = sorted(set(group) - set(answered))
    if absent:
        return f"taken without {', '.join(absent)}, which belong to the same moment"
    return ""
