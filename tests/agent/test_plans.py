"""What a plan covers and earns, and what the configuration refuses: rules, over layouts written down here."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from cbsnap_agent import config, here, ini, labels, markers, mounts, plan, requests, volumes
from cbsnap_agent.disks import Disks
from cbsnap_agent.errors import ConfigError, Refusal
from cbsnap_agent.lease import Lease

from tests.agent.driver import eventually

A, B = "disk-aaaaaaaa", "disk-bbbbbbbb"
CLOCK_TICK_S = 0.02  # a file's time may lag behind by the kernel's tick


def read(text: str) -> plan.Plan:
    (section,) = ini.parse(text, "agent.ini").values()
    return plan.read(section)


@pytest.mark.parametrize(
    "connection",
    [
        "host=/run user=x password=SECRETWORD",
        "host=/run user=x password = SECRETWORD",
        "host=/run user=x password=top SECRETWORD",
        "host=/run sslpassword='a SECRETWORD'",
        "postgresql://x:SECRETWORD@host/postgres",
        "host=/run user=x password='SECRETWORD",
    ],
)
def test_a_connection_with_a_password_is_refused_and_not_repeated(connection: str) -> None:
    text = f"[plan:orders]\nsteps = postgresql sync freeze\npostgresql.connection = {connection}\n"

    with pytest.raises(ConfigError, match=r"postgresql\.connection") as refused:
        read(text)

    assert "SECRETWORD" not in str(refused.value)


def test_a_connection_with_a_passfile_is_taken() -> None:
    connection = "host=/run/postgresql user=cbsnap dbname='a b' passfile=/etc/cbsnap-agent/pgpass"

    read_plan = read(f"[plan:orders]\nsteps = postgresql sync freeze\npostgresql.connection = {connection}\n")

    assert read_plan.engines[0][1].connection == connection


def table(*points: str) -> list[mounts.Mount]:
    """Return ext4 filesystems mounted at these points, one after the other."""
    made: list[mounts.Mount] = []
    for number, point in enumerate(points):
        under = mounts.holding(point, made).number if made else -1
        made.append(mounts.Mount(f"8:{number}", "/", point, "ext4", f"/dev/sd{number}", "rw", number, under))
    return made


def engine(
    *, needs_freeze: bool = False, locks: bool = True, doubts: tuple[str, ...] = ()
) -> SimpleNamespace:
    """Return what the labels ask of an engine's session."""
    return SimpleNamespace(needs_freeze=needs_freeze, locks=locks, doubts=lambda: list(doubts))


def layout(read_plan: plan.Plan, *engine_places: list[str], points: tuple[str, ...]) -> volumes.Layout:
    return volumes.Layout(read_plan, list(engine_places), table("/", *points))


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, str]:
    """Two folders that stand for filesystems, each on a disk."""
    found = {name: str(tmp_path / name) for name in ("a", "b")}
    for folder in found.values():
        Path(folder).mkdir()
    return {**found, "disks": f"disks = {found['a']}={A} {found['b']}={B}"}


@pytest.mark.parametrize(
    ("steps", "earned"),
    [
        ("sqlite", "crash"),
        ("sqlite sync", "application"),
        ("sqlite freeze", "application"),
        ("sqlite sync freeze", "application"),
    ],
)
def test_an_engine_on_one_disk_needs_its_lock_and_a_flush(
    folders: dict[str, str], steps: str, earned: str
) -> None:
    read_plan = read(f"[plan:p]\nsteps = {steps}\nsqlite.databases = {folders['a']}/x\n{folders['disks']}")

    found = layout(read_plan, [folders["a"]], points=(folders["a"],))

    assert labels.label(read_plan, found, [engine()], A) == earned


@pytest.mark.parametrize(
    ("steps", "earned"), [("sqlite sync", "crash"), ("sqlite sync freeze", "application")]
)
def test_an_engine_on_two_disks_needs_the_freeze_too(
    folders: dict[str, str], steps: str, earned: str
) -> None:
    read_plan = read(f"[plan:p]\nsteps = {steps}\nsqlite.databases = {folders['a']}/x\n{folders['disks']}")

    found = layout(read_plan, [folders["a"], folders["b"]], points=(folders["a"], folders["b"]))

    assert {labels.label(read_plan, found, [engine()], disk) for disk in (A, B)} == {earned}


@pytest.mark.parametrize(("steps", "earned"), [("sync", "crash"), ("sync freeze", "filesystem")])
def test_a_disk_without_an_engine_earns_what_the_freeze_gives(
    folders: dict[str, str], steps: str, earned: str
) -> None:
    read_plan = read(f"[plan:p]\nsteps = {steps}\nmounts = {folders['a']}\n{folders['disks']}")

    found = layout(read_plan, points=(folders["a"],))

    assert labels.label(read_plan, found, [], A) == earned


