"""`cbsnap-agent drill` on real devices: each engine's own check, what is not sound, and what stays behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.agent.driver import eventually, is_alive
from tests.system.loops import Loop, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.system.servers import Postgres, Redis

pytestmark = pytest.mark.root

BY_ID = Path("/dev/disk/by-id")
RUN = "orders@20261122T0200Z"


@dataclass
class Bench:
    """A scratch host with the packed agent: clones are shown to it by their disk's id."""

    program: Path
    folder: Path
    links: list[Path]

    def show(self, loop: Loop, disk_id: str = "disk-clone001") -> str:
        """Unmount a filesystem and let its device be a disk's clone."""
        run("umount", str(loop.mount))
        return self.link(loop.device, disk_id)

    def link(self, device: str, disk_id: str = "disk-clone001") -> str:
        """Let a device be a disk's clone."""
        BY_ID.mkdir(parents=True, exist_ok=True)
        self.links.append(BY_ID / f"virtio-{disk_id}")
        self.links[-1].unlink(missing_ok=True)
        self.links[-1].symlink_to(device)
        return disk_id

    def command(self, *disks: str, checks: str = "") -> list[str]:
        """Return a drill's command; `checks` is what the host's configuration says."""
        config = self.folder / "agent.ini"
        config.write_text(f"[drill:it]\n{checks}\n")
        named = ["--checks", "it"] if checks else []
        return [str(self.program), "drill", "--config", str(config), "--run", RUN, *named, *disks]

    def drill(self, *disks: str, checks: str = "") -> dict[str, Any]:
        """Drill, and return the report; its exit code must say the same."""
        command = self.command(*disks, checks=checks)
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False, timeout=120, cwd="/")
        report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        assert done.returncode == {"passed": 0, "failed": 1, "unfinished": 3}[report["verdict"]]
        return report


@pytest.fixture
def bench(packed_agent: Path, tmp_path: Path) -> Iterator[Bench]:
    folder = tmp_path / "scratch"
    folder.mkdir()
    made = Bench(packed_agent, folder, [])
    yield made
    for link in made.links:
        link.unlink(missing_ok=True)


@pytest.fixture
def postgres_loops(make_loop: Callable[..., Loop]) -> list[Loop]:
    return [make_loop("pgdata", size_mib=256), make_loop("pgwal", fstype="xfs", size_mib=320)]


def failed(report: dict[str, Any]) -> list[str]:
    return [one["name"] for one in report["checks"] if not one["ok"]]


def details(report: dict[str, Any]) -> str:
    return " | ".join(f"{one['name']}: {one['detail']}" for one in report["checks"])


# --- filesystems -------------------------------------------------------------------------------


@pytest.mark.parametrize(("fstype", "size_mib"), [("ext4", 64), ("xfs", 320), ("btrfs", 256)])
def test_a_sound_filesystem_passes(
    bench: Bench, make_loop: Callable[..., Loop], fstype: str, size_mib: int
) -> None:
    loop = make_loop("data", fstype, size_mib)

    report = bench.drill(bench.show(loop))

    assert (report["verdict"], report["cut"]) == ("passed", "unknown"), report


@pytest.mark.parametrize(("fstype", "size_mib"), [("ext4", 64), ("xfs", 320)])
def test_a_filesystem_that_is_damaged_fails(
    bench: Bench, make_loop: Callable[..., Loop], fstype: str, size_mib: int
) -> None:
    loop = make_loop("data", fstype, size_mib)
    for number in range(200):
        (loop.mount / f"file-{number}").write_text("x" * 5000)
    disk = bench.show(loop)
    _damage(loop, fstype)

    report = bench.drill(disk)

    assert (report["verdict"], failed(report)[0]) == ("failed", f"{disk} {fstype}"), report


def _damage(loop: Loop, fstype: str) -> None:
    """Break what the filesystem knows of its free space, which mounting does not notice."""
    if fstype == "ext4":
        run("debugfs", "-w", "-R", "clri <13>", loop.device)
    else:
        run("xfs_db", "-x", "-c", "agf 0", "-c", "write -d freeblks 7", loop.device)


def test_a_disk_without_a_filesystem_fails(bench: Bench, make_loop: Callable[..., Loop]) -> None:
    loop = make_loop("data")
    disk = bench.show(loop)
    run("wipefs", "--all", loop.device)

    report = bench.drill(disk)

    assert (report["verdict"], failed(report)) == ("failed", [disk])


def test_what_is_encrypted_or_spans_devices_is_not_done_rather_than_failed(
    bench: Bench, make_loop: Callable[..., Loop]
) -> None:
    loop = make_loop("data")
    disk = bench.show(loop)
    run("wipefs", "--all", loop.device)
    Path(loop.device).write_bytes(b"LUKS\xba\xbe\x00\x01" + bytes(4096))

    report = bench.drill(disk)

    assert report["verdict"] == "unfinished"
    assert "crypto_LUKS" in report["reason"]


