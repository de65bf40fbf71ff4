"""A drill in the function `maintain`, as it runs in the cloud: real processes, a real message and command."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cbsnap.clock import SystemClock
from cbsnap.jobs.drill import ask
from cbsnap.jobs.inventory import Inventory
from cbsnap.jobs.standings import drills
from cbsnap.policyfile import parse
from cbsnap.tencent.functions import Keeper

from .stage import REGION, until

if TYPE_CHECKING:
    from cbsnap.model.cloud import Snapshot
    from cbsnap.model.plan import Plan
    from cbsnap.model.runs import DrillOrder

    from .stage import Stage

GOOD = {
    "verdict": "passed",
    "cut": "unknown",
    "checks": [{"name": "ext4", "ok": True, "detail": "", "ms": 7}],
}


class Late:
    """A platform that keeps messages for longer than they are good for."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def hand_over(self, order: DrillOrder) -> str:
        return self._keeper.hand_over(replace(order, deliver_by=order.deliver_by - timedelta(hours=1)))


def plan(stage: Stage) -> Plan:
    return parse((stage.folder / "policies/policies.yml").read_text(), "policies.yml")


def keeper(stage: Stage) -> Keeper:
    return Keeper(lambda _: stage.own_api(), REGION, "cbsnap-maintain")


@pytest.fixture
def snapshot_id(stage: Stage) -> str:
    """Return a snapshot of the idle disk, whole, and have the scratch host say that all is well."""
    program = stage.folder / "scratch" / "cbsnap-agent.pyz"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\necho '{json.dumps(GOOD)}'\n")
    program.chmod(0o755)
    stage.fire()
    until("it is whole", lambda: [one.state for one in _taken(stage)] == ["NORMAL"])
    until("it has its label", lambda: "cbsnap:label" in _taken(stage)[0].tags)
    return _taken(stage)[0].id


def _taken(stage: Stage) -> list[Snapshot]:
    return stage.region().snapshots_of(["disk-idle"])


def test_a_drill_is_carried_out_by_a_message_to_the_function(stage: Stage, snapshot_id: str) -> None:
    ask("the-rest", "now", plan(stage), keeper(stage), SystemClock().now())
    stage.settle()

    (stands,) = drills(plan(stage), [Inventory(stage.region(), "tests")])
    assert (stands.snapshot_id, stands.verdict and stands.verdict.value) == (snapshot_id, "passed")
    (errand,) = [one for one in stage.invocations() if one["function"] == "cbsnap-maintain"]
    assert [one["action"] for one in errand["result"][0]["changes"]] == [
        "cloned for a drill",
        "drilled",
        "removed",
    ]
    assert [disk.id for disk in stage.region().disks() if disk.name.startswith("drill-")] == []


def test_a_message_that_comes_too_late_makes_nothing(stage: Stage, snapshot_id: str) -> None:
    ask("the-rest", "now", plan(stage), Late(keeper(stage)), SystemClock().now())
    stage.settle()

    (errand,) = [one for one in stage.invocations() if one["function"] == "cbsnap-maintain"]
    assert snapshot_id
    assert "dropped" in json.dumps(errand["result"])
    assert drills(plan(stage), [Inventory(stage.region(), "tests")]) == []
