"""Deploying: layers, then functions, then what is called, then triggers; each step asks what is there.

Nobody calls anything new before every version has been made, so that a deployment that is cut short
leaves the one before at work. What it has done is found again by the next, which carries on from there.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from cbsnap.deployment import DEFAULT, PREVIOUS
from cbsnap.errors import Refused
from cbsnap.rules import deploying

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cbsnap.deployment import Found, Wanted
    from cbsnap.ports.clock import Clock
    from cbsnap.ports.platform import Platform
    from cbsnap.rules.deploying import DeployPlan, FunctionPlan, LayerPlan

ACTIVE, FAILED = "Active", "Failed"
WAIT_S, LOOK_EVERY_S = 300.0, 1.0
MARK = "%Y%m%dT%H%M%SZ"
# Which key of the file a refusal is about (codes of the SDK), and what to do.
CURES = {
    "ResourceNotFound.Role": "role: make it first, with its policy of docs/cam",
    "ResourceNotFound.RoleCheck": "role: make it first, with its policy of docs/cam",
    "ResourceNotFound.Vpc": "vpc: it has to be in the functions' own region, the subnet with it",
    "InvalidParameterValue.Vpc": "vpc: its subnet has to be one of its own",
    "LimitExceeded.Function": "functions: delete some of this namespace, or ask the vendor for more",
    "LimitExceeded.FunctionVersions": "versions: delete some of this function's that nobody calls",
    "LimitExceeded.LayerVersions": "layers: delete versions of this layer that no function has",
}


@dataclass(frozen=True)
class Deployer:
    """What deploying works with; `content` returns a zip file, by kind (`layers`, `functions`) and name."""

    platform: Platform
    clock: Clock
    content: Callable[[str, str], bytes]
    tell: Callable[[str], None]

    def look(self, wanted: Wanted, looks_like_ours: Callable[[str], bool]) -> Found:
        """Return what is there."""
        names = {one.name for one in wanted.layers} | {one.name for one in wanted.functions}
        return self.platform.found(wanted.deployment, lambda name: name in names or looks_like_ours(name))

    def carry_out(self, wanted: Wanted, plan: DeployPlan) -> None:
        """Do what the plan says. Raises CloudError, which says what it is about."""
        release = plan.release or marked(self.clock.now(), plan.newest)
        bound = {one.wanted.name: self._layer(one, wanted) for one in plan.layers}
        versions = {
            one.wanted.name: self._version(one, wanted, bound, release)
            for one in plan.functions
            if one.found is None or one.why
        }
        for one in plan.functions:
            with about(f"function {one.wanted.name}"):
                if one.wanted.name in versions:
                    self._call(one, versions[one.wanted.name])
        for one in plan.functions:
            with about(f"function {one.wanted.name}"):
                self._around(one)

    def tidy(self, wanted: Wanted, found: Found) -> None:
        """Delete what will not be gone back to; `found` is what is there once all has been carried out."""
        gone = deploying.superfluous(deploying.plan(wanted, found).functions)
        for function, version in gone:
            self.tell(f"function {function}: version {version} is not needed any more")
            self.platform.delete_version(function, version)
        for layer, number in deploying.unused(found, wanted, gone):
            self.tell(f"layer {layer}: version {number} is not needed any more")
            try:
                self.platform.delete_layer(layer, number)
            except Refused as used:  # by a function that is not ours
                self.tell(f"layer {layer}: version {number} stays: {used}")

    def _layer(self, one: LayerPlan, wanted: Wanted) -> int:
        name = one.wanted.name
        with about(f"layer {name}"):
            version = one.version or self._publish(one, wanted)
            self._settled(lambda: self.platform.layer_status(name, version))
        return version

    def _publish(self, one: LayerPlan, wanted: Wanted) -> int:
        name, sha256 = one.wanted.name, one.wanted.sha256
        self.tell(f"layer {name}: publishing")
        runtimes = sorted({each.settings.runtime for each in wanted.functions})
        content = self.content("layers", name)
        return self.platform.publish_layer(name, content, sha256, runtimes, wanted.deployment)

    def _version(self, one: FunctionPlan, wanted: Wanted, bound: dict[str, int], release: str) -> str:
        if one.ready is not None:
            return one.ready
        name, description = one.wanted.name, one.wanted.described(release)
        with about(f"function {name}"):
            self._make_ready(one, wanted.deployment, bound, description)
            self.tell(f"function {name}: publishing a version")
            version = self.platform.publish_version(name, description)
            self._wait(name)
        return version

    def _make_ready(
        self, one: FunctionPlan, deployment: str, bound: dict[str, int], description: str
    ) -> None:
        """Bring what can still be changed to what is wanted.

        Its code is sent each time: somebody may have edited it in the console, which no description tells.
        """
        name = one.wanted.name
        if one.found is None:
            self.tell(f"function {name}: creating")
            content = self.content("functions", name)
            self.platform.create_function(one.wanted, content, bound, description, deployment)
            self._wait(name)
            return
        self._wait(name)
        self.tell(f"function {name}: sending its code")
        self.platform.update_code(one.wanted, self.content("functions", name))
        self._wait(name)
        self.tell(f"function {name}: setting it up")
        self.platform.configure(one.wanted, bound, description)
        self._wait(name)

    def _call(self, one: FunctionPlan, version: str) -> None:
        """Let everybody call another version, and remember which one it was before."""
        name, aliases = one.wanted.name, one.found.aliases if one.found else {}
        before = one.found.live if one.found else None
        if before is not None:
            self.platform.point(name, PREVIOUS, before.version, exists=PREVIOUS in aliases)
        self.tell(f"function {name}: version {version} is called")
        self.platform.point(name, DEFAULT, version, exists=True)

    def _around(self, one: FunctionPlan) -> None:
        """Set what belongs to a function and to none of its versions: retries and triggers."""
        name = one.wanted.name
        if one.retrying:
            self.platform.retry(name, one.wanted.retrying)
        for each in one.triggers:
            if each.action != "same":
                self.tell(f"{each.trigger.kind} {each.trigger.name} of {name}: {each.action}")
            if each.action in {"delete", "replace"} and each.found:
                self.platform.delete_trigger(name, each.found)
            if each.action in {"create", "replace"}:
                self.platform.create_trigger(name, each.trigger)
            if each.action == "update":
                self.platform.update_trigger(name, each.trigger)

    def _wait(self, function: str) -> None:
        self._settled(lambda: self.platform.status(function))

    def _settled(self, status: Callable[[], str]) -> None:
        """Wait until a change has been carried out. Raises Refused when it failed, or takes too long."""
        until_s = self.clock.monotonic() + WAIT_S
        while (now := status()) != ACTIVE:
            if now.endswith(FAILED):
                raise Refused(now, "the platform could not carry it out; its console page says why")
            if self.clock.monotonic() > until_s:
                raise Refused(now, f"it takes longer than {WAIT_S:.0f} s: run cbsnap deploy again later")
            self.clock.sleep(LOOK_EVERY_S)


@contextmanager
def about(what: str) -> Iterator[None]:
    """Say what a refusal inside is about, and its cure where one is known."""
    try:
        yield
    except Refused as refused:
        said = str(refused).removeprefix(f"{refused.code}: ")
        cure = CURES.get(refused.code)
        told = f"{what}: {said} ({cure})" if cure else f"{what}: {said}"
        raise Refused(refused.code, told, refused.request_id) from refused


def marked(now: datetime, newest: str) -> str:
    """Return the mark of a release: later than the `newest` there is, whatever this machine's clock says."""
    if not newest:
        return now.strftime(MARK)
    after = datetime.strptime(newest, MARK).replace(tzinfo=timezone.utc) + timedelta(seconds=1)
    return max(now, after).strftime(MARK)
