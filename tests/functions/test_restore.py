"""A restore in the function `maintain`, as it runs in the cloud: real processes, a real message."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cbsnap.clock import SystemClock
from cbsnap.jobs.inventory import Inventory
from cbsnap.jobs.restore import Agreed, AskedClone, AskedRollback, propose, start, status
from cbsnap.model.plan import Plan, QuotaLimits, Target
from cbsnap.restoration import State
from cbsnap.tencent.functions import Keeper

from .stage import REGION, until

if TYPE_CHECKING:
    from cbsnap.jobs.restore import Asked
    from cbsnap.restoration import RestoreOrder

    from .stage import Stage

TARGET = Target(REGION)
PLAN = Plan("tests", (TARGET,), ())


class Late:
    """A platform that keeps messages for longer than they are good for."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def hand_over(self, order: RestoreOrder) -> str:
        return self._keeper.hand_over(replace(order, deliver_by=order.deliver_by - timedelta(hours=1)))


def here(stage: Stage) -> Inventory:
    return Inventory(stage.region(), "tests")


def keeper(stage: Stage) -> Keeper:
    return Keeper(lambda _: stage.own_api(), REGION, "cbsnap-maintain")


def restore(stage: Stage, asked: Asked, key: str, by: Keeper | Late) -> None:
    shown = propose(asked, here(stage), QuotaLimits())
    agreed = Agreed(key, shown.confirm, shown.disk_id or "")
    start(asked, agreed, PLAN, TARGET, here(stage), by, SystemClock())
    stage.settle()


@pytest.fixture
def snapshot_id(stage: Stage) -> str:
    """Return a snapshot of the idle disk, whole."""
    stage.fire()
    until(
        "it is whole", lambda: [one.state for one in stage.region().snapshots_of(["disk-idle"])] == ["NORMAL"]
    )
    return stage.region().snapshots_of(["disk-idle"])[0].id


def test_a_disk_is_rolled_back_by_a_message_to_the_function(stage: Stage, snapshot_id: str) -> None:
    restore(stage, AskedRollback(snapshot_id), "undo", keeper(stage))

    came = status("undo", here(stage), SystemClock().now())
    assert came.state is State.DONE
    (errand,) = [one for one in stage.invocations() if one["function"] == "cbsnap-maintain"]
    assert errand["state"] == "succeeded"
    assert errand["result"][0]["state"] == "done"


def test_a_disk_is_made_beside_it(stage: Stage, snapshot_id: str) -> None:
    asked = AskedClone((snapshot_id,), attach_to="ins-db", zone=zone(stage))

    restore(stage, asked, "beside", keeper(stage))

    came = status("beside", here(stage), SystemClock().now())
    assert came.state is State.DONE
    (made,) = stage.region().disks(came.disk_ids)
    assert made.instance_ids == ("ins-db",)


def test_a_message_that_comes_too_late_changes_nothing(stage: Stage, snapshot_id: str) -> None:
    restore(stage, AskedRollback(snapshot_id), "late", Late(keeper(stage)))

    assert status("late", here(stage), SystemClock().now()).kind is None
    (errand,) = [one for one in stage.invocations() if one["function"] == "cbsnap-maintain"]
    assert "dropped" in json.dumps(errand["result"])


def zone(stage: Stage) -> str:
    return stage.region().instances(["ins-db"])[0].zone
