"""The command, as a person and a script use it, against a local cloud."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from cbsnap.entry.cli.app import main

from localcloud.faults import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Account

FLEET = """
regions:
  ap-guangzhou:
    disks: [{id: disk-a, name: orders}, {id: disk-b}]
  ap-singapore: {}
"""
POLICIES = """
deployment: prod
time_zone: UTC
targets: [{region: ap-guangzhou}]
policies:
  orders:
    select: {disks: [disk-a]}
    schedule: "0 * * * *"
    keep: {last: 1}
    good: application
    coverage: 2h
    copy: [{region: ap-singapore}]
"""
HOUR = timedelta(hours=1)
pytestmark = pytest.mark.fleet(FLEET)


@dataclass
class Command:
    """The command with its keys and its policy file; `run` returns exit code and output."""

    account: Account
    policies: Path
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> tuple[int, str]:
        code = main(["--policies", str(self.policies), *arguments], self.environment())
        printed = self.capsys.readouterr()
        return code, printed.out + printed.err

    def json(self, *arguments: str) -> tuple[int, Any]:
        code = main(["--policies", str(self.policies), *arguments, "--json"], self.environment())
        return code, json.loads(self.capsys.readouterr().out)

    def environment(self) -> dict[str, str]:
        return {
            "TENCENTCLOUD_SECRETID": self.account.local.secret_id,
            "TENCENTCLOUD_SECRETKEY": self.account.local.secret_key,
            "CBSNAP_ENDPOINT": self.account.local.url,
        }


@pytest.fixture
def command(
    account: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    policies = tmp_path / "policies.yml"
    policies.write_text(POLICIES)
    monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody sits there
    return Command(account, policies, capsys)


def taken(account: Account, hours_ago: float, label: str = "application") -> str:
    """Take a snapshot that was due some hours before this machine's now."""
    now = datetime.now(timezone.utc).replace(second=0, microsecond=0)
    return account.take(label=label, due=now - hours_ago * HOUR)


def left(account: Account) -> list[str]:
    return sorted(account.held().snapshots)


def test_coverage_says_how_each_disk_stands_and_exits_well(command: Command) -> None:
    made = taken(command.account, 0.5)

    code, printed = command.run("coverage")

    assert code == 0
    for word in (made, "orders", "covered", "no policy", "1 covered, 1 no policy"):
        assert word in printed


@pytest.mark.parametrize(
    ("hours_ago", "label", "code"), [(0.5, "application", 0), (5, "application", 1), (0.5, "crash", 2)]
)
def test_coverage_checks_for_a_monitor(command: Command, hours_ago: float, label: str, code: int) -> None:
    taken(command.account, hours_ago, label)
    command.account.held().disks["disk-a"].created_s = 0

    exit_code, stated = command.json("coverage", "--check")

    assert exit_code == code
    assert stated["check"] == code
    assert {one["disk_id"] for one in stated["items"]} == {"disk-a", "disk-b"}


def test_a_check_that_could_not_be_made_is_neither_well_nor_stale(command: Command) -> None:
    command.account.local.cloud.faults.add([Fault("error", code="AuthFailure.SecretIdNotFound", times=0)])

    code, printed = command.run("coverage", "--check")

    assert code == 3
    assert "AuthFailure.SecretIdNotFound" in printed


def test_prune_shows_the_plan_and_does_nothing_where_nobody_can_be_asked(command: Command) -> None:
    old, new = taken(command.account, 9), taken(command.account, 1)

    code, printed = command.run("prune")

    assert code == 4
    assert old in printed
    assert "1 go, 1 stay" in printed
    assert "--yes" in printed
    assert left(command.account) == sorted([old, new])


def test_prune_deletes_what_was_agreed_to(command: Command) -> None:
    old, new = taken(command.account, 9), taken(command.account, 1)

    dry, _ = command.run("prune", "--dry-run")
    there = left(command.account)
    code, stated = command.json("prune", "--yes")

    assert (dry, there) == (0, sorted([old, new]))
    assert code == 0
    assert left(command.account) == [new]
    assert [(one["snapshot_id"], one["stays"]) for one in stated["plan"]] == [(new, True), (old, False)]
    assert [change["subject"] for one in stated["done"] for change in one.get("changes", [])] == [old]


def test_prune_exits_with_1_when_the_cloud_refuses_one(command: Command) -> None:
    old, _ = taken(command.account, 9), taken(command.account, 1)
    command.account.local.cloud.faults.add(
        [Fault("error", action="DeleteSnapshots", code="UnsupportedOperation.SnapHasShared", times=0)]
    )

    code, printed = command.run("prune", "--yes")

    assert code == 1
    assert f"{old}: could not be deleted" in printed


