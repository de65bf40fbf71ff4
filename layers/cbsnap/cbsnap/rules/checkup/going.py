"""Whether it goes on by itself: timers that are on, and runs that took what they should have taken."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cbsnap.rules import names, schedule
from cbsnap.rules.checkup.deployed import SCHEDULE, UPKEEP
from cbsnap.rules.checkup.diagnosis import Diagnosis, Health
from cbsnap.rules.selection import selected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from cbsnap.model import Disk, Policy
    from cbsnap.rules.checkup.facts import Facts, Place
    from cbsnap.surroundings import DeployedFunction

_SILENT_FOR = timedelta(hours=1)  # four passes of the usual timer
_TICK = timedelta(minutes=15)  # until a run's snapshots are there, after its window's end at most


def going(facts: Facts) -> Iterator[Diagnosis]:
    """Check all of it, where something is deployed."""
    for name in (SCHEDULE, UPKEEP):
        function = facts.installed.named(name)
        if function is not None:
            yield timer(function)
    yield from _silence(facts)
    yield from runs(facts)


def timer(function: DeployedFunction) -> Diagnosis:
    """Check that a function is started by a timer at all."""
    on = [one for one in function.timers if one.enabled]
    if not function.timers:
        return Diagnosis(
            "timers", function.name, Health.BAD, "has no timer: nothing starts it", "cbsnap deploy"
        )
    if not on:
        said = f"its timer {function.timers[0].name} is off"
        return Diagnosis(
            "timers", function.name, Health.BAD, said, "turn it on (console, UpdateTrigger), or cbsnap deploy"
        )
    if broken := [one for one in on if not one.usable]:
        said = f"the platform does not fire {broken[0].name}"
        return Diagnosis(
            "timers",
            function.name,
            Health.BAD,
            said,
            "is the account in arrears? see the trigger in the console",
        )
    return Diagnosis("timers", function.name, Health.OK, f"{on[0].name} at {on[0].cron}")


def _silence(facts: Facts) -> Iterator[Diagnosis]:
    """Check by the log whether the pass of `maintain`, which always says something, came to its end."""
    upkeep = facts.installed.named(UPKEEP)
    if upkeep is None or facts.installed.refused is None or not any(one.enabled for one in upkeep.timers):
        return
    last = facts.installed.last_upkeep
    since = max(filter(None, (last, upkeep.added_at)), default=None)
    if since is None or facts.now - since <= _SILENT_FOR:
        return
    said = (
        f"last came to its end at {last:%Y-%m-%d %H:%M} UTC" if last else "has not come to its end in a day"
    )
    cure = "it fails or is not fired: see its log in the console, then its rights and its time limit"
    yield Diagnosis("timers", UPKEEP, Health.BAD, said, cure)


def runs(facts: Facts) -> Iterator[Diagnosis]:
    """Check each policy's last run whose window is over: whether the disks have its snapshots."""
    tick = facts.installed.named(SCHEDULE)
    if tick is None:
        return
    for policy in facts.plan.policies:
        if policy.paused:
            yield Diagnosis("runs", policy.name, Health.WARN, "is paused", "take `paused` out of the policy")
            continue
        due = schedule.last_run(policy, facts.now - policy.window - _TICK)
        if tick.added_at is not None and due < tick.added_at:
            continue  # it was not deployed yet
        for place in facts.places:
            yield from _run(policy, due, place)


def _run(policy: Policy, due: datetime, place: Place) -> Iterator[Diagnosis]:
    subject = f"{policy.name} in {place.target}"
    if place.disks is None or place.snapshots is None:
        yield Diagnosis("runs", subject, Health.UNKNOWN, "could not be read", "see rights and reading")
        return
    wanted = [disk for disk in selected(place.disks, policy.select) if _was_there(disk, due)]
    taken = {
        name.disk_id
        for one in place.snapshots
        if (name := names.parse(one.name)) and name.policy == policy.name and name.due >= due
    }
    missing = [disk.id for disk in wanted if disk.id not in taken]
    when = f"of {due:%Y-%m-%d %H:%M} UTC"
    if not wanted:
        return
    if not missing:
        yield Diagnosis("runs", subject, Health.OK, f"the run {when} took {len(wanted)} of {len(wanted)}")
        return
    said = f"the run {when} took {len(wanted) - len(missing)} of {len(wanted)}; not {', '.join(missing[:3])}"
    cure = (
        "see the timers above and the run's report in the functions' log; cbsnap plan says what is in the way"
    )
    health = Health.BAD if len(missing) == len(wanted) else Health.WARN
    yield Diagnosis("runs", subject, health, said, cure)


def _was_there(disk: Disk, due: datetime) -> bool:
    return disk.created_at is not None and disk.created_at < due
