"""Whether what is deployed is what lies here, and complete: functions, layers, settings, tokens."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from cbsnap.model.policies import Transport
from cbsnap.rules import tokens
from cbsnap.rules.checkup.diagnosis import Diagnosis, Health

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbsnap.ports.platform import DeployedFunction
    from cbsnap.rules.checkup.facts import Facts, Installed

SCHEDULE, WORKER, UPKEEP, GATEWAY = "cbsnap-schedule", "cbsnap-snapshot", "cbsnap-maintain", "cbsnap-gateway"
POLICIES_LAYER, POLICIES_PATH = "cbsnap-policies", "policies.yml"
_NEEDED = (SCHEDULE, WORKER, UPKEEP)
_ENDING = timedelta(days=14)
_UNFILLED = re.compile(r"\$\{[^}]*\}")
_SECRET = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
_DEPLOY = "cbsnap deploy"
_DEPLOYED_FROM = "layers/policies/policies.yml"


def deployed(facts: Facts) -> Iterator[Diagnosis]:
    """Check all of it; where nothing is deployed, that is all there is to say."""
    installed = facts.installed
    if installed.functions is None:
        said = "the functions could not be read"
        yield Diagnosis("functions", installed.region, Health.UNKNOWN, said, "see rights and reading")
    elif not installed.functions:
        cure = f"{_DEPLOY}; or set TENCENTCLOUD_REGION to where they are"
        yield Diagnosis("functions", installed.region, Health.WARN, "nothing of ours is deployed", cure)
    else:
        yield from functions(installed, _workers(facts))
        yield from layers(installed)
        yield from policy_file(facts)
        yield from settings(facts)
        yield from api_tokens(facts)


def functions(installed: Installed, needed: tuple[str, ...] = _NEEDED) -> Iterator[Diagnosis]:
    """Check that what is needed is there and can run."""
    there = {one.name: one for one in installed.functions or ()}
    ill = {name: one for name, one in there.items() if one.status != "Active"}
    for name in needed:
        if name not in there:
            yield Diagnosis("functions", name, Health.BAD, "is not deployed", _DEPLOY)
    for name, one in sorted(ill.items()):
        said = f"is {one.status}: {one.reason}" if one.reason else f"is {one.status}"
        health = Health.WARN if one.status in {"Creating", "Updating", "Publishing"} else Health.BAD
        yield Diagnosis("functions", name, health, said, f"wait if it is under way, else {_DEPLOY}")
    if not ill and there.keys() >= set(needed):
        yield Diagnosis("functions", installed.region, Health.OK, f"{len(there)} are active")


def layers(installed: Installed) -> Iterator[Diagnosis]:
    """Check that every function has the newest version of each layer that it uses."""
    behind = [
        (one.name, layer, version, newest)
        for one in installed.functions or ()
        for layer, version in sorted(one.layers.items())
        if version < (newest := installed.newest_layers.get(layer, version))
    ]
    for function, layer, version, newest in behind:
        cure = f"{_DEPLOY}, which points the functions at the newest"
        said = f"uses {layer} {version}, the newest is {newest}"
        yield Diagnosis("layers", function, Health.WARN, said, cure)
    if not behind:
        yield Diagnosis("layers", installed.region, Health.OK, "every function has the newest versions")


def policies_version(installed: Installed) -> int:
    """Return the version of the policies' layer that most functions use; 0 for none."""
    used = Counter(
        one.layers[POLICIES_LAYER] for one in installed.functions or () if POLICIES_LAYER in one.layers
    )
    return used.most_common(1)[0][0] if used else 0


def policy_file(facts: Facts) -> Iterator[Diagnosis]:
    """Compare the policy file here with the one that the functions go by."""
    theirs, version = facts.installed.policy_file, policies_version(facts.installed)
    where = f"{POLICIES_LAYER} {version}"
    if theirs is None:
        cure = "allow scf:GetLayerVersion; is there a policies.yml at the top of the layer?"
        yield Diagnosis("policy file", where, Health.NOT_MADE, "the deployed one could not be read", cure)
    elif theirs.split() != facts.policy_file.split():
        cure = f"make it {_DEPLOYED_FROM}, make package, {_DEPLOY}; or name the deployed one with --policies"
        yield Diagnosis("policy file", where, Health.WARN, "the functions go by another one", cure)
    else:
        yield Diagnosis("policy file", where, Health.OK, "is the one that the functions go by")