def test_snapshots_are_listed_with_what_is_not_ours_only_when_asked(command: Command) -> None:
    made = taken(command.account, 1)
    command.account.tags = {"cbsnap:deployment": "staging"}
    other = taken(command.account, 2)

    _, ours = command.json("snapshots", "list")
    _, everything = command.json("snapshots", "list", "--all")
    _, of_b = command.json("snapshots", "list", "--disk", "disk-b")
    _, table = command.run("snapshots", "list")

    assert [one["id"] for one in ours["items"]] == [made]
    assert {one["id"]: one["ours"] for one in everything["items"]} == {made: True, other: False}
    assert of_b["items"] == []
    assert made in table
    assert "1 of 2 snapshots" in table


def test_show_says_what_a_snapshot_is_worth_and_why_it_stays(command: Command) -> None:
    made = taken(command.account, 1)

    code, facts = command.json("show", made)
    _, page = command.run("show", made)

    assert code == 0
    assert (facts["label"], facts["retention"]) == ("application", "stays: newest good one, last 1")
    assert "stays: newest good one" in page


def test_what_only_lacks_the_tag_is_adopted_with_its_fate_told_before(command: Command) -> None:
    command.account.tags = {}
    old, new = taken(command.account, 9), taken(command.account, 1)

    asked, printed = command.run("snapshots", "adopt", old, new)
    done, _ = command.run("snapshots", "adopt", old, new, "--yes")
    _, listed = command.json("snapshots", "list")

    assert (asked, done) == (4, 0)
    assert "then it goes in the next pass: no rule keeps it" in printed
    assert "then it stays: newest good one" in printed
    assert {one["id"] for one in listed["items"]} == {old, new}


@pytest.mark.parametrize(
    ("tags", "name", "why"),
    [
        ({"cbsnap:deployment": "staging"}, "orders.20260101T0000Z.a", "is deployment staging's"),
        ({"cbsnap:deployment": "prod"}, "orders.20260101T0000Z.a", "is this deployment's already"),
        ({}, "orders.20260101T0000Z.b", "is of disk-a, its name says disk-b"),
        ({}, "before the upgrade", "has no name of ours"),
    ],
)
def test_what_cannot_be_ours_is_not_adopted(
    command: Command, tags: dict[str, str], name: str, why: str
) -> None:
    made = taken(command.account, 1)
    held = command.account.held().snapshots[made]
    held.tags, held.name = dict(tags), name

    code, printed = command.run("snapshots", "adopt", made, "--yes")

    assert code == 3
    assert why in printed
    assert held.tags == tags


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["covrage"], "Did you mean 'coverage'"),
        (["coverage", "--region", "eu-nowhere"], "region: eu-nowhere is not looked after"),
        (["plan", "order"], "policy: there is no order; the policy file has orders"),
        (["prune", "--policy", "order"], "policy: there is no order; the policy file has orders"),
        (["show", "snap-none"], "there is no snap-none in the regions of the policy file"),
        (["snapshots", "adopt", "snap-none", "--yes"], "there is no snap-none"),
    ],
)
def test_what_is_wrong_is_named_and_is_no_finding(command: Command, arguments: list[str], why: str) -> None:
    code, printed = command.run(*arguments)

    assert code == 3
    assert why in printed


def test_an_error_is_json_where_json_was_asked_for(command: Command) -> None:
    code, stated = command.json("coverage", "--region", "eu-nowhere")

    assert code == 3
    assert stated["error"]["field"] == "region"


def test_the_schema_needs_no_keys_and_no_policy_file(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["schema"], {})

    assert code == 0
    assert "policies" in json.loads(capsys.readouterr().out)["properties"]


def test_plan_says_when_and_what_and_takes_nothing(command: Command) -> None:
    code, printed = command.run("plan")
    _, stated = command.json("plan", "orders")

    assert code == 0
    for word in ("orders: next", "disk-a", "would be taken", "UTC"):
        assert word in printed
    (one,) = stated["items"]
    assert len(one["next_runs"]) == 3
    assert [(each["disk_id"], each["decision"]) for each in one["now"][0]["outcomes"]] == [
        ("disk-a", "would be taken")
    ]
    assert left(command.account) == []
    assert not [one for one in command.account.local.cloud.requests if one["action"] == "CreateSnapshot"]


def test_a_plan_that_cannot_be_made_everywhere_says_so_in_its_exit_code(command: Command) -> None:
    command.account.local.cloud.faults.add(
        [Fault("error", code="AuthFailure.UnauthorizedOperation", times=0)]
    )

    code, printed = command.run("plan")

    assert code == 1
    assert "UnauthorizedOperation" in printed
