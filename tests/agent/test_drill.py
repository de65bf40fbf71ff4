"""What of a drill needs no root: its configuration, its reports, the checks of plain files."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from cbsnap_agent import config, ini, markers
from cbsnap_agent.drill import Broken, Unable, filesystems, run, settings
from cbsnap_agent.drill.checks import Checks, report, unfinished
from cbsnap_agent.drill.room import Room
from cbsnap_agent.errors import ConfigError

from tests.agent.driver import AGENT_HOME, KEY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.agent.driver import Client, Orders

RUN = "orders@20261122T0200Z"


def section(text: str) -> Any:  # noqa: ANN401 - the agent has no types
    return settings.read(ini.parse(f"[drill:it]\n{text}\n", "agent.ini")["drill:it"])


def looked_at(text: str, root: Path) -> list[dict[str, Any]]:
    """Return the checks of a drill over one folder."""
    checks = Checks()
    run.look(section(text), Room(str(root), [str(root)]), checks)
    done: list[dict[str, Any]] = checks.done
    return done


def database(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE orders (note)")
        made.executemany("INSERT INTO orders VALUES (?)", [("x" * 900,)] * 200)
        made.commit()
    return path


# --- the configuration --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "must name what is looked at"),
        ("engines = oracle", "wants one of mysql"),
        ("engines = sqlite", "sqlite.databases: is missing"),
        ("command = count-orders", "absolute path"),
        ("command = /bin/true\nplaces = /srv", "pattern of a file"),
        ("command = /bin/true\nplaces = /=x", "cannot have / replaced"),
        ("command = /bin/true\nplaces = /srv=../x", "pattern of a file"),
        ("command = /bin/true\nshedule = 1", "shedule: is not known"),
        ("engines = redis\nsqlite.databases = x", "sqlite.databases: is not known"),
    ],
)
def test_a_mistake_in_a_drill_is_told_with_its_key(text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        section(text)


def test_a_serving_agent_leaves_drills_alone(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"1 {KEY}\n")
    (tmp_path / "keys").chmod(0o600)
    path = tmp_path / "agent.ini"
    path.write_text(
        f"[agent]\nlisten = 127.0.0.1:9780\ninstance_id = ins-1\nkey_file = {tmp_path}/keys\n"
        "[drill:cache]\nengines = redis\n"
    )

    assert config.load(str(path)).plans == {}
    assert settings.load(str(path), "cache").engines[0][0] == "redis"


def test_a_drill_that_the_host_does_not_know_is_not_done(tmp_path: Path) -> None:
    (tmp_path / "agent.ini").write_text("[drill:cache]\nengines = redis\n")

    code, said = command(tmp_path, "--checks", "nosuch", "disk-1")

    assert code == 3
    assert said["verdict"] == "unfinished"
    assert "no section [drill:nosuch]" in said["reason"]


def command(folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run the command line; return its exit code and report."""
    done = subprocess.run(
        [sys.executable, "-m", "cbsnap_agent", "drill", "--config", str(folder / "agent.ini"), *arguments],
        env={"PYTHONPATH": str(AGENT_HOME)}, stdout=subprocess.PIPE, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout) if done.stdout else {}


@pytest.mark.parametrize("disk", ["../../etc", "disk-1;reboot", "vdb", "disk-"])
def test_only_the_ids_of_disks_are_taken(tmp_path: Path, disk: str) -> None:
    assert command(tmp_path, disk) == (2, {})


# --- checks and reports ----------------------------------------------------------------------------


def test_a_report_is_small_enough_for_the_way_back_and_names_what_failed() -> None:
    checks = Checks()
    for number in range(200):
        with checks.check(f"table {number}"):
            if number % 2:
                raise Broken("x" * 10_000)

    made = report(checks, "inside")

    assert made["verdict"] == "failed"
    assert len(json.dumps(made)) < 24 * 1024
    assert all(not one["ok"] for one in made["checks"])


