"""Drills of a real database under load: proved ones pass, one without a plan fails, a late cut shows.

All of it on this machine: the disk's image lies on XFS, where a cut is instant and whole, and what the drill
attaches becomes a block device that the packed agent finds by its disk's id, through the command channel.
"""

from __future__ import annotations

import shutil
import time
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cbsnap.clock import SystemClock
from cbsnap.hosts.agent import Agent as Host
from cbsnap.jobs.bracket import Wish, held
from cbsnap.jobs.drill import PATIENCE_S, drilled, start_now
from cbsnap.model.labels import Label
from cbsnap.model.plan import Plan, Target
from cbsnap.model.policies import Drilling, Keep, Policy, Quiesce, Selection
from cbsnap.rules.labels import labels
from cbsnap.upkeep import Change, Finding

from localcloud.contents import Contents
from localcloud.faults import Fault
from tests.agent.conftest import agent_python, start_agent
from tests.agent.driver import DISK, KEY, eventually
from tests.system import trial
from tests.system.conftest import make_loop, packed_agent, reachable, start_packed
from tests.system.loops import Loop, missing, run
from tests.system.servers import MariaDb, served_folder

from .conftest import HERE, Account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from cbsnap.jobs.trying import Bench
    from cbsnap.upkeep import Note

    from tests.agent.driver import Agent

__all__ = ["agent_python", "make_loop", "packed_agent", "reachable", "start_agent", "start_packed"]

FLEET = f"""
regions:
  ap-guangzhou:
    instances: [{{id: ins-11111111}}, {{id: ins-scratch}}]
    disks: [{{id: {DISK}, instance: ins-11111111}}]
"""
pytestmark = [pytest.mark.root, pytest.mark.fleet(FLEET)]
DRILLING = Drilling("ins-scratch", "0 5 * * 0", timedelta(hours=4), max_gib=100, checks="mysql")
POLICY = Policy("orders", Selection(), "0 2 * * *", "UTC", timedelta(hours=1), Keep(last=3), drill=DRILLING)
PLAN = Plan("prod", (Target(HERE),), (POLICY,))
ROWS = 300  # of load before a cut
CHECKS = """
[drill:mysql]
engines = mysql
command.shell = yes
command = mariadb --no-defaults --socket=$CBSNAP_MYSQL_SOCKET -N
    -e "SELECT COUNT(*) > 100 FROM shop.t_innodb" | grep 1
"""


@dataclass
class Clocks:
    """The cloud's clock, which is moved, and a moment of real time for the command that is waited for."""

    account: Account

    def now(self) -> datetime:
        return self.account.now()

    def monotonic(self) -> float:
        return self.account.monotonic()

    def sleep(self, seconds: float) -> None:
        self.account.sleep(seconds)
        time.sleep(0.05)


@dataclass
class Shop:
    """A MariaDB server under load, whose data lie on a disk of the local cloud."""

    server: MariaDb
    loop: Loop
    account: Account

    def proved(self, agent: Agent) -> str:
        """Take a snapshot under a lease, as a worker does."""
        self._loaded()
        due, clock = self.account.now(), SystemClock()
        operation = f"orders@{due:%Y%m%dT%H%MZ}/ins-11111111"
        with closing(Host(("127.0.0.1", agent.port), bytes.fromhex(KEY), clock)) as host:
            with held([Wish(host, (DISK,))], operation, Quiesce("orders"), clock) as hold:
                made = self.account.take(DISK, label="crash", due=due)
                hold.answered[DISK] = made
            label, why = labels([DISK], hold.answered, hold.released)[DISK]
        assert label is Label.APPLICATION, why
        self.account.regions.at(Target(HERE)).tag_snapshots([made], "cbsnap:label", label.value)
        return made

    def unproved(self) -> str:
        """Take a snapshot without a plan, while everything is being written."""
        self._loaded()
        return self.account.take(DISK, label="crash")

    def drilled(self) -> list[Note]:
        """Drill the newest run, to the end."""
        told: list[Note] = []
        bench = replace(self._bench(), until_s=self.account.monotonic())
        told += start_now("orders", "now", PLAN, self.account.inventory(), bench)

        def over() -> bool:
            told.extend(drilled(PLAN, self.account.inventory(), self._bench()))
            return not any(one.name.startswith("drill-") for one in self.account.held().disks.values())

        eventually(over, within_s=120)
        return told

    def tags(self, snapshot_id: str) -> dict[str, str]:
        return self.account.held().snapshots[snapshot_id].tags

    def _bench(self) -> Bench:
        bench = self.account.bench(Target(HERE), self.account.monotonic() + PATIENCE_S)
        return replace(bench, clock=Clocks(self.account))

    def _loaded(self) -> None:
        """Wait for load, and have some of it reach the disk, as the kernel does now and then."""
        eventually(lambda: self._rows() > ROWS, within_s=60)
        run("sync", "--file-system", str(self.loop.mount))
        eventually(lambda: self._rows() > 2 * ROWS, within_s=60)

    def _rows(self) -> int:
        return int(self.server.run("SELECT COUNT(*) FROM shop.t_aria"))


