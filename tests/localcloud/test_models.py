"""Every action that is emulated, held against the SDK's own models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from localcloud import cbs, cvm, tag
from localcloud.parameters import parameter_names
from tests.localcloud.sdk_models import differences, shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.pytest_plugin import LocalCloud
    from localcloud.service import Service

SERVICES = (cbs.SERVICE, cvm.SERVICE, tag.SERVICE)
DISK = "qcs::cbs:ap-guangzhou:uin/100000000001:instance/disk-orders-a"
TAGS = [{"TagKey": "app", "TagValue": "orders"}]

# What each action is asked so that its answer has something in it.
ASKED: dict[str, dict[str, dict[str, Any]]] = {
    "cbs": {
        "CreateSnapshot": {"DiskId": "disk-orders-a"},
        "DeleteSnapshots": {"SnapshotIds": ["snap-full0001-00"]},
        "DescribeDisks": {"Limit": 100},
        "DescribeSnapshotOverview": {},
        "DescribeSnapshots": {"Limit": 100},
        "GetSnapOverview": {},
        "ModifySnapshotAttribute": {"SnapshotId": "snap-full0001-00", "SnapshotName": "renamed"},
    },
    "cvm": {"DescribeInstances": {}},
    "tag": {
        "DescribeResourcesByTags": {"TagFilters": [{"TagKey": "app"}]},
        "GetResources": {},
        "GetTagKeys": {},
        "GetTagValues": {"TagKeys": ["app"]},
        "ModifyResourceTags": {"Resource": DISK, "ReplaceTags": TAGS},
        "TagResources": {"ResourceList": [DISK, DISK.replace("orders-a", "none")], "Tags": TAGS},
        "UnTagResources": {"ResourceList": [DISK.replace("orders-a", "none")], "TagKeys": ["app"]},
    },
}
ACTIONS = [(service, action) for service in SERVICES for action in sorted(service.actions)]
NAMES = [f"{service.name}-{action}" for service, action in ACTIONS]


def test_every_action_is_held_against_its_model() -> None:
    for service in SERVICES:
        assert service.actions.keys() == ASKED[service.name].keys()


@pytest.mark.parametrize(("service", "action"), ACTIONS, ids=NAMES)
def test_takes_every_parameter_of_the_model_and_no_other(service: Service, action: str) -> None:
    expected = shape(service.name, service.version, f"{action}Request").keys()

    taken = parameter_names(service.actions[action])

    assert set(taken) == set(expected)


@pytest.mark.parametrize(("service", "action"), ACTIONS, ids=NAMES)
def test_answers_with_every_field_of_the_model_and_no_other(
    localcloud: LocalCloud, call: Callable[..., dict[str, Any]], service: Service, action: str
) -> None:
    localcloud.cloud.world.regions["100000000001", "ap-guangzhou"].snapshots["snap-busy0001"].images = [
        "img-1"
    ]

    answer = call(service.name, action, **ASKED[service.name][action])

    assert not differences(service.name, service.version, f"{action}Response", answer)
    assert all(
        answer[name] not in ([], None) for name in answer if name.endswith(("Set", "List", "Rows", "Tags"))
    )
