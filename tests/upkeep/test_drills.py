"""Drills on the local cloud: cloned, checked by a command on the scratch instance, and removed.

The instance's `cbsnap-agent.pyz` is a script that notes what it was asked and prints what it was told to.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import requests
from cbsnap.errors import InputError
from cbsnap.jobs.drill import PATIENCE_S, drilled, start_now
from cbsnap.jobs.inventory import Inventory
from cbsnap.jobs.prune import judge, prune
from cbsnap.jobs.standings import drills
from cbsnap.model import Drilling, Grouping, Keep, Label, NewDisk, Plan, Policy, Selection, Target
from cbsnap.rules.coverage import Standing, coverage
from cbsnap.rules.selection import selected
from cbsnap.tencent.api import Api
from cbsnap.tencent.credentials import EnvironmentCredentials
from cbsnap.upkeep import Change, Finding

from localcloud.faults import Fault

from .conftest import HERE, Account

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from cbsnap.upkeep import Note

    from localcloud.resources import Disk

FLEET = """
regions:
  ap-guangzhou:
    instances: [{id: ins-1}, {id: ins-scratch}, {id: ins-other}]
    disks:
      - {id: disk-a, instance: ins-1, size_gib: 20}
      - {id: disk-b, instance: ins-1, size_gib: 30}
      - {id: disk-own, instance: ins-scratch}
"""
pytestmark = pytest.mark.fleet(FLEET)
DRILLING = Drilling("ins-scratch", "0 * * * *", timedelta(minutes=50), max_gib=100, checks="mysql")
POLICY = Policy(
    "orders",
    Selection(instances=frozenset({"ins-1"})),
    "0 * * * *",
    "UTC",
    timedelta(minutes=30),
    Keep(last=3),
    group=Grouping.INSTANCE,
    good=Label.APPLICATION,
    drill=DRILLING,
)
PLAN = Plan("prod", (Target(HERE),), (POLICY,))
GOOD = {"verdict": "passed", "cut": "inside", "checks": [{"name": "ext4", "ok": True, "detail": "", "ms": 7}]}
BROKEN = {
    "verdict": "failed",
    "cut": "unknown",
    "checks": [{"name": "mysql shop.orders", "ok": False, "detail": "is marked as crashed", "ms": 7}],
}


@dataclass
class Yard:
    """An account with a scratch instance whose agent says what it is told to."""

    account: Account
    folder: Path

    def says(self, report: dict[str, Any] | str, exit_code: int = 0, before: str = "") -> None:
        """Have the instance's agent print this."""
        said = report if isinstance(report, str) else json.dumps(report)
        program = self.folder / "cbsnap-agent.pyz"
        program.write_text(
            f'#!/bin/sh\necho "$@" >> {self.folder}/asked\n{before}\n'
            f"cat <<'END'\n{said}\nEND\nexit {exit_code}\n"
        )
        program.chmod(0o755)
        self.account.held().instances["ins-scratch"].env["PATH"] = f"{self.folder}:/usr/bin:/bin"

    def asked(self) -> list[str]:
        """Return what the agent was asked, once for each time."""
        there = self.folder / "asked"
        return there.read_text().splitlines() if there.exists() else []

    def clones(self) -> list[Disk]:
        return [one for one in self.account.held().disks.values() if one.name.startswith("drill-")]

    def tag(self, snapshot_id: str, key: str = "cbsnap:drill") -> str | None:
        return self.account.held().snapshots[snapshot_id].tags.get(key)

    def passes(self, plan: Plan = PLAN, *, patience_s: float = PATIENCE_S) -> list[Note]:
        """Return what one pass tells."""
        bench = self.account.bench(Target(HERE), self.account.monotonic() + patience_s)
        return list(drilled(plan, self.account.inventory(), bench))

    def until_removed(self, plan: Plan = PLAN) -> list[Note]:
        """Make passes until nothing is under way; commands take their time."""
        told = self.passes(plan)
        for _ in range(20):
            if not self.clones():
                return told
            self.account.sleep(1)
            told += self.passes(plan)
        raise AssertionError(self.clones())

    def until_none_but(self, kept: str) -> None:
        """Make passes until this disk alone looks like a clone, or none does."""
        for _ in range(20):
            if {one.id for one in self.clones()} <= {kept}:
                return
            self.account.sleep(1)
            self.passes()
        raise AssertionError(self.clones())


