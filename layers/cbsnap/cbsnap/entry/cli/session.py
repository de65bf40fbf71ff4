"""What every command works with: the plan, the regions, and how to speak.

Keys and policy file are looked for when a command first needs them.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cbsnap.entry.cli import screen
from cbsnap.entry.cli.keys import REGION, with_keys
from cbsnap.errors import CloudError, InputError
from cbsnap.jobs.inventory import Inventory
from cbsnap.wiring import Wiring

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cbsnap.model.plan import Plan, Target
    from cbsnap.model.policies import Policy

POLICIES = "policies.yml"
IN_A_CHECKOUT = "layers/policies/policies.yml"  # what is deployed


@dataclass(frozen=True)
class Unread:
    """A region that could not be read, as the HTTP API tells it under `errors`."""

    region: str
    code: str
    detail: str


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

    @property
    def policy_file(self) -> Path:
        """Where the policy file should be."""
        if self.policies:
            return self.policies
        if named := self.environment.get("CBSNAP_POLICIES"):
            return Path(named)
        places = (self.here / POLICIES, self.here / IN_A_CHECKOUT)
        return next((one for one in places if one.is_file()), places[0])

    @cached_property
    def wiring(self) -> Wiring:
        """The adapters, with a person's keys; functions are in the plan's first region unless it is said.

        Raises InputError.
        """
        found = with_keys(self.environment, self.home, self.profile)
        variables = {**found, "CBSNAP_POLICIES": str(self.policy_file)}
        wiring = Wiring(variables)
        return wiring if found.get(REGION) else Wiring({**variables, REGION: wiring.plan.targets[0].region})

    def wiring_in(self, region: str) -> Wiring:
        """Return the adapters of what needs no policy file. Raises InputError."""
        return Wiring({**with_keys(self.environment, self.home, self.profile), REGION: region})

    @property
    def plan(self) -> Plan:
        """The policy file. Raises InputError."""
        return self.wiring.plan

    def chosen(self, names: Sequence[str]) -> list[Policy]:
        """Return the policies of these names, or all without any. Raises InputError."""
        known = {one.name: one for one in self.plan.policies}
        for name in names:
            if name not in known:
                raise InputError("policy", f"there is no {name}; the policy file has {', '.join(known)}")
        return [known[name] for name in dict.fromkeys(names)] or list(known.values())

    def target_of(self, region: str) -> Target:
        """Return the target that a report names."""
        return next(one for one in self.plan.targets if str(one) == region)

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

    def inventories(
        self, region: str | None, *, copies: bool = False, unread: list[Unread] | None = None
    ) -> Iterator[tuple[Target, Inventory]]:
        """Read the regions, one after the other.

        Those that cannot be read are put into `unread`, and left out; without it, or when none can be
        read, that raises CloudError.
        """
        targets, failed = self.targets(region, copies=copies), 0
        for target in screen.reading(targets):
            try:
                yield target, Inventory(self.wiring.clouds.at(target), self.plan.deployment)
            except CloudError as refused:
                failed += 1
                if unread is None or failed == len(targets):
                    raise
                unread.append(Unread(target.region, refused.code, str(refused)))

    @staticmethod
    def complain_of(unread: Sequence[Unread]) -> None:
        """Say which regions are missing in what was printed."""
        for one in unread:
            screen.complain(f"{one.region} is missing here, it cannot be read: {one.detail}")

    def typed_again(self, wanted: str, otherwise: str) -> None:
        """Have an id typed once more before something is done to it. Raises NotConfirmed."""
        if not sys.stdin.isatty():
            raise NotConfirmed(f"nobody can be asked here to type {wanted} again; {otherwise}")
        if input(f"Type {wanted} to go on: ").strip() != wanted:
            raise NotConfirmed("nothing was done")

    def confirm(self, question: str, *, yes: bool, shown: bool = True) -> None:
        """Ask before something is done, if what it is was shown. Raises NotConfirmed."""
        if yes:
            return
        if not shown:
            raise NotConfirmed("--json shows no plan to agree to: look at it without, then say --yes, too")
        if not sys.stdin.isatty():
            raise NotConfirmed("nobody can be asked here: look at the plan, then say --yes")
        if screen.ask(f"{question} [y/N] ").lower() not in {"y", "yes"}:
            raise NotConfirmed("nothing was done")

    def confirm_by_name(self, name: str, given: str | None, *, shown: bool) -> None:
        """Ask for a name to be typed before what cannot be undone, if it was shown. Raises NotConfirmed."""
        if given is None and not shown:
            raise NotConfirmed(
                f"--json shows no plan to agree to: look at it, then say --confirm {name}, too"
            )
        if given is None and not sys.stdin.isatty():
            raise NotConfirmed(f"nobody can be asked here: look at the plan, then say --confirm {name}")
        typed = given if given is not None else input(f"Type {name} to remove it: ").strip()
        if typed != name:
            raise NotConfirmed(f"{typed!r} is not {name}: nothing was done")
