"""A disk is put back, step by step; what the next step is, the cloud says.

A safety snapshot of the disk is NORMAL before anything is overwritten, and a mark on it says that the
rollback is about to be sent: who finds a mark never sends again, but follows. Of two that come at the
same time, the one whose mark stays sends.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError, CloudFault, OutcomeUnknown, Refused, Throttled
from cbsnap.model.labels import Label
from cbsnap.model.runs import Run
from cbsnap.restoration import Progress, State
from cbsnap.rules import names, restored, restoring
from cbsnap.rules.ours import DEPLOYMENT_TAG, LABEL_TAG, POLICY_TAG, ours
from cbsnap.rules.restored import RESTORE_TAG, SAFETY, SENDING, SENT
from cbsnap.rules.restoring import Scene

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cbsnap.jobs.carrying import Means
    from cbsnap.model.cloud import Disk, Snapshot
    from cbsnap.restoration import RestoreOrder, Rollback

CREATE_S = 30.0
CLAIM_S = 3.0  # who takes longer from looking for a mark to writing one does not send
SEEN_S = 30.0  # within which a mark can be read back, and a rollback that was accepted shows
# 300 s in which a lost request can still be carried out, the time to send it, a margin for clocks.
WATCH_S = 420.0
_LOOK_AGAIN_S = 1.0
_TRIES = 5
_MARKS = 100  # few values, since an account's are limited (651/13354)


class RollingBack:
    """One rollback in the hands of one invocation."""

    def __init__(self, order: RestoreOrder, act: Rollback, means: Means) -> None:
        self._order = order
        self._act = act
        self._means = means
        self._watched_from_s: float | None = None
        self._unhindered_from_s: float | None = None
        self._stopping: tuple[str, ...] | None = None  # what the cloud stops, once it has accepted

    def step(self) -> Progress:
        """Look, do what is next, and return how far it has come. Raises CloudError."""
        scene = self._scene()
        safety = self._safety(scene)
        if safety is None:
            return self._told(scene) or self._secure(scene)
        progress = self._seen(safety, scene.disk)
        written = restored.mark(safety)
        if not written and safety.state == "NORMAL" and not progress.over:
            self._keep_for_a_while(safety)
            self._send(safety)
            return self._looked()
        if written.startswith(SENDING) and not progress.over:
            self._watch(safety, scene)
            return self._looked()
        if written == SENT and progress.state is State.DONE:
            self._note(restored.DONE)
            self._mark(safety, restored.DONE)
        return progress

    def give_up(self, code: str) -> Progress:
        """Leave word of why it failed, where whoever asks finds it; one that was sent may still be done."""
        scene = self._scene()
        safety = self._safety(scene)
        if safety is None:
            return self._told(scene) or self._left_word(scene, code)
        written = restored.mark(safety)
        if not written:
            self._mark(safety, f"{restored.FAILED}{code}")
        elif written.startswith(SENDING):
            self._mark(safety, restored.UNKNOWN)
        return self._looked()

    def _told(self, scene: Scene) -> Progress | None:
        """Return how it ended, if it did: a message that comes again begins nothing anew."""
        return restored.told_before([one for one in (scene.disk, scene.snapshot) if one], self._order.key)

    def _left_word(self, scene: Scene, code: str) -> Progress:
        """Write down why nothing came of it: on the disk, or on the snapshot where the disk is gone."""
        with suppress(Refused):
            if scene.disk is not None:
                self._note(code)
            elif scene.snapshot is not None:
                word = restored.word(self._order, code)
                self._means.cloud.tag_snapshots([scene.snapshot.id], RESTORE_TAG, word)
        return Progress(self._order.key, "rollback", State.FAILED, reason=restored.why(code))

    def _note(self, code: str) -> None:
        """Write on the disk what holds when the safety snapshot is gone."""
        word = restored.word(self._order, code)
        self._means.restorer.tag_disks([self._act.disk_id], RESTORE_TAG, word)

    def _safety(self, scene: Scene) -> Snapshot | None:
        return restored.safety_of(ours(scene.siblings, self._means.deployment), self._order.key)

    def _scene(self) -> Scene:
        cloud, disk_id = self._means.cloud, self._act.disk_id
        siblings = cloud.snapshots_of([disk_id])
        disk = next(iter(cloud.disks([disk_id])), None)
        source = next((one for one in siblings if one.id == self._act.snapshot_id), None)
        return Scene(source, disk, cloud.instances(disk.instance_ids) if disk else (), siblings)

    def _looked(self) -> Progress:
        scene = self._scene()
        safety = self._safety(scene)
        return Progress(self._order.key, "rollback") if safety is None else self._seen(safety, scene.disk)

    def _seen(self, safety: Snapshot, disk: Disk | None) -> Progress:
        return restored.rolled(self._order.key, safety, disk, self._means.clock.now())

    def _mark(self, safety: Snapshot, value: str) -> None:
        self._means.cloud.tag_snapshots([safety.id], RESTORE_TAG, value)

    def _secure(self, scene: Scene) -> Progress:
        """Begin the safety snapshot; while another one is being made, the cloud says that it is busy."""
        if code := restoring.obstacle(self._act, scene, None):
            return self.give_up(code)
        run = Run(SAFETY, self._means.clock.now(), self._order.key)
        disk_id = self._act.disk_id
        tags = {
            POLICY_TAG: SAFETY,
            DEPLOYMENT_TAG: self._means.deployment,
            LABEL_TAG: Label.CRASH.value,
        }
        name = names.snapshot_name(run, disk_id)
        answer = self._means.cloud.create_snapshots({disk_id: name}, tags, CREATE_S)[disk_id]
        if isinstance(answer, Exception):
            raise answer
        return self._looked()

    def _keep_for_a_while(self, safety: Snapshot) -> None:
        """Let the cloud delete it some day; one that it will not is kept for good."""
        if safety.deadline is None:
            with suppress(Refused):
                end = self._means.clock.now() + timedelta(days=restoring.SAFETY_DAYS)
                self._means.ending.set_deadline(safety.id, end)

    def _send(self, safety: Snapshot) -> None:
        """Send the rollback if nobody else does and nothing has changed; once it was marked, never again."""
        if code := self._obstacle(self._scene()):
            self.give_up(code)
            return
        self._note(SENT)
        if self._claimed(safety):
            scene = self._scene()
            if _rolling(scene.disk):
                return  # somebody was faster after all: it is followed
            if code := self._obstacle(scene):
                self._mark(safety, f"{restored.FAILED}{code}")
            else:
                self._apply(safety, [one for one in self._act.stop if one in scene.running])

    def _obstacle(self, scene: Scene) -> str:
        """Return the code of what keeps it from being sent; without its safety snapshot it is not."""
        safety = self._safety(scene)
        return restoring.obstacle(self._act, scene, safety) if safety else "SafetyGone"

    def _claimed(self, safety: Snapshot) -> bool:
        """Write the mark, wait for whoever writes at the same time, and tell whether it is still ours."""
        clock, mine = self._means.clock, f"{SENDING}{secrets.randbelow(_MARKS):02}"
        looked_s = clock.monotonic()
        if self._mark_on(safety):
            return False
        self._mark(safety, mine)
        if clock.monotonic() - looked_s > CLAIM_S:
            return False  # somebody may have written and sent in between: watched, as if it had been sent
        clock.sleep(CLAIM_S)
        while not (written := self._mark_on(safety)):
            if clock.monotonic() - looked_s > SEEN_S:
                self._mark(safety, f"{restored.FAILED}MarkNotSeen")
                return False
            clock.sleep(_LOOK_AGAIN_S)
        return written == mine

    def _mark_on(self, safety: Snapshot) -> str:
        return next((restored.mark(one) for one in self._means.cloud.snapshots([safety.id])), "")

    def _apply(self, safety: Snapshot, stop: Sequence[str]) -> None:
        """Send it, again only when the answer says that nothing was done for lack of room in the rate."""
        snapshot_id, disk_id, start = self._act.snapshot_id, self._act.disk_id, self._act.start and bool(stop)
        for _ in range(_TRIES):
            try:
                self._means.restorer.roll_back(snapshot_id, disk_id, stop=bool(stop), start=start)
            except (OutcomeUnknown, CloudFault):
                return  # it may have begun: watched from now on
            except Throttled as throttled:
                code = throttled.code
                self._means.clock.sleep(_LOOK_AGAIN_S)
            except CloudError as refused:
                code = refused.code
                break
            else:
                self._stopping = tuple(stop)
                self._watch(safety, self._scene())
                return
        if not _rolling(self._scene().disk):
            self._mark(safety, f"{restored.FAILED}{code}")

    def _watch(self, safety: Snapshot, scene: Scene) -> None:
        """Follow a rollback that somebody has marked, us or another: it shows, or nobody can tell."""
        now_s = self._means.clock.monotonic()
        self._watched_from_s = now_s if self._watched_from_s is None else self._watched_from_s
        if self._unhindered_from_s is None and self._is_unhindered(scene):
            self._unhindered_from_s = now_s
        unhindered_s = 0 if self._unhindered_from_s is None else now_s - self._unhindered_from_s
        if _rolling(scene.disk) or unhindered_s >= SEEN_S:
            self._mark(safety, SENT)
        elif now_s - self._watched_from_s >= WATCH_S:
            self._mark(safety, restored.UNKNOWN)

    def _is_unhindered(self, scene: Scene) -> bool:
        """Tell whether what the cloud has accepted could be seen: what it stops for it has stopped."""
        if self._stopping is None:
            return False
        states = {one.id: one.state for one in scene.instances}
        return all(states.get(one) not in {"RUNNING", "STOPPING"} for one in self._stopping)


def _rolling(disk: Disk | None) -> bool:
    return disk is not None and (disk.rolling_back or disk.state == "ROLLBACKING")