@pytest.fixture(params=["ext4", "xfs"])
def shop(
    request: pytest.FixtureRequest,
    make_loop: Callable[..., Loop],
    packed_agent: Path,
    account: Account,
    tmp_path: Path,
) -> Iterator[Shop]:
    for tool in missing("mariadbd", "mariadb-install-db", "xfs_repair", "e2fsck"):
        pytest.skip(f"{tool} is not installed")
    store = make_loop("store", "xfs", 4 << 10)
    disk = make_loop("disk", request.param, 768, folder=store.mount)
    cloud = account.local.cloud
    cloud.contents = Contents(store.mount / "copies")
    cloud.settings = replace(cloud.settings, devices=True)
    account.held().disks[DISK].content = str(disk.image)
    account.held().instances["ins-scratch"].env["PATH"] = _scratch_host(tmp_path, packed_agent)
    (disk.mount / "files").mkdir()
    server = MariaDb(served_folder("mysql"), disk.mount / "mysql").install().start().open_shop()
    trial.create_tables(server)
    writer = trial.start_writer(server, disk.mount / "files", packed_agent)
    yield Shop(server, disk, account)
    writer.kill()
    writer.wait()
    server.stop()
    shutil.rmtree(server.folder)


def _scratch_host(folder: Path, packed_agent: Path) -> str:
    """Put the packed agent with a configuration where the command channel finds it; return the path."""
    programs = folder / "scratch"
    programs.mkdir()
    (programs / "agent.ini").write_text(CHECKS)
    start = programs / "cbsnap-agent.pyz"
    start.write_text(
        f'#!/bin/sh\ncommand=$1; shift\nexec {packed_agent} "$command" --config {programs}/agent.ini "$@"\n'
    )
    start.chmod(0o755)
    return f"{programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@pytest.fixture
def agent(shop: Shop, start_packed: Callable[..., Agent]) -> Agent:
    plan = shop.server.plan("mysql sync freeze")
    return start_packed(plan.replace(str(shop.server.data), str(shop.loop.mount), 1))


def verdicts(told: list[Note]) -> list[str]:
    return [one.reason for one in told if isinstance(one, Change) and one.action.value == "drilled"]


def test_a_proved_snapshot_of_a_busy_database_passes(shop: Shop, agent: Agent) -> None:
    made = shop.proved(agent)

    told = shop.drilled()

    assert shop.tags(made)["cbsnap:drill"] == "passed", told
    assert "cut inside" in verdicts(told)[0]
    assert not Path(f"/dev/disk/by-id/virtio-{DISK}").exists()
    assert "cbsnap-drill" not in Path("/proc/mounts").read_text()


def test_a_snapshot_taken_without_a_plan_under_load_fails(shop: Shop) -> None:
    made = shop.unproved()

    told = shop.drilled()

    assert shop.tags(made)["cbsnap:drill"] == "failed", told
    assert "shop.t_myisam" in verdicts(told)[0]


def test_a_snapshot_that_the_cloud_cut_late_is_demoted(shop: Shop, agent: Agent) -> None:
    shop.account.local.cloud.faults.add([Fault("late_cut", action="CreateSnapshot", after_s=20)])
    made = shop.proved(agent)

    told = shop.drilled()

    assert shop.tags(made)["cbsnap:drill"] == "late", told
    assert shop.tags(made)["cbsnap:label"] == "crash"
    assert ("cut late", made) in [
        (one.trouble.value, one.subject) for one in told if isinstance(one, Finding)
    ]