def test_an_engine_that_needs_the_freeze_earns_nothing_without(folders: dict[str, str]) -> None:
    read_plan = read(
        f"[plan:p]\nsteps = sqlite sync\nsqlite.databases = {folders['a']}/x\n{folders['disks']}"
    )

    found = layout(read_plan, [folders["a"]], points=(folders["a"],))

    assert labels.label(read_plan, found, [engine(needs_freeze=True)], A) == "crash"


@pytest.mark.parametrize(("attests", "earned"), [("", "crash"), ("attests = application", "application")])
def test_a_command_earns_only_what_the_host_attests(
    folders: dict[str, str], attests: str, earned: str
) -> None:
    read_plan = read(
        f"[plan:p]\nsteps = command sync\ncommand.pre = /bin/true\ncommand.post = /bin/true\n"
        f"mounts = {folders['a']}\n{folders['disks']}\n{attests}"
    )

    found = layout(read_plan, points=(folders["a"],))

    assert labels.label(read_plan, found, [], A) == earned


@pytest.mark.parametrize(("steps", "earned"), [("sync", "crash"), ("sync freeze", "application")])
def test_what_is_attested_for_several_disks_needs_the_freeze(
    folders: dict[str, str], steps: str, earned: str
) -> None:
    read_plan = read(
        f"[plan:p]\nsteps = command {steps}\ncommand.pre = /bin/true\ncommand.post = /bin/true\n"
        f"mounts = {folders['a']} {folders['b']}\n{folders['disks']}\nattests = application"
    )

    found = layout(read_plan, points=(folders["a"], folders["b"]))

    assert labels.label(read_plan, found, [], A) == earned


def test_an_engine_whose_data_may_lie_elsewhere_earns_nothing(folders: dict[str, str]) -> None:
    read_plan = read(
        f"[plan:p]\nsteps = sqlite sync\nsqlite.databases = {folders['a']}/x\n{folders['disks']}"
    )

    found = layout(read_plan, [folders["a"]], points=(folders["a"],))

    assert labels.label(read_plan, found, [engine(doubts=("another host's",))], A) == "crash"


@pytest.mark.parametrize(("session", "how"), [(engine(), "lock+sync"), (engine(locks=False), "sync")])
def test_only_an_engine_that_locks_is_said_to(
    folders: dict[str, str], session: SimpleNamespace, how: str
) -> None:
    read_plan = read(
        f"[plan:p]\nsteps = sqlite sync\nsqlite.databases = {folders['a']}/x\n{folders['disks']}"
    )
    found = layout(read_plan, [folders["a"]], points=(folders["a"],))

    (cover,) = labels.covers(read_plan, found, [session])

    assert cover["how"] == how


@pytest.mark.parametrize("address", [None, "127.0.0.1", "localhost"])
def test_data_of_a_server_on_this_host_are_not_doubted(address: str | None) -> None:
    assert here.doubts("mysql", address) == []


def test_data_of_a_server_at_an_address_of_another_host_are_doubted() -> None:
    (doubt,) = here.doubts("mysql", "192.0.2.1")

    assert "192.0.2.1 is no address of this host" in doubt


def test_an_engines_data_are_on_every_filesystem_mounted_or_linked_below(folders: dict[str, str]) -> None:
    nested = Path(folders["a"]) / "nested"
    nested.mkdir()
    (Path(folders["a"]) / "linked").symlink_to(folders["b"])
    read_plan = read(
        f"[plan:p]\nsteps = sync\nmounts = /\n{folders['disks']} {nested}=disk-cccccccc /=disk-r"
    )

    found = layout(read_plan, [folders["a"]], points=(folders["a"], folders["b"], str(nested)))

    assert {volume.place for volume in found.of[0]} == {folders["a"], folders["b"], str(nested)}


def test_a_folder_is_not_on_the_disk_of_the_folder_above_if_it_is_mounted(folders: dict[str, str]) -> None:
    nested = Path(folders["a"]) / "nested"
    nested.mkdir()
    read_plan = read(f"[plan:p]\nsteps = sync\nmounts = {nested}\n{folders['disks']}")

    with pytest.raises(Refusal, match=f"no disk id is known for {nested}"):
        layout(read_plan, points=(folders["a"], str(nested)))