# --- markers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pre", "post", "operation", "cut"),
    [
        ("a", "", f"{RUN}/ins-1", "inside"),
        ("a", "b", f"{RUN}/ins-1", "inside"),
        ("a", "a", f"{RUN}/ins-1", "late"),
        ("a", "a", f"{RUN}#tuesday/ins-1", "late"),
        ("a", "a", f"files@20261122T0200Z+{RUN}/ins-1", "late"),
        ("a", "a", "orders@20261121T0200Z/ins-1", "unknown"),
        ("a", "", "orders@20261121T0200Z/ins-1", "unknown"),
        ("a", "a", f"{RUN}0/ins-1", "unknown"),
        ("", "", "", "unknown"),
    ],
)
def test_the_cut_is_told_by_the_markers_of_this_runs_lease(  # noqa: PLR0913, PLR0917 - a table's columns
    bench: Bench, make_loop: Callable[..., Loop], pre: str, post: str, operation: str, cut: str
) -> None:
    loop = make_loop("data")
    place = loop.mount / "data"
    place.mkdir()
    for name, lease_id in (("pre", pre), ("post", post)):
        if lease_id:
            record = {"lease_id": lease_id, "operation": operation}
            (place / f".cbsnap-{name}").write_text(json.dumps(record))

    assert bench.drill(bench.show(loop))["cut"] == cut


# --- engines -----------------------------------------------------------------------------------


def orders(folder: Path) -> Path:
    with closing(sqlite3.connect(folder / "orders.db")) as database:
        database.execute("CREATE TABLE orders (amount, note)")
        database.executemany("INSERT INTO orders VALUES (?, ?)", [(n, "x" * 500) for n in range(2000)])
        database.execute("CREATE INDEX by_amount ON orders (amount)")
        database.commit()
    return folder / "orders.db"


def test_a_sqlite_database_is_checked(bench: Bench, make_loop: Callable[..., Loop]) -> None:
    loop = make_loop("data")
    database = orders(loop.mount)
    content = bytearray(database.read_bytes())
    sound = bench.drill(bench.show(loop), checks="engines = sqlite\nsqlite.databases = orders.db")
    run("mount", loop.device, str(loop.mount))
    content[4096 * 20 : 4096 * 24] = bytes(4096 * 4)
    database.write_bytes(content)

    broken = bench.drill(bench.show(loop), checks="engines = sqlite\nsqlite.databases = orders.db")

    assert sound["verdict"] == "passed", sound
    assert (broken["verdict"], failed(broken)) == ("failed", ["sqlite orders.db"])


def test_a_database_that_is_not_there_fails(bench: Bench, make_loop: Callable[..., Loop]) -> None:
    report = bench.drill(
        bench.show(make_loop("data")), checks="engines = sqlite\nsqlite.databases = orders.db"
    )

    assert (report["verdict"], failed(report)) == ("failed", ["sqlite orders.db"])


def test_redis_files_are_checked(bench: Bench, make_loop: Callable[..., Loop], redis: Redis) -> None:
    loop = make_loop("data")
    redis.start("--appendonly", "yes")
    redis.run("set", "orders", "1" * 5000)
    redis.run("save")
    redis.stop()
    shutil.copy(redis.folder / "dump.rdb", loop.mount)
    shutil.copytree(redis.folder / "appendonlydir", loop.mount / "appendonlydir")
    sound = bench.drill(bench.show(loop), checks="engines = redis")
    run("mount", loop.device, str(loop.mount))
    with (loop.mount / "dump.rdb").open("r+b") as dump:
        dump.truncate(60)

    broken = bench.drill(bench.show(loop), checks="engines = redis")

    assert sound["verdict"] == "passed", sound
    assert "1 dumps, 1 append-only files" in details(sound)
    assert (broken["verdict"], failed(broken)) == ("failed", ["redis data"])


def stopped_postgres(make: Callable[..., Postgres], loops: list[Loop]) -> Postgres:
    """Have PostgreSQL write over two filesystems, and stop as by a crash."""
    data, wal = loops[0].mount / "data", loops[1].mount / "wal"
    for place in (data, wal):
        place.mkdir(mode=0o700)
        shutil.chown(place, "postgres", "postgres")
    server = make(data, wal)
    server.run("CREATE TABLE shop AS SELECT n, repeat('x', 200) AS note FROM generate_series(1, 5000) n")
    server.run("CREATE INDEX by_n ON shop (n)")
    server.stop()
    return server


def test_postgresql_over_two_disks_is_recovered_read_and_checked(
    bench: Bench, postgres_loops: list[Loop], make_postgres: Callable[..., Postgres]
) -> None:
    """The data name the log by its absolute path: `places` puts it there."""
    server = stopped_postgres(make_postgres, postgres_loops)
    data, wal = postgres_loops
    disks = [bench.show(data, "disk-data0001"), bench.show(wal, "disk-wal00001")]
    checks = f"engines = postgresql\nplaces = {wal.mount}=wal/0*"

    report = bench.drill(*disks, checks=checks)
    bring_back(server, postgres_loops)

    assert report["verdict"] == "passed", report
    assert {"postgresql start", "postgresql rows", "postgresql indexes"} <= {
        one["name"] for one in report["checks"]
    }


