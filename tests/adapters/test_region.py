"""Region, credentials and errors: what the jobs are promised, held against the API."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from cbsnap.errors import (
    CloudError,
    CloudFault,
    CredentialsRefused,
    DiskBusy,
    OutcomeUnknown,
    QuotaExhausted,
    Refused,
    SnapshotInProgress,
    Throttled,
)
from cbsnap.model.plan import Target
from cbsnap.wiring import Wiring

from localcloud.faults import Fault

if TYPE_CHECKING:
    from cbsnap.ports.cloud import Cloud

    from localcloud.pytest_plugin import LocalCloud

REGION = "ap-guangzhou"
FLEET = """
accounts:
  - {uin: "100000000001", secret_id: AKIDours, secret_key: ours}
  - uin: "100000000002"
    secret_id: AKIDtheirs
    secret_key: theirs
    roles: [{name: cbsnap, external_id: e-7, trusts: ["100000000001"]}]
regions:
  ap-guangzhou:
    instances:
      - {id: ins-1, ip: 10.0.0.5, name: orders, tags: {app: orders}}
    disks:
      - {id: disk-a, instance: ins-1, size_gib: 100, tags: {tier: db, empty: ""}}
      - {id: disk-b, usage: SYSTEM_DISK, instance: ins-1}
      - {id: disk-theirs, account: "100000000002"}