@pytest.mark.parametrize(
    ("device", "problem"),
    [("253:17", "the host's links say disk-bbbbbbbb"), ("252:0", "the host's links say disk-cccccccc")],
)
def test_a_disk_that_the_hosts_links_contradict_is_refused(
    folders: dict[str, str], system: Path, device: str, problem: str
) -> None:
    read_plan = read(f"[plan:p]\nsteps = sync\nmounts = {folders['a']}\n{folders['disks']}")
    mounted = [mount._replace(device=device) for mount in table("/", folders["a"])][1:]

    with pytest.raises(Refusal, match=problem):
        volumes.Layout(read_plan, [], table("/")[:1] + mounted, root=str(system))


def test_a_mount_without_a_known_disk_is_refused_with_what_to_add(tmp_path: Path) -> None:
    read_plan = read(f"[plan:p]\nsteps = sync\nmounts = {tmp_path}")

    with pytest.raises(Refusal, match=f"add {tmp_path}=disk-"):
        volumes.Layout(read_plan, [], table("/", str(tmp_path)), root=str(tmp_path))


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """Lay out vdb with a partition, and a logical volume over a part of vdc and all of vdd."""
    block = tmp_path / "sys/devices/block"
    numbers = {"vdb": "253:16", "vdb/vdb1": "253:17", "vdc": "253:32", "vdc/vdc1": "253:33", "vdd": "253:48",
               "dm-0": "252:0"}  # fmt: skip
    for name, number in numbers.items():
        (block / name).mkdir(parents=True)
        (block / name / "dev").write_text(number + "\n")
        if "/" in name:
            (block / name / "partition").write_text("1\n")
        link = tmp_path / "sys/dev/block" / number
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(block / name)
    (block / "dm-0/slaves").mkdir()
    (block / "dm-0/slaves/vdc1").symlink_to(block / "vdc/vdc1")
    (block / "dm-0/slaves/vdd").symlink_to(block / "vdd")
    by_id = tmp_path / "dev/disk/by-id"
    by_id.mkdir(parents=True)
    for letter in "bcd":
        (tmp_path / f"dev/vd{letter}").touch()
        (by_id / f"virtio-disk-{letter * 8}").symlink_to(tmp_path / f"dev/vd{letter}")
    (by_id / "virtio-disk-bbbbbbbb-part1").symlink_to(tmp_path / "dev/vdb1")
    (by_id / "ata-other").symlink_to(tmp_path / "dev/vdb")
    return tmp_path


@pytest.mark.parametrize(
    ("device", "disks"),
    [
        ("253:16", ["disk-bbbbbbbb"]),
        ("253:17", ["disk-bbbbbbbb"]),
        ("252:0", ["disk-cccccccc", "disk-dddddddd"]),
        ("0:45", [None]),
    ],
)
def test_disks_are_found_through_partitions_and_logical_volumes(
    system: Path, device: str, disks: list[str | None]
) -> None:
    under = Disks(str(system)).under(table("/")[0]._replace(device=device))

    assert list(under.values()) == disks


def test_of_two_mounts_on_one_point_the_later_holds_the_path() -> None:
    found = mounts.holding("/data/x", table("/", "/data", "/data"))

    assert found.device == "8:2"


def test_a_mount_that_a_later_one_higher_up_hides_does_not_hold_the_path() -> None:
    found = mounts.holding("/data/deep/x", table("/", "/data", "/data/deep", "/data"))

    assert (found.device, found.point) == ("8:3", "/data")


def test_a_mount_of_a_longer_name_beside_does_not_hold_the_path() -> None:
    found = mounts.holding("/database/x", table("/", "/data"))

    assert found.point == "/"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("steps = sync\nmounts = /", "3: colour: is not known here"),
        ("steps = fly", "wants one of"),
        ("steps = sync sync\nmounts = /", "each once"),
        ("steps = sync sqlite\nsqlite.databases = /x", "engines first"),
        ("steps = sync", "mounts: must name what the plan covers"),
        ("steps = sqlite sync", "sqlite.databases: is missing"),
        ("steps = sqlite sync\nsqlite.databases = x.db", "absolute path"),
        ("steps = sync\nmounts = /\ndisks = /=vol-1", "wants /path=disk-xxxx"),
        ("steps = sync\nmounts = /\ndisks = /a=disk-1 /a/=disk-2", "names /a twice"),
        ("steps = sync\nmounts = /\nmax_ttl_s = 90", "wants 1 to 60 seconds"),
        ("steps = sync\nmounts = /\nattests = application", "is for what a command does"),
        ("steps = unmount sync\nmounts = /data", "engines first"),
        ("steps = command sync\nmounts = /\ncommand.pre = true\ncommand.post =", "absolute path"),
        ("steps = sync\nsteps = sync", "is written twice"),
        ("steps", "is not `key = value`"),
    ],
)
def test_a_mistake_in_a_plan_is_named(text: str, problem: str) -> None:
    colour = "colour = green\n" if "colour" in problem else ""
    with pytest.raises(ConfigError) as error:
        read(f"[plan:p]\n{text.splitlines()[0]}\n{colour}" + "\n".join(text.splitlines()[1:]))

    assert problem.rsplit(": ", maxsplit=1)[-1] in str(error.value)
    assert "agent.ini:" in str(error.value)


