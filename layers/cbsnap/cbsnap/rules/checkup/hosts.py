"""Whether the hosts can be held: agents, keys, clocks, plans and their needs; and the drills' instances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.errors import HostBusy, HostError, HostRefused, HostUnreachable, HostUntrusted
from cbsnap.model import Transport
from cbsnap.ports import HostStatus, PlanCheck
from cbsnap.rules.checkup.diagnosis import Diagnosis, Health

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbsnap.errors import CbsnapError
    from cbsnap.model import Policy
    from cbsnap.rules.checkup.facts import Facts, HostSeen

SKEW_WARNED_S = 30.0  # the agent refuses at 60
_WRONG_KEY = (
    "write this host's key into its key file: derived from CBSNAP_MASTER_KEY, its version and {instance} "
    "(docs/hosts.md); was the master key changed on one side only?"
)
_CURES = {
    "bad-signature": _WRONG_KEY,
    "clock-skew": "have both clocks set by NTP",
    "wrong-instance": "its configuration names another instance, as a cloned image's does: set instance_id, "
    "and give it a key of its own",
    "unknown-plan": "write the section [plan:{plan}] into its agent.ini, or name another plan in the policy",
}


def hosts(facts: Facts) -> Iterator[Diagnosis]:
    """Check every host that a policy holds, and every drill's."""
    if not facts.opened and any(_by_port(policy) for policy in facts.plan.policies):
        cure = "set CBSNAP_MASTER_KEY, or let these keys read the functions' settings (scf:GetFunction)"
        yield Diagnosis("host", "all with a port", Health.NOT_MADE, "no key opens the agents", cure)
    nobody_answers = all(_is_mute(one.status) for one in facts.hosts)
    for seen in facts.hosts:
        yield _reached(seen, nobody_answers=nobody_answers)
        yield from _plan(seen)
    yield from _scratch(facts)


def _by_port(policy: Policy) -> bool:
    """Tell whether a policy's hosts are held over the network."""
    wanted = policy.quiesce
    return wanted is not None and not wanted.stops and wanted.transport is Transport.HTTP


def _reached(seen: HostSeen, *, nobody_answers: bool) -> Diagnosis:
    status, name = seen.status, seen.instance.id
    if isinstance(status, HostStatus):
        return _well(seen, status)
    if isinstance(status, HostUnreachable):
        return _unreached(seen, status, nobody_answers=nobody_answers)
    if isinstance(status, HostUntrusted):
        cure = "something else listens at the agent's port, or speaks in its place: " + _WRONG_KEY
        return Diagnosis("host", name, Health.BAD, str(status), cure.format(instance=name))
    return Diagnosis("host", name, Health.BAD, str(status), _cure(seen, status))


def _well(seen: HostSeen, status: HostStatus) -> Diagnosis:
    name, said = seen.instance.id, f"agent {status.version}"
    if status.paused:
        return Diagnosis("host", name, Health.WARN, f"{said} is paused", "on the host: cbsnap-agent resume")
    if abs(status.clock_ahead_s) > SKEW_WARNED_S:
        said = f"its clock is {status.clock_ahead_s:+.0f} s from this machine's; the agent refuses at 60"
        return Diagnosis("clock", name, Health.WARN, said, _CURES["clock-skew"])
    return Diagnosis("host", name, Health.OK, f"{said} answers")


def _unreached(seen: HostSeen, lost: HostUnreachable, *, nobody_answers: bool) -> Diagnosis:
    name = seen.instance.id
    if isinstance(lost.__cause__, ConnectionRefusedError):
        cure = "nothing listens there: systemctl status cbsnap-agent on the host; `listen` in agent.ini, and "
        return Diagnosis("host", name, Health.BAD, str(lost), cure + "`agent: {port}` in the policy file")
    way = "let the security group of the host take the agent's port from the worker's subnet"
    if nobody_answers:
        cure = f"is this machine inside the hosts' VPC? Run the check there. If it is: {way}"
        return Diagnosis("host", name, Health.UNKNOWN, str(lost), cure)
    cure = f"others answer, so: {way}; is the host up, and its agent not hung?"
    return Diagnosis("host", name, Health.BAD, str(lost), cure)


def _is_mute(status: HostStatus | CbsnapError) -> bool:
    """Tell whether nothing of the host was heard, not even a refusal of its kernel's."""
    return isinstance(status, HostUnreachable) and not isinstance(status.__cause__, ConnectionRefusedError)


def _plan(seen: HostSeen) -> Iterator[Diagnosis]:
    check, subject = seen.check, f"{seen.plan} on {seen.instance.id}"
    if check is None:
        return
    if not isinstance(check, PlanCheck):
        health = Health.UNKNOWN if isinstance(check, (HostUnreachable, HostBusy)) else Health.BAD
        yield Diagnosis("plan", subject, health, str(check), _cure(seen, check))
        return
    for problem in check.problems:
        cure = f"do as it says on the host, then: cbsnap-agent check {seen.plan}"
        yield Diagnosis("plan", subject, Health.BAD, problem, cure)
    if outside := sorted(check.disk_ids - seen.selected):
        said = f"the plan keeps data on {', '.join(outside)} too, which {seen.policy} does not select"
        cure = "select these disks as well, and take them as one group (`group: instance`)"
        yield Diagnosis("plan", subject, Health.BAD, said, cure)
    elif not check.disk_ids and not check.problems:
        said = "the plan covers none of the disks"
        cure = "see `mounts` and `disks` of the plan in agent.ini"
        yield Diagnosis("plan", subject, Health.BAD, said, cure)
    elif not check.problems:
        yield Diagnosis("plan", subject, Health.OK, f"can be held: {', '.join(sorted(check.disk_ids))}")


def _cure(seen: HostSeen, error: CbsnapError) -> str:
    code = error.code if isinstance(error, HostRefused) else ""
    known = _CURES.get(code)
    if known:
        return known.format(instance=seen.instance.id, plan=seen.plan)
    return "see docs/hosts.md" if isinstance(error, HostError) else "see docs/settings.md"


def _scratch(facts: Facts) -> Iterator[Diagnosis]:
    for one in facts.scratch:
        subject = f"{one.instance_id} for {one.policy}"
        if one.state is None:
            cure = "name an instance of that region in the policy's `drill`"
            yield Diagnosis("drill", subject, Health.BAD, "there is no such instance", cure)
        elif one.reached is False:
            cure = "start it, and see that the command channel's agent (TAT) runs on it"
            yield Diagnosis("drill", subject, Health.BAD, f"is {one.state} and takes no commands", cure)
        elif one.reached:
            yield Diagnosis("drill", subject, Health.OK, "takes commands")