"""


class Clock:
    """Real time, but nobody waits."""

    def __init__(self) -> None:
        self.waited_s = 0.0

    def now(self) -> datetime:
        return datetime.now(timezone.utc)

    def monotonic(self) -> float:
        return self.waited_s

    def sleep(self, seconds: float) -> None:
        self.waited_s += seconds


def wiring(localcloud: LocalCloud, **more: str) -> Wiring:
    environment = {
        "CBSNAP_ENDPOINT": localcloud.url,
        "TENCENTCLOUD_SECRETID": localcloud.secret_id,
        "TENCENTCLOUD_SECRETKEY": localcloud.secret_key,
        "TENCENTCLOUD_REGION": REGION,
        **more,
    }
    wired = Wiring(environment)
    wired.clock = Clock()
    return wired


@pytest.fixture
def cloud(localcloud: LocalCloud) -> Cloud:
    return wiring(localcloud).clouds.at(Target(REGION))


def create(cloud: Cloud, disk_id: str = "disk-a") -> str | Exception:
    return cloud.create_snapshots({disk_id: f"by-test.20261122T0200Z.{disk_id[5:]}"}, {"k": "v"}, 10)[disk_id]


def fault(localcloud: LocalCloud, action: str, kind: str, **what: object) -> None:
    localcloud.cloud.faults.add([Fault(kind, action=action, **what)])  # type: ignore[arg-type]


pytestmark = pytest.mark.fleet(FLEET)


def test_disks_and_instances_are_read_with_all_that_decides(cloud: Cloud) -> None:
    disks = {one.id: one for one in cloud.disks()}
    (instance,) = cloud.instances(["ins-1"])

    assert set(disks) == {"disk-a", "disk-b"}
    assert (disks["disk-a"].instance_ids, disks["disk-a"].size_gib) == (("ins-1",), 100)
    assert disks["disk-a"].tags == {"tier": "db", "empty": ""}
    assert disks["disk-b"].usage == "SYSTEM_DISK"
    assert (instance.private_ips, instance.state, instance.tags) == (
        ("10.0.0.5",),
        "RUNNING",
        {"app": "orders"},
    )


def test_what_does_not_exist_is_left_out(cloud: Cloud) -> None:
    assert [one.id for one in cloud.disks(["disk-a", "disk-nosuch"])] == ["disk-a"]
    assert cloud.instances([]) == []
    assert cloud.snapshots(["snap-nosuch"]) == []


def test_a_snapshot_is_made_with_name_and_tags_and_read_back_in_utc(
    localcloud: LocalCloud, cloud: Cloud
) -> None:
    before = datetime.now(timezone.utc) - timedelta(seconds=2)

    snapshot_id = create(cloud)

    (made,) = cloud.snapshots_of(["disk-a"])
    assert (made.id, made.name, made.tags) == (snapshot_id, "by-test.20261122T0200Z.a", {"k": "v"})
    assert made.state == "CREATING"
    assert before <= made.created_at <= datetime.now(timezone.utc) + timedelta(seconds=2)
    localcloud.cloud.clock.advance(3600)
    assert cloud.glance([made.id], 5)[0].state == "NORMAL"
    assert cloud.usage().count == 1


def test_many_disks_are_taken_at_the_same_moment(cloud: Cloud) -> None:
    cloud.warm(2)

    made = cloud.create_snapshots({"disk-a": "aa.20261122T0200Z.a", "disk-b": "aa.20261122T0200Z.b"}, {}, 10)

    assert {one.disk_id: one.id for one in cloud.snapshots()} == made


def test_labels_are_written_many_at_a_time(cloud: Cloud) -> None:
    ids = [str(create(cloud, disk_id)) for disk_id in ("disk-a", "disk-b")]

    cloud.tag_snapshots(ids, "cbsnap:label", "crash")

    assert {one.tags["cbsnap:label"] for one in cloud.snapshots(ids)} == {"crash"}


def test_more_labels_than_one_call_takes_are_written_in_several(localcloud: LocalCloud, cloud: Cloud) -> None:
    ids = []
    for number in range(12):
        made = cloud.create_snapshots({"disk-a": f"aa.20261122T02{number:02}Z.a"}, {}, 10)["disk-a"]
        ids.append(str(made))
        localcloud.cloud.clock.advance(3600)

    cloud.tag_snapshots(ids, "cbsnap:label", "crash")

    assert {one.tags["cbsnap:label"] for one in cloud.snapshots(ids)} == {"crash"}


def test_recent_snapshots_and_those_being_made_are_found_by_time(
    localcloud: LocalCloud, cloud: Cloud
) -> None:
    old = create(cloud, "disk-a")
    localcloud.cloud.clock.advance(86_400)
    recent = create(cloud, "disk-b")
    moment = datetime.now(timezone.utc) + timedelta(hours=23)

    assert {one.id for one in cloud.snapshots_since(moment)} == {recent}
    assert {one.id for one in cloud.snapshots_since(moment - timedelta(days=2))} == {old, recent}


@pytest.mark.parametrize(
    ("code", "situation"),
    [
        ("InsufficientSnapshotQuota", QuotaExhausted),
        ("ResourceInsufficient.OverQuota", QuotaExhausted),
        ("InvalidDisk.Busy", DiskBusy),
        ("ResourceInUse.DiskRollbacking", DiskBusy),
        ("InvalidDisk.SnapshotCreating", SnapshotInProgress),
        ("ResourceUnavailable.SnapshotCreating", SnapshotInProgress),
        ("InvalidDisk.NotSupportSnapshot", Refused),
        ("UnsupportedOperation.DiskEncrypt", Refused),
        ("RequestLimitExceeded", Throttled),
        ("InternalError.ResourceOpFailed", CloudFault),
        ("AuthFailure.TokenFailure", CredentialsRefused),
        ("UnauthorizedOperation", CredentialsRefused),
    ],
)
def test_an_error_code_becomes_its_situation(
    localcloud: LocalCloud, cloud: Cloud, code: str, situation: type[CloudError]
) -> None:
    fault(localcloud, "CreateSnapshot", kind="error", code=code)

    refused = create(cloud)

    assert type(refused) is situation
    assert isinstance(refused, CloudError)
    assert refused.code == code
    assert refused.request_id


@pytest.mark.parametrize("kind", ["no_answer", "reset", "null_snapshot"])
def test_an_answer_that_never_came_whole_is_an_unknown_outcome(
    localcloud: LocalCloud, cloud: Cloud, kind: str
) -> None:
    fault(localcloud, "CreateSnapshot", kind=kind)

    assert isinstance(create(cloud), OutcomeUnknown)


def test_an_error_with_a_charset_is_an_error_all_the_same(localcloud: LocalCloud, cloud: Cloud) -> None:
    create(cloud)
    fault(localcloud, "CreateSnapshot", kind="charset")

    assert isinstance(create(cloud), SnapshotInProgress)


def test_reading_is_tried_again_after_a_passing_failure(localcloud: LocalCloud, cloud: Cloud) -> None:
    fault(localcloud, "DescribeDisks", kind="error", code="RequestLimitExceeded", times=2)

    assert len(cloud.disks()) == 2


def test_reading_gives_up_after_a_bounded_number_of_tries(localcloud: LocalCloud, cloud: Cloud) -> None:
    fault(localcloud, "DescribeDisks", kind="error", code="InternalError", times=100)

    with pytest.raises(CloudFault):
        cloud.disks()


def test_creating_is_never_sent_twice(localcloud: LocalCloud, cloud: Cloud) -> None:
    fault(localcloud, "CreateSnapshot", kind="error", code="RequestLimitExceeded")

    create(cloud)

    calls = [one for one in localcloud.cloud.requests if one["action"] == "CreateSnapshot"]
    assert len(calls) == 1


def test_another_accounts_disks_are_reached_by_its_role(localcloud: LocalCloud) -> None:
    role = "qcs::cam::uin/100000000002:roleName/cbsnap"

    theirs = wiring(localcloud).clouds.at(Target(REGION, role, "e-7"))

    assert [one.id for one in theirs.disks()] == ["disk-theirs"]
    assert isinstance(create(theirs, "disk-theirs"), str)


def test_a_role_that_does_not_trust_us_is_refused(localcloud: LocalCloud) -> None:
    role = "qcs::cam::uin/100000000002:roleName/cbsnap"

    with pytest.raises(CloudError):
        wiring(localcloud).clouds.at(Target(REGION, role, "another id")).disks()


def test_a_roles_keys_are_renewed_before_they_end(localcloud: LocalCloud) -> None:
    role = "qcs::cam::uin/100000000002:roleName/cbsnap"
    wired = wiring(localcloud)
    theirs = wired.clouds.at(Target(REGION, role, "e-7"))
    theirs.disks()
    theirs.disks()
    assumed = [one for one in localcloud.cloud.requests if one["action"] == "AssumeRole"]

    wired.clock.now = lambda: datetime.now(timezone.utc) + timedelta(minutes=51)  # type: ignore[method-assign]
    theirs.disks()

    again = [one for one in localcloud.cloud.requests if one["action"] == "AssumeRole"]
    assert (len(assumed), len(again)) == (1, 2)


def test_missing_keys_are_named(localcloud: LocalCloud) -> None:
    bare = Wiring({"CBSNAP_ENDPOINT": localcloud.url})

    with pytest.raises(CredentialsRefused, match="TENCENTCLOUD_SECRETID"):
        bare.clouds.at(Target(REGION)).disks()
