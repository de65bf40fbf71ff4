"""A proof says no more than was held: layouts that would let a disk be credited with what lies elsewhere."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from cbsnap_agent import mounts, reach

from tests.agent.driver import DISK, create_orders
from tests.system.loops import Loop, missing, run
from tests.system.servers import MariaDb, served_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.agent.driver import Agent
    from tests.system.servers import Postgres

pytestmark = pytest.mark.root

OTHER, THIRD = "disk-22222222", "disk-33333333"


@pytest.mark.parametrize("steps", ["sqlite sync", "sqlite sync freeze"])
def test_a_disk_is_not_credited_with_a_filesystem_mounted_inside_its_own(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent], tmp_path: Path, steps: str
) -> None:
    outer = make_loop("a")
    (tmp_path / "a").mkdir()
    inner = make_loop("a/db")
    orders = create_orders(inner.mount / "orders")
    plan = f"[plan:orders]\nsteps = {steps}\nsqlite.databases = {orders.path}\ndisks = {outer.mount}={DISK}\n"

    reply = start_agent(plan).client().lease()

    assert (reply.status, reply.body["code"]) == (422, "wrong-disks")
    assert f"no disk id is known for {inner.mount}" in reply.body["message"]


def test_what_lies_under_a_hidden_mount_is_not_claimed(
    stacked: tuple[Loop, Loop], start_agent: Callable[..., Agent]
) -> None:
    hidden, top = stacked
    plan = f"[plan:orders]\nsteps = sync freeze\nmounts = {hidden.mount}\ndisks = {hidden.mount}={DISK}\n"

    record = start_agent(plan).client().lease().body

    assert record["state"] == "FAILED"
    assert f"is a folder of {top.mount}" in record["reason"]
    assert top.is_writable()


def test_a_descriptor_is_known_by_the_mount_it_lies_on(stacked: tuple[Loop, Loop]) -> None:
    hidden, top = stacked
    table = mounts.read()
    below = next(mount for mount in table if mount.point == str(hidden.mount))

    with pytest.raises(OSError, match="something else is mounted"):
        mounts.open_point(below)

    assert mounts.holding(str(hidden.mount), table).point == str(top.mount)


def test_data_of_mariadb_are_found_on_every_filesystem(
    start_packed: Callable[..., Agent], scattered: MariaDb
) -> None:
    folder = scattered.folder
    more = f"{folder}/ib={OTHER} {scattered.data}/big={THIRD}"
    plan = scattered.plan().replace(f"={DISK}", f"={DISK} {more}")
    client = start_packed(plan).client()

    refused = client.lease()
    checked = client.call("POST", "/v1/plans/orders/check", {"disks": [DISK]}).body
    record = client.release(client.held(disks=[DISK, OTHER, THIRD]))

    assert (refused.status, refused.body["code"]) == (422, "wrong-disks")
    assert sorted(checked["disks"]) == [DISK, OTHER, THIRD]
    assert [problem["code"] for problem in checked["problems"]] == ["wrong-disks"]
    assert {cover["label"] for cover in record["covers"]} == {"crash"}  # three disks want a freeze


def test_data_of_postgresql_are_found_through_links(
    make_loop: Callable[..., Loop], make_postgres: Callable[..., Postgres], start_agent: Callable[..., Agent]
) -> None:
    data, other = (make_loop(name, size_mib=256) for name in ("data", "other"))
    for loop in (data, other):
        loop.mount.chmod(0o777)
    server = make_postgres(data.mount / "pg")
    server.stop()
    shutil.move(str(server.data / "base"), other.mount / "base")
    run("chown", "-R", "postgres", str(other.mount / "base"))
    (server.data / "base").symlink_to(other.mount / "base")
    server.start()
    client = start_agent(server.plan(more=f"disks = {data.mount}={DISK} {other.mount}={OTHER}")).client()

    refused = client.lease()
    lease_id = client.held(disks=[DISK, OTHER])
    frozen = not other.is_writable()
    record = client.release(lease_id)

    assert (refused.status, refused.body["code"]) == (422, "wrong-disks")
    assert frozen
    assert {(cover["disk_id"], cover["how"], cover["label"]) for cover in record["covers"]} == {
        (DISK, "sync+freeze", "application"),
        (OTHER, "sync+freeze", "application"),
    }


def test_a_folder_that_could_not_be_looked_into_is_said(reachable: Path) -> None:
    (reachable / "data" / "closed").mkdir(parents=True)
    (reachable / "data" / "closed").chmod(0o700)

    with _nobody():
        _, unseen = reach.look([str(reachable / "data")], mounts.read())

    assert unseen == [f"{reachable}/data/closed could not be looked into: Permission denied"]


@pytest.mark.parametrize("steps", ["sync freeze", "unmount"])
@pytest.mark.parametrize("more", ["", "{}=" + DISK])
def test_a_disk_with_another_mounted_partition_earns_nothing(
    partitions: list[Path], start_agent: Callable[..., Agent], steps: str, more: str
) -> None:
    ours, other = partitions
    plan = f"[plan:orders]\nsteps = {steps}\nmounts = {ours}\ndisks = {ours}={DISK} {more.format(other)}\n"
    client = start_agent(plan).client()

    record = client.release(client.held(), {DISK: "snap-1"})
    checked = client.call("POST", "/v1/plans/orders/check", {"disks": [DISK]}).body

    assert (record["verdict"], record["covers"][0]["label"]) == ("whole", "crash")
    assert f"{DISK} holds {other} too, which the plan does not name" in record["caveats"]
    assert checked["label"] == "crash"
    assert f"{DISK} holds {other} too, which the plan does not name" in checked["caveats"]


def test_a_disk_whose_partitions_are_all_in_the_plan_earns_its_label(
    partitions: list[Path], start_agent: Callable[..., Agent]
) -> None:
    ours, other = partitions
    plan = (
        f"[plan:orders]\nsteps = sync freeze\nmounts = {ours} {other}\ndisks = {ours}={DISK} {other}={DISK}\n"
    )
    client = start_agent(plan).client()

    record = client.release(client.held(), {DISK: "snap-1"})

    assert [cover["label"] for cover in record["covers"]] == ["filesystem", "filesystem"]


def test_a_btrfs_over_two_devices_is_not_one_disk(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent], tmp_path: Path
) -> None:
    loop = make_loop("data", "btrfs", 128)
    second = tmp_path / "second.img"
    with second.open("wb") as image:
        image.truncate(128 << 20)
    device = run("losetup", "--find", "--show", str(second)).strip()
    run("btrfs", "device", "add", "-K", "-f", device, str(loop.mount))
    plan = f"[plan:orders]\nsteps = sync freeze\nmounts = {loop.mount}\ndisks = {loop.mount}={DISK}\n"

    reply = start_agent(plan).client().lease()
    run("btrfs", "device", "remove", device, str(loop.mount))
    run("losetup", "--detach", device)

    assert (reply.status, reply.body.get("code")) == (422, "wrong-disks")
    assert "lies on 2 devices" in reply.body["message"]


@pytest.fixture
def stacked(make_loop: Callable[..., Loop], tmp_path: Path) -> Iterator[tuple[Loop, Loop]]:
    """Mount one filesystem inside another, and a third over the outer one: it has a folder of that name."""
    outer = make_loop("x")
    (tmp_path / "x").mkdir()
    hidden = make_loop("x/b")
    top = Loop(tmp_path / "top.img", outer.mount, "ext4", 64).make()
    (top.mount / "b").mkdir()
    yield hidden, top
    top.thaw()
    for writer in top.writers:
        writer.wait(10)
    run("umount", str(top.mount))
    run("losetup", "--detach", top.device)


@pytest.fixture
def partitions(tmp_path: Path, reachable: Path) -> Iterator[list[Path]]:
    """Mount two parts of one image, as two partitions of a disk would be."""
    image = tmp_path / "disk.img"
    with image.open("wb") as target:
        target.truncate(200 << 20)
    devices, points = [], []
    for number in (0, 1):
        part = ["--offset", str(number * (100 << 20)), "--sizelimit", str(100 << 20)]
        devices.append(run("losetup", "--find", "--show", *part, str(image)).strip())
        points.append(reachable / f"part{number}")
        points[-1].mkdir()
        run("mkfs.ext4", "-q", "-F", devices[-1])
        run("mount", devices[-1], str(points[-1]))
    yield points
    for device, point in zip(devices, points, strict=True):
        run("umount", str(point))
        run("losetup", "--detach", device)


@pytest.fixture
def scattered(tmp_path: Path) -> Iterator[MariaDb]:
    """Run a MariaDB server with its system tablespace and a database on filesystems of their own."""
    for tool in missing("mariadbd", "mariadb-install-db"):
        pytest.skip(f"{tool} is not installed")
    folder = served_folder("mysql")
    server = MariaDb(folder, folder / "data").install()
    loops = [
        Loop(tmp_path / f"{point.name}.img", point, "ext4", 128).make()
        for point in (folder / "ib", server.data / "big")
    ]
    for loop in loops:
        (loop.mount / "lost+found").rmdir()
        shutil.chown(loop.mount, "mysql", "mysql")
    moved = shutil.move(str(server.data / "ibdata1"), str(loops[0].mount / "ibdata1"))
    shutil.chown(moved, "mysql", "mysql")
    server.start("--innodb-data-home-dir=", f"--innodb-data-file-path={moved}:12M:autoextend").open_shop()
    yield server
    server.stop()
    for loop in loops:
        loop.thaw()
        loop.remove()
    shutil.rmtree(folder)


@contextmanager
def _nobody() -> Iterator[None]:
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
