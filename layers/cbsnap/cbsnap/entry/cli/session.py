"""What every command works with: the plan, the regions, and how to speak.

Keys and policy file are looked for when a command first needs them.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cbsnap.entry.cli.keys import with_keys
from cbsnap.errors import InputError
from cbsnap.jobs.inventory import Inventory
from cbsnap.wiring import Wiring

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cbsnap.model import Plan, Target

POLICIES = "policies.yml"


class NotConfirmed(Exception):
    """A person said no, or could not be asked; nothing was done."""


@dataclass(frozen=True)
class Session:
    """One call of the command; `here` is the folder that it was called in."""

    environment: Mapping[str, str]
    home: Path
    here: Path
    policies: Path | None = None
    profile: str | None = None

    @cached_property
    def wiring(self) -> Wiring:
        """The adapters, with a person's keys. Raises InputError."""
        found = with_keys(self.environment, self.home, self.profile)
        return Wiring({**found, "CBSNAP_POLICIES": str(self.policy_path)})

    @property
    def policy_path(self) -> Path:
        """Where the policy file is looked for."""
        named = self.policies or self.environment.get("CBSNAP_POLICIES")
        return Path(named or self.here / POLICIES)

    @property
    def plan(self) -> Plan:
        """The policy file. Raises InputError."""
        return self.wiring.plan

    def targets(self, region: str | None, *, copies: bool = False) -> list[Target]:
        """Return the plan's targets, or those of one region; with `copies` also where it copies to."""
        plan = self.plan
        found = list(plan.targets)
        if copies:
            elsewhere = dict.fromkeys(copy.region for policy in plan.policies for copy in policy.copy)
            copied = [replace(one, region=name, worker=None) for one in plan.targets for name in elsewhere]
            there = {(one.region, one.role) for one in found}
            found += [one for one in dict.fromkeys(copied) if (one.region, one.role) not in there]
        chosen = [one for one in found if region in {None, one.region}]
        if not chosen:
            known = ", ".join(dict.fromkeys(one.region for one in found))
            raise InputError("region", f"{region} is not looked after; the policy file has {known}")
        return chosen

    def inventories(self, region: str | None, *, copies: bool = False) -> Iterator[tuple[Target, Inventory]]:
        """Read the regions, one after the other. Raises CloudError."""
        for target in self.targets(region, copies=copies):
            yield target, Inventory(self.wiring.clouds.at(target), self.plan.deployment)

    def typed_again(self, wanted: str, otherwise: str) -> None:
        """Have an id typed once more before something is done to it. Raises NotConfirmed."""
        if not sys.stdin.isatty():
            raise NotConfirmed(f"nobody can be asked here to type {wanted} again; {otherwise}")
        if input(f"Type {wanted} to go on: ").strip() != wanted:
            raise NotConfirmed("nothing was done")

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask before something is done. Raises NotConfirmed."""
        if yes:
            return
        if not sys.stdin.isatty():
            raise NotConfirmed("nobody can be asked here: look at the plan, then say --yes")
        if input(f"{question} [y/N] ").strip().lower() not in {"y", "yes"}:
            raise NotConfirmed("nothing was done")
