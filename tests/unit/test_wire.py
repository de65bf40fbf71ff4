"""Errands travel as JSON and are checked when they arrive."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from cbsnap import wire
from cbsnap.errors import InputError
from cbsnap.model.cloud import NewDisk
from cbsnap.model.plan import Target
from cbsnap.model.runs import DrillOrder
from cbsnap.restoration import Clone, RestoreOrder, Rollback

SOON = datetime(2026, 11, 22, 10, 20, tzinfo=timezone.utc)
LATER = datetime(2026, 11, 22, 16, tzinfo=timezone.utc)
HERE = Target("ap-guangzhou", role="qcs::cam::uin/100000000001:roleName/cbsnap")
ORDERS = [
    RestoreOrder(
        "k", HERE, "prod", SOON, LATER, rollback=Rollback("snap-1", "disk-1", ("ins-1",), ("ins-1",))
    ),
    RestoreOrder(
        "k",
        HERE,
        "prod",
        SOON,
        LATER,
        clone=Clone((NewDisk("snap-1", "ap-guangzhou-3", 50, "CLOUD_SSD"),), "ins-2", "drill"),
        turn=3,
    ),
]


def event(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - what may stand in JSON
    return {**json.loads(wire.errand_text(ORDERS[0])), **changed}


@pytest.mark.parametrize("order", ORDERS, ids=["rollback", "clone"])
def test_an_order_arrives_as_it_was_sent(order: RestoreOrder) -> None:
    text = wire.errand_text(order)

    assert json.loads(text)["cbsnap"] == "restore"
    assert wire.errand(json.loads(text)) == order


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (event(cbsnap="dance"), "cbsnap: 'dance' is no errand; there are .*restore"),
        (event(cbsnap=["restore"]), "cbsnap: .* is no errand"),
        (event(until="soon"), r"restore\.until: "),
        (event(rollback={"snapshot_id": "snap-1"}), r"restore\.rollback\.disk_id: Field required"),
    ],
)
def test_a_broken_errand_is_refused_by_field(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        wire.errand(wrong)


def test_a_drill_arrives_as_it_was_sent() -> None:
    order = DrillOrder("k", HERE, "orders", SOON)

    text = wire.errand_text(order)

    assert json.loads(text)["cbsnap"] == "drill"
    assert wire.errand(json.loads(text)) == order
