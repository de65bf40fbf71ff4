"""How far a restore has come: read from names, states and marks of what it made, and from nothing else.

A mark is the tag `cbsnap:restore`. On a rollback's safety snapshot: `sending <nn>` right before the
rollback is sent, `sent` once it has begun, then `done`, `failed <code>` or `unknown`. On a made disk:
`making`, `done`, `failed <code>`. What outlives these is `<digest> <kind> <code>`: on the disk that a
rollback overwrites (`sent`, then `done`, or why nothing came of it), and on a snapshot that a clone that
failed before it made anything was to be made of. Few values, since an account's are limited (651/13354).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from cbsnap.errors import InputError
from cbsnap.model import Disk
from cbsnap.restoration import Progress, State
from cbsnap.rules import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from cbsnap.model import Snapshot
    from cbsnap.restoration import Clone, RestoreOrder
    from cbsnap.rules.ours import Ours

RESTORE_TAG = "cbsnap:restore"
SAFETY = names.SAFETY
GIVEN_UP = timedelta(hours=6)
DESERTED = GIVEN_UP + timedelta(hours=1)  # whoever works at it has given up by then, and said so
RESTORED = "restored"  # how the names of disks that a person has made begin
DONE, SENT, UNKNOWN, MAKING = "done", "sent", "unknown", "making"
FAILED, SENDING = "failed ", "sending "
AT_REST = ("ATTACHED", "UNATTACHED")
READY = (*AT_REST, "ATTACHING")  # a disk that is still being made is in neither (CreateDisks in the SDK)
_MADE = re.compile(
    r"(?P<purpose>[a-z]+)-(?P<snapshot>snap-[a-z0-9]+)\.(?P<digest>[0-9a-f]{7})"
    r"\.(?P<count>[0-9]{1,3})(?:\.(?P<instance>ins-[a-z0-9-]+))?"
)
_OUTCOMES = {DONE: State.DONE, SENT: State.UNKNOWN}
_REASONS = {
    "SnapshotChanged": "the snapshot was deleted, or is not NORMAL any more",
    "DiskGone": "the disk is gone",
    "DiskChanged": "the disk was changing when it was its turn: again when that has ended",
    "DiskMoved": "the disk was attached or detached since the plan was shown: look at the plan again",
    "InstanceRunning": "an instance was started since the plan was shown: look at the plan again",
    "MarkNotSeen": "the mark that keeps a rollback from being sent twice could not be read back",
    "SafetyGone": "the safety snapshot is gone, and nothing was overwritten",
    "sent": "it was about to be sent, and its safety snapshot is gone since: look at the disk's content",
    "GivenUp": f"it did not come to an end within {GIVEN_UP / timedelta(hours=1):.0f} hours",
}


@dataclass(frozen=True, slots=True)
class MadeName:
    """What the name of a made disk says; `count` disks are made together, for `instance_id` if it is set."""

    purpose: str
    snapshot_id: str
    digest: str
    count: int
    instance_id: str | None


def disk_name(key: str, clone: Clone, snapshot_id: str) -> str:
    """Return a made disk's name: `<purpose>-<snapshot id>.<digest>.<count>[.<instance id>]`.

    Raises InputError for one over the 60 bytes of CreateDisks (SDK).
    """
    parts = [f"{clone.purpose}-{snapshot_id}", names.digest(key), str(len(clone.disks))]
    name = ".".join([*parts, clone.instance_id] if clone.instance_id else parts)
    if len(name.encode()) > names.LONGEST:
        raise InputError("attach_to", f"the disk's name {name} would be longer than {names.LONGEST} bytes")
    return name


def parse(name: str) -> MadeName | None:
    """Return what the name of a made disk says, or None for any other."""
    match = _MADE.fullmatch(name)
    if match is None:
        return None
    return MadeName(
        match["purpose"], match["snapshot"], match["digest"], int(match["count"]), match["instance"]
    )


def mark(one: Snapshot | Disk) -> str:
    """Return the mark that a restore has left, empty if none."""
    return one.tags.get(RESTORE_TAG, "")


def digests(mine: Iterable[Ours], disks: Iterable[Disk]) -> list[str]:
    """Return the digests of the keys of all restores that have left something, drills not among them."""
    made = (parse(disk.name) for disk in disks)
    found = [one.name.digest for one in mine if one.name.policy == SAFETY]
    found += [name.digest for name in made if name and name.purpose == RESTORED]
    return [one for one in dict.fromkeys(found) if one]


def safety_of(mine: Iterable[Ours], key: str) -> Snapshot | None:
    """Return the safety snapshot of the rollback with this key."""
    return safety_by(mine, names.digest(key))


def safety_by(mine: Iterable[Ours], digest: str) -> Snapshot | None:
    """Return a rollback's safety snapshot; were there two, the one with a mark, then the older one."""
    found = [
        one.snapshot
        for one in mine
        if (one.name.policy, one.name.digest) == (SAFETY, digest) and one.snapshot.state != "TORECYCLE"
    ]
    return min(found, key=lambda one: (not mark(one), one.created_at, one.id), default=None)