def test_what_cannot_be_read_fails_its_check_and_what_cannot_be_done_ends_the_drill() -> None:
    checks = Checks()
    with checks.check("files"):
        raise OSError(5, "Input/output error")

    with pytest.raises(Unable), checks.check("server"):
        raise Unable("there is no mariadbd")

    assert [(one["name"], one["ok"]) for one in checks.done] == [("files", False)]


def test_a_drill_that_was_not_done_says_nothing_of_the_snapshot() -> None:
    assert unfinished("no root")["verdict"] == "unfinished"
    assert unfinished("no root")["checks"] == []


# --- files and engines ---------------------------------------------------------------------------


def test_a_sound_database_passes(tmp_path: Path) -> None:
    database(tmp_path / "orders.db")

    done = looked_at("engines = sqlite\nsqlite.databases = orders.db", tmp_path)

    assert [(one["name"], one["ok"]) for one in done] == [("sqlite orders.db", True)]


def test_a_damaged_database_fails_with_what_is_wrong(tmp_path: Path) -> None:
    path = database(tmp_path / "orders.db")
    content = bytearray(path.read_bytes())
    content[4096 * 5 : 4096 * 7] = bytes(4096 * 2)
    path.write_bytes(content)

    (one,) = looked_at("engines = sqlite\nsqlite.databases = orders.db", tmp_path)

    assert not one["ok"]
    assert one["detail"]


def test_data_in_two_places_are_not_guessed_at(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ibdata1").touch()
    room = Room(str(tmp_path), [str(tmp_path)])

    with pytest.raises(Broken, match="hold 2"):
        room.data("", "ibdata1")

    assert room.data("two", "ibdata1") == str(tmp_path / "two")


def test_the_hosts_command_finds_the_clones_and_fails_by_its_exit_code(tmp_path: Path) -> None:
    shell = "command.shell = yes\ncommand = "
    (seen,) = looked_at(shell + "echo $CBSNAP_ROOTS", tmp_path)
    (failed,) = looked_at(shell + "echo three are missing; exit 4", tmp_path)

    assert (seen["ok"], seen["detail"]) == (True, str(tmp_path))
    assert (failed["ok"], failed["detail"]) == (False, "it ended with 4: three are missing")


def test_the_hosts_command_is_ended_at_its_time(tmp_path: Path) -> None:
    (one,) = looked_at("command = /bin/sleep 60\ncommand.timeout_s = 1", tmp_path)

    assert (one["ok"], one["detail"]) == (False, "it took longer than 1 s")


def test_a_command_that_is_not_there_leaves_the_drill_undone(tmp_path: Path) -> None:
    with pytest.raises(Unable, match="/nosuch"):
        looked_at("command = /nosuch", tmp_path)


def test_a_device_that_never_shows_up_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unable, match="has not shown up within 0 s"):
        filesystems.device_of("disk-1", limit_s=0, by_id=str(tmp_path))


def test_partitions_come_in_their_order(tmp_path: Path) -> None:
    for name, number in (("vdb10", 10), ("vdb2", 2), ("vdb1", 1)):
        node = tmp_path / "sys/class/block/vdb" / name
        node.mkdir(parents=True)
        (node / "partition").write_text(f"{number}\n")

    assert filesystems.partitions("/dev/vdb", str(tmp_path)) == ["/dev/vdb1", "/dev/vdb2", "/dev/vdb10"]
    assert filesystems.partitions("/dev/vdc", str(tmp_path)) == []


# --- markers ----------------------------------------------------------------------------------------


def test_a_leases_marker_names_its_operation(client: Client, orders: Orders) -> None:
    lease_id = client.held(operation=f"{RUN}/ins-11111111")
    place = str(orders.path.parent)
    during = markers.cut(place, RUN)

    client.release(lease_id)

    assert (during, markers.cut(place, RUN)) == ("inside", "late")
    assert markers.cut(place, "orders@20261121T0200Z") == "unknown"


def test_a_lease_for_several_runs_is_each_ones(client: Client, orders: Orders) -> None:
    client.held(operation=f"files@20261122T0200Z+{RUN}/ins-11111111")
    place = str(orders.path.parent)

    assert {markers.cut(place, run) for run in (RUN, "files@20261122T0200Z")} == {"inside"}