@pytest.fixture
def yard(account: Account, tmp_path: Path) -> Iterator[Yard]:
    folder = tmp_path / "scratch"
    folder.mkdir()
    made = Yard(account, folder)
    made.says(GOOD)
    to_the_hour = 3600 - account.now().timestamp() % 3600
    account.sleep(to_the_hour - 300)
    yield made
    requests.post(f"{account.local.url}/_local/reset", timeout=20)  # ends the commands that still run


@pytest.fixture
def pair(yard: Yard) -> list[str]:
    """Take both disks of the instance, shortly before the drill is due."""
    due = yard.account.now()
    made = [yard.account.take(one, due=due) for one in ("disk-a", "disk-b")]
    yard.account.sleep(240)
    return made


def changes(told: list[Note]) -> list[str]:
    return [one.action.value for one in told if isinstance(one, Change)]


def findings(told: list[Note]) -> list[tuple[str, str]]:
    return [(one.trouble.value, one.subject) for one in told if isinstance(one, Finding)]


def test_a_good_run_passes_and_nothing_is_left(yard: Yard, pair: list[str]) -> None:
    told = yard.until_removed()

    assert [yard.tag(one) for one in pair] == ["passed", "passed"]
    assert changes(told) == ["cloned for a drill"] * 2 + ["drilled"] * 2 + ["removed"] * 2
    assert findings(told) == []
    assert set(yard.account.held().disks) == {"disk-a", "disk-b", "disk-own"}


def test_a_window_may_be_longer_than_a_command(yard: Yard, pair: list[str]) -> None:
    drilling = replace(DRILLING, window=timedelta(days=7))

    yard.until_removed(Plan("prod", PLAN.targets, (replace(POLICY, drill=drilling),)))

    assert [yard.tag(one) for one in pair] == ["passed", "passed"]


def test_the_host_is_told_run_checks_and_disks_and_nothing_else(yard: Yard, pair: list[str]) -> None:
    yard.until_removed()

    (asked,) = yard.asked()
    words = asked.split()
    assert words[:5] == ["drill", "--run", _run_of(yard, pair[0]), "--checks", "mysql"]
    assert len(words) == 5 + 2
    assert all(word.startswith("disk-") for word in words[5:])


def _run_of(yard: Yard, snapshot_id: str) -> str:
    policy, due, _ = yard.account.held().snapshots[snapshot_id].name.split(".")
    return f"{policy}@{due}"


def test_a_run_is_drilled_once(yard: Yard, pair: list[str]) -> None:
    yard.until_removed()
    again = yard.passes()
    yard.account.advance(timedelta(hours=1))
    later = yard.passes()

    assert pair
    assert (again, later) == ([], [])
    assert len(yard.asked()) == 1


def test_a_broken_one_is_told_until_a_newer_drill_is_well(yard: Yard, pair: list[str]) -> None:
    yard.says(BROKEN, exit_code=1)
    told = yard.until_removed()
    reasons = [one.reason for one in told if isinstance(one, Change) and one.action.value == "drilled"]
    still = yard.passes()
    yard.says(GOOD)
    due = yard.account.now()
    for one in ("disk-a", "disk-b"):
        yard.account.take(one, due=due)
    yard.account.advance(timedelta(hours=1))
    well = yard.until_removed()

    assert [yard.tag(one) for one in pair] == ["failed", "failed"]
    assert reasons == ["failed: mysql shop.orders: is marked as crashed"] * 2
    assert findings(still) == [("drill failed", one) for one in pair]
    assert findings(well) == []


def test_a_late_cut_is_demoted_and_raises_an_alarm(yard: Yard, pair: list[str]) -> None:
    yard.says({**GOOD, "cut": "late"})

    told = yard.until_removed()

    assert [yard.tag(one) for one in pair] == ["late", "late"]
    assert [yard.tag(one, "cbsnap:label") for one in pair] == ["crash", "crash"]
    assert changes(told).count("demoted") == 2
    assert ("cut late", pair[0]) in findings(told)


