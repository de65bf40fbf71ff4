"""What earlier runs would have left behind: snapshots of a fleet file, one for each due time.

Made up, and the same every time, so that the console has a history to show on its first day. What
happens once the demo is up is real.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cbsnap.model.labels import Label
from cbsnap.model.runs import Run
from cbsnap.rules import names, schedule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from cbsnap.model.policies import Policy

TAKES = timedelta(seconds=2)  # from the due time until the snapshot is there
WORN = timedelta(days=2)  # lesser ones are deleted after days: only young ones are seen


@dataclass(frozen=True)
class Line:
    """One disk under one policy: runs of these last `days` days, the latest `lacks` of them left out.

    Every `lesser`th of the young ones is as after a power cut. `drill` is the verdict on the newest.
    """

    policy: str
    disk_id: str
    label: Label
    days: int
    lacks: int = 0
    lesser: int = 0
    drill: str = ""


def scheduled(line: Line, policy: Policy, deployment: str, now: datetime) -> list[dict[str, Any]]:
    """Return a line's snapshots, the newest first, as a fleet file has them."""
    dues = list(_dues(policy, now - timedelta(days=line.days), now))[line.lacks :]
    found: list[dict[str, Any]] = []
    for place, due in enumerate(dues):
        worse = line.lesser and place % line.lesser == line.lesser - 1 and now - due < WORN
        tags = {"cbsnap:label": (Label.CRASH if worse else line.label).value}
        if line.drill and not found:
            tags["cbsnap:drill"] = line.drill
        found.append(_snapshot(Run(line.policy, due), line.disk_id, deployment, tags))
    return found


def asked_for(title: str, disk_id: str, deployment: str, when: datetime) -> dict[str, Any]:
    """Return a snapshot that a person asked for by name."""
    tags = {"cbsnap:label": Label.APPLICATION.value, "cbsnap:title": title}
    return _snapshot(Run("manual", when, title), disk_id, deployment, tags)


def _dues(policy: Policy, since: datetime, now: datetime) -> Iterator[datetime]:
    due = schedule.latest_due(policy.schedule, policy.time_zone, now)
    while due > since:
        yield due
        due = schedule.latest_due(policy.schedule, policy.time_zone, due - timedelta(minutes=1))


def _snapshot(run: Run, disk_id: str, deployment: str, tags: Mapping[str, str]) -> dict[str, Any]:
    name = names.snapshot_name(run, disk_id)
    return {
        "id": f"snap-{hashlib.sha256(name.encode()).hexdigest()[:8]}",
        "disk": disk_id,
        "name": name,
        "created": (run.due + TAKES).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "tags": {"cbsnap:deployment": deployment, "cbsnap:policy": run.policy, **tags},
    }
