"""One mistake each: what `cbsnap doctor` says of it, and that it says nothing else."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
import trustme
from cbsnap.hosts.signature import host_key
from cbsnap.jobs.checkup import examined
from cbsnap.wiring import Wiring

from localcloud.faults import Fault

from .conftest import HOST, MASTER, MUTE_IP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Installation

REST = {"tier": "rest"}


def test_where_all_is_well_it_says_so_and_exits_with_0(installation: Installation) -> None:
    code, found = installation.doctor()

    assert (code, [one for one in found if one["health"] != "ok"]) == (0, [])
    assert {one["check"] for one in found} == {
        *("endpoint", "clock", "keys", "rights", "region", "quota", "host", "plan"),
        *("functions", "layers", "policy file", "settings", "tokens", "timers"),
    }


def test_it_changes_nothing(installation: Installation) -> None:
    before = len(installation.cloud.requests)

    installation.doctor()

    calls = {one.get("action", "") for one in list(installation.cloud.requests)[before:]}
    assert all(
        action.startswith(("Describe", "Get", "List", "Search")) for action in map(str, calls) if action
    ), calls


def test_the_table_names_mistake_and_cure(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    from cbsnap.entry.cli.app import main  # noqa: PLC0415 - as a person runs it

    installation.agent.stop()

    code = main(["--policies", str(installation.policies), "doctor"], installation.environment)

    printed = capsys.readouterr().out
    assert code == 2
    for words in (HOST, "bad", "nothing listens there: systemctl status cbsnap-agent", "1 bad"):
        assert words in printed


def test_missing_keys_are_the_first_mistake(installation: Installation) -> None:
    for name in ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY"):
        installation.environment[name] = ""

    assert installation.ill() == [("keys", "ours", "bad")]


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("TENCENTCLOUD_SECRETID", "there is no such key"),
        ("TENCENTCLOUD_SECRETKEY", "does not belong to the id"),
        ("TENCENTCLOUD_SESSIONTOKEN", "temporary keys have ended"),
    ],
)
def test_wrong_keys_are_told_by_what_is_wrong_with_them(
    installation: Installation, name: str, cure: str
) -> None:
    installation.environment[name] = "wrong"

    code, found = installation.doctor()

    (ill,) = [one for one in found if one["health"] != "ok"]
    assert (code, ill["check"]) == (2, "keys")
    assert cure in ill["cure"]


def test_a_policy_file_that_cannot_be_read_is_told_with_its_line(installation: Installation) -> None:
    installation.rewrite("window: 30m, quiesce", "windou: 30m, quiesce", deployed=False)
    installation.environment["TENCENTCLOUD_REGION"] = "ap-guangzhou"

    code, found = installation.doctor()

    (ill,) = [one for one in found if one["health"] != "ok"]
    assert (code, ill["check"]) == (2, "policy file")
    assert "windou" in ill["said"]
    assert {"endpoint", "keys"} <= {one["check"] for one in found}


def test_an_endpoint_where_nothing_listens(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    installation.environment["CBSNAP_ENDPOINT"] = f"http://127.0.0.1:{port}"

    code, found = installation.doctor()

    assert code == 2
    assert found[0]["said"] == "nothing listens there"
    assert [one["health"] for one in found] == ["bad", "unknown", "unknown"]


def test_an_endpoint_of_no_such_name(installation: Installation) -> None:
    installation.environment["CBSNAP_ENDPOINT"] = "http://no-such-cloud.invalid"

    _, found = installation.doctor()

    assert (found[0]["check"], found[0]["said"]) == ("endpoint", "its name is not known")


def test_an_endpoint_whose_certificate_nobody_vouches_for(installation: Installation) -> None:
    with tls_server() as url:
        installation.environment["CBSNAP_ENDPOINT"] = url

        _, found = installation.doctor()

    assert (found[0]["check"], found[0]["said"]) == ("endpoint", "its certificate is not trusted")


def test_a_clock_that_is_off_is_measured_by_the_clouds_answers(installation: Installation) -> None:
    wiring = Wiring({**installation.environment, "CBSNAP_POLICIES": str(installation.policies)})
    wiring.clock = Ahead(45)

    found = examined(wiring.plan, installation.policies.read_bytes(), wiring.checkup("ap-guangzhou"))

    ill = {one.subject: one for one in found if one.check == "clock"}
    assert ill["this machine"].health.value == "warn"
    assert ill["this machine"].said.startswith(("44.", "45."))
    assert ill[HOST].health.value == "warn"


def test_a_clock_that_hosts_refuse_is_told_of_the_host(installation: Installation) -> None:
    wiring = Wiring({**installation.environment, "CBSNAP_POLICIES": str(installation.policies)})
    wiring.clock = Ahead(400)

    found = examined(wiring.plan, installation.policies.read_bytes(), wiring.checkup("ap-guangzhou"))

    ill = [(one.check, one.subject, one.health.value) for one in found if one.health.value == "bad"]
    assert ("clock", "this machine", "bad") in ill
    assert ("host", HOST, "bad") in ill


def test_requests_that_the_cloud_finds_too_old_are_a_matter_of_the_clock(installation: Installation) -> None:
    installation.cloud.faults.add([Fault("skew", by_s=400, times=0)])

    _, found = installation.doctor()

    (keys,) = [one for one in found if one["check"] == "keys"]
    assert (keys["health"], "clock" in keys["cure"]) == ("bad", True)


@pytest.mark.parametrize(
    ("action", "right"),
    [
        ("DescribeDisks", "cvm:DescribeDisks"),
        ("DescribeSnapshotOverview", "cvm:DescribeSnapshotOverview"),
        ("DescribeInstances", "cvm:DescribeInstances"),
        ("GetFunction", "scf:GetFunction"),
        ("SearchLog", "cls:SearchLog"),
    ],
)
def test_a_right_that_the_keys_lack_is_named(installation: Installation, action: str, right: str) -> None:
    code = "AuthFailure.UnauthorizedOperation"
    installation.cloud.faults.add([Fault("error", action=action, code=code, times=0)])

    exit_code, found = installation.doctor()

    (ill,) = [one for one in found if one["check"] == "rights" and one["health"] == "bad"]
    assert exit_code == 2
    assert ill["subject"] == f"{right} in ap-guangzhou"
    assert ill["cure"].startswith(f"allow {right} to qcs::")


def test_what_the_cloud_fails_to_say_is_unknown_and_not_well(installation: Installation) -> None:
    installation.cloud.faults.add(
        [Fault("error", action="DescribeSnapshotOverview", code="InvalidParameter", times=0)]
    )

    code, _ = installation.doctor()

    assert code == 3
    assert installation.ill() == [
        ("reading", "cvm:DescribeSnapshotOverview in ap-guangzhou", "unknown"),
        ("quota", "ap-guangzhou", "unknown"),
    ]


def test_a_region_that_there_is_not_is_told_with_the_one_that_may_be_meant(
    installation: Installation,
) -> None:
    installation.rewrite("targets: [{region: ap-guangzhou}]", "targets: [{region: ap-guangzhuo}]")
    installation.environment["TENCENTCLOUD_REGION"] = "ap-guangzhou"

    _, found = installation.doctor()

    (ill,) = [one for one in found if one["check"] == "region"]
    assert (ill["health"], ill["cure"]) == ("bad", "ap-guangzhou may be meant")


def test_a_region_without_disks_and_a_policy_that_selects_none(installation: Installation) -> None:
    installation.rewrite(
        "targets: [{region: ap-guangzhou}]", "targets: [{region: ap-guangzhou}, {region: ap-singapore}]"
    )
    installation.rewrite("{tier: rest}", "{tier: rset}")

    assert installation.ill() == [("region", "ap-singapore", "warn"), ("selection", "the-rest", "warn")]


@pytest.mark.parametrize(("limit", "health"), [(1, "bad"), (2, "warn"), (500, "ok")])
def test_a_region_whose_room_does_not_suffice_for_the_next_runs(
    installation: Installation, limit: int, health: str
) -> None:
    installation.rewrite("policies:", f"quota: {{region: {limit + 8}}}\npolicies:")
    for number in range(8):
        made = installation.ask("cbs", "CreateSnapshot", DiskId="disk-mute", SnapshotName=f"by hand {number}")
        installation.held().snapshots[made["SnapshotId"]].state = "NORMAL"

    _, found = installation.doctor()

    (quota,) = [one for one in found if one["check"] == "quota"]
    assert (quota["subject"], quota["health"]) == ("ap-guangzhou", health)


def test_a_disk_that_has_all_the_snapshots_it_may_have(installation: Installation) -> None:
    installation.rewrite("policies:", "quota: {disk: 64}\npolicies:")
    installation.held().quota = replace(installation.held().quota, per_disk=100)
    for number in range(64):
        made = installation.ask("cbs", "CreateSnapshot", DiskId="disk-rest", SnapshotName=f"by hand {number}")
        installation.held().snapshots[made["SnapshotId"]].state = "NORMAL"

    assert ("quota", "disk-rest", "bad") in installation.ill()


def test_an_agent_that_is_down(installation: Installation) -> None:
    installation.agent.stop()

    assert installation.ill() == [("host", HOST, "bad")]


def test_a_host_key_that_is_not_the_deployments(installation: Installation) -> None:
    (installation.agent.folder / "keys").write_text(f"1 {host_key('8' * 64, 1, HOST).hex()}\n")

    code, found = installation.doctor()

    (ill,) = [one for one in found if one["health"] != "ok"]
    assert (code, ill["check"], ill["subject"]) == (2, "host", HOST)
    assert "write this host's key into its key file" in ill["cure"]


def test_a_host_that_does_not_answer_while_others_do_is_behind_a_security_group(
    installation: Installation,
) -> None:
    with deaf(installation.agent.port):
        installation.rewrite("{tier: db}", "{tier: [db, mute]}")

        _, found = installation.doctor()

    (ill,) = [one for one in found if one["health"] != "ok"]
    assert (ill["subject"], ill["health"]) == ("ins-mute", "bad")
    assert "security group" in ill["cure"]


def test_where_no_host_answers_it_may_be_the_place_that_one_asks_from(installation: Installation) -> None:
    with deaf(installation.agent.port):
        installation.rewrite("{tier: db}", "{tier: mute}")

        code, found = installation.doctor()

    (ill,) = [one for one in found if one["health"] != "ok"]
    assert (code, ill["health"]) == (3, "unknown")
    assert "is this machine inside the hosts' VPC?" in ill["cure"]


def test_an_agent_that_is_paused(installation: Installation) -> None:
    installation.agent.spawn("pause", "by hand").wait(10)

    assert ("host", HOST, "warn") in installation.ill()


def test_a_plan_that_the_host_does_not_know(installation: Installation) -> None:
    installation.rewrite("plan: orders", "plan: order")

    code, found = installation.doctor()

    (ill,) = [one for one in found if one["health"] != "ok"]
    assert (code, ill["check"]) == (2, "plan")
    assert "[plan:order]" in ill["cure"]


def test_a_plan_that_cannot_be_held_is_told_in_the_hosts_words(installation: Installation) -> None:
    (installation.agent.folder / "data/orders.db").rename(installation.agent.folder / "data/elsewhere")

    code, found = installation.doctor()

    ill = [one for one in found if one["health"] != "ok"]
    assert code == 2
    assert {(one["check"], one["subject"]) for one in ill} == {("plan", f"orders on {HOST}")}
    assert ill[-1]["said"].endswith("orders.db is not there")


def test_without_any_key_the_hosts_are_not_looked_at_and_it_says_so(installation: Installation) -> None:
    installation.set_variables("cbsnap-snapshot")

    assert installation.ill() == [
        ("host", "all with a port", "not made"),
        ("settings", "cbsnap-snapshot", "bad"),
    ]


def test_functions_that_are_not_deployed_at_all(installation: Installation) -> None:
    for name in installation.names():
        installation.ask("scf", "DeleteFunction", FunctionName=name)
    installation.environment["CBSNAP_MASTER_KEY"] = MASTER

    assert installation.ill() == [("functions", "ap-guangzhou", "warn")]


def test_a_function_that_is_missing(installation: Installation) -> None:
    installation.ask("scf", "DeleteFunction", FunctionName="cbsnap-maintain")

    assert installation.ill() == [("functions", "cbsnap-maintain", "bad")]


def test_a_function_that_stayed_behind_its_layer(installation: Installation) -> None:
    version = installation.publish("cbsnap", **{"cbsnap/__init__.py": "newer = True"})

    for name in installation.names():
        if name != "cbsnap-snapshot":
            installation.use_layers(name, {"cbsnap": version, "cbsnap-policies": 1})

    assert installation.ill() == [("layers", "cbsnap-snapshot", "warn")]


def test_a_policy_file_that_was_changed_here_and_not_deployed(installation: Installation) -> None:
    installation.rewrite("window: 30m", "window: 45m", deployed=False)

    assert installation.ill() == [("policy file", "cbsnap-policies 1", "warn")]


def test_a_timer_that_is_off(installation: Installation) -> None:
    installation.ask(
        "scf",
        "UpdateTriggerStatus",
        FunctionName="cbsnap-schedule",
        TriggerName="cbsnap-tick",
        Type="timer",
        Enable="CLOSE",
    )

    assert installation.ill() == [("timers", "cbsnap-schedule", "bad")]


def test_a_timer_that_is_missing(installation: Installation) -> None:
    installation.ask(
        "scf", "DeleteTrigger", FunctionName="cbsnap-maintain", TriggerName="cbsnap-upkeep", Type="timer"
    )

    assert installation.ill() == [("timers", "cbsnap-maintain", "bad")]


def test_a_timer_that_fires_and_nothing_comes_to_its_end(installation: Installation) -> None:
    maintain = installation.deployed("cbsnap-maintain")
    maintain.versions["$LATEST"] = replace(maintain.latest, added_s=0)

    assert installation.ill() == [("timers", "cbsnap-maintain", "bad")]


def test_runs_that_took_nothing(installation: Installation) -> None:
    schedule = installation.deployed("cbsnap-schedule")
    schedule.versions["$LATEST"] = replace(schedule.latest, added_s=0)
    for disk in installation.held().disks.values():
        disk.created_s = 0
    due = datetime.now(timezone.utc) - timedelta(minutes=1)
    name = f"the-rest.{due:%Y%m%dT%H%MZ}.rest"
    installation.ask("cbs", "CreateSnapshot", DiskId="disk-rest", SnapshotName=name)

    assert installation.ill() == [("runs", "orders in ap-guangzhou", "bad")]


@pytest.mark.parametrize(("days", "health"), [(-3, "bad"), (3, "warn")])
def test_a_token_that_has_ended_or_is_about_to(installation: Installation, days: int, health: str) -> None:
    ends = f"{datetime.now(timezone.utc) + timedelta(days=days):%Y-%m-%d}"
    installation.set_variables("cbsnap-gateway", CBSNAP_API_TOKENS=f"ops:admin:{'0' * 64}:{ends}")

    assert installation.ill() == [("tokens", "ops", health)]


def test_a_token_entry_that_is_none(installation: Installation) -> None:
    installation.set_variables("cbsnap-gateway", CBSNAP_API_TOKENS="ops")

    assert installation.ill() == [("tokens", "cbsnap-gateway", "bad")]


def test_a_gateway_without_tokens_is_no_mistake_and_is_said(installation: Installation) -> None:
    installation.set_variables("cbsnap-gateway")

    assert installation.ill() == []
    said = {one["check"]: one["said"] for one in installation.doctor()[1]}
    assert "nobody may call the HTTP API" in said["tokens"]


def test_master_keys_that_differ(installation: Installation) -> None:
    installation.set_variables("cbsnap-maintain", CBSNAP_MASTER_KEY="9" * 64)

    assert installation.ill() == [("settings", "cbsnap-snapshot, cbsnap-maintain", "bad")]


def test_a_variable_that_was_never_filled_in(installation: Installation) -> None:
    installation.set_variables("cbsnap-gateway", CBSNAP_API_TOKENS="${env:CBSNAP_API_TOKENS}")

    assert ("settings", "cbsnap-gateway", "bad") in installation.ill()


def test_a_secret_of_the_notifications_that_maintain_has_not(installation: Installation) -> None:
    installation.rewrite("policies:", 'notify: {ops: "${CBSNAP_NOTIFY_OPS}"}\npolicies:')

    assert installation.ill() == [("settings", "cbsnap-maintain", "bad")]


def test_a_drill_without_its_instance(installation: Installation) -> None:
    drill = "drill: {instance: ins-none, schedule: '0 5 * * 0', max_gib: 100}"
    installation.rewrite("tier: rest}}, schedule", f"tier: rest}}}}, {drill}, schedule")

    assert installation.ill() == [("drill", "ins-none for the-rest", "bad")]


def test_a_drills_instance_that_takes_no_commands(installation: Installation) -> None:
    drill = "drill: {instance: ins-mute, schedule: '0 5 * * 0', max_gib: 100}"
    installation.rewrite("tier: rest}}, schedule", f"tier: rest}}}}, {drill}, schedule")
    installation.held().instances["ins-mute"].command_agent = False

    assert installation.ill() == [("drill", "ins-mute for the-rest", "bad")]


class Ahead:
    """A clock that is wrong."""

    def __init__(self, by_s: float) -> None:
        self._by = timedelta(seconds=by_s)

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + self._by

    def monotonic(self) -> float:
        return datetime.now(timezone.utc).timestamp()

    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nothing here waits {seconds} s")


@contextmanager
def deaf(port: int) -> Iterator[None]:
    """Listen where the other host's agent would, with a queue that is full: as if packets were dropped."""
    with socket.create_server((MUTE_IP, port), backlog=0) as server:
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.settimeout(0)
            one.connect_ex(server.getsockname())
        yield
        for one in waiting:
            one.close()


@contextmanager
def tls_server() -> Iterator[str]:
    """Serve TLS with a certificate of an authority that nobody knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)

    def shake_hands() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                try:
                    context.wrap_socket(connection, server_side=True).close()
                except OSError:
                    continue

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=shake_hands, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    thread.join(30)
