"""One drill, from its clones to its verdict, and the removal of its clones.

Its state is what the cloud says of it: the clones by their names and tags, the command by its name. So any
pass carries on where another was cut off, and doing a step twice does nothing more. What the checks mean is
`rules.drillreports`' part; which snapshots are tried, the caller's.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError, InputError
from cbsnap.model import Label
from cbsnap.rules import drillreports, restored
from cbsnap.rules.clones import under_way
from cbsnap.rules.drillreports import Verdict
from cbsnap.rules.ours import DEPLOYMENT_TAG, DRILL_TAG, LABEL_TAG
from cbsnap.rules.restored import RESTORE_TAG
from cbsnap.upkeep import Action, Change, Finding, Tried, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cbsnap.jobs.inventory import Inventory
    from cbsnap.model import Disk, Drilling
    from cbsnap.ports import Clock, Cloud, CommandOutcome, Commands, ScratchDisks
    from cbsnap.restoration import Clone
    from cbsnap.rules.clones import Drill
    from cbsnap.rules.drilling import Choice
    from cbsnap.rules.drillreports import DrillReport
    from cbsnap.rules.ours import Ours
    from cbsnap.upkeep import Note

_LOOK_AGAIN_S = 5.0
_AT_ONCE = 10  # disks of one AttachDisks or DetachDisks call (SDK)
_LONGEST_COMMAND_S = 86_400  # RunCommand's most (SDK)
_AT_REST = {"ATTACHED", "UNATTACHED"}
_GONE = {"TORECYCLE"}
# The agent is found where `install` puts it, or wherever else the instance's path leads.
_SCRIPT = 'PATH="$PATH:/opt/cbsnap-agent"; exec cbsnap-agent.pyz drill {}'


@dataclass(frozen=True, slots=True)
class Bench:
    """What drills work with in one region. Waiting ends at `until_s` of the clock's monotonic seconds."""

    disks: ScratchDisks
    commands: Commands
    clock: Clock
    until_s: float

    def waited(self) -> bool:
        """Wait a moment before looking again; False when there is no time left for it."""
        if self.clock.monotonic() + _LOOK_AGAIN_S > self.until_s:
            return False
        self.clock.sleep(_LOOK_AGAIN_S)
        return True


@dataclass(frozen=True, slots=True)
class Case:
    """A drill and what it is of."""

    drill: Drill
    policy: str
    drilling: Drilling
    choice: Choice

    @property
    def command(self) -> str:
        """The name that the drill's command is known by."""
        return f"cbsnap-drill-{self.drill.id}"


def carried_on(case: Case, inventory: Inventory, bench: Bench) -> Iterator[Note]:
    """Carry a drill as far as the time allows. Raises CloudError; InputError for clones that a person has."""
    try:
        report = _awaited(case, inventory.cloud, bench)
    except CloudError as failed:
        if not _is_over(case, bench):
            raise
        report = drillreports.unfinished(f"its command cannot be asked for: {failed}")
    if report is None:
        return
    try:
        yield from _concluded(case, report, inventory)
    except CloudError as refused:
        if not _is_over(case, bench):
            raise  # the clones stay until the verdict is written, or their time is over
        yield _found(case, inventory, f"its verdict cannot be written: {refused}")
    yield from removed(case.drill, inventory, bench, "its drill has ended", case.policy)


def removed(
    drill: Drill, inventory: Inventory, bench: Bench, why: str, policy: str | None = None
) -> Iterator[Note]:
    """Detach a drill's clones from its instance and give them back; each look asks anew whose they are."""
    while clones := _still_ours(drill, inventory):
        on_its_own = (drill.instance_id,)
        attached = [one.id for one in clones if one.state == "ATTACHED" and one.instance_ids == on_its_own]
        loose = [one.id for one in clones if one.state == "UNATTACHED"]
        if loose:
            bench.disks.terminate(loose)
            inventory.without_disks(loose)
        yield from (Change(Action.REMOVED, inventory.region, one, why, policy) for one in loose)
        _in_tens(
            attached, lambda some: bench.disks.detach(some, drill.instance_id), inventory.cloud, "ATTACHED"
        )
        elsewhere = [one for one in clones if one.instance_ids not in ((), on_its_own)]
        for one in elsewhere:
            reason = f"a drill's clone, on {', '.join(one.instance_ids)}: rename it to keep it, or detach it"
            yield Finding(Trouble.ORPHAN, inventory.region, one.id, reason, policy)
        if len(elsewhere) == len(clones) or not bench.waited():
            return


def was_run(case: Case, bench: Bench) -> bool:
    """Tell whether the drill's command was started, however long ago."""
    return bool(bench.commands.named(case.drill.instance_id, case.command))


def _awaited(case: Case, cloud: Cloud, bench: Bench) -> DrillReport | None:
    """Attach, check and wait; None when the drill has not ended by then.

    One that lacks clones is left to whoever began it, who makes them with the same tokens.
    """
    whole = len(case.drill.clones) == case.drill.count
    while True:
        commands = bench.commands.named(case.drill.instance_id, case.command)
        if commands and not any(one.running for one in commands):
            return _best(commands)
        if _is_over(case, bench):
            hours = case.drilling.window.total_seconds() / 3600
            return drillreports.unfinished(f"it did not come to its end within {hours:g} h")
        if whole and not commands:
            _pushed(case, cloud, bench)
        if not whole or not bench.waited():
            return None


