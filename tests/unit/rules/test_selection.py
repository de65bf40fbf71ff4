"""A selection means the disks that meet all its conditions."""

from dataclasses import replace

import pytest
from cbsnap.model.cloud import Disk
from cbsnap.model.policies import Selection
from cbsnap.rules.selection import selected

ORDERS = Disk(
    "disk-orders", "ap-guangzhou", "ap-guangzhou-6", "orders", "DATA_DISK", "ATTACHED", 100,
    instance_ids=("ins-db",), tags={"app": "orders", "tier": "db"},
)  # fmt: skip
BOOT = replace(ORDERS, id="disk-boot", usage="SYSTEM_DISK", tags={"app": "orders"})
SPARE = replace(ORDERS, id="disk-spare", state="UNATTACHED", instance_ids=(), zone="ap-guangzhou-3", tags={})
WEB = replace(ORDERS, id="disk-web", instance_ids=("ins-web", "ins-web2"), tags={"app": "web"})
DISKS = [ORDERS, BOOT, SPARE, WEB]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), DISKS),
        (Selection(disks=frozenset({"disk-spare", "disk-gone"})), [SPARE]),
        (Selection(instances=frozenset({"ins-web2", "ins-gone"})), [WEB]),
        (Selection(zones=frozenset({"ap-guangzhou-3"})), [SPARE]),
        (Selection(usage="SYSTEM_DISK"), [BOOT]),
        (Selection(attached=True), [ORDERS, BOOT, WEB]),
        (Selection(attached=False), [SPARE]),
        (Selection(tags={"app": frozenset({"orders"})}), [ORDERS, BOOT]),
        (Selection(tags={"app": frozenset({"orders", "web"})}), [ORDERS, BOOT, WEB]),
        (Selection(tags={"app": frozenset({"orders"}), "tier": frozenset({"db"})}), [ORDERS]),
        (Selection(instances=frozenset({"ins-db"}), usage="DATA_DISK"), [ORDERS]),
        (Selection(exclude=Selection(usage="SYSTEM_DISK")), [ORDERS, SPARE, WEB]),
        (Selection(exclude=Selection(attached=True, usage="DATA_DISK")), [BOOT, SPARE]),
        (Selection(attached=True, exclude=Selection(disks=frozenset({"disk-web"}))), [ORDERS, BOOT]),
    ],
)
def test_a_disk_is_selected_when_it_meets_every_condition(selection: Selection, expected: list[Disk]) -> None:
    assert selected(DISKS, selection) == expected
