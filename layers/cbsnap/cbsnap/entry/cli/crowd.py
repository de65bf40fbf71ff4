"""Several hosts seen to side by side, each by itself: found by their ids, with what each one came to."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from cbsnap.errors import CbsnapError, InputError, Refused
from cbsnap.rules.selection import selected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cbsnap.entry.cli.session import Session
    from cbsnap.model.cloud import Instance
    from cbsnap.model.plan import Target
    from cbsnap.ports.care import Caretaker

TOGETHER = 8


@dataclass(frozen=True)
class Member:
    """One host, and what looks after it."""

    session: Session
    target: Target
    instance: Instance

    @cached_property
    def caretaker(self) -> Caretaker:
        """The way to its agent."""
        return self.session.wiring.caretaker(self.target, self.instance.id)

    def disk_ids(self) -> tuple[str, ...]:
        """Return the disks that are attached to it."""
        disks = self.session.wiring.clouds.at(self.target).disks()
        return tuple(sorted(one.id for one in disks if self.instance.id in one.instance_ids))


class Crowd:
    """The hosts that were named, or all that policies hold by a plan."""

    def __init__(self, session: Session, named: Sequence[str] | None, region: str | None) -> None:
        """Find them. Raises InputError for one that is in no target."""
        self._session = session
        targets = session.targets(region)
        self.members = [member for target in targets for member in self._in(target, named)]
        found = {one.instance.id for one in self.members}
        if missing := [one for one in named or () if one not in found]:
            regions = ", ".join(str(target) for target in targets)
            raise InputError("instance", f"there is no {', '.join(missing)} in {regions}")

    def each(
        self, step: Callable[[Member, Callable[[str], None]], dict[str, Any]], *, quiet: bool
    ) -> list[dict[str, Any]]:
        """Take a step with all of them; return what each came to, or its `error`."""
        with ThreadPoolExecutor(TOGETHER) as side_by_side:
            return list(side_by_side.map(partial(_stepped, step, quiet=quiet), self.members))

    def _in(self, target: Target, named: Sequence[str] | None) -> Iterator[Member]:
        cloud = self._session.wiring.clouds.at(target)
        ids = list(dict.fromkeys(named)) if named else self._held(target)
        for instance_id in ids:
            try:
                found = cloud.instances([instance_id])
            except Refused as refused:
                if not refused.gone:
                    raise
                continue
            yield from (Member(self._session, target, one) for one in found)

    def _held(self, target: Target) -> list[str]:
        disks = self._session.wiring.clouds.at(target).disks()
        policies = [one for one in self._session.plan.policies if one.quiesce and not one.quiesce.stops]
        mine = [disk for policy in policies for disk in selected(disks, policy.select)]
        return sorted({one for disk in mine for one in disk.instance_ids})


def _stepped(
    step: Callable[[Member, Callable[[str], None]], dict[str, Any]], member: Member, *, quiet: bool
) -> dict[str, Any]:
    own = {"instance_id": member.instance.id, "region": member.instance.region}

    def tell(line: str) -> None:
        if not quiet:
            sys.stderr.write(f"{member.instance.id}: {line}\n")

    try:
        return {**own, **step(member, tell)}
    except CbsnapError as failed:
        return {**own, "error": str(failed)}
