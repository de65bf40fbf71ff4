"""A check-up of an installation: what there is to know is read once, and then judged by `rules.checkup`.

Nothing is changed. What cannot be read is kept with its reason, and the rest is read all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError
from cbsnap.jobs import visiting
from cbsnap.jobs.looking import Looking
from cbsnap.rules.checkup import access, deployed, going, hosts, places
from cbsnap.rules.checkup.facts import Attempt, Facts, Installed, Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from cbsnap.model import Plan, Target
    from cbsnap.ports import Clock, Clouds, Commands
    from cbsnap.rules.checkup.diagnosis import Diagnosis
    from cbsnap.surroundings import AnsweringHosts, Deployment, Door, FunctionLog

OURS = "cbsnap"  # what the names of our functions begin with
_LOG_GOES_BACK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Means:
    """What a check-up looks with. `master_key` and `key_version` are a person's own, empty where not set.

    `log` gives the log of a topic, `hosts` a target's agents, as a master key of a version
    opens them.
    """

    door: Door
    clouds: Clouds
    deployment: Deployment
    log: Callable[[str], FunctionLog]
    hosts: Callable[[Target, str, str], AnsweringHosts]
    commands: Callable[[Target], Commands]
    clock: Clock
    master_key: str = ""
    key_version: str = ""


def examined(plan: Plan, policy_file: bytes, means: Means) -> list[Diagnosis]:
    """Look at everything, and return what every check says; at the way in alone where that is closed."""
    attempts: list[Attempt] = []
    contact, caller = means.door.greet(), _caller(means.door, attempts)
    if contact.silence is not None or not access.lets_in(caller):
        return list(access.way_in(contact, caller))
    look = Looking(attempts)
    known = look.at("cvm:DescribeRegions", means.deployment.region, means.door.regions)
    there = tuple(_place(target, means.clouds, look) for target in plan.targets)
    installed = _installed(means, look)
    master, version = _master_key(installed, means)
    way = visiting.Way(lambda target: means.hosts(target, master, version), opened=bool(master))
    facts = Facts(
        now=means.clock.now(),
        plan=plan,
        policy_file=policy_file,
        contact=contact,
        caller=caller,
        regions=None if known is None else tuple(known),
        places=there,
        hosts=tuple(visiting.hosts(plan, there, way, means.clouds, look)),
        opened=bool(master),
        scratch=tuple(visiting.scratch(plan, means.clouds, means.commands, look)),
        installed=installed,
        attempts=tuple(attempts),
    )
    checks = (access.access, places.places, hosts.hosts, deployed.deployed, going.going)
    return [one for check in checks for one in check(facts)]


def way_in(means: Means) -> list[Diagnosis]:
    """Look at the way into the cloud alone, where there is no policy file to go by."""
    return list(access.way_in(means.door.greet(), _caller(means.door, [])))


def _caller(door: Door, attempts: list[Attempt]) -> str | CloudError:
    try:
        found = door.caller()
    except CloudError as failed:
        return failed
    attempts.append(Attempt("sts:GetCallerIdentity", "all"))
    return found


def _place(target: Target, clouds: Clouds, look: Looking) -> Place:
    cloud, where = clouds.at(target), str(target)
    disks = look.at("cvm:DescribeDisks", where, cloud.disks)
    if disks is None:
        return Place(target)
    snapshots = look.at("cvm:DescribeSnapshots", where, cloud.snapshots)
    usage = look.at("cvm:DescribeSnapshotOverview", where, cloud.usage)
    return Place(target, tuple(disks), None if snapshots is None else tuple(snapshots), usage)


def _installed(means: Means, look: Looking) -> Installed:
    here = means.deployment
    functions = look.at("scf:GetFunction", here.region, lambda: here.functions(OURS))
    if not functions:
        return Installed(here.region, None if functions is None else ())
    layers = sorted({layer for one in functions for layer in one.layers})
    newest = {
        layer: look.at("scf:ListLayerVersions", here.region, partial(here.newest_layer, layer)) or 0
        for layer in layers
    }
    found = Installed(here.region, tuple(functions), newest)
    return _with_log(_with_policy_file(found, means, look), means, look)


def _with_policy_file(found: Installed, means: Means, look: Looking) -> Installed:
    version = deployed.policies_version(found)
    if not version:
        return found
    kept = look.at(
        "scf:GetLayerVersion",
        found.region,
        lambda: means.deployment.file_of_layer(deployed.POLICIES_LAYER, version, deployed.POLICIES_PATH),
    )
    return replace(found, policy_file=kept)


def _with_log(found: Installed, means: Means, look: Looking) -> Installed:
    topics = sorted({one.log_topic for one in found.functions or () if one.log_topic})
    if not topics:
        return found
    since = means.clock.now() - _LOG_GOES_BACK
    logs = [means.log(topic) for topic in topics]
    refused = look.at(
        "cls:SearchLog", found.region, lambda: [one for log in logs for one in log.refused_calls(since)]
    )
    if refused is None:
        return found
    passes = look.at("cls:SearchLog", found.region, lambda: [log.last_upkeep(since) for log in logs]) or []
    return replace(found, refused=tuple(refused), last_upkeep=max(filter(None, passes), default=None))


def _master_key(installed: Installed, means: Means) -> tuple[str, str]:
    """Return the key that opens the agents, empty for none, and its version.

    Where a person has set none, the worker's own is used: it is what the hosts have to accept.
    """
    worker = installed.named(deployed.WORKER)
    given = worker.environment if worker else {}
    master = means.master_key or given.get("CBSNAP_MASTER_KEY", "")
    return master, means.key_version or given.get("CBSNAP_KEY_VERSION") or "1"