def disks_of(disks: Iterable[Disk], key: str) -> list[Disk]:
    """Return the disks that the clone with this key has made."""
    return disks_by(disks, names.digest(key))


def disks_by(disks: Iterable[Disk], digest: str) -> list[Disk]:
    """Return the disks that a clone has made, in the order of their names."""
    named = [(parse(disk.name), disk) for disk in disks if disk.state != "TORECYCLE"]
    return sorted((disk for name, disk in named if name and name.digest == digest), key=lambda one: one.name)


def word(order: RestoreOrder, code: str) -> str:
    """Return what a restore writes down where it can still be read when what it made is gone."""
    of = f" {order.rollback.snapshot_id}" if order.rollback else ""
    return f"{names.digest(order.key)} {kind_of(order)} {code}{of}"


def told_before(where: Iterable[Snapshot | Disk], key: str) -> Progress | None:
    """Return what a restore of this key came to by the word that it has left; None if it left none."""
    for one in where:
        if written := _written(one, key):
            kind, code, _ = written
            return _told(one, Progress(key, kind, _OUTCOMES.get(code, State.FAILED)), code)
    return None


def source_of(where: Iterable[Snapshot | Disk], key: str) -> str | None:
    """Return the snapshot that a rollback of this key was to, by its word; None while it has left none."""
    return next((written[2] for one in where if (written := _written(one, key))), None)


def _written(one: Snapshot | Disk, key: str) -> tuple[str, str, str] | None:
    """Return kind, code and source of the word that a restore of this key has left here."""
    digest, _, rest = mark(one).partition(" ")
    kind, _, said = rest.partition(" ")
    code, _, source = said.partition(" ")
    return (kind, code, source) if digest == names.digest(key) else None


def _told(one: Snapshot | Disk, progress: Progress, code: str) -> Progress:
    told = replace(progress, percent=100) if code == DONE else replace(progress, reason=why(code))
    return (
        replace(told, disk_ids=(one.id,)) if isinstance(one, Disk) else replace(told, snapshot_ids=(one.id,))
    )


def kind_of(order: RestoreOrder) -> str:
    """Return which kind of restore is ordered."""
    return "rollback" if order.rollback else "clone"


def rolled(key: str, safety: Snapshot, disk: Disk | None, now: datetime) -> Progress:
    """Return how far a rollback has come; `disk` is None when it is gone."""
    state, reason = _rolled(safety, disk, now)
    disk_id = safety.disk_id
    percents = {State.SAFETY: safety.percent, State.ROLLING_BACK: disk.rollback_percent if disk else None}
    steps = (
        (f"take the safety snapshot {safety.id} of {disk_id}", safety.state != "CREATING"),
        (f"roll {disk_id} back", state is State.DONE),
    )
    percent = 100 if state is State.DONE else percents.get(state)
    return Progress(key, "rollback", state, percent, steps, (safety.id,), (disk_id,), reason)


