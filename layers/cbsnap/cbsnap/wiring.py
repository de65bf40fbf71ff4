"""From the environment to objects: the only place that chooses what stands behind a port.

Everything is made when first used, so that a function imports only what it needs.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cbsnap
from cbsnap.clock import SystemClock
from cbsnap.errors import InputError
from cbsnap.model.plan import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cbsnap.hosts.agent import Agents
    from cbsnap.hosts.ways import Ways
    from cbsnap.jobs.calibrate import Means as CalibrationMeans
    from cbsnap.jobs.checkup import Means
    from cbsnap.jobs.sequencing import Sequenced
    from cbsnap.jobs.trying import Bench
    from cbsnap.model.cloud import Instance
    from cbsnap.model.plan import Plan
    from cbsnap.ports.care import AgentProgram, Caretaker, Commands
    from cbsnap.ports.clock import Clock
    from cbsnap.ports.cloud import Clouds, Listings
    from cbsnap.ports.disks import Restorer
    from cbsnap.ports.functions import Invocations, Settlers, Workers
    from cbsnap.ports.lifecycle import Lifecycles
    from cbsnap.ports.logs import ReportLog
    from cbsnap.ports.platform import Platform
    from cbsnap.ports.telling import Memory, Notifier
    from cbsnap.rules.tokens import Keyring
    from cbsnap.tencent.api import Api, Credentials
    from cbsnap.tencent.functions import Functions, Keeper
    from cbsnap.tencent.region import Regions

# /opt/policies.yml in a function: the policies' layer is unpacked beside this package.
BESIDE_THE_PACKAGE = Path(cbsnap.__file__).parent.parent / "policies.yml"

# /tmp lives as long as the function's instance, and is the only place that it may write to (583/9179).
IN_THE_INSTANCE = Path(tempfile.gettempdir()) / "cbsnap-told.json"

WORKER, KEEPER = "cbsnap-snapshot", "cbsnap-maintain"  # unless the environment says otherwise


class Wiring:
    """What the entries work with. The environment's variables are described in docs/settings.md."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.clock: Clock = SystemClock()

    @cached_property
    def plan(self) -> Plan:
        """The policy file, parsed; without targets it is about the function's own region."""
        from cbsnap import policyfile  # noqa: PLC0415 - a worker needs no policy file

        path = Path(self._environment.get("CBSNAP_POLICIES", BESIDE_THE_PACKAGE))
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as missing:
            raise InputError("CBSNAP_POLICIES", f"the policy file cannot be read: {missing}") from missing
        plan = policyfile.parse(text, str(path))
        return (
            plan if plan.targets else replace(plan, targets=(Target(self._required("TENCENTCLOUD_REGION")),))
        )

    @cached_property
    def clouds(self) -> Clouds:
        """The targets' regions, each in its own account."""
        return self._regions

    @cached_property
    def listings(self) -> Listings:
        """The same regions, by the page."""
        return self._regions

    @cached_property
    def _regions(self) -> Regions:
        from cbsnap.tencent.region import Regions  # noqa: PLC0415 - the SDK takes its time to import

        return Regions(self._api_of)

    @cached_property
    def lifecycles(self) -> Lifecycles:
        """What can be done with the regions' snapshots."""
        from cbsnap.tencent.lifecycle import RegionLifecycles  # noqa: PLC0415 - the SDK takes its time to import

        return RegionLifecycles(self._api_of)

    def restorer(self, target: Target) -> Restorer:
        """Return what a target's disks are put back or made with."""
        from cbsnap.tencent.restoring import RegionRestorer  # noqa: PLC0415 - only who restores needs it

        return RegionRestorer(self._api_of(target))

    def bench(self, target: Target, until_s: float) -> Bench:
        """Return what a target's drills work with, until that second of the clock's monotonic time."""
        from cbsnap.jobs.trying import Bench  # noqa: PLC0415 - only who drills needs it
        from cbsnap.tencent.scratch import RegionScratch  # noqa: PLC0415 - only who drills needs it

        return Bench(RegionScratch(self._api_of(target)), self.commands(target), self.clock, until_s)

    def platform(self, region: str, namespace: str) -> Platform:
        """Return a region's functions and layers, to be deployed."""
        from cbsnap.tencent.platform import RegionPlatform  # noqa: PLC0415 - only who deploys needs it

        return RegionPlatform(self._own_api(region), namespace, self.clock)

    def checkup(self, region: str) -> Means:
        """Return what a check-up looks with; `region` is where the functions are."""
        from cbsnap.hosts.agent import Agents  # noqa: PLC0415 - only a check-up needs all of it
        from cbsnap.hosts.ways import Ways  # noqa: PLC0415 - as above
        from cbsnap.jobs.checkup import Means  # noqa: PLC0415 - as above
        from cbsnap.tencent.deployed import RegionDeployment  # noqa: PLC0415 - as above
        from cbsnap.tencent.door import RegionDoor  # noqa: PLC0415 - as above
        from cbsnap.tencent.logs import TopicLog  # noqa: PLC0415 - as above

        def hosts(target: Target, master: str, version: str) -> Ways:
            agents = Agents(master, int(version), self.plan.agent_port, self.clock)
            return Ways(agents, partial(self.commands, target), self.clock)

        api = self._own_api(region)
        return Means(
            door=RegionDoor(api, self.clock),
            clouds=self.clouds,
            deployment=RegionDeployment(api),
            log=lambda topic: TopicLog(api, topic),
            hosts=hosts,
            commands=self.commands,
            clock=self.clock,
            master_key=self._environment.get("CBSNAP_MASTER_KEY", ""),
            key_version=self._environment.get("CBSNAP_KEY_VERSION", ""),
        )

    def calibration(
        self, target: Target, instance: Instance, session: str, tell: Callable[[str], None]
    ) -> tuple[CalibrationMeans, Sequenced]:
        """Return what a calibration works with: its means, and the sequence on its host."""
        from cbsnap.jobs.calibrate import LONGEST_S, Means  # noqa: PLC0415 - only a calibration needs it
        from cbsnap.jobs.sequencing import Sequenced  # noqa: PLC0415 - as above

        bench = self.bench(target, self.clock.monotonic() + LONGEST_S)
        cloud, ending = self.clouds.at(target), self.lifecycles.at(target)
        means = Means(cloud, ending, bench, self.clock, self.plan.deployment, tell)
        opened = bool(self._environment.get("CBSNAP_MASTER_KEY"))
        agent = self.agents(self.plan.agent_port).on(instance) if opened else None
        return means, Sequenced(self.commands(target), self.clock, instance.id, session, agent)

    @cached_property
    def notifier(self) -> Notifier:
        """The way to people."""
        from cbsnap.notify import Messenger  # noqa: PLC0415 - only who tells needs it

        return Messenger(self._environment)

    @cached_property
    def memory(self) -> Memory:
        """What was told before."""
        from cbsnap.memory import FileMemory  # noqa: PLC0415 - only who tells needs it

        return FileMemory(Path(self._environment.get("CBSNAP_MEMORY", IN_THE_INSTANCE)))

    @cached_property
    def reports(self) -> ReportLog | None:
        """What the functions have reported; None when no log topic is named."""
        topic = self._environment.get("CBSNAP_LOG_TOPIC")
        if not topic:
            return None
        from cbsnap.tencent.logs import TopicLog  # noqa: PLC0415 - only who reads reports back needs it

        return TopicLog(self._own_api(self._required("TENCENTCLOUD_REGION")), topic)

    @property
    def workers(self) -> Workers:
        """The functions that take batches."""
        return self._functions

    @property
    def settlers(self) -> Settlers:
        """The same functions, for what was left unproven."""
        return self._functions

    @cached_property
    def _functions(self) -> Functions:
        from cbsnap.tencent.functions import Functions  # noqa: PLC0415 - only who hands out needs it

        function = self._environment.get("CBSNAP_WORKER", WORKER)
        return Functions(cache(self._own_api), self._required("TENCENTCLOUD_REGION"), function)

    @property
    def region(self) -> str:
        """The region that the function runs in."""
        return self._required("TENCENTCLOUD_REGION")

    def own(self) -> tuple[str, str]:
        """Return the id of the role that we call with, or nothing, and the id of its key."""
        from cbsnap.tencent.credentials import EnvironmentCredentials, role_of  # noqa: PLC0415 - imports the SDK

        secret_id, _, _ = EnvironmentCredentials(self._environment).get_credential_info()
        return role_of(self._own_api(self.region).read("sts", "GetCallerIdentity", {})), secret_id

    @cached_property
    def keeper(self) -> Keeper:
        """The function that carries errands out."""
        from cbsnap.tencent.functions import Keeper  # noqa: PLC0415 - only who hands over needs it

        function = self._environment.get("CBSNAP_KEEPER", KEEPER)
        return Keeper(cache(self._own_api), self._required("TENCENTCLOUD_REGION"), function)

    @cached_property
    def invocations(self) -> Invocations:
        """What became of what was handed to these functions."""
        from cbsnap.tencent.invocations import FunctionInvocations  # noqa: PLC0415 - only who follows needs it

        return FunctionInvocations(
            cache(self._own_api),
            self._required("TENCENTCLOUD_REGION"),
            worker=self._environment.get("CBSNAP_WORKER", WORKER),
            keeper=self._environment.get("CBSNAP_KEEPER", KEEPER),
        )

    def hosts(self, port: int, target: Target) -> Ways:
        """Return the ways to a target's agents: to this port, or by the cloud's command channel."""
        from cbsnap.hosts.ways import Ways  # noqa: PLC0415 - only who quiesces needs it

        return Ways(self.agents(port), partial(self.commands, target), self.clock)

    def commands(self, target: Target) -> Commands:
        """Return the command channel to a target's instances."""
        from cbsnap.tencent.commands import RegionCommands  # noqa: PLC0415 - only who sends commands needs it

        return RegionCommands(self._api_of(target))

    def caretaker(self, target: Target, instance_id: str) -> Caretaker:
        """Return what looks after one instance's agent."""
        from cbsnap.hosts.caretaker import HostCaretaker  # noqa: PLC0415 - only who installs agents needs it
        from cbsnap.hosts.signature import host_key  # noqa: PLC0415 - as above

        def key_of(version: int) -> bytes:
            return host_key(self._required("CBSNAP_MASTER_KEY"), version, instance_id)

        return HostCaretaker(instance_id, self.commands(target), self.clock, key_of)

    def require_master_key(self) -> None:
        """Raise InputError where hosts' keys could not be derived."""
        from cbsnap.hosts.signature import host_key  # noqa: PLC0415 - as above

        host_key(self._required("CBSNAP_MASTER_KEY"), self.key_version, "any")

    @property
    def key_version(self) -> int:
        """Which version of the hosts' keys the deployment signs with."""
        return int(self._environment.get("CBSNAP_KEY_VERSION", "1"))

    def agent_program(self, path: Path) -> AgentProgram:
        """Read the agent's packed file. Raises InputError."""
        from cbsnap.hosts import parcel  # noqa: PLC0415 - as above

        return parcel.read(path)

    def agents(self, port: int) -> Agents:
        """Return the way to the agents, which listen on this port; without a master key to none of them."""
        from cbsnap.hosts.agent import Agents  # noqa: PLC0415 - only who quiesces needs it

        master = self._environment.get("CBSNAP_MASTER_KEY", "")
        return Agents(master, self.key_version, port, self.clock)

    @cached_property
    def keyring(self) -> Keyring:
        """The bearer tokens that may call the HTTP API."""
        from cbsnap.rules import tokens  # noqa: PLC0415 - only the gateway has callers

        return tokens.keyring(self._environment.get("CBSNAP_API_TOKENS", ""))

    def _api_of(self, target: Target) -> Api:
        """Return the calls into a target's region, with its account's keys."""
        own = self._own_api(target.region)
        if target.role is None:
            return own
        from cbsnap.tencent.credentials import RoleCredentials  # noqa: PLC0415 - only for other accounts

        credentials = RoleCredentials(
            target.role, target.external_id, partial(own.read, "sts", "AssumeRole"), self.clock
        )
        return self._api(target.region, credentials)

    def _own_api(self, region: str) -> Api:
        from cbsnap.tencent.credentials import EnvironmentCredentials  # noqa: PLC0415 - imports the SDK

        return self._api(region, EnvironmentCredentials(self._environment))

    def _api(self, region: str, credentials: Credentials) -> Api:
        from cbsnap.tencent.api import Api  # noqa: PLC0415 - imports the SDK

        in_a_function = self._environment.get("TENCENTCLOUD_RUNENV") == "SCF"
        endpoint = self._environment.get("CBSNAP_ENDPOINT") or None
        domain = self._environment.get("CBSNAP_API_DOMAIN") or None
        told = _log_call if in_a_function else None
        return Api(region, credentials, self.clock, endpoint, told, domain=domain)

    def _required(self, name: str) -> str:
        value = self._environment.get(name)
        if not value:
            raise InputError(name, "is not set in the environment")
        return value


def _log_call(line: dict[str, Any]) -> None:
    """Write a line of the function's log about one call of the API."""
    print(json.dumps({"cbsnap": "call", **line}))  # noqa: T201 - a function's log is what it prints