def settings(facts: Facts) -> Iterator[Diagnosis]:
    """Check the functions' environment: what is missing, unfilled, or differs where it must not."""
    found = [*_unfilled(facts.installed), *_master_keys(facts), *_secrets(facts)]
    yield from found
    if not found:
        yield Diagnosis("settings", facts.installed.region, Health.OK, "the functions have what they need")


def api_tokens(facts: Facts) -> Iterator[Diagnosis]:
    """Check the HTTP API's tokens: none, not readable, ended or about to end."""
    gateway = facts.installed.named(GATEWAY)
    if gateway is None:
        return
    ring = tokens.keyring(gateway.environment.get("CBSNAP_API_TOKENS", ""))
    make = "python -m cbsnap.entry.new_token, and its entry in CBSNAP_API_TOKENS of the gateway (docs/api.md)"
    for mistake in ring.mistakes:
        yield Diagnosis("tokens", GATEWAY, Health.BAD, mistake, make)
    for name in sorted({one.name for one in ring.tokens}):
        ends = max(one.expires_at for one in ring.tokens if one.name == name)
        said = f"{'ended' if ends <= facts.now else 'ends'} on {ends:%Y-%m-%d}"
        health = (
            Health.BAD if ends <= facts.now else Health.WARN if ends <= facts.now + _ENDING else Health.OK
        )
        yield Diagnosis("tokens", name, health, said, "" if health is Health.OK else make)
    if not ring.tokens and not ring.mistakes:
        said = "there are none: nobody may call the HTTP API"
        yield Diagnosis("tokens", GATEWAY, Health.OK, said)


def _workers(facts: Facts) -> tuple[str, ...]:
    """Return the functions that must be there: the worker by the name that the schedule calls."""
    schedule = facts.installed.named(SCHEDULE)
    worker = schedule.environment.get("CBSNAP_WORKER", WORKER) if schedule else WORKER
    own = () if "/" in worker else (worker,)
    return (SCHEDULE, *own, UPKEEP)


def _unfilled(installed: Installed) -> Iterator[Diagnosis]:
    for one in installed.functions or ():
        for name, value in sorted(one.environment.items()):
            if _UNFILLED.search(value):
                said = f"{name} is the text {value}: it was not filled in"
                yield Diagnosis("settings", one.name, Health.BAD, said, f"set it where {_DEPLOY} runs")


def _master_keys(facts: Facts) -> Iterator[Diagnosis]:
    quiesces = [one.quiesce for one in facts.plan.policies if one.quiesce and not one.quiesce.stops]
    if not any(one.transport is Transport.HTTP for one in quiesces):
        return
    users = [one for one in map(facts.installed.named, _workers(facts)[1:]) if one is not None]
    for one in users:
        if not one.environment.get("CBSNAP_MASTER_KEY"):
            cure = "set it to the 64 hex digits that the hosts' keys were derived from (docs/settings.md)"
            yield Diagnosis(
                "settings", one.name, Health.BAD, "has no CBSNAP_MASTER_KEY, and policies quiesce", cure
            )
    for name in ("CBSNAP_MASTER_KEY", "CBSNAP_KEY_VERSION"):
        if len({one.environment.get(name, "") for one in users if one.environment.get(name)}) > 1:
            said = f"have not the same {name}"
            yield Diagnosis(
                "settings", _names(users), Health.BAD, said, "set the same in both, or hosts refuse one"
            )


def _secrets(facts: Facts) -> Iterator[Diagnosis]:
    upkeep = facts.installed.named(UPKEEP)
    if upkeep is None:
        return
    wanted = [*facts.plan.notify.values(), facts.plan.heartbeat or ""]
    for name in sorted({name for url in wanted for name in _SECRET.findall(url)}):
        if not upkeep.environment.get(name):
            said = f"has no {name}, which the policy file's notify or heartbeat names: nobody is told"
            yield Diagnosis("settings", UPKEEP, Health.BAD, said, f"set it where {_DEPLOY} runs")


def _names(functions: list[DeployedFunction]) -> str:
    return ", ".join(one.name for one in functions)
