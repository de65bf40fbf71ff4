from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from localcloud.cloud import Cloud
from localcloud.contents import Contents
from localcloud.fleet import load
from localcloud.records import RecordError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from localcloud.clock import Clock
    from localcloud.cloud import World
    from localcloud.pytest_plugin import LocalCloud

    Call = Callable[..., dict[str, Any]]


def local(localcloud: LocalCloud, path: str, body: object = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{localcloud.url}/_local/{path}", data)  # noqa: S310  # our own server
    with urllib.request.urlopen(request) as answer:  # noqa: S310  # as above
        found: dict[str, Any] = json.load(answer)
        return found


def test_the_clock_is_set_stopped_and_advanced(localcloud: LocalCloud) -> None:
    stopped = local(localcloud, "clock", {"set": "2027-01-15T08:00:00Z", "speed": 0})
    advanced = local(localcloud, "clock", {"advance_s": 90})

    assert stopped["now"] == "2027-01-15T08:00:00Z"
    assert advanced["now_s"] - stopped["now_s"] == 90
    assert local(localcloud, "clock") == advanced


def test_a_faster_clock_makes_snapshots_sooner(localcloud: LocalCloud, call: Call) -> None:
    call("cbs", "CreateSnapshot", DiskId="disk-orders-a")

    local(localcloud, "clock", {"speed": 1_000_000})
    again = call("cbs", "CreateSnapshot", DiskId="disk-orders-a")

    assert again["SnapshotId"]


@pytest.mark.parametrize(
    "body",
    [
        {"advance": 1},
        {"set": "soon"},
        {"set": "9999-12-31T23:59:59Z"},
        {"advance_s": "x"},
        {"advance_s": float("inf")},
        {"advance_s": -1e15},
        {"speed": "a"},
        {"speed": -1},
        {"speed": float("nan")},
        {"speed": True},
        [],
    ],
)
def test_a_clock_set_wrongly_is_answered_with_the_reason_and_goes_on(
    localcloud: LocalCloud, call: Call, body: object
) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        local(localcloud, "clock", body)

    assert refused.value.code == 400
    assert "error" in json.load(refused.value)
    assert local(localcloud, "clock")["speed"] == 1
    assert call("cbs", "DescribeDisks")["TotalCount"] == 9


def test_the_page_is_for_people_and_asks_only_what_is_there(localcloud: LocalCloud) -> None:
    with urllib.request.urlopen(f"{localcloud.url}/_local/") as answer:  # noqa: S310  # our own server
        kind, page = answer.headers["Content-Type"], answer.read().decode()
    summary = local(localcloud, "summary")

    assert kind.startswith("text/html")
    assert "<title>localcloud</title>" in page
    assert "//" not in page.replace("<!doctype", "")  # nothing from elsewhere
    assert summary["regions"][0] == {
        "name": "ap-guangzhou",
        "uin": "100000000001",
        "instances": 3,
        "disks": 9,
        "snapshots": 65,
        "creating": 1,
    }


def test_a_reset_brings_the_fleet_back(localcloud: LocalCloud, call: Call) -> None:
    made = call("cbs", "CreateSnapshot", DiskId="disk-orders-a")["SnapshotId"]

    local(localcloud, "reset", {})

    assert local(localcloud, "requests")["requests"] == []
    assert call("cbs", "DescribeSnapshots", SnapshotIds=[made])["TotalCount"] == 0
    assert call("cbs", "DescribeDisks")["TotalCount"] == 9


def test_a_reset_follows_a_fleet_that_has_other_regions_now(tmp_path: Path) -> None:
    fleet = tmp_path / "fleet.yml"
    fleet.write_text("regions: {old: {disks: [{id: disk-a}]}}")
    cloud = Cloud(lambda clock: load(fleet, clock), Contents(tmp_path / "copies"))
    fleet.write_text("regions: {new: {}}")

    cloud.reset()

    assert [name for _, name in cloud.world.regions] == ["new"]


def test_a_reset_with_a_mistake_in_the_fleet_is_answered_and_changes_nothing(
    localcloud: LocalCloud, call: Call
) -> None:
    def mistaken(_: Clock) -> World:
        raise RecordError("fleet.yml:1: a mistake")

    made = call("cbs", "CreateSnapshot", DiskId="disk-orders-a")["SnapshotId"]
    localcloud.cloud.found = mistaken

    with pytest.raises(urllib.error.HTTPError) as refused:
        local(localcloud, "reset", {})

    assert json.load(refused.value)["error"] == "fleet.yml:1: a mistake"
    assert len(local(localcloud, "requests")["requests"]) == 1
    assert call("cbs", "DescribeSnapshots", SnapshotIds=[made])["TotalCount"] == 1


def test_the_state_says_where_a_copy_lies_and_how_it_was_cut(
    localcloud: LocalCloud, call: Call, tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("bytes")
    region = localcloud.cloud.world.regions["100000000001", "ap-guangzhou"]
    region.disks["disk-orders-a"].content = str(tmp_path / "data")
    made = call("cbs", "CreateSnapshot", DiskId="disk-orders-a")["SnapshotId"]

    state = local(localcloud, "state?region=ap-guangzhou")

    assert [each["name"] for each in state["regions"]] == ["ap-guangzhou"]
    snapshot = state["regions"][0]["snapshots"][made]
    assert snapshot["copy"] == str(tmp_path / "localcloud-copies" / made)
    assert snapshot["cut"] in ("copy", "reflink")


def test_a_reset_leaves_no_bytes_of_what_was_made(localcloud: LocalCloud, call: Call, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("bytes")
    region = localcloud.cloud.world.regions["100000000001", "ap-guangzhou"]
    region.disks["disk-orders-a"].content = str(tmp_path / "data")
    made = call("cbs", "CreateSnapshot", DiskId="disk-orders-a")["SnapshotId"]
    localcloud.cloud.clock.advance(2)
    call(
        "cbs",
        "CreateDisks",
        Placement={"Zone": "ap-guangzhou-1"},
        DiskChargeType="POSTPAID_BY_HOUR",
        DiskType="CLOUD_PREMIUM",
        SnapshotId=made,
    )
    before = len(list((tmp_path / "localcloud-copies").iterdir()))

    local(localcloud, "reset", {})

    assert before == 2
    assert list((tmp_path / "localcloud-copies").iterdir()) == []
    assert (tmp_path / "data").read_text() == "bytes"
