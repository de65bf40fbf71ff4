from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from tencentcloud.cbs.v20170312 import models
from tencentcloud.common.exception import TencentCloudSDKException

from localcloud.faults import Fault, Faults

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from localcloud.pytest_plugin import LocalCloud

    Call = Callable[..., dict[str, Any]]


def inject(localcloud: LocalCloud, **fault: object) -> int:
    request = urllib.request.Request(f"{localcloud.url}/_local/faults", json.dumps(fault).encode())  # noqa: S310  # ours
    with urllib.request.urlopen(request) as answer:  # noqa: S310  # our own server
        return int(json.load(answer)["ids"][0])


def snapshots_of(call: Call, disk: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call(
        "cbs", "DescribeSnapshots", Filters=[{"Name": "disk-id", "Values": [disk]}]
    )["SnapshotSet"]
    return found


@pytest.mark.parametrize(
    ("fault", "code", "made"),
    [
        ({"kind": "error", "code": "InternalError.ComponentError"}, "InternalError.ComponentError", 0),
        ({"kind": "throttle"}, "RequestLimitExceeded", 0),
        ({"kind": "reset"}, "ClientNetworkError", 0),
        ({"kind": "no_answer"}, "ClientNetworkError", 1),
        ({"kind": "skew", "by_s": 301}, "AuthFailure.SignatureExpire", 0),
    ],
)
def test_a_fault_hits_once_with_its_code_and_with_or_without_the_effect(
    localcloud: LocalCloud, call: Call, fault: dict[str, object], code: str, made: int
) -> None:
    inject(localcloud, action="CreateSnapshot", **fault)

    with pytest.raises(TencentCloudSDKException) as hit:
        call("cbs", "CreateSnapshot", DiskId="disk-orders-a")
    after = snapshots_of(call, "disk-orders-a")
    call("cbs", "CreateSnapshot", DiskId="disk-orders-b")

    assert hit.value.code == code
    assert len(after) == made


def test_a_null_id_comes_with_a_snapshot_all_the_same(localcloud: LocalCloud, call: Call) -> None:
    inject(localcloud, kind="null_snapshot", action="CreateSnapshot")

    answer = call("cbs", "CreateSnapshot", DiskId="disk-orders-a")

    assert answer["SnapshotId"] is None
    assert len(snapshots_of(call, "disk-orders-a")) == 1


def test_the_sdk_reads_an_error_with_a_charset_as_a_success(localcloud: LocalCloud, cbs: Any) -> None:  # noqa: ANN401  # SDK
    inject(localcloud, kind="error", action="DescribeDisks")
    inject(localcloud, kind="charset", action="DescribeDisks")

    answer = cbs.DescribeDisks(models.DescribeDisksRequest())

    assert answer.TotalCount is None


@pytest.mark.parametrize(("delay", "made"), [("before_s", 0), ("after_s", 1)])
def test_a_delay_is_before_or_after_the_effect(
    localcloud: LocalCloud, call: Call, delay: str, made: int
) -> None:
    inject(localcloud, kind="delay", action="CreateSnapshot", **{delay: 0.5})
    asking = threading.Thread(target=call, args=("cbs", "CreateSnapshot"), kwargs={"DiskId": "disk-orders-a"})

    asking.start()
    while not localcloud.cloud.faults.held[0].hit:
        time.sleep(0.01)  # the condition that is polled is the call's arrival
    call("cbs", "DescribeDisks")  # the server has turned to something else: it waits with the call
    during = len(snapshots_of(call, "disk-orders-a"))
    waits = asking.is_alive()
    asking.join()

    assert (waits, during) == (True, made)
    assert len(snapshots_of(call, "disk-orders-a")) == 1


def test_a_snapshot_vanishes_at_its_percentage(localcloud: LocalCloud, call: Call) -> None:
    localcloud.cloud.clock.set(1_800_000_000, speed=0)
    inject(localcloud, kind="vanish", action="CreateSnapshot", at_percent=60)
    call("cbs", "CreateSnapshot", DiskId="disk-orders-a")

    localcloud.cloud.clock.advance(1)
    before = snapshots_of(call, "disk-orders-a")
    localcloud.cloud.clock.advance(0.5)
    after = snapshots_of(call, "disk-orders-a")

    assert [each["Percent"] for each in before] == [50]
    assert after == []


def test_a_stuck_snapshot_stays_where_it_is(localcloud: LocalCloud, call: Call) -> None:
    inject(localcloud, kind="stuck", action="CreateSnapshot", at_percent=30)
    call("cbs", "CreateSnapshot", DiskId="disk-orders-a")

    localcloud.cloud.clock.advance(86_400)
    found = snapshots_of(call, "disk-orders-a")

    assert [(each["SnapshotState"], each["Percent"]) for each in found] == [("CREATING", 30)]


def test_a_late_cut_holds_what_was_written_after_the_answer(
    localcloud: LocalCloud, call: Call, tmp_path: Path
) -> None:
    region = localcloud.cloud.world.regions["100000000001", "ap-guangzhou"]
    (tmp_path / "data").write_text("before")
    region.disks["disk-orders-a"].content = str(tmp_path / "data")
    inject(localcloud, kind="late_cut", action="CreateSnapshot", after_s=5)

    made = call("cbs", "CreateSnapshot", DiskId="disk-orders-a")["SnapshotId"]
    (tmp_path / "data").write_text("after")
    localcloud.cloud.clock.advance(3)  # a snapshot is made in two
    before = snapshots_of(call, "disk-orders-a")[0]
    localcloud.cloud.clock.advance(2)
    after = snapshots_of(call, "disk-orders-a")[0]

    assert (tmp_path / "localcloud-copies" / made).read_text() == "after"
    assert (before["SnapshotState"], before["Percent"]) == ("CREATING", 99)
    assert (after["SnapshotState"], after["Percent"]) == ("NORMAL", 100)


def test_a_late_cut_is_made_even_if_nobody_looks(localcloud: LocalCloud, call: Call, tmp_path: Path) -> None:
    region = localcloud.cloud.world.regions["100000000001", "ap-guangzhou"]
    (tmp_path / "data").write_text("bytes")
    region.disks["disk-orders-a"].content = str(tmp_path / "data")
    inject(localcloud, kind="late_cut", action="CreateSnapshot", after_s=0.1)

    made = call("cbs", "CreateSnapshot", DiskId="disk-orders-a")["SnapshotId"]
    copied = region.snapshots[made]
    until = time.monotonic() + 10
    while not copied.copy and time.monotonic() < until:
        time.sleep(0.02)  # the condition that is polled is the cut's end

    assert copied.copy == str(tmp_path / "localcloud-copies" / made)


def test_a_late_cut_that_a_reset_overtakes_leaves_no_bytes(
    localcloud: LocalCloud, call: Call, tmp_path: Path
) -> None:
    region = localcloud.cloud.world.regions["100000000001", "ap-guangzhou"]
    (tmp_path / "data").write_text("bytes")
    region.disks["disk-orders-a"].content = str(tmp_path / "data")
    inject(localcloud, kind="late_cut", action="CreateSnapshot", after_s=5)
    call("cbs", "CreateSnapshot", DiskId="disk-orders-a")

    localcloud.cloud.reset()
    localcloud.cloud.clock.advance(10)
    left = snapshots_of(call, "disk-orders-a")

    assert left == []
    assert not (tmp_path / "localcloud-copies").exists()


def test_a_fault_hits_only_what_it_was_meant_for(localcloud: LocalCloud, call: Call) -> None:
    inject(localcloud, kind="error", action="CreateSnapshot", where={"DiskId": "disk-orders-b"}, times=0)

    spared = call("cbs", "CreateSnapshot", DiskId="disk-orders-a")
    with pytest.raises(TencentCloudSDKException) as hit:
        call("cbs", "CreateSnapshot", DiskId="disk-orders-b")

    assert spared["SnapshotId"]
    assert hit.value.code == "InternalError"


@pytest.mark.parametrize(
    "where", [{"DiskIds": ["disk-orders-a"]}, {"DiskIds": "disk-orders-a"}, {"Limit": 5}, {"Flag": True}]
)
def test_a_fault_is_meant_for_a_list_a_number_or_a_boolean(where: dict[str, object]) -> None:
    fault = Fault(kind="error", where=where)

    given = {"DiskIds": ["disk-orders-a"], "Limit": 5, "Flag": True}
    other = {"DiskIds": ["disk-orders-b"], "Limit": 6, "Flag": False}

    assert fault.meets("cbs", "DescribeDisks", "r", given)
    assert not fault.meets("cbs", "DescribeDisks", "r", other)


def test_an_error_of_the_call_itself_is_not_answered_either(localcloud: LocalCloud, call: Call) -> None:
    inject(localcloud, kind="no_answer", action="CreateSnapshot")

    with pytest.raises(TencentCloudSDKException) as hit:
        call("cbs", "CreateSnapshot", DiskId="disk-nowhere1")

    assert hit.value.code == "ClientNetworkError"


def test_a_fault_is_counted_and_can_be_taken_away(localcloud: LocalCloud, call: Call) -> None:
    number = inject(localcloud, kind="error", action="DescribeDisks", skip=1, times=5)

    call("cbs", "DescribeDisks")
    with pytest.raises(TencentCloudSDKException):
        call("cbs", "DescribeDisks")
    shown = localcloud.cloud.faults.shown()
    request = urllib.request.Request(f"{localcloud.url}/_local/faults/{number}", method="DELETE")  # noqa: S310  # ours
    urllib.request.urlopen(request).close()  # noqa: S310  # our own server

    assert [(each["seen"], each["hit"]) for each in shown] == [(2, 1)]
    assert call("cbs", "DescribeDisks")["TotalCount"] == 9


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"kind": "flood"}, "there is no fault `flood`"),
        ({"kind": "error", "actoin": "x"}, "did you mean `action`?"),
        ({}, "needs `kind`"),
        ({"kind": "error", "action": "CreateSnapshoot"}, "did you mean `CreateSnapshot`?"),
        ({"kind": "error", "times": -1}, "should be at least 0"),
        ({"kind": "error", "probability": 7}, "should be 0 to 1"),
        ({"kind": "vanish", "at_percent": 500}, "should be 0 to 100"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(
    localcloud: LocalCloud, fault: dict[str, object], said: str
) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        inject(localcloud, **fault)

    assert refused.value.code == 400
    assert said in json.load(refused.value)["error"]


def test_the_same_seed_draws_the_same_faults() -> None:
    def drawn(seed: int) -> list[bool]:
        faults = Faults(Random(seed))  # noqa: S311  # repeatable is the point
        faults.add([Fault(kind="error", times=0, probability=0.5)])
        return [bool(faults.draw("cbs", "CreateSnapshot", "r", {}).faults) for _ in range(40)]

    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)
    assert 5 < sum(drawn(7)) < 35
