"""Drills that are started from the command: what each would try, and what came of it.

Which snapshots are tried and how is `jobs.drill`'s part; the answer comes from the function that did it, or,
when its time was over and later passes carried it on, from the verdict on the snapshots.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cbsnap import wire
from cbsnap.entry.cli.following import Part, follow
from cbsnap.entry.cli.handover import HandedOver
from cbsnap.errors import InputError
from cbsnap.jobs import drill, standings
from cbsnap.jobs.inventory import Inventory
from cbsnap.rules import drilling
from cbsnap.rules.clones import under_way
from cbsnap.rules.drillreports import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cbsnap.entry.cli.session import Session
    from cbsnap.jobs.standings import Standing
    from cbsnap.model import Drilling, Policy, Target
    from cbsnap.ports import Answered
    from cbsnap.rules.drilling import Choice
    from cbsnap.upkeep import Upkeep

PASSED, FAILED, UNFINISHED = 0, 1, 3  # what the command exits with
NOT_BEGUN = "nothing was begun: another drill has the instance, or this key's drill was carried out before"
AS_IT_STANDS = "the verdict that stands on its snapshots; what was looked at is in the functions' log"
_CODES = {Verdict.PASSED.value: PASSED, Verdict.FAILED.value: FAILED, Verdict.LATE.value: FAILED}


@dataclass(frozen=True)
class Ended:
    """What came of a drill; `verdict` is empty when it was only started, `checks` as in the HTTP API."""

    policy: str
    region: str
    key: str
    snapshots: tuple[str, ...]
    verdict: str = ""
    cut: str = ""
    reason: str = ""
    checks: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Turn:
    """One policy's drill that can be started."""

    session: Session
    target: Target
    policy: str
    key: str
    wanted: Drilling
    choice: Choice

    @property
    def region(self) -> str:
        """The region."""
        return self.target.region

    @property
    def instance(self) -> str:
        """The scratch instance."""
        return self.wanted.instance

    @property
    def checks(self) -> str | None:
        """The section of the host's configuration that says what is looked at."""
        return self.wanted.checks

    def begun(self, sent: HandedOver | None = None) -> Ended:
        """Hand it over, as `POST /v1/drills` does."""
        wiring = self.session.wiring
        keeper = sent or HandedOver(wiring)
        drill.ask(self.policy, self.key, wiring.plan, keeper, wiring.clock.now())
        return self._ended()

    def followed(self) -> Ended:
        """Hand it over, and look until it has ended or its window is over."""
        clock, sent = self.session.wiring.clock, HandedOver(self.session.wiring)
        self.begun(sent)
        answers: list[Answered] = []

        def look() -> Ended:
            answers.extend(sent.answers())
            return self.answered(answers) or self._ended()

        end = follow(look, self._parts, clock, clock.monotonic() + self.wanted.window.total_seconds())
        return end if end.verdict else self._ended(Verdict.UNFINISHED.value, reason="it is still under way")

    def answered(self, answers: Sequence[Answered]) -> Ended | None:
        """Return what the function that did it says; None while it has not, or has left it to others."""
        for answered in answers:
            if answered.failed:
                return self._ended(Verdict.UNFINISHED.value, reason=answered.failed)
            if told := self._told(_passes(answered)):
                return told
        return self._seen() if answers else None

    def _told(self, passes: Iterable[Upkeep]) -> Ended | None:
        for one in passes:
            for tried in (change.drill for change in one.changes if change.drill):
                checks = tuple(asdict(check) for check in tried.checks)
                return self._ended(tried.verdict, tried.cut, tried.reason, checks)
            if why := one.error or next((finding.reason for finding in one.findings), ""):
                return self._ended(Verdict.UNFINISHED.value, reason=why)
            if not one.changes:  # what stands on the snapshots may be an earlier drill's
                return self._ended(Verdict.UNFINISHED.value, reason=NOT_BEGUN)
        return None

    def _seen(self) -> Ended | None:
        """Return the verdict on the snapshots, once no clone of them is there any more."""
        here = inventory(self.session, self.target)
        tried = {one.snapshot.id for one in self.choice.snapshots}
        if any(tried & drill.clones.keys() for drill in under_way(here.disks.values(), here.deployment)):
            return None
        stands = standings.drills(self.session.plan, [here])
        verdict = next((one.verdict for one in stands if one.snapshot_id in tried and one.verdict), None)
        return self._ended(verdict.value, reason=AS_IT_STANDS) if verdict else None

    def _parts(self, end: Ended) -> list[Part]:
        return [Part(self.policy, 100 if end.verdict else None, end.verdict or f"on {self.instance}")]

    def _ended(
        self, verdict: str = "", cut: str = "", reason: str = "", checks: tuple[dict[str, Any], ...] = ()
    ) -> Ended:
        ids = tuple(one.snapshot.id for one in self.choice.snapshots)
        return Ended(self.policy, self.region, self.key, ids, verdict, cut, reason, checks)


def turns(session: Session, names: Sequence[str], key: str) -> list[Turn]:
    """Return what is drilled, of all policies that are when none is named. Raises InputError, CloudError."""
    return [_turn(session, policy, key) for policy in session.chosen(names) if names or policy.drill]


def inventory(session: Session, target: Target) -> Inventory:
    """Read a region anew. Raises CloudError."""
    return Inventory(session.wiring.clouds.at(target), session.plan.deployment)


def code(ends: Iterable[Ended]) -> int:
    """Return what the command exits with: 0 all passed, 1 one failed or was cut late, 3 one is unfinished."""
    codes = {_CODES.get(one.verdict, UNFINISHED) for one in ends}
    return FAILED if FAILED in codes else max(codes, default=UNFINISHED)


def is_bad(verdict: Verdict | None) -> bool:
    """Tell whether a snapshot did not stand its drill."""
    return verdict in {Verdict.FAILED, Verdict.LATE}


def values(one: Standing) -> dict[str, Any]:
    """Return an entry as `GET /v1/drills` has it."""
    tried = one.tried
    return {
        "policy": one.policy,
        "region": one.region,
        "snapshot_id": one.snapshot_id,
        "verdict": one.verdict.value if one.verdict else None,
        "run_due": f"{one.run_due:%Y-%m-%dT%H:%M:%SZ}",
        "cut": tried.cut if tried else None,
        "reason": tried.reason if tried else None,
        "checks": [asdict(check) for check in tried.checks] if tried else None,
    }


def _turn(session: Session, policy: Policy, key: str) -> Turn:
    for target in session.plan.targets:
        here = standings.drilled_here(session.plan, target)
        if wanted := next((how for one, how in here if one.name == policy.name), None):
            there = inventory(session, target)
            _require_free(wanted.instance, there)
            now = session.wiring.clock.now()
            choice = drilling.chosen(policy, wanted, there.ours(), there.disks, now)
            return Turn(session, target, policy.name, key, wanted, choice)
    raise InputError("policy", f"{policy.name} is not drilled: give it a `drill` section in the policy file")


def _require_free(instance_id: str, here: Inventory) -> None:
    if any(one.instance_id == instance_id for one in under_way(here.disks.values(), here.deployment)):
        raise InputError(
            "drill.instance", f"{instance_id} has a drill under way, and takes one at a time: again later"
        )


def _passes(answered: Answered) -> list[Upkeep]:
    if not isinstance(answered.returned, list):
        return []
    try:
        return [wire.passed(one) for one in answered.returned]
    except InputError:
        return []  # another version's words: the verdict on the snapshots tells without them