def test_one_drill_is_made_for_each_due_time_although_a_late_cut_makes_an_older_run_the_newest_good_one(
    yard: Yard,
) -> None:
    for _ in range(2):
        due = yard.account.now()
        for one in ("disk-a", "disk-b"):
            yard.account.take(one, due=due)
    yard.account.sleep(120)
    yard.says({**GOOD, "cut": "late"})

    yard.until_removed()
    again = yard.until_removed()

    assert changes(again) == []
    assert len(yard.asked()) == 1


def test_a_late_cut_of_what_claims_nothing_is_no_alarm(yard: Yard) -> None:
    crash = Plan("prod", PLAN.targets, (replace(POLICY, good=Label.CRASH, group=Grouping.DISK),))
    made = yard.account.take("disk-a", label="crash")
    yard.account.sleep(240)
    yard.says({**GOOD, "cut": "late"})

    yard.until_removed(crash)

    assert yard.tag(made) == "passed"


def test_retention_leaves_what_a_drill_tries(yard: Yard, pair: list[str]) -> None:
    """Newer good ones push the run out while its check still runs."""
    few = Plan("prod", PLAN.targets, (replace(POLICY, keep=Keep(last=1)),))
    yard.passes(few, patience_s=7)
    assert len(yard.clones()) == len(pair)
    due = yard.account.now() + timedelta(minutes=1)
    for one in ("disk-a", "disk-b"):
        yard.account.take(one, due=due)

    listed, lifecycle = yard.account.inventory(), yard.account.lifecycles.at(Target(HERE))
    verdicts = [one for judged in judge(few, listed, yard.account.now()) for one in judged.verdicts]
    notes = list(prune(few, listed, lifecycle, yard.account.now()))
    yard.until_removed(few)

    kept = {one.of.snapshot.id: one.reason for one in verdicts}
    assert notes == []
    assert all(kept[one].startswith("a drill tries it, on disk-") for one in pair)
    assert [yard.tag(one) for one in pair] == ["passed", "passed"]


def test_two_deployments_on_one_instance_do_not_take_each_others_reports(yard: Yard, pair: list[str]) -> None:
    """Both have the policy of the same file, so the same runs."""
    yard.until_removed()
    due = yard.account.held().snapshots[pair[0]].name.split(".")[1]
    yard.account.tags["cbsnap:deployment"] = "test"
    theirs = yard.account.take(
        "disk-a", due=datetime.strptime(due, "%Y%m%dT%H%MZ").replace(tzinfo=timezone.utc)
    )
    yard.says(BROKEN, exit_code=1)

    bench = yard.account.bench(Target(HERE), yard.account.monotonic() + PATIENCE_S)
    inventory = Inventory(yard.account.regions.at(Target(HERE)), "test")
    alone = replace(POLICY, group=Grouping.DISK)
    list(drilled(Plan("test", PLAN.targets, (alone,)), inventory, bench))

    assert len(yard.asked()) == 2
    assert yard.tag(theirs) == "failed"


def test_a_drill_whose_host_cannot_be_asked_still_ends_with_its_window(yard: Yard, pair: list[str]) -> None:
    """The channel is refused, for good: what the clones cost has an end all the same."""
    yard.passes(patience_s=0)
    refusal = Fault(
        "error", action="DescribeInvocationTasks", code="UnauthorizedOperation.CamNoAuth", times=1000
    )
    yard.account.local.cloud.faults.add([refusal])
    within = yard.passes()
    assert len(yard.clones()) == len(pair)

    yard.account.advance(timedelta(minutes=51))
    yard.passes()

    assert findings(within)[0][0] == "not drilled"
    assert yard.clones() == []
    assert [yard.tag(one) for one in pair] == ["unfinished", "unfinished"]


def test_an_unfinished_drill_does_not_hide_what_an_earlier_one_has_found(yard: Yard, pair: list[str]) -> None:
    yard.says(BROKEN, exit_code=1)
    yard.until_removed()
    yard.says("no report")
    bench = yard.account.bench(Target(HERE), yard.account.monotonic() + PATIENCE_S)

    told = list(start_now("orders", "again", PLAN, yard.account.inventory(), bench))

    assert [one.reason[:10] for one in told if isinstance(one, Change) and one.action.value == "drilled"] == [
        "unfinished"
    ] * 2
    assert [yard.tag(one) for one in pair] == ["failed", "failed"]


# --- deaths ---------------------------------------------------------------------------------


class Killed(BaseException):
    """What ends a function's process between two of its steps."""


