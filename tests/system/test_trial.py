"""The trial of each step's worth, through the agent: the full plan loses nothing, others show that it could.

`--trials N` says how many cuts a mode gets; two are enough to see it work.
"""

from __future__ import annotations

import shutil
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.agent.driver import DISK, eventually
from tests.system import trial
from tests.system.loops import Loop, run
from tests.system.servers import MariaDb, served_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.agent.driver import Agent, Client

pytestmark = pytest.mark.root

MODES = {
    "nothing": "",
    "sync": "sync",
    "freeze": "freeze",
    "lock": "mysql",
    "lock+sync": "mysql sync",
    "lock+sync+freeze": "mysql sync freeze",
    "stage+sync+freeze": "mysql sync freeze\nmysql.lock = backup-stage",
}
WHOLE = ("lock+sync+freeze", "stage+sync+freeze")


@pytest.fixture
def shop(make_loop: Callable[..., Loop], packed_agent: Path) -> Iterator[tuple[MariaDb, Loop]]:
    """Run a busy shop on a disk whose image lies on a filesystem that can clone it."""
    store = make_loop("store", "xfs", 12 << 10)
    disk = make_loop("disk", "ext4", 1536, folder=store.mount)
    (disk.mount / "files").mkdir()
    server = MariaDb(served_folder("mysql"), disk.mount / "mysql").install().start().open_shop()
    trial.create_tables(server)
    run("sync", "--file-system", str(disk.mount))
    writer = trial.start_writer(server, disk.mount / "files", packed_agent)
    yield server, disk
    writer.kill()
    writer.wait()
    server.stop()
    shutil.rmtree(server.folder)


@pytest.mark.parametrize("mode", MODES)
def test_what_is_broken_after_a_cut(
    shop: tuple[MariaDb, Loop],
    start_packed: Callable[..., Agent],
    mode: str,
    trials: int,
) -> None:
    server, disk = shop
    steps = MODES[mode] or "sync"
    plan = (
        f"[plan:orders]\nsteps = {steps}\nmounts = {disk.mount}\ndisks = {disk.mount}={DISK}\n"
        f"mysql.socket = {server.socket}\nmysql.user = root\n"
    )
    if "mysql" not in steps:
        plan = plan[: plan.index("mysql.socket")]
    client = start_packed(plan).client()

    broken: Counter[str] = Counter()
    for _ in range(trials):
        _let_the_shop_write(server)
        image, state = _one_cut(server, disk, client, mode)
        found = trial.examine(image, disk.mount.with_name("restored"), state)
        broken.update(name for name, is_broken in found.items() if is_broken)
        image.unlink()

    print(f"\n{mode}: {dict(broken)} of {trials}")  # noqa: T201 - the table is what the trial is for
    if mode in WHOLE:
        assert not broken
    else:
        assert broken


def _let_the_shop_write(server: MariaDb) -> None:
    before = int(trial.state_of(server).counts[0])
    eventually(lambda: int(trial.state_of(server).counts[0]) > before + 200, within_s=60)


def _one_cut(server: MariaDb, disk: Loop, client: Client, mode: str) -> tuple[Path, trial.State | None]:
    """Cut under a lease; the state is what a lock kept still."""
    image = disk.image.with_name("cut.img")
    if mode == "nothing":
        trial.cut(disk.image, image)
        return image, None
    lease_id = client.held()
    trial.cut(disk.image, image)
    state = trial.state_of(server) if "mysql" in MODES[mode] else None
    record = client.release(lease_id, {DISK: "snap-1"})
    assert record["verdict"] == "whole", record
    return image, state


def test_markers_tell_a_cut_inside_the_lease_from_a_late_one(
    make_loop: Callable[..., Loop], start_packed: Callable[..., Agent], tmp_path: Path
) -> None:
    store = make_loop("store", "xfs", 1 << 10)
    disk = make_loop("disk", "ext4", 64, folder=store.mount)
    plan = f"[plan:orders]\nsteps = sync freeze\nmounts = {disk.mount}\ndisks = {disk.mount}={DISK}\n"
    client = start_packed(plan).client()

    lease_id = client.held()
    trial.cut(disk.image, store.mount / "inside.img")
    client.release(lease_id)
    trial.cut(disk.image, store.mount / "late.img")

    assert trial.marker(store.mount / "inside.img", tmp_path / "restored") == (lease_id, None)
    assert trial.marker(store.mount / "late.img", tmp_path / "restored") == (lease_id, lease_id)
