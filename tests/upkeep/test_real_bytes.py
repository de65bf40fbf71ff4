"""A real database comes back: its disk's content is destroyed, and restored by each way.

The orders travel as messages and are carried out by several invocations, as by the functions.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from cbsnap.clock import SystemClock
from cbsnap.hosts.agent import Agent as Host
from cbsnap.jobs.bracket import Wish, held
from cbsnap.jobs.restore import AskedClone, AskedRollback
from cbsnap.model.labels import Label
from cbsnap.model.plan import Target
from cbsnap.model.policies import Quiesce
from cbsnap.restoration import State
from cbsnap.rules.labels import labels

from tests.agent.conftest import agent_python, start_agent
from tests.agent.driver import DISK, KEY
from tests.system.conftest import make_loop, packed_agent, reachable, start_packed
from tests.system.loops import Loop, missing, run
from tests.system.servers import MariaDb, served_folder

from .conftest import HERE, Account
from .desk import Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cbsnap.jobs.restore import Asked
    from cbsnap.restoration import Progress

    from tests.agent.driver import Agent

__all__ = ["agent_python", "make_loop", "packed_agent", "reachable", "start_agent", "start_packed"]

FLEET = f"""
regions:
  ap-guangzhou:
    instances: [{{id: ins-11111111}}, {{id: ins-22222222}}]
    disks: [{{id: {DISK}, instance: ins-11111111}}]
"""
pytestmark = [pytest.mark.root, pytest.mark.fleet(FLEET)]
DOUBLED = 9
ROWS = 2**DOUBLED


@dataclass
class Shop:
    """A MariaDB server whose data lies on a disk of the local cloud."""

    server: MariaDb
    loop: Loop
    account: Account

    def snapshot(self, agent: Agent) -> tuple[str, Label | None]:
        """Take a snapshot under a lease, as a worker does; return its id and what was proved of it."""
        clock, cloud = SystemClock(), self.account.regions.at(Target(HERE))
        with closing(Host(("127.0.0.1", agent.port), bytes.fromhex(KEY), clock)) as host:
            with held([Wish(host, (DISK,))], "orders@test/ins", Quiesce("orders"), clock) as hold:
                name = f"orders.{clock.now():%Y%m%dT%H%MZ}.11111111"
                made = cloud.create_snapshots({DISK: name}, {"cbsnap:deployment": "prod"}, 20)[DISK]
                assert isinstance(made, str), made
                hold.answered[DISK] = made
            label, _ = labels([DISK], hold.answered, hold.released)[DISK]
        self.account.sleep(60)
        return made, label

    def put_away(self) -> None:
        """End the server and give its device up."""
        self.server.process.kill()
        self.server.process.wait()
        run("umount", str(self.loop.mount))
        run("losetup", "--detach", self.loop.device)

    def bring_back(self, image: Path) -> None:
        """Start the server over an image."""
        self.loop.device = run("losetup", "--find", "--show", str(image)).strip()
        run("mount", self.loop.device, str(self.loop.mount))
        self.server.start()

    def rows(self) -> int:
        """Return the rows of the table, once the engine has found it sound."""
        assert "OK" in self.server.run("CHECK TABLE shop.orders")
        return int(self.server.run("SELECT COUNT(*) FROM shop.orders"))

    def restored(self, asked: Asked, key: str) -> Progress:
        """Have it restored by one invocation after another, of a few seconds each."""
        desk = Desk(self.account)
        desk.agree(asked, key)
        progress = desk.status(key)
        while desk.orders:
            progress = desk.deliver(desk.orders.pop(0), budget_s=12)
        assert progress == desk.status(key)
        return progress


@pytest.fixture
def shop(make_loop: Callable[..., Loop], account: Account) -> Iterator[Shop]:
    for tool in missing("mariadbd", "mariadb-install-db"):
        pytest.skip(f"{tool} is not installed")
    loop = make_loop("data", size_mib=384)
    folder = served_folder("mysql")
    server = MariaDb(folder, loop.mount / "data").install().start().open_shop()
    server.run("INSERT INTO shop.orders VALUES (1)")
    for _ in range(DOUBLED):
        server.run("INSERT INTO shop.orders SELECT * FROM shop.orders")
    account.held().disks[DISK].content = str(loop.image)
    yield Shop(server, loop, account)
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def agent(shop: Shop, start_packed: Callable[..., Agent]) -> Agent:
    return start_packed(
        shop.server.plan("mysql sync freeze").replace(str(shop.server.data), str(shop.loop.mount), 1)
    )


def destroyed(shop: Shop) -> None:
    """Overwrite the disk's content where filesystem and tables begin."""
    shop.server.run("DELETE FROM shop.orders")
    shop.put_away()
    with shop.loop.image.open("r+b") as image:
        image.write(bytes(64 << 20))


def test_a_destroyed_disk_is_rolled_back_and_the_database_is_whole(shop: Shop, agent: Agent) -> None:
    made, label = shop.snapshot(agent)
    destroyed(shop)
    shop.account.held().instances["ins-11111111"].state = "STOPPED"

    came = shop.restored(AskedRollback(made), "the-audit")
    shop.bring_back(shop.loop.image)

    assert (label, came.state) == (Label.APPLICATION, State.DONE)
    assert shop.rows() == ROWS


def test_a_rollback_too_far_is_undone_with_its_safety_snapshot(shop: Shop, agent: Agent) -> None:
    made, _ = shop.snapshot(agent)
    shop.server.run("INSERT INTO shop.orders VALUES (2)")
    shop.server.stop()
    run("umount", str(shop.loop.mount))
    run("losetup", "--detach", shop.loop.device)
    shop.account.held().instances["ins-11111111"].state = "STOPPED"

    (safety,) = shop.restored(AskedRollback(made), "too far").snapshot_ids
    came = shop.restored(AskedRollback(safety), "and back")
    shop.bring_back(shop.loop.image)

    assert came.state is State.DONE
    assert shop.rows() == ROWS + 1


@pytest.mark.parametrize("way", ["snapshot", "disk", "instance"])
def test_a_destroyed_disk_is_cloned_and_the_database_is_whole(shop: Shop, agent: Agent, way: str) -> None:
    made, label = shop.snapshot(agent)
    destroyed(shop)
    as_of = shop.account.now()
    ways = {
        "snapshot": AskedClone(snapshot_ids=(made,)),
        "disk": AskedClone(disk_ids=(DISK,), as_of=as_of, attach_to="ins-22222222"),
        "instance": AskedClone(instance_id="ins-11111111", as_of=as_of, attach_to="ins-22222222"),
    }

    came = shop.restored(ways[way], "the-audit")
    new = shop.account.held().disks[came.disk_ids[0]]
    shop.loop.image.unlink()
    shop.bring_back(shop.loop.image.parent.joinpath(new.content))

    assert (label, came.state) == (Label.APPLICATION, State.DONE)
    assert new.instances == ([] if way == "snapshot" else ["ins-22222222"])
    assert shop.rows() == ROWS
