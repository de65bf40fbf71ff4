"""New disks with the bytes of snapshots: made once, attached once, whatever happens on the way."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cbsnap.jobs.restore import AskedClone
from cbsnap.restoration import State

from localcloud.faults import Fault

from .desk import Desk, Died, MortalApi

if TYPE_CHECKING:
    from localcloud.resources import Disk

    from .conftest import Account

FLEET = """
regions:
  ap-guangzhou:
    instances: [{id: ins-1}, {id: ins-2}]
    disks:
      - {id: disk-a, instance: ins-1, size_gib: 20}
      - {id: disk-b, instance: ins-1}
"""
pytestmark = pytest.mark.fleet(FLEET)


@pytest.fixture
def desk(account: Account) -> Desk:
    return Desk(account)


def taken(desk: Desk, folder: Path) -> AskedClone:
    """Snapshot both disks of the instance, and ask for both on another one."""
    made = []
    for disk_id in ("disk-a", "disk-b"):
        desk.with_bytes(folder, disk_id, f"bytes of {disk_id}")
        made.append(desk.account.take(disk_id=disk_id))
    return AskedClone(tuple(made), attach_to="ins-2")


def new(account: Account) -> list[Disk]:
    return [one for one in account.held().disks.values() if one.name.startswith("restored-")]


def test_clones_carry_the_bytes_and_are_attached(account: Account, desk: Desk, tmp_path: Path) -> None:
    asked = taken(desk, tmp_path)

    came = desk.restore(asked)

    made = new(account)
    assert sorted(Path(one.content).read_text() for one in made) == ["bytes of disk-a", "bytes of disk-b"]
    assert {(one.state, tuple(one.instances)) for one in made} == {("ATTACHED", ("ins-2",))}
    assert sorted(one.size_gib for one in made) == [20, 50]
    assert {one.tags["cbsnap:deployment"] for one in made} == {"prod"}
    assert (came.state, came.percent) == (State.DONE, 100)
    assert set(came.disk_ids) == {one.id for one in made}
    assert set(came.snapshot_ids) == set(asked.snapshot_ids)
    assert desk.status() == came


def test_a_clone_that_nobody_wants_attached_lies_beside(account: Account, desk: Desk) -> None:
    made = account.take()

    came = desk.restore(AskedClone((made,), size_gib=40, type="CLOUD_HSSD"))

    (one,) = new(account)
    assert came.state is State.DONE
    assert (one.state, one.size_gib, one.kind) == ("UNATTACHED", 40, "CLOUD_HSSD")


def test_progress_can_be_followed_from_the_cloud_alone(desk: Desk, tmp_path: Path) -> None:
    asked = taken(desk, tmp_path)
    seen = [desk.status().state]

    desk.agree(asked)
    while desk.orders:
        desk.deliver(desk.orders.pop(0), budget_s=0)
        seen.append(desk.status().state)
        desk.account.sleep(0.6)

    assert list(dict.fromkeys(seen)) == [State.WAITING, State.MAKING, State.ATTACHING, State.DONE]


def test_whenever_an_invocation_dies_no_disk_is_made_twice(
    account: Account, desk: Desk, tmp_path: Path
) -> None:
    """Die after each call there is, then be delivered again."""
    asked = taken(desk, tmp_path)
    at, died = 0, True
    while died:
        at += 1
        before = {one.id for one in new(account)}
        desk.agree(asked, f"k{at}")
        order, died = desk.orders.pop(), False
        try:
            desk.deliver(order, MortalApi(account, at))
        except Died:
            died = True
            desk.deliver(order)
        came = desk.status(f"k{at}")

        made = [one for one in new(account) if one.id not in before]
        assert came.state is State.DONE, at
        assert [tuple(one.instances) for one in made] == [("ins-2",)] * 2, at
        for one in made:
            account.held().drop_disk(one)

    assert at > 10


def test_the_same_key_again_makes_and_attaches_nothing_twice(account: Account, desk: Desk) -> None:
    asked = AskedClone((account.take(),), attach_to="ins-2")

    came = [desk.restore(asked, "tuesday"), desk.agree(asked, "tuesday")]

    assert {one.state for one in came} == {State.DONE}
    assert desk.orders == []
    assert len(new(account)) == 1


def test_keys_that_begin_alike_are_two_restores(account: Account, desk: Desk) -> None:
    asked = AskedClone((account.take(),))
    long = "the same long beginning of a key that is longer than a token"

    for end in "ab":
        desk.restore(asked, long + end)

    assert len(new(account)) == 2


def test_what_is_done_stays_done_when_a_person_detaches_a_disk(account: Account, desk: Desk) -> None:
    desk.restore(AskedClone((account.take(),), attach_to="ins-2"))

    new(account)[0].instances.clear()
    new(account)[0].state = "UNATTACHED"

    assert desk.status().state is State.DONE


@pytest.mark.parametrize("action", ["CreateDisks", "AttachDisks"])
def test_a_lost_answer_makes_and_attaches_nothing_twice(account: Account, desk: Desk, action: str) -> None:
    account.local.cloud.faults.add([Fault("no_answer", action=action)])

    came = desk.restore(AskedClone((account.take(),), attach_to="ins-2"))

    assert came.state is State.DONE
    assert [one.instances for one in new(account)] == [["ins-2"]]


def test_a_disk_that_the_cloud_refuses_is_said_where_it_is_looked_for(account: Account, desk: Desk) -> None:
    refusal = Fault("error", action="CreateDisks", code="InvalidAccount.InsufficientBalance", times=0)
    account.local.cloud.faults.add([refusal])

    came = desk.restore(AskedClone((account.take(),)))

    assert came.state is State.FAILED
    assert desk.status().state is State.FAILED
    assert "InvalidAccount.InsufficientBalance" in desk.status().reason


def test_disks_that_cannot_be_attached_stay_and_say_so(account: Account, desk: Desk) -> None:
    refusal = Fault("error", action="AttachDisks", code="LimitExceeded.InstanceAttachedDisk")
    account.local.cloud.faults.add([refusal])

    came = desk.restore(AskedClone((account.take(),), attach_to="ins-2"))

    assert (came.state, desk.status().state) == (State.FAILED, State.FAILED)
    assert "LimitExceeded.InstanceAttachedDisk" in desk.status().reason
    assert len(new(account)) == len(came.disk_ids) == 1


def test_what_nobody_carries_on_is_said_so_one_day(account: Account, desk: Desk) -> None:
    desk.agree(AskedClone((account.take(),), attach_to="ins-2"))
    desk.deliver(desk.orders[0], budget_s=0)
    assert not desk.status().over

    account.advance(timedelta(hours=8))

    assert desk.status().state is State.FAILED
    assert "1 of 1 disks are made, 0 attached" in desk.status().reason


def test_a_key_that_nobody_used_has_nothing_to_show(desk: Desk) -> None:
    came = desk.status("never")

    assert (came.kind, came.state, came.disk_ids) == (None, State.WAITING, ())