def bring_back(server: Postgres, loops: list[Loop]) -> None:
    """Start the server again, which its fixture will want to stop."""
    for loop in loops:
        run("mount", loop.device, str(loop.mount))
    server.start()


def test_a_postgresql_without_its_log_fails(
    bench: Bench, postgres_loops: list[Loop], make_postgres: Callable[..., Postgres]
) -> None:
    server = stopped_postgres(make_postgres, postgres_loops)
    disk, _ = [bench.show(loop, f"disk-{number}") for number, loop in enumerate(postgres_loops)]

    report = bench.drill(disk, checks="engines = postgresql")
    bring_back(server, postgres_loops)

    assert (report["verdict"], failed(report)) == ("failed", ["postgresql start"])


# --- the host's own command ------------------------------------------------------------------------


def test_the_hosts_command_sees_the_clones_and_no_network(
    bench: Bench, make_loop: Callable[..., Loop]
) -> None:
    loop = make_loop("data")
    (loop.mount / "orders.csv").write_text("1,2,3")
    checks = "command.shell = yes\ncommand = cat $CBSNAP_ROOTS/orders.csv; ! grep -q eth /proc/net/dev"

    report = bench.drill(bench.show(loop), checks=checks)

    assert report["verdict"] == "passed", report
    assert "command: 1,2,3" in details(report)


def test_the_hosts_command_fails_by_its_exit_code(bench: Bench, make_loop: Callable[..., Loop]) -> None:
    report = bench.drill(bench.show(make_loop("data")), checks="command = /bin/false")

    assert (report["verdict"], failed(report)) == ("failed", ["command"])


# --- what stays behind -----------------------------------------------------------------------------


def is_mounted() -> bool:
    """Tell whether any process of this host still has a drill's mounts."""
    for table in Path("/proc").glob("[0-9]*/mounts"):
        try:
            if "cbsnap-drill" in table.read_text():
                return True
        except OSError:
            continue
    return False


def is_free(device: str) -> bool:
    """Tell whether nobody has a device: the kernel unmounts a little after the last process has gone."""
    try:
        os.close(os.open(device, os.O_RDONLY | os.O_EXCL))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_drill_that_is_ended_leaves_no_process_no_mount_and_no_busy_device(
    bench: Bench, make_loop: Callable[..., Loop], number: signal.Signals
) -> None:
    loop = make_loop("data")
    disk = bench.show(loop)
    witness = bench.folder / "pid"
    checks = f"command.shell = yes\ncommand = readlink /proc/self > {witness}; exec sleep 600"
    drill = subprocess.Popen(bench.command(disk, checks=checks), stdout=subprocess.PIPE, cwd="/")
    eventually(lambda: witness.exists() and is_mounted())

    drill.send_signal(number)
    said, _ = drill.communicate(timeout=20)

    eventually(lambda: not is_mounted())
    eventually(lambda: is_free(loop.device))
    assert not _sleeps(600)
    if number == signal.SIGTERM:
        assert json.loads(said)["verdict"] == "unfinished"


def _sleeps(seconds: int) -> bool:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[:2] == [b"sleep", str(seconds).encode()] and is_alive(int(path.parent.name)):
            return True
    return False


def test_two_drills_at_once_are_one_and_one_that_is_not_done(
    bench: Bench, make_loop: Callable[..., Loop]
) -> None:
    disk = bench.show(make_loop("data"))
    slow = bench.command(disk, checks="command = /bin/sleep 601")
    first = subprocess.Popen(slow, stdout=subprocess.DEVNULL, cwd="/")
    eventually(is_mounted)

    second = bench.drill(disk, checks="command = /bin/true")
    first.terminate()
    first.wait(20)

    assert second["verdict"] == "unfinished"
    assert "another drill" in second["reason"]


def test_the_clone_of_a_disk_whose_source_is_mounted_here_is_no_danger_to_it(
    bench: Bench, make_loop: Callable[..., Loop], tmp_path: Path
) -> None:
    """XFS refuses a second filesystem of one id unless it is told not to look."""
    loop = make_loop("data", "xfs", 320)
    (loop.mount / "orders").write_text("here")
    run("sync", "--file-system", str(loop.mount))
    clone = tmp_path / "clone.img"
    shutil.copy(loop.image, clone)
    device = run("losetup", "--find", "--show", str(clone)).strip()
    try:
        report = bench.drill(bench.link(device))
    finally:
        run("losetup", "--detach", device)

    assert report["verdict"] == "passed", report
    assert (loop.mount / "orders").read_text() == "here"