class MortalApi(Api):
    """Dies at one of its writing calls, before it is sent or when it has been answered."""

    def __init__(self, account: Account, dies_at: int, *, sent: bool) -> None:
        keys = {
            "TENCENTCLOUD_SECRETID": account.local.secret_id,
            "TENCENTCLOUD_SECRETKEY": account.local.secret_key,
        }
        super().__init__(HERE, EnvironmentCredentials(keys), account, account.local.url)
        self.left = dies_at
        self.written: list[str] = []
        self._sent = sent

    def call(
        self, service: str, action: str, params: Mapping[str, Any], timeout_s: float = 20.0
    ) -> dict[str, Any]:
        writes = not action.startswith("Describe")
        self.left -= writes
        if writes and not self.left and not self._sent:
            raise Killed(action)
        answer = super().call(service, action, params, timeout_s)
        if writes:
            self.written.append(action)
            if not self.left:
                raise Killed(action)
        return answer


class MortalAccount(Account):
    """An account whose calls go through one mortal api."""

    mortal: MortalApi

    def api(self, target: Target) -> Api:
        assert target.region == HERE
        return self.mortal


WRITES = [
    "CreateDisks",
    "CreateDisks",
    "AttachDisks",
    "RunCommand",
    "TagResources",
    "DetachDisks",
    "TerminateDisks",
]


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("dies_at", range(1, len(WRITES) + 1))
def test_a_death_at_any_step_leaves_nothing_and_loses_no_verdict(
    yard: Yard,
    pair: list[str],
    dies_at: int,
    sent: bool,  # noqa: FBT001 - one of two ways to die
) -> None:
    doomed = MortalAccount(yard.account.local)
    doomed.mortal = MortalApi(yard.account, dies_at, sent=sent)
    with pytest.raises(Killed, match=WRITES[dies_at - 1]):
        Yard(doomed, yard.folder).until_removed()

    yard.until_removed()

    assert [yard.tag(one) for one in pair] == ["passed", "passed"]
    assert len(yard.asked()) == 1
    assert set(yard.account.held().disks) == {"disk-a", "disk-b", "disk-own"}


def test_a_pass_of_all_steps_makes_exactly_the_calls_that_the_deaths_are_at(
    yard: Yard, pair: list[str]
) -> None:
    watched = MortalAccount(yard.account.local)
    watched.mortal = MortalApi(yard.account, 1000, sent=True)

    Yard(watched, yard.folder).until_removed()

    assert pair
    assert watched.mortal.written == WRITES


def test_two_passes_at_once_make_and_run_nothing_twice(yard: Yard, pair: list[str]) -> None:
    for _ in range(6):
        yard.passes(patience_s=0)
        stale = yard.account.inventory()
        bench = yard.account.bench(Target(HERE), yard.account.monotonic())
        list(drilled(PLAN, stale, bench))
        yard.account.sleep(5)
    yard.until_removed()

    assert [yard.tag(one) for one in pair] == ["passed", "passed"]
    assert len(yard.asked()) == 1


# --- what is left over, and what is not ours ----------------------------------------------------


def test_what_a_dead_drill_left_is_removed_although_its_policy_left_the_file(
    yard: Yard, pair: list[str]
) -> None:
    yard.passes(patience_s=0)
    left = len(yard.clones())

    told = yard.until_removed(Plan("prod", PLAN.targets, (replace(POLICY, drill=None),)))

    assert left == 2
    assert changes(told) == ["removed", "removed"]
    assert [yard.tag(one) for one in pair] == [None, None]


def test_clones_live_no_longer_than_their_window(yard: Yard, pair: list[str]) -> None:
    yard.says(GOOD, before="sleep 600")
    yard.passes()
    yard.account.advance(timedelta(minutes=50))

    told = yard.until_removed()

    assert [yard.tag(one) for one in pair] == ["unfinished", "unfinished"]
    assert "within 0.8" in told[0].reason
    assert ("not drilled", pair[0]) in findings(told)


def _lookalike(yard: Yard, **changed: object) -> str:
    """Add a disk that is like a clone of ours but for what is changed."""
    yard.passes(patience_s=0)
    like = yard.clones()[0]
    fields: dict[str, Any] = {"id": "disk-foreign", "instances": [], "state": "UNATTACHED", **changed}
    yard.account.held().add_disk(replace(like, **fields))
    return "disk-foreign"


