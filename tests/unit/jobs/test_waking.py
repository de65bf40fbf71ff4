"""Instances that a dead worker left stopped are started; others are left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cbsnap.jobs.inventory import Inventory
from cbsnap.jobs.stopping import MARK, STOPPED_TAG
from cbsnap.jobs.waking import woken
from cbsnap.model.plan import Plan
from cbsnap.model.policies import Keep, Policy, Quiesce, Selection
from cbsnap.upkeep import Action, Change

from .fakes import HERE, NOON, FakeClock, FakeCloud, disk, instance

STOPPING = Policy(
    "legacy", Selection(), "0 2 * * *", "UTC", timedelta(hours=1), Keep(last=1), quiesce=Quiesce("")
)
PLAN = Plan("prod", (HERE,), (STOPPING,))


def cloud(minutes_ago: int | None, state: str = "STOPPED") -> FakeCloud:
    tags = (
        {} if minutes_ago is None else {STOPPED_TAG: (NOON - timedelta(minutes=minutes_ago)).strftime(MARK)}
    )
    return FakeCloud(FakeClock(), [disk("disk-a")], [replace(instance(state=state), tags=tags)])


def after(made: FakeCloud, plan: Plan = PLAN) -> tuple[str, bool, list[Action]]:
    notes = list(woken(plan, Inventory(made, "prod"), NOON))
    (only,) = made.instance_list
    return only.state, STOPPED_TAG in only.tags, [one.action for one in notes if isinstance(one, Change)]


def test_one_that_was_left_stopped_is_started_and_reported() -> None:
    assert after(cloud(30)) == ("RUNNING", False, [Action.STARTED])


@pytest.mark.parametrize("made", [cloud(5), cloud(None)], ids=["a worker has it", "its owner stopped it"])
def test_others_are_left_alone(made: FakeCloud) -> None:
    before = made.instance_list[0]

    assert after(made) == ("STOPPED", STOPPED_TAG in before.tags, [])


def test_a_mark_that_was_left_on_a_running_one_is_taken_off() -> None:
    assert after(cloud(30, "RUNNING")) == ("RUNNING", False, [])


def test_a_mark_that_somebody_changed_counts_as_old() -> None:
    made = cloud(5)
    made.tag_instances(["ins-1"], STOPPED_TAG, "what is this?")

    assert after(made)[0] == "RUNNING"


def test_nothing_is_read_where_no_policy_stops_instances() -> None:
    made = cloud(30)

    assert after(made, replace(PLAN, policies=()))[0] == "STOPPED"
