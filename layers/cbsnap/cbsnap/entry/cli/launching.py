"""What `cbsnap run` can start: policies of the file, or disks that are named; both as the gateway does.

Each is previewed and started under one key, and known by its run; how far it has come is `running`'s part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cbsnap.errors import InputError
from cbsnap.jobs import policy_now
from cbsnap.jobs import request as requests
from cbsnap.model.labels import Label
from cbsnap.model.runs import Decision, Outcome, Report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cbsnap.entry.cli.handover import HandedOver
    from cbsnap.entry.cli.session import Session
    from cbsnap.jobs.request import Asked, Promised
    from cbsnap.model.plan import Target
    from cbsnap.model.policies import Policy


class Launch(Protocol):
    """One run that can be started."""

    @property
    def policy_name(self) -> str:
        """Return the policy in its run's name."""

    @property
    def good(self) -> Label:
        """Return what its snapshots should be trusted for at least."""

    def preview(self) -> list[Report]:
        """Return what would be taken, region by region. Raises InputError."""

    def start(self, to: HandedOver) -> list[Report]:
        """Hand it over; returns what was handed over and what could not be."""


@dataclass(frozen=True)
class PolicyLaunch:
    """A policy with all its disks."""

    session: Session
    policy: Policy
    key: str
    region: str | None

    @property
    def policy_name(self) -> str:
        """Return its name."""
        return self.policy.name

    @property
    def good(self) -> Label:
        """Return the policy's own."""
        return self.policy.good

    def preview(self) -> list[Report]:
        """Return what a run of it would take now."""
        wiring = self.session.wiring
        return policy_now.preview(
            wiring.plan, self.policy.name, wiring.clouds, wiring.clock, key=self.key, region=self.region
        )

    def start(self, to: HandedOver) -> list[Report]:
        """Start it, as `POST /v1/runs` does."""
        wiring = self.session.wiring
        return policy_now.start_now(
            wiring.plan,
            self.policy.name,
            self.key,
            wiring.clouds,
            to,
            wiring.clock,
            region=self.region,
            lifecycles=wiring.lifecycles,
        )


@dataclass(frozen=True)
class DisksLaunch:
    """Disks that are named, at one moment."""

    session: Session
    target: Target
    asked: Asked

    @property
    def policy_name(self) -> str:
        """Return the one that stands for requests."""
        return requests.POLICY

    @property
    def good(self) -> Label:
        """Return `filesystem` for what a plan holds, as for policies."""
        return Label.FILESYSTEM if self.asked.quiesce else Label.CRASH

    def preview(self) -> list[Report]:
        """Return what would be taken; raises what the request would be refused with."""
        wiring = self.session.wiring
        cloud = wiring.clouds.at(self.target)
        promised = requests.preview(self.asked, wiring.plan, self.target, cloud, wiring.clock)
        return [self._report(promised, Decision.PREVIEWED)]

    def start(self, to: HandedOver) -> list[Report]:
        """Start it, as `POST /v1/snapshots` does."""
        wiring = self.session.wiring
        cloud = wiring.clouds.at(self.target)
        promised = requests.request(self.asked, wiring.plan, self.target, cloud, to, wiring.clock)
        return [self._report(promised, Decision.DISPATCHED)]

    def _report(self, promised: Promised, decision: Decision) -> Report:
        disk_ids = dict.fromkeys(self.asked.disk_ids)
        outcomes = (Outcome(one, decision if one in promised.missing else Decision.DONE) for one in disk_ids)
        return Report(str(promised.run), str(self.target), tuple(outcomes))


def where(session: Session, region: str | None, disk_ids: Sequence[str], instance: str | None) -> Target:
    """Return the target that has the first disk, or a disk of the instance. Raises InputError."""
    targets = session.targets(region)
    if len(targets) == 1:
        return targets[0]
    for target in targets:
        if disks_at(session, target, disk_ids[:1], instance):
            return target
    named = instance or disk_ids[0]
    raise InputError(
        "--instance" if instance else "--disk", f"there is no {named} in the policy file's regions"
    )


def disks_at(session: Session, target: Target, disk_ids: Sequence[str], instance: str | None) -> list[str]:
    """Return which of these disks are there, or all that the instance has."""
    cloud = session.wiring.clouds.at(target)
    found = cloud.disks() if instance else cloud.disks(disk_ids)
    return [one.id for one in found if instance is None or instance in one.instance_ids]
