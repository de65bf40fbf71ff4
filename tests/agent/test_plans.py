"""What a plan covers and earns, and what the configuration refuses: rules, over layouts written down here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cbsnap_agent import config, ini, labels, markers, mounts, plan, requests, volumes
from cbsnap_agent.errors import ConfigError, Refusal
from cbsnap_agent.lease import Lease

A, B = "disk-aaaaaaaa", "disk-bbbbbbbb"


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
    return [
        mounts.Mount(f"8:{number}", "/", point, "ext4", f"/dev/sd{number}", "rw")
        for number, point in enumerate(points)
    ]


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

    assert labels.label(read_plan, found, [False], A) == earned


@pytest.mark.parametrize(
    ("steps", "earned"), [("sqlite sync", "crash"), ("sqlite sync freeze", "application")]
)
def test_an_engine_on_two_disks_needs_the_freeze_too(
    folders: dict[str, str], steps: str, earned: str
) -> None:
    read_plan = read(f"[plan:p]\nsteps = {steps}\nsqlite.databases = {folders['a']}/x\n{folders['disks']}")

    found = layout(read_plan, [folders["a"], folders["b"]], points=(folders["a"], folders["b"]))

    assert {labels.label(read_plan, found, [False], disk) for disk in (A, B)} == {earned}


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

    assert labels.label(read_plan, found, [True], A) == "crash"


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
        ("0:45", []),
    ],
)
def test_disks_are_found_through_partitions_and_logical_volumes(
    system: Path, device: str, disks: list[str]
) -> None:
    assert mounts.disks_of(device, str(system)) == disks


def test_of_two_mounts_on_one_point_the_later_holds_the_path() -> None:
    found = mounts.holding("/data/x", table("/", "/data", "/data"))

    assert found.device == "8:2"


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