def test_a_value_may_go_on_in_indented_lines() -> None:
    read_plan = read("[plan:p]\nsteps = sync\nmounts =\n  /a\n  /b\n")

    assert read_plan.mounts == ["/a", "/b"]


def test_the_hash_of_a_plan_changes_with_it_and_not_with_its_comments() -> None:
    one, same, other = (
        read(text)
        for text in (
            "[plan:p]\nsteps = sync\nmounts = /a",
            "[plan:p]\n# a word\nmounts = /a\nsteps = sync",
            "[plan:p]\nsteps = sync\nmounts = /b",
        )
    )

    assert one.hash == same.hash
    assert one.hash != other.hash


def test_the_example_configuration_can_be_loaded(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "agent" / "agent.example.ini"
    keys = tmp_path / "keys"
    keys.write_text("1 " + "ab" * 32 + "\n")
    keys.chmod(0o600)
    written = tmp_path / "agent.ini"
    written.write_text(example.read_text().replace("/etc/cbsnap-agent/keys", str(keys)))

    loaded = config.load(str(written))

    assert loaded.agent.instance_id == "ins-11111111"
    assert {"files", "orders"} <= set(loaded.plans)
    assert os.stat(keys).st_mode & 0o077 == 0  # noqa: PTH116 - the mode that the loader checks


@pytest.mark.parametrize(
    ("pre", "post", "found"),
    [
        (None, None, "unknown"),
        ("", "", "unknown"),
        ('{"lease_id": "a"}', "", "inside"),
        ('{"lease_id": "a"}', '{"lease_id": "b"}', "inside"),
        ('{"lease_id": "a"}', '{"lease_id": "a"}', "late"),
        ('{"lease_id": "a"}', "\0\0\0\0", "unknown"),
        ('{"lease_', None, "unknown"),
    ],
)
def test_markers_tell_when_a_copy_was_cut(
    tmp_path: Path, pre: str | None, post: str | None, found: str
) -> None:
    for name, text in (("pre", pre), ("post", post)):
        if text is not None:
            Path(markers.path(str(tmp_path), name)).write_text(text)

    assert markers.verdict(str(tmp_path))[0] == found


def test_a_marker_is_never_written_through_a_link(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("kept")
    (tmp_path / ".cbsnap-pre").symlink_to(target)

    with pytest.raises(OSError, match="symbolic links"):
        markers.write(str(tmp_path), "pre", {"lease_id": "a"}, durable=False)

    assert target.read_text() == "kept"


def test_a_shorter_marker_replaces_a_longer_one_whole(tmp_path: Path) -> None:
    markers.write(str(tmp_path), "pre", {"lease_id": "a", "positions": "x" * 9000}, durable=False)

    markers.write(str(tmp_path), "pre", {"lease_id": "b"}, durable=True)

    assert markers.verdict(str(tmp_path)) == ("inside", {"lease_id": "b"})


def test_a_lease_is_abandoned_when_every_connection_that_waits_for_it_has_gone(tmp_path: Path) -> None:
    wanted = requests.LeaseWanted("ab" * 16, "o", "p", [A], 30, 10)
    has_gone = {"first": True, "second": False}
    lease = Lease(
        wanted,
        read(f"[plan:p]\nsteps = sync\nmounts = {tmp_path}"),
        str(tmp_path),
        lambda: has_gone["first"],
        print,
    )
    lease.settled.set()

    lease.join(lambda: has_gone["second"])
    one_left = lease.is_abandoned()
    has_gone["second"] = True

    assert not one_left
    assert lease.is_abandoned()


def test_a_lease_ends_when_its_locks_do_and_not_when_that_has_been_marked(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    lasting = requests.LeaseWanted("ab" * 16, "o", "p", [A], 30, 10)
    plan = read(f"[plan:p]\nsteps = sync\nmounts = {tmp_path / 'data'}\ndisks = {tmp_path / 'data'}={A}")
    kept: list[float] = []
    lease = Lease(lasting, plan, str(tmp_path), lambda: False, lambda _, ended_s: kept.append(ended_s))
    lease.prepare()

    before_s = time.time()
    lease.release({})

    eventually(lease.is_over)
    assert lease.state == "RELEASED"
    assert before_s <= kept[0] <= (tmp_path / "data/.cbsnap-post").stat().st_ctime_ns / 1e9 + CLOCK_TICK_S
