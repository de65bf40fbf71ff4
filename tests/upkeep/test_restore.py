"""A restore is shown, agreed to, and refused before the call where the cloud would refuse it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from cbsnap.errors import InputError, PlanChanged, QuotaExhausted
from cbsnap.jobs.restore import AskedClone, AskedRollback, propose
from cbsnap.model.plan import QuotaLimits, Target
from cbsnap.restoration import State
from cbsnap.rules.restoring import one_moment

from localcloud.faults import Fault

from .conftest import HERE
from .desk import Desk

if TYPE_CHECKING:
    from .conftest import Account

FLEET = """
regions:
  ap-guangzhou:
    instances: [{id: ins-1}, {id: ins-2}]
    disks:
      - {id: disk-a, instance: ins-1, size_gib: 20}
      - {id: disk-b, instance: ins-1}
      - {id: disk-sys, usage: SYSTEM_DISK, instance: ins-1}
      - {id: disk-loose}
"""
pytestmark = pytest.mark.fleet(FLEET)


@pytest.fixture
def desk(account: Account) -> Desk:
    return Desk(account)


def hour(at: int) -> datetime:
    return datetime(2026, 11, 17, at, tzinfo=timezone.utc)


def test_the_plan_says_all_that_will_be_done_before_anything_is(account: Account, desk: Desk) -> None:
    made = account.take()
    before = set(account.held().snapshots)

    plan = desk.propose(AskedRollback(made, stop=True, start=True))

    assert [step.split()[0] for step in plan.steps] == ["take", "stop", "roll", "start"]
    assert "14 days" in plan.steps[0]
    assert plan.disk_id == "disk-a"
    assert set(account.held().snapshots) == before


def test_an_attached_disks_instance_is_stopped_only_when_told_to(account: Account, desk: Desk) -> None:
    made = account.take()

    with pytest.raises(InputError, match="stop: ins-1 must be stopped"):
        desk.propose(AskedRollback(made))
    with pytest.raises(InputError, match="stop"):
        desk.propose(AskedRollback(made, start=True))


@pytest.mark.parametrize("typed", ["", "yes", "disk-loose", "DISK-A"])
def test_nothing_is_done_unless_the_disks_own_id_is_typed(account: Account, desk: Desk, typed: str) -> None:
    made = account.take()

    with pytest.raises(InputError, match="typed: type disk-a"):
        desk.agree(AskedRollback(made, stop=True), typed=typed)

    assert desk.orders == []


def test_nothing_is_done_when_it_would_not_be_what_was_shown(account: Account, desk: Desk) -> None:
    made = account.take()
    shown = desk.propose(AskedRollback(made, stop=True))

    account.held().instances["ins-1"].state = "STOPPED"

    with pytest.raises(PlanChanged, match="confirm"):
        desk.agree(AskedRollback(made, stop=True), confirm=shown.confirm, typed="disk-a")
    assert desk.orders == []


def test_the_same_is_shown_with_the_same_digest(account: Account, desk: Desk) -> None:
    made = account.take()

    shown = {desk.propose(AskedRollback(made, stop=True)).confirm for _ in range(2)}

    assert len(shown) == 1
    assert desk.propose(AskedRollback(made, stop=True, start=True)).confirm not in shown


def test_a_key_does_not_serve_for_two_restores(account: Account, desk: Desk) -> None:
    made = [account.take(disk_id=one) for one in ("disk-loose", "disk-a")]
    desk.restore(AskedClone((made[0],)), "tuesday")

    for other in (AskedRollback(made[0]), AskedClone((made[1],))):
        with pytest.raises(InputError, match="key: it was used"):
            desk.agree(other, "tuesday")


def test_a_disk_whose_snapshot_is_being_made_is_left_alone(account: Account, desk: Desk) -> None:
    made = account.take(disk_id="disk-loose")
    desk.slow(600)
    account.take(disk_id="disk-loose")

    with pytest.raises(InputError, match="still being made"):
        desk.propose(AskedRollback(made))


def test_a_snapshot_without_its_disk_can_only_be_cloned(account: Account, desk: Desk) -> None:
    made = account.take(disk_id="disk-loose")
    account.api(Target(HERE)).call("cbs", "TerminateDisks", {"DiskIds": ["disk-loose"]})

    with pytest.raises(InputError, match="clone it instead"):
        desk.propose(AskedRollback(made))
    with pytest.raises(InputError, match="there is no snapshot snap-nosuch in ap-guangzhou"):
        desk.propose(AskedRollback("snap-nosuch"))


def test_a_copy_from_another_region_can_only_be_cloned(account: Account, desk: Desk) -> None:
    made = account.take(disk_id="disk-loose")
    held = account.held().snapshots[made]
    held.from_remote, held.disk_id = True, ""

    with pytest.raises(InputError, match="it came from another region; clone it instead"):
        desk.propose(AskedRollback(made))
    with pytest.raises(InputError, match="zone: the disk of"):
        desk.propose(AskedClone((made,)))
    with pytest.raises(InputError, match="type: the disk of"):
        desk.propose(AskedClone((made,), zone="ap-guangzhou-3"))
    plan = desk.propose(AskedClone((made,), zone="ap-guangzhou-3", type="CLOUD_SSD"))

    assert plan.steps == (
        f"make a disk of {made}: 50 GiB CLOUD_SSD in ap-guangzhou-3, paid by the hour until it is given back",
    )


def test_a_safety_snapshot_that_has_no_room_is_refused_before(account: Account) -> None:
    made = account.take(disk_id="disk-loose")

    with pytest.raises(QuotaExhausted, match="no room for the safety snapshot: disk quota"):
        propose(AskedRollback(made), account.inventory(), QuotaLimits(disk=1))


REFUSED = [
    ("disk-sys", AskedClone(), "snapshot_ids: .* system disk"),
    ("disk-a", AskedClone(size_gib=10), "size_gib: .* 20 GiB at least"),
    ("disk-a", AskedClone(zone="ap-guangzhou-9", attach_to="ins-2"), "zone: ins-2 is in"),
    ("disk-a", AskedClone(zone="ap-shanghai-2"), "zone: .* lies in ap-guangzhou"),
    ("disk-a", AskedClone(type="CLOUD_BASIC"), "type: CLOUD_BASIC cannot be made"),
    ("disk-a", AskedClone(attach_to="ins-nosuch"), "attach_to: there is no instance"),
    ("disk-a", AskedClone(as_of=hour(1)), "as_of: snapshots have their time"),
    ("disk-a", AskedClone(disk_ids=("disk-a",)), "snapshot_ids: say one of"),
]


@pytest.mark.parametrize(("disk_id", "asked", "why"), REFUSED)
def test_what_the_cloud_forbids_is_refused_before_any_call(
    account: Account, desk: Desk, disk_id: str, asked: AskedClone, why: str
) -> None:
    made = account.take(disk_id=disk_id)

    with pytest.raises(InputError, match=why):
        desk.propose(replace(asked, snapshot_ids=(made,)))


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (AskedClone(), "say one of"),
        (AskedClone(disk_ids=("disk-a",)), "as_of: say as of when"),
        (AskedClone(instance_id="ins-2", as_of=hour(1)), "instance_id: ins-2 has no data disks"),
        (AskedClone(("snap-nosuch",)), "snapshot_ids: there is no snapshot"),
    ],
)
def test_what_does_not_name_a_snapshot_is_refused(desk: Desk, asked: AskedClone, why: str) -> None:
    with pytest.raises(InputError, match=why):
        desk.propose(asked)


def test_an_instance_that_has_all_its_disks_takes_no_more(account: Account, desk: Desk) -> None:
    made = account.take()
    zone = account.held().disks["disk-a"].zone
    params = {"DiskCount": 18, "DiskType": "CLOUD_SSD", "DiskSize": 10, "Placement": {"Zone": zone}}
    api = account.api(Target(HERE))
    more = api.call("cbs", "CreateDisks", {**params, "DiskChargeType": "POSTPAID_BY_HOUR"})["DiskIdSet"]
    for disk_id in more:
        account.held().disks[disk_id].instances.append("ins-1")

    with pytest.raises(InputError, match="attach_to: ins-1 has 20 of 20 data disks"):
        desk.propose(AskedClone((made,), attach_to="ins-1"))


def test_a_person_is_told_what_a_snapshot_is_not_to_be_trusted_for(account: Account, desk: Desk) -> None:
    crash = account.take(label="crash")
    unproven = account.take(label="nonsense", due=hour(1))
    account.held().disks["disk-a"].size_gib = 50

    told = desk.propose(AskedRollback(crash, stop=True)).warnings

    assert any(f"{crash} is labelled crash" in one for one in told)
    assert any(f"{crash} is not the newest of disk-a: {unproven} was taken" in one for one in told)
    assert any("has grown from 20 to 50 GiB" in one for one in told)
    assert any("stop it yourself first" in one for one in told)
    assert any("unproven" in one for one in desk.propose(AskedClone((unproven,))).warnings)


def test_a_person_is_told_which_disks_of_the_run_are_left_behind(account: Account, desk: Desk) -> None:
    made = [account.take(disk_id=one, due=hour(2)) for one in ("disk-a", "disk-b", "disk-loose")]

    alone = desk.propose(AskedClone((made[0],))).warnings
    whole = desk.propose(AskedClone(tuple(made[:2]))).warnings

    assert any(one.startswith("disk-b of the same run") for one in alone)
    assert whole == ()


def test_encrypted_and_foreign_snapshots_are_pointed_out(account: Account, desk: Desk) -> None:
    made = account.take(disk_id="disk-loose")
    held = account.held().snapshots[made]
    held.encrypt = True
    held.tags["cbsnap:deployment"] = "another"

    told = desk.propose(AskedClone((made,))).warnings

    assert any("is encrypted" in one for one in told)
    assert any("not taken by this deployment" in one for one in told)


def test_an_instance_as_of_a_time_is_the_latest_run_that_has_all_its_disks(
    account: Account, desk: Desk
) -> None:
    whole = [account.take(disk_id=one, due=hour(2)) for one in ("disk-a", "disk-b")]
    account.take(disk_id="disk-a", due=hour(3))
    for one in ("disk-a", "disk-b"):
        account.take(disk_id=one, due=hour(5))

    plan = desk.propose(AskedClone(instance_id="ins-1", as_of=hour(4)))

    assert [disk.snapshot_id for disk in getattr(plan.act, "disks", ())] == whole


def test_a_safety_snapshot_is_no_run_to_go_back_to(account: Account, desk: Desk) -> None:
    made = account.take(disk_id="disk-loose")
    desk.restore(AskedRollback(made))
    account.sleep(3600)

    plan = desk.propose(AskedClone(disk_ids=("disk-loose",), as_of=account.now()))

    assert [disk.snapshot_id for disk in getattr(plan.act, "disks", ())] == [made]


def test_a_time_without_a_whole_run_names_the_disks_that_lack(account: Account) -> None:
    account.take(disk_id="disk-a", due=hour(3))

    with pytest.raises(InputError, match="none of disk-b"):
        one_moment(account.inventory().ours(), ["disk-a", "disk-b"], hour(4))


@pytest.mark.parametrize(
    ("verdict", "said"), [("failed", "failed its restore drill"), ("late", "cut after its")]
)
def test_what_a_drill_has_found_is_said_before_a_restore(
    account: Account, desk: Desk, verdict: str, said: str
) -> None:
    made = account.take(disk_id="disk-loose")
    before = desk.propose(AskedRollback(made))

    account.held().snapshots[made].tags["cbsnap:drill"] = verdict
    after = desk.propose(AskedRollback(made))

    assert [one for one in after.warnings if one not in before.warnings and said in one]
    assert after.confirm != before.confirm


def test_a_restore_that_failed_before_it_made_anything_is_not_begun_by_a_later_message(
    account: Account, desk: Desk
) -> None:
    made = account.take()
    desk.agree(AskedClone((made,)))
    order = desk.orders.pop()
    refusal = Fault("error", action="CreateDisks", code="InvalidAccount.InsufficientBalance")
    account.local.cloud.faults.add([refusal])
    first = desk.deliver(order)

    again = desk.deliver(order)

    assert (first.state, again.state) == (State.FAILED, State.FAILED)
    assert "InsufficientBalance" in again.reason
    assert not [one for one in account.held().disks.values() if one.name.startswith("restored-")]
