"""A whole pass over several regions: what fails is reported, and the rest goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cbsnap.jobs.maintain import Means, maintain
from cbsnap.model.labels import Label
from cbsnap.model.plan import Plan, Target
from cbsnap.model.policies import Copying, Keep, Policy, Selection

from localcloud.faults import Fault
from tests.unit.jobs.shelf import FakeJournal, FakeMemory, FakeNotifier, FakeSettlers

from .conftest import HERE

if TYPE_CHECKING:
    from cbsnap.upkeep import Upkeep

    from .conftest import Account

THERE = "ap-singapore"
FLEET = """
regions:
  ap-guangzhou:
    disks: [{id: disk-a}]
  ap-singapore:
    disks: [{id: disk-there}]
"""
POLICY = Policy(
    "orders",
    Selection(),
    "0 * * * *",
    "UTC",
    timedelta(minutes=30),
    Keep(last=1),
    good=Label.APPLICATION,
    notify="ops",
    copy=(Copying(THERE, Keep(last=1)),),
)
PLAN = Plan("prod", (Target(HERE),), (POLICY,), notify={"ops": "json://ops"}, heartbeat="http://beat")
pytestmark = pytest.mark.fleet(FLEET)


def means(account: Account, notifier: FakeNotifier, memory: FakeMemory | None = None) -> Means:
    return Means(
        account.regions,
        account.lifecycles,
        lambda _: FakeJournal(),
        FakeSettlers(),
        account,
        notifier,
        memory or FakeMemory({"ops": {}}),
        account.bench,
    )


def actions(passes: list[Upkeep]) -> dict[str, list[str]]:
    return {one.region: [change.action.value for change in one.changes] for one in passes}


def test_a_pass_copies_takes_over_prunes_and_covers(account: Account) -> None:
    account.take()
    first = maintain(PLAN, means(account, FakeNotifier()))
    account.advance(timedelta(hours=1))
    account.take()
    notifier = FakeNotifier()

    second = maintain(PLAN, means(account, notifier))

    assert actions(first) == {HERE: ["copying"], THERE: []}
    assert actions(second) == {HERE: ["copying", "deleted"], THERE: ["adopted"]}
    assert dict(second[0].standings) == {"covered": 1}
    assert not any(one.error for one in second)
    assert (notifier.sent, notifier.beats) == ([], ["http://beat"])


def test_a_region_is_not_copied_to_itself(account: Account) -> None:
    there = Target(THERE)
    name = f"orders.{account.now():%Y%m%dT%H%MZ}.there"
    tags = {"cbsnap:deployment": "prod", "cbsnap:policy": "orders", "cbsnap:label": "application"}
    account.regions.at(there).create_snapshots({"disk-there": name}, tags, 10)
    account.sleep(60)
    both = Plan("prod", (Target(HERE), there), PLAN.policies)

    passes = {one.region: one for one in maintain(both, means(account, FakeNotifier()))}

    assert (passes[THERE].changes, passes[THERE].findings, passes[THERE].error) == ((), (), "")


def test_what_is_wrong_is_told_and_gives_no_sign_of_life(account: Account) -> None:
    account.advance(timedelta(days=2))
    notifier, memory = FakeNotifier(), FakeMemory({"ops": {}})

    maintain(PLAN, means(account, notifier, memory))
    maintain(PLAN, means(account, notifier, memory))

    ((_, title, body),) = notifier.sent
    assert title == "cbsnap prod: 2 open"
    assert "missing: disk-a" in body
    assert "uncovered: disk-a" in body
    assert notifier.beats == []


def test_a_slow_pass_of_an_instance_that_remembers_nothing_still_reminds(account: Account) -> None:
    midnight = account.now().replace(hour=0, minute=7) + timedelta(days=2)
    account.advance(midnight - account.now())
    notifier = FakeNotifier()

    class Slow(FakeSettlers):
        def settle(self, target: Target) -> str:
            account.advance(timedelta(minutes=10))
            return super().settle(target)

    account.take(label="")
    account.advance(timedelta(days=1, minutes=-1))
    far = replace(PLAN, targets=(Target(HERE, worker="far-worker"),))
    maintain(far, replace(means(account, notifier, FakeMemory()), settlers=Slow()))

    assert "uncovered: disk-a" in notifier.sent[0][2]


def test_a_region_that_does_not_exist_keeps_no_other_from_its_work(account: Account) -> None:
    account.take()
    two = Plan("prod", (Target("eu-nowhere"), Target(HERE)), PLAN.policies)

    passes = {one.region: one for one in maintain(two, means(account, FakeNotifier()))}

    assert "cannot be read" in passes["eu-nowhere"].error
    assert passes[HERE].error == ""
    assert [change.action.value for change in passes[HERE].changes] == ["copying"]


def test_a_step_that_fails_keeps_no_other_from_its_work(account: Account) -> None:
    account.take()
    broken = ("DescribeSnapshotOverview", "CopySnapshotCrossRegions")
    account.local.cloud.faults.add(
        [Fault("error", action=action, code="UnauthorizedOperation", times=0) for action in broken]
    )

    here = maintain(PLAN, means(account, FakeNotifier()))[0]

    assert "coverage: " in here.error
    assert "copy: " in here.error
    assert dict(here.standings) == {"covered": 1}


def test_an_address_that_hears_nothing_is_reported_with_the_pass(account: Account) -> None:
    account.advance(timedelta(days=2))

    passes = maintain(PLAN, means(account, FakeNotifier(deaf=True)))

    assert passes[-1].error == "ops could not be told: no answer"


def test_a_target_with_a_worker_of_its_own_is_settled_by_it(account: Account) -> None:
    account.take(label="")
    account.advance(timedelta(hours=2))
    settlers = FakeSettlers()
    far = replace(PLAN, targets=(Target(HERE, worker="far-worker"),))

    here = maintain(far, replace(means(account, FakeNotifier()), settlers=settlers))[0]

    assert settlers.asked == [Target(HERE, worker="far-worker")]
    assert "unproven" in {finding.trouble.value for finding in here.findings}
    assert "labelled" not in actions([here])[HERE]


def test_a_region_that_is_down_ends_nothing_and_keeps_no_other_from_its_work(account: Account) -> None:
    account.take()
    maintain(PLAN, means(account, FakeNotifier()))
    account.advance(timedelta(hours=1))
    account.local.cloud.faults.add([Fault("error", region=THERE, times=0)])
    notifier = FakeNotifier()

    passes = {one.region: one for one in maintain(PLAN, means(account, notifier))}

    assert "cannot be read" in passes[THERE].error
    assert passes[HERE].error == ""
    assert dict(passes[HERE].standings) == {"covered": 1}
    assert notifier.beats == []
    assert f"{THERE}: the region cannot be read" in notifier.sent[0][2]


def test_a_machine_whose_clock_is_an_hour_wrong_is_refused_and_touches_nothing(account: Account) -> None:
    account.take()
    account.advance(timedelta(hours=1))
    account.take()
    before = dict(account.held().snapshots)
    account.local.cloud.faults.add([Fault("skew", by_s=3600, times=0)])

    passes = maintain(PLAN, means(account, FakeNotifier()))

    assert all("AuthFailure" in one.error for one in passes if one.region in {HERE, THERE})
    assert account.held().snapshots == before