@pytest.mark.parametrize(
    "changed",
    [
        {"tags": {}},
        {"tags": {"cbsnap:restore": "making"}},
        {"tags": {"cbsnap:deployment": "test", "cbsnap:restore": "making"}},
        {"tags": {"cbsnap:deployment": "prod"}},
        {"name": "drill-snap-aaaaaaaa"},
        {"name": "the-drill-snap-aaaaaaaa.1234567.1.ins-scratch"},
        {"name": "restored-snap-aaaaaaaa.1234567.1.ins-scratch"},
        {"name": "kept by Wang"},
    ],
)
def test_what_looks_like_ours_by_half_is_never_touched(
    yard: Yard, pair: list[str], changed: dict[str, Any]
) -> None:
    foreign = _lookalike(yard, **changed)

    yard.until_none_but(foreign)
    yard.account.advance(timedelta(hours=3))
    yard.passes()

    assert pair
    assert yard.account.held().disks[foreign].state == "UNATTACHED"


def test_a_clone_that_somebody_attached_elsewhere_stays_there_and_is_told(
    yard: Yard, pair: list[str]
) -> None:
    yard.passes(patience_s=0)
    taken = yard.clones()[0]
    yard.account.sleep(5)
    yard.account.api(Target(HERE)).call(
        "cbs", "AttachDisks", {"DiskIds": [taken.id], "InstanceId": "ins-other"}
    )
    yard.account.sleep(5)

    told = yard.passes()
    yard.account.advance(timedelta(hours=1))
    told += yard.passes()

    assert pair
    assert [one.id for one in yard.clones()] == [taken.id]
    assert taken.instances == ["ins-other"]
    assert ("orphan", taken.id) in findings(told)


def test_no_policy_selects_a_clone_and_coverage_does_not_list_it(yard: Yard, pair: list[str]) -> None:
    yard.passes(patience_s=0)
    disks = list(yard.account.inventory().disks.values())

    listed = coverage(disks, [], [], yard.account.now())

    assert pair
    assert len(disks) == 5
    assert {disk.id for disk in selected(disks, Selection())} == {"disk-a", "disk-b", "disk-own"}
    assert {one.disk.id for one in listed if one.standing is Standing.UNSELECTED} == {
        "disk-a",
        "disk-b",
        "disk-own",
    }


# --- what is in the way --------------------------------------------------------------------------


def test_nothing_is_made_that_is_over_the_cap(yard: Yard, pair: list[str]) -> None:
    small = Plan("prod", PLAN.targets, (replace(POLICY, drill=replace(DRILLING, max_gib=49)),))

    told = yard.passes(small)

    assert pair
    assert yard.clones() == []
    assert [one.reason for one in told] == ["drill.max_gib: needs 2 disks, 50 GiB; allowed are 20, 49 GiB"]


def test_nothing_is_made_while_the_instance_takes_no_commands(yard: Yard, pair: list[str]) -> None:
    yard.account.held().instances["ins-scratch"].state = "STOPPED"

    told = yard.passes()

    assert pair
    assert yard.clones() == []
    assert "takes no commands" in told[0].reason


@pytest.mark.parametrize(
    ("instance", "why"), [("ins-nosuch", "there is no ins-nosuch"), ("ins-1", "holds disks of the policy")]
)
def test_an_instance_that_cannot_be_used_is_told(
    yard: Yard, pair: list[str], instance: str, why: str
) -> None:
    wrong = Plan("prod", PLAN.targets, (replace(POLICY, drill=replace(DRILLING, instance=instance)),))

    told = yard.passes(wrong)

    assert pair
    assert yard.clones() == []
    assert why in told[0].reason


def test_a_refused_second_clone_ends_with_the_window_and_leaves_nothing(yard: Yard, pair: list[str]) -> None:
    yard.account.local.cloud.faults.add([Fault("error", action="CreateDisks", skip=1, times=0)])

    yard.passes()
    yard.account.advance(timedelta(minutes=50))
    yard.until_removed()

    assert {yard.tag(one) for one in pair} == {"unfinished", None}
    assert len(yard.asked()) == 0


