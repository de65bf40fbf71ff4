"""The name of a snapshot: the one place where its run and its disk are written down.

`<policy>.<YYYYMMDDTHHMMZ>.<disk id without "disk-">[.<7 hex digits of the key's SHA-256>]`

Decides which names are ours and which run they belong to. Tags, which a snapshot needs besides
to be ours, are the adapters' and the jobs' business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import sha256
from typing import TYPE_CHECKING

from cbsnap.errors import InputError

if TYPE_CHECKING:
    from cbsnap.model.runs import Run

LONGEST = 60  # ModifySnapshotAttribute's limit on SnapshotName
MANUAL = "manual"  # the policy in the name of a snapshot that a person asked for
SAFETY = "safety"  # the same of one that is taken before a disk is overwritten
_DISK_PREFIX = "disk-"
_TIME_FORMAT = "%Y%m%dT%H%MZ"
_POLICY = r"[a-z][a-z0-9-]{1,27}"
_DISK = r"[a-z0-9][a-z0-9-]*"
_NAME = re.compile(
    rf"(?P<policy>{_POLICY})\.(?P<due>[0-9]{{8}}T[0-9]{{4}}Z)\.(?P<disk>{_DISK})(?:\.(?P<digest>[0-9a-f]{{7}}))?"
)


@dataclass(frozen=True, slots=True)
class SnapshotName:
    """What a name says; `due` is to the minute, `digest` stands for the key of what was asked for."""

    policy: str
    due: datetime
    disk_id: str
    digest: str | None = None


def snapshot_name(run: Run, disk_id: str) -> str:
    """Return the name of this run's snapshot of a disk.

    Raises InputError when policy or disk id cannot stand in a name of 60 characters.
    """
    check_policy_name(run.policy)
    parts = [run.policy, run.due.astimezone(timezone.utc).strftime(_TIME_FORMAT), _short(disk_id)]
    if run.key is not None:
        parts.append(digest(run.key))
    name = ".".join(parts)
    if len(name) > LONGEST:
        raise InputError(
            "disk_id",
            f"{disk_id!r} makes a snapshot name of {len(name)} characters, {LONGEST} at most: "
            "shorten the policy's name",
        )
    return name


def parse(name: str) -> SnapshotName | None:
    """Return what a name of ours says, or None for anybody else's."""
    match = _NAME.fullmatch(name)
    if match is None or len(name) > LONGEST:
        return None
    try:
        due = datetime.strptime(match["due"], _TIME_FORMAT).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return SnapshotName(match["policy"], due, _DISK_PREFIX + match["disk"], match["digest"])


def belongs(name: str, run: Run, disk_id: str) -> bool:
    """Tell whether a snapshot of this name is this run's of this disk.

    A run with a key is known by the key, whatever the time; one without by its due time.
    """
    parsed = parse(name)
    if parsed is None or (parsed.policy, parsed.disk_id) != (run.policy, disk_id):
        return False
    if run.key is not None:
        return parsed.digest == digest(run.key)
    return parsed.digest is None and parsed.due == run.due.replace(second=0, microsecond=0)


def check_policy_name(name: str) -> None:
    """Raise InputError for a policy name that cannot stand in a snapshot's name."""
    if re.fullmatch(_POLICY, name) is None:
        raise InputError(
            "policy",
            f"{name!r} cannot stand in a snapshot's name of {LONGEST} characters: "
            "use 2 to 28 lower-case letters, digits and hyphens, a letter first",
        )


def _short(disk_id: str) -> str:
    short = disk_id.removeprefix(_DISK_PREFIX)
    if short == disk_id or re.fullmatch(_DISK, short) is None:
        raise InputError("disk_id", f"{disk_id!r} is not a disk's id, which looks like disk-1a2b3c4d")
    return short


def digest(key: str) -> str:
    """Return the 7 hex digits that stand for a key in names."""
    return sha256(key.encode()).hexdigest()[:7]
