"""Disks are made of snapshots and attached, step by step; what the next step is, the cloud says.

A disk is looked for by its name before it is made, and made with a token besides, so that doing it
again makes none twice.
"""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING

from cbsnap.errors import OutcomeUnknown, Refused
from cbsnap.restoration import Progress, State
from cbsnap.rules import restored
from cbsnap.rules.ours import DEPLOYMENT_TAG
from cbsnap.rules.restored import RESTORE_TAG

if TYPE_CHECKING:
    from cbsnap.jobs.carrying import Means
    from cbsnap.model.cloud import Disk, NewDisk, Snapshot
    from cbsnap.restoration import Clone, RestoreOrder

AT_ONCE = 10  # disks of one AttachDisks call (SDK)


class Cloning:
    """One clone in the hands of one invocation."""

    def __init__(self, order: RestoreOrder, act: Clone, means: Means) -> None:
        self._order = order
        self._means = means
        self._instance_id = act.instance_id
        self._sources = [disk.snapshot_id for disk in act.disks]
        self._wanted = {restored.disk_name(order.key, act, disk.snapshot_id): disk for disk in act.disks}

    def step(self) -> Progress:
        """Look, do what is next, and return how far it has come. Raises CloudError."""
        made = self._made()
        if not made and (told := restored.told_before(self._sources_there(), self._order.key)):
            return told  # a message that comes again begins nothing anew
        progress = self._seen(made)
        if progress.over:
            self._close(made, progress)
        elif missing := self._wanted.keys() - {disk.name for disk in made}:
            for name in sorted(missing):
                self._make(name, self._wanted[name])
        elif progress.state is State.ATTACHING:
            self._attach(made)
        return progress

    def give_up(self, code: str) -> Progress:
        """Leave word of why it failed, where whoever asks finds it; what was made stays."""
        if made := self._made():
            self._mark(made, f"{restored.FAILED}{code}")
            return self._seen(self._made())
        with suppress(Refused):
            there = [one.id for one in self._sources_there()][:1]
            self._means.cloud.tag_snapshots(there, RESTORE_TAG, restored.word(self._order, code))
        return Progress(self._order.key, "clone", State.FAILED, reason=restored.why(code))

    def _sources_there(self) -> list[Snapshot]:
        return self._means.cloud.snapshots(self._sources)

    def _made(self) -> list[Disk]:
        named = self._means.restorer.disks_named(list(self._wanted))
        return restored.disks_of(named, self._order.key)

    def _seen(self, made: list[Disk]) -> Progress:
        if not made:
            return Progress(self._order.key, "clone", State.MAKING, 0)
        return restored.made(self._order.key, made, self._means.clock.now())

    def _mark(self, disks: list[Disk], value: str) -> None:
        self._means.restorer.tag_disks([disk.id for disk in disks], RESTORE_TAG, value)

    def _close(self, made: list[Disk], progress: Progress) -> None:
        """Write down that it is done, since a person may detach or delete a disk later."""
        if progress.state is State.DONE and any(restored.mark(disk) != restored.DONE for disk in made):
            self._mark(made, restored.DONE)

    def _make(self, name: str, disk: NewDisk) -> None:
        tags = {DEPLOYMENT_TAG: self._means.deployment, RESTORE_TAG: restored.MAKING}
        token = f"{sha256(self._order.key.encode()).hexdigest()[:40]}-{disk.snapshot_id}"
        self._means.restorer.create_disk(disk, name, tags, token)

    def _attach(self, made: list[Disk]) -> None:
        loose = [disk.id for disk in made if disk.state == "UNATTACHED"]
        for start in range(0, len(loose), AT_ONCE):
            try:
                self._means.restorer.attach(loose[start : start + AT_ONCE], self._instance_id or "")
            except OutcomeUnknown:
                return  # the next look tells