def _best(outcomes: Iterable[CommandOutcome]) -> DrillReport:
    """Return a report that says something; of two passes' commands one may have found the other running."""
    reports = [drillreports.read(one.output) or drillreports.unfinished(_why_silent(one)) for one in outcomes]
    return next((one for one in reports if one.verdict is not Verdict.UNFINISHED), reports[0])


def _why_silent(outcome: CommandOutcome) -> str:
    said = outcome.output.strip().splitlines()[-1:]
    ended = outcome.error or f"it ended with {outcome.exit_code}"
    return "; ".join(["the host's command gave no report", ended, *said])


def made(
    key: str, act: Clone, inventory: Inventory, bench: Bench, token: Callable[[str], str]
) -> dict[str, Disk]:
    """Make the clones of a drill, none twice; return those that show already, by their snapshot."""
    tags = {DEPLOYMENT_TAG: inventory.deployment, RESTORE_TAG: restored.MAKING}
    ids = {
        disk.snapshot_id: bench.disks.create_disk(
            disk, restored.disk_name(key, act, disk.snapshot_id), tags, token(disk.snapshot_id)
        )
        for disk in act.disks
    }
    fresh = {one.id: one for one in inventory.cloud.disks(list(ids.values()))}
    inventory.disks.update(fresh)
    return {snapshot_id: fresh[disk_id] for snapshot_id, disk_id in ids.items() if disk_id in fresh}


def attached(drill: Drill, cloud: Cloud, bench: Bench) -> bool:
    """Attach a drill's clones as far as their states allow; tell whether all are."""
    clones = cloud.disks(drill.disk_ids)
    for one in clones:
        if one.instance_ids not in ((), (drill.instance_id,)):
            raise InputError(
                "drill", f"its clone {one.id} is on {', '.join(one.instance_ids)}: somebody has it"
            )
    if len(clones) < drill.count or not _AT_REST.issuperset(one.state for one in clones):
        return False
    loose = [one.id for one in clones if one.state == "UNATTACHED"]
    if loose:
        _in_tens(loose, lambda some: bench.disks.attach(some, drill.instance_id), cloud, "UNATTACHED")
    return not loose


def _pushed(case: Case, cloud: Cloud, bench: Bench) -> None:
    """Do the next step that the clones' states allow."""
    if attached(case.drill, cloud, bench):
        script = _SCRIPT.format(shlex.join(_arguments(case)))
        timeout_s = min(_left_s(case, bench), _LONGEST_COMMAND_S)
        bench.commands.run(case.drill.instance_id, script, timeout_s, case.command)


def _arguments(case: Case) -> list[str]:
    checks = ["--checks", case.drilling.checks] if case.drilling.checks else []
    return ["--run", case.choice.run, *checks, *case.drill.disk_ids]


def _in_tens(
    disk_ids: Sequence[str], step: Callable[[Sequence[str]], None], cloud: Cloud, before: str
) -> None:
    """Take a step with ten disks at a time; one that another pass has taken meanwhile is no failure."""
    for start in range(0, len(disk_ids), _AT_ONCE):
        some = disk_ids[start : start + _AT_ONCE]
        try:
            step(some)
        except CloudError:
            if any(one.state == before for one in cloud.disks(some)):
                raise


def _concluded(case: Case, report: DrillReport, inventory: Inventory) -> Iterator[Note]:
    """Write the verdict on the snapshots that are still there, and lower the label of what was cut late."""
    there = [one for one in case.choice.snapshots if one.snapshot.id in inventory.snapshots]
    verdict, reason = drillreports.judged(report, there)
    ids = [one.snapshot.id for one in there]
    demoted = [one.snapshot.id for one in there if verdict is Verdict.LATE and one.label is not Label.CRASH]
    if demoted:
        inventory.tag(demoted, LABEL_TAG, Label.CRASH.value)
    for one in demoted:
        yield Change(Action.DEMOTED, inventory.region, one, f"crash: {reason}", case.policy)
    if told := [one.snapshot.id for one in there if verdict is not Verdict.UNFINISHED or not _is_tried(one)]:
        inventory.tag(told, DRILL_TAG, verdict.value)
    tried = Tried(tuple(ids), verdict.value, report.cut.value, reason, report.checks)
    for one in ids:
        words = f"{verdict.value}: {reason}"
        yield Change(
            Action.DRILLED, inventory.region, one, words, case.policy, tried if one == ids[0] else None
        )


def _is_tried(one: Ours) -> bool:
    """Tell whether a drill has said something of it, which one that says nothing does not overwrite."""
    return one.verdict not in {None, Verdict.UNFINISHED}


def _still_ours(drill: Drill, inventory: Inventory) -> list[Disk]:
    there = under_way(inventory.cloud.disks(drill.disk_ids), inventory.deployment, drill.purpose)
    return [
        one for same in there if same.id == drill.id for one in same.clones.values() if one.state not in _GONE
    ]


def _is_over(case: Case, bench: Bench) -> bool:
    return _left_s(case, bench) <= 1


def _left_s(case: Case, bench: Bench) -> int:
    """Return the seconds that the clones may still live, one at least, as long as a command takes them."""
    now = bench.clock.now()
    left = case.drilling.window - (now - (case.drill.began or now))
    return max(1, int(left.total_seconds()))


def _found(case: Case, inventory: Inventory, reason: str) -> Finding:
    return Finding(Trouble.UNDRILLED, inventory.region, case.policy, reason, case.policy)