def test_a_host_that_gives_no_report_leaves_the_drill_unfinished(yard: Yard, pair: list[str]) -> None:
    yard.says("sh: cbsnap-agent.pyz: not found", exit_code=127)

    told = yard.until_removed()

    assert [yard.tag(one) for one in pair] == ["unfinished", "unfinished"]
    reasons = {one.reason for one in told if isinstance(one, Change) and one.action.value == "drilled"}
    assert reasons == {
        "unfinished: the host's command gave no report; it ended with 127; sh: cbsnap-agent.pyz: not found"
    }


def test_a_drill_that_did_not_take_place_is_told_when_its_window_has_closed(
    yard: Yard, pair: list[str]
) -> None:
    yard.account.held().instances["ins-scratch"].state = "STOPPED"
    yard.passes()
    yard.account.advance(timedelta(minutes=55))

    told = yard.passes()

    assert pair
    assert findings(told) == [("not drilled", "orders")]
    assert "did not take place" in told[0].reason


# --- on request, and how it stands ----------------------------------------------------------------


def _now(yard: Yard, key: str, name: str = "orders") -> list[Note]:
    bench = yard.account.bench(Target(HERE), yard.account.monotonic() + PATIENCE_S)
    return list(start_now(name, key, PLAN, yard.account.inventory(), bench))


def test_a_drill_on_request_wants_no_schedule_and_the_same_key_is_the_same_drill(yard: Yard) -> None:
    due = yard.account.now()
    made = [yard.account.take(one, due=due) for one in ("disk-a", "disk-b")]

    _now(yard, "tuesday")
    yard.until_removed()
    again = _now(yard, "tuesday")

    assert again == []
    assert [yard.tag(one) for one in made] == ["passed", "passed"]
    assert len(yard.asked()) == 1


def test_another_key_drills_again(yard: Yard) -> None:
    due = yard.account.now()
    for one in ("disk-a", "disk-b"):
        yard.account.take(one, due=due)

    for key in ("tuesday", "wednesday"):
        _now(yard, key)
        yard.until_removed()

    assert len(yard.asked()) == 2


def test_a_policy_that_is_not_drilled_is_refused(yard: Yard) -> None:
    with pytest.raises(InputError, match="is not drilled in ap-guangzhou"):
        _now(yard, "tuesday", "nosuch")


def test_standings_tell_what_is_under_way_and_what_the_newest_came_to(yard: Yard, pair: list[str]) -> None:
    before = drills(PLAN, [yard.account.inventory()])
    yard.passes(patience_s=0)
    during = drills(PLAN, [yard.account.inventory()])
    yard.until_removed()
    after = drills(PLAN, [yard.account.inventory()])

    assert before == []
    assert [(one.snapshot_id, one.verdict) for one in during] == [(one, None) for one in pair]
    assert [(one.snapshot_id, one.verdict and one.verdict.value) for one in after] == [
        (one, "passed") for one in pair
    ]


def test_groups_take_turns(yard: Yard) -> None:
    by_disk = Plan("prod", PLAN.targets, (replace(POLICY, group=Grouping.DISK),))
    drilled_ids = []
    for _ in range(2):
        due = yard.account.now()
        made = {one: yard.account.take(one, due=due) for one in ("disk-a", "disk-b")}
        yard.account.sleep(3660 - yard.account.now().timestamp() % 3600)
        yard.until_removed(by_disk)
        drilled_ids.append([disk_id for disk_id, one in made.items() if yard.tag(one)])

    assert drilled_ids == [["disk-a"], ["disk-b"]]


def test_what_a_calibration_left_is_removed_when_nobody_can_be_at_it_any_more(yard: Yard) -> None:
    made = yard.account.take("disk-a")
    bench = yard.account.bench(Target(HERE), yard.account.monotonic() + PATIENCE_S)
    name = f"calibrate-{made}.1234567.1.ins-other"
    tags = {"cbsnap:deployment": "prod", "cbsnap:restore": "making"}
    clone = bench.disks.create_disk(NewDisk(made, f"{HERE}-1", 20, "CLOUD_PREMIUM"), name, tags, "once")
    yard.account.sleep(60)
    bench.disks.attach([clone], "ins-other")
    yard.account.advance(timedelta(hours=6))
    yard.passes()
    early = clone in yard.account.held().disks

    yard.account.advance(timedelta(hours=2))
    yard.passes()

    assert early
    assert clone not in yard.account.held().disks
    assert "disk-a" in yard.account.held().disks