def _rolled(safety: Snapshot, disk: Disk | None, now: datetime) -> tuple[State, str]:
    written = mark(safety)
    if ended := _ended(written, safety.id):
        return ended
    if disk is None:
        return State.FAILED, _REASONS["DiskGone"]
    return _sent(written, safety, disk, now) if written else _secured(safety, now)


def _sent(written: str, safety: Snapshot, disk: Disk, now: datetime) -> tuple[State, str]:
    if disk.rolling_back or disk.state not in AT_REST:
        return State.ROLLING_BACK, ""
    if written == SENT:
        return State.DONE, ""
    if now > safety.created_at + DESERTED:
        return State.UNKNOWN, doubt(safety.id)
    return State.ROLLING_BACK, "the rollback is being sent, or was interrupted just then"


def _ended(written: str, safety_id: str) -> tuple[State, str] | None:
    if written == DONE:
        return State.DONE, ""
    if written == UNKNOWN:
        return State.UNKNOWN, doubt(safety_id)
    if written.startswith(FAILED):
        kept = f"; {safety_id} holds what the disk held" if safety_id else ""
        return State.FAILED, why(written.removeprefix(FAILED)) + kept
    return None


def _secured(safety: Snapshot, now: datetime) -> tuple[State, str]:
    if now > safety.created_at + DESERTED:
        return (
            State.FAILED,
            "nobody carried it on, and nothing was overwritten: start it again with another key",
        )
    return State.SAFETY, ""


def doubt(safety_id: str) -> str:
    """Return what a person has to know when nobody can tell whether a rollback was carried out."""
    return (
        "whether the rollback was carried out is not known, and it is not sent again: look at the disk's "
        f"content; {safety_id} holds what it held before; to roll back again, start with another key"
    )


def why(code: str) -> str:
    """Return a sentence for the code that a restore failed with."""
    return _REASONS.get(code, f"the cloud refused with {code}; its words are in the log of the function")


def made(key: str, disks: Sequence[Disk], now: datetime) -> Progress:
    """Return how far a clone has come, from the disks that it has made, at least one."""
    name = parse(disks[0].name)
    if name is None:
        raise ValueError(f"{disks[0].name} is not the name of a made disk")
    ready = [disk for disk in disks if disk.state in READY]
    attached = [d for d in ready if d.state == "ATTACHED" and name.instance_id in d.instance_ids]
    state, reason = _made(name, disks, len(ready), len(attached), now)
    steps = [
        (f"make {name.count} disk{'s' * (name.count > 1)}", len(ready) >= name.count or state is State.DONE)
    ]
    if name.instance_id:
        steps.append((f"attach them to {name.instance_id}", state is State.DONE))
    share = {State.MAKING: len(ready), State.ATTACHING: len(attached), State.DONE: name.count}
    percent = 100 * share[state] // name.count if state in share else None
    sources = tuple(found.snapshot_id for disk in disks if (found := parse(disk.name)))
    ids = tuple(disk.id for disk in disks)
    return Progress(key, "clone", state, percent, tuple(steps), sources, ids, reason)


def _made(
    name: MadeName, disks: Sequence[Disk], ready: int, attached: int, now: datetime
) -> tuple[State, str]:
    marks = [written for disk in disks if (written := mark(disk))]
    if ended := next(filter(None, (_ended(one, "") for one in marks)), None):
        return ended
    wanted = attached if name.instance_id else ready
    if wanted >= name.count:
        return State.DONE, ""
    newest = max((disk.created_at for disk in disks if disk.created_at), default=now)
    if now > newest + DESERTED:
        return (
            State.FAILED,
            f"nobody carried it on: {ready} of {name.count} disks are made, {attached} attached",
        )
    return (State.ATTACHING if ready >= name.count else State.MAKING), ""
