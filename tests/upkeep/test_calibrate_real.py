"""Calibration finds when the local cloud cut, with real bytes on loop devices, and advises by it.

The witness of when that really was is the kernel's: the time that it wrote on the copy's file.
"""

from __future__ import annotations

import io
import secrets
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from cbsnap.clock import SystemClock
from cbsnap.entry.cli.app import main
from cbsnap.errors import InputError
from cbsnap.hosts.agent import Agent as Host
from cbsnap.hosts.signature import host_key
from cbsnap.jobs.calibrate import Calibration, Means, Scene, calibrate, scene
from cbsnap.jobs.sequencing import Sequenced
from cbsnap.model import Target, Thaw
from cbsnap.tencent.commands import RegionCommands

from localcloud.contents import Contents
from localcloud.faults import Fault
from tests.agent.conftest import agent_python, start_agent
from tests.agent.driver import DISK
from tests.system.conftest import make_loop, packed_agent, reachable, start_packed
from tests.system.loops import Loop, missing, run

from .conftest import DEPLOYMENT, HERE, Account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from cbsnap.rules.calibration import Measured

    from tests.agent.driver import Agent

__all__ = ["agent_python", "make_loop", "packed_agent", "reachable", "start_agent", "start_packed"]

HOST = "ins-11111111"
MASTER = "7" * 64
FLEET = f"""
regions:
  ap-guangzhou:
    instances: [{{id: {HOST}, ip: 127.0.0.1}}]
    disks: [{{id: {DISK}, instance: {HOST}}}]
"""
POLICIES = """
deployment: prod
targets: [{{region: ap-guangzhou}}]
agent: {{port: {port}}}
policies: {{none: {{select: {{disks: [disk-none]}}, schedule: "0 0 1 1 *"}}}}
"""
pytestmark = [pytest.mark.root, pytest.mark.fleet(FLEET)]
COUNT = 3
KERNELS_TICK_S = 0.012  # what a file's time may be behind by


@dataclass
class Hurried:
    """The cloud's clock, moved on instead of waited for: for the clones, whose time does not matter."""

    account: Account

    def now(self) -> datetime:
        return self.account.now()

    def monotonic(self) -> float:
        return self.account.monotonic()

    def sleep(self, seconds: float) -> None:
        self.account.sleep(seconds)
        time.sleep(0.05)


@dataclass
class Witness:
    """Deletes snapshots, and notes before when their bytes were copied, in our monotonic seconds."""

    account: Account
    cut_at: dict[str, float] = field(default_factory=dict)

    def delete_snapshots(self, snapshot_ids: Sequence[str]) -> None:
        for one in snapshot_ids:
            copied = Path(self.account.held().snapshots[one].copy).stat().st_ctime
            self.cut_at[one] = copied - time.time() + time.monotonic()
        self.account.lifecycles.at(Target(HERE)).delete_snapshots(snapshot_ids)

    def agrees(self, one: Measured) -> bool:
        """Tell whether a cut was indeed where it was measured to be."""
        truth = self.cut_at[one.sample.snapshot_id] - one.sample.answered_s
        return one.late.low - KERNELS_TICK_S <= truth <= one.late.high + KERNELS_TICK_S

    def set_deadline(self, snapshot_id: str, deadline: datetime | None) -> None:
        raise AssertionError(f"{snapshot_id} is born with its end, not given one: {deadline}")


@dataclass
class Lab:
    """A host with a scratch disk, and somebody who calibrates."""

    account: Account
    agent: Agent
    witness: Witness
    mount: Path

    def calibrate(
        self, count: int = COUNT, *, near: bool = True, tell: Callable[[str], None] = lambda _: None
    ) -> Calibration:
        """Calibrate, with the host's clock asked for at its agent, or through the command channel."""
        session = secrets.token_hex(8)
        with closing(Host(("127.0.0.1", self.agent.port), host_key(MASTER, 1, HOST), SystemClock())) as host:
            sequence = Sequenced(self.commands, SystemClock(), HOST, session, host if near else None)
            found = calibrate(self.scene, count, session, sequence, self.means(tell))
        assert sequence.near is near
        return found

    def means(self, tell: Callable[[str], None]) -> Means:
        bench = self.account.bench(Target(HERE), self.account.monotonic() + 3600)
        cloud = self.account.regions.at(Target(HERE))
        hurried = replace(bench, clock=Hurried(self.account))
        return Means(cloud, self.witness, hurried, SystemClock(), DEPLOYMENT, tell)

    @property
    def scene(self) -> Scene:
        return scene(DISK, self.account.regions.at(Target(HERE)))

    @property
    def commands(self) -> RegionCommands:
        return RegionCommands(self.account.api(Target(HERE)))

    def environment(self) -> dict[str, str]:
        """Return a person's own."""
        return {
            "TENCENTCLOUD_SECRETID": self.account.local.secret_id,
            "TENCENTCLOUD_SECRETKEY": self.account.local.secret_key,
            "CBSNAP_ENDPOINT": self.account.local.url,
            "CBSNAP_MASTER_KEY": MASTER,
        }

    def left(self) -> list[str]:
        """Return what there is of calibrations in the cloud and on the host."""
        held = self.account.held()
        on_host = [str(one) for one in Path("/run/cbsnap-sequence").iterdir() if one.suffix == ".log"]
        return [*(one for one in held.disks if one != DISK), *held.snapshots, *on_host]


@pytest.fixture
def lab(  # noqa: PLR0913, PLR0917 - fixtures
    make_loop: Callable[..., Loop],
    start_packed: Callable[..., Agent],
    packed_agent: Path,
    account: Account,
    reachable: Path,
    tmp_path: Path,
) -> Iterator[Lab]:
    for tool in missing("mkfs.ext4", "losetup"):
        pytest.skip(f"{tool} is not installed")
    store = make_loop("store", "xfs", 1 << 10)
    cloud = account.local.cloud
    cloud.contents = Contents(store.mount / "copies")
    cloud.settings = replace(cloud.settings, devices=True, snapshot_seconds=0.3, operation_seconds=0.1)
    image = store.mount / "disk.img"
    with image.open("wb") as made:
        made.truncate(256 << 20)
    account.held().disks[DISK].content = str(image)
    account.held().instances[HOST].env["PATH"] = _programs(tmp_path, packed_agent)
    control = f"{account.local.url}/_local/disks/{DISK}/device"
    device = requests.post(control, timeout=10).json()["device"]
    mount = reachable / "scratch"
    mount.mkdir()
    run("mkfs.ext4", "-q", device)
    run("mount", device, str(mount))
    key = f"1 {host_key(MASTER, 1, HOST).hex()}\n"
    agent = start_packed(f"[plan:none]\nsteps = sync\nmounts = {mount}", keys=key)
    yield Lab(account, agent, Witness(account), mount)
    if mount.is_mount():
        run("umount", str(mount))
    requests.delete(control, timeout=10).raise_for_status()


def _programs(folder: Path, packed_agent: Path) -> str:
    """Put the packed agent where the command channel finds it; return the path."""
    programs = folder / "programs"
    programs.mkdir()
    (programs / "cbsnap-agent.pyz").symlink_to(packed_agent)
    return f"{programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@pytest.mark.parametrize("delay_ms", [150, 500])
def test_a_late_cut_is_found_to_the_measurements_resolution(lab: Lab, delay_ms: int) -> None:
    lab.account.local.cloud.faults.add(
        [Fault("late_cut", action="CreateSnapshot", after_s=delay_ms / 1000, times=0)]
    )

    found = lab.calibrate()

    assert (len(found.found), found.errors) == (COUNT, {})
    assert all(lab.witness.agrees(one) for one in found.found), lab.witness.cut_at
    for one in found.found:  # told to come so long after the request, which is before the answer
        answer_s = one.sample.answered_s - one.sample.asked_s
        assert one.late.low > 0
        assert one.late.high + answer_s >= delay_ms / 1000
    assert found.advice.thaw is Thaw.NORMAL
    assert found.advice.margin_s > 0
    assert lab.left() == []


def test_a_cut_before_the_answer_lets_the_host_go_on_at_the_answer(lab: Lab) -> None:
    found = lab.calibrate(5)

    assert (len(found.found), found.errors) == (5, {})
    assert all(lab.witness.agrees(one) for one in found.found), lab.witness.cut_at
    assert found.advice.thaw is Thaw.RETURNED, found
    assert lab.left() == []


def test_the_command_asks_measures_and_says_what_to_write(
    lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Fault("late_cut", action="CreateSnapshot", after_s=0.15, times=0)
    lab.account.local.cloud.faults.add([late])
    policies = tmp_path / "policies.yml"
    policies.write_text(POLICIES.format(port=lab.agent.port))
    monkeypatch.setattr("sys.stdin", Person(f"{DISK}\n"))

    code = main(["--policies", str(policies), "doctor", "--calibrate", DISK], lab.environment())

    printed = capsys.readouterr().out
    assert code == 0, printed
    assert "quiesce: {…, thaw: normal}" in printed
    assert "asked for over the network" in printed
    assert printed.count("snap-") == 5, printed
    assert lab.left() == []


def test_through_the_command_channel_alone_it_is_coarser_and_still_true(lab: Lab) -> None:
    lab.account.local.cloud.faults.add([Fault("late_cut", action="CreateSnapshot", after_s=0.5, times=0)])

    found = lab.calibrate(2, near=False)

    assert (len(found.found), found.errors) == (2, {})
    assert all(lab.witness.agrees(one) for one in found.found), lab.witness.cut_at
    assert found.advice.thaw is Thaw.NORMAL
    assert lab.left() == []


def test_what_a_killed_one_has_left_the_next_one_removes(lab: Lab) -> None:
    def die(said: str) -> None:
        if said == "cleaning up":
            raise Killed

    with pytest.raises(Killed):
        lab.calibrate(1, tell=die)
    left = lab.left()

    lab.calibrate(1)

    assert len(left) == 3, left  # a clone, a snapshot, the log
    assert lab.left() == []


def test_one_that_is_interrupted_leaves_nothing(lab: Lab) -> None:
    def interrupt(said: str) -> None:
        if said == "snapshot 2 of 2":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lab.calibrate(2, tell=interrupt)

    assert lab.left() == []


def test_its_snapshots_are_born_with_an_end(lab: Lab) -> None:
    ends: list[float] = []

    def look(said: str) -> None:
        if said == "cleaning up":
            ends.extend(one.deadline_s or 0 for one in lab.account.held().snapshots.values())

    lab.calibrate(1, tell=look)

    (end_s,) = ends
    assert 24 < (end_s - lab.account.local.cloud.clock.now()) / 3600 < 26


def test_a_disk_on_which_nothing_is_mounted_is_refused_with_what_to_do(lab: Lab) -> None:
    run("umount", str(lab.mount))

    with pytest.raises(InputError, match=f"{DISK} is not mounted here: mount a filesystem of it"):
        lab.calibrate(1)

    assert lab.left() == []


class Person(io.StringIO):
    """Somebody at a terminal."""

    def isatty(self) -> bool:
        return True


class Killed(BaseException):
    """The program is gone before it could clean up."""
