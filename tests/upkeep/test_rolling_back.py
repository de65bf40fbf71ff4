"""A disk is put back once, whatever happens on the way, and what it held before can be had again."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cbsnap.errors import InputError
from cbsnap.jobs.carrying import carry
from cbsnap.jobs.prune import prune
from cbsnap.jobs.restore import AskedRollback
from cbsnap.model import Keep, Plan, Policy, Selection, Target
from cbsnap.restoration import State

from localcloud.faults import Fault

from .conftest import DEPLOYMENT, HERE
from .desk import BUDGET_S, Desk, Died, MortalApi

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cbsnap.restoration import Progress

    from localcloud.resources import Region, Snapshot

    from .conftest import Account

FLEET = """
regions:
  ap-guangzhou:
    instances: [{id: ins-1}, {id: ins-2}]
    disks:
      - {id: disk-a, instance: ins-1, size_gib: 20}
      - {id: disk-loose}
"""
pytestmark = pytest.mark.fleet(FLEET)


@pytest.fixture
def desk(account: Account) -> Desk:
    made = Desk(account)
    made.slow(60)
    return made


def monday(desk: Desk, folder: Path, disk_id: str = "disk-loose") -> tuple[str, Path]:
    """Snapshot a disk that holds `monday`, then let it hold `tuesday`."""
    content = desk.with_bytes(folder, disk_id, "monday")
    made = desk.account.take(disk_id=disk_id)
    content.write_text("tuesday")
    return made, content


def secured(desk: Desk, folder: Path) -> tuple[str, Path]:
    """Agree to a rollback to `monday`, and let it come as far as its safety snapshot."""
    made, content = monday(desk, folder)
    desk.agree(AskedRollback(made))
    order = desk.orders.pop()
    desk.deliver(order, budget_s=10)
    return order, content


def safeties(account: Account) -> list[Snapshot]:
    return [one for one in account.held().snapshots.values() if one.name.startswith("safety.")]


def test_a_rollback_brings_the_bytes_back_and_keeps_those_that_it_overwrote(
    account: Account, desk: Desk, tmp_path: Path
) -> None:
    made, content = monday(desk, tmp_path)

    came = desk.restore(AskedRollback(made))

    (safety,) = safeties(account)
    assert content.read_text() == "monday"
    assert Path(safety.copy).read_text() == "tuesday"
    assert safety.tags["cbsnap:label"] == "crash"
    assert came == desk.status()
    assert (came.state, came.percent, came.snapshot_ids) == (State.DONE, 100, (safety.id,))
    assert all(done for _, done in came.steps)


def test_the_safety_snapshot_ends_by_itself_after_two_weeks(
    account: Account, desk: Desk, tmp_path: Path
) -> None:
    made, _ = monday(desk, tmp_path)
    desk.restore(AskedRollback(made))

    account.advance(timedelta(days=13, hours=23))
    assert len(safeties(account)) == 1
    account.advance(timedelta(hours=2))

    assert safeties(account) == []


def test_progress_can_be_followed_from_the_cloud_alone(desk: Desk, tmp_path: Path) -> None:
    made, _ = monday(desk, tmp_path)
    seen: list[tuple[State, bool]] = [(desk.status().state, True)]

    desk.agree(AskedRollback(made))
    while desk.orders:
        progress = desk.deliver(desk.orders.pop(0), budget_s=12)
        seen.append((desk.status().state, progress.state is desk.status().state))

    assert list(dict.fromkeys(state for state, _ in seen)) == [
        State.WAITING,
        State.SAFETY,
        State.ROLLING_BACK,
        State.DONE,
    ]
    assert all(agrees for _, agrees in seen)


def test_an_instance_is_stopped_and_started_only_when_told_to(account: Account, desk: Desk) -> None:
    made = account.take()

    desk.restore(AskedRollback(made, stop=True), "first")
    account.advance(timedelta(minutes=5))
    stopped = account.held().instances["ins-1"].state
    account.held().instances["ins-1"].state = "RUNNING"
    desk.restore(AskedRollback(made, stop=True, start=True), "second")
    account.advance(timedelta(minutes=5))

    assert (stopped, account.held().instances["ins-1"].state) == ("STOPPED", "RUNNING")


def test_an_instance_that_a_person_stopped_meanwhile_is_not_started(account: Account, desk: Desk) -> None:
    made = account.take()
    desk.agree(AskedRollback(made, stop=True, start=True))

    account.held().instances["ins-1"].state = "STOPPED"
    came = desk.work_off()
    account.advance(timedelta(minutes=5))

    assert came.state is State.DONE
    assert account.held().instances["ins-1"].state == "STOPPED"


def test_whenever_an_invocation_dies_the_rollback_is_sent_once_at_most(
    account: Account, desk: Desk, tmp_path: Path
) -> None:
    """Die after each call there is, then be delivered again: it is done, or said not to be known."""
    desk.slow(8)
    content = desk.with_bytes(tmp_path, "disk-loose", "monday")
    made = account.take(disk_id="disk-loose")
    ended: list[State] = []
    at, died = 0, True
    while died:
        at += 1
        content.write_text("tuesday")
        before = desk.sent("ApplySnapshot")
        desk.agree(AskedRollback(made), f"k{at}")
        order, died = desk.orders.pop(), False
        try:
            desk.deliver(order, MortalApi(account, at))
        except Died:
            died = True
            desk.deliver(order)
        again = desk.status(f"k{at}")

        sent = desk.sent("ApplySnapshot") - before
        assert sent <= 1, at
        assert (again.state, content.read_text()) in {
            (State.DONE, "monday"),
            (State.UNKNOWN, "tuesday" if not sent else "monday"),
        }, at
        ended.append(again.state)
        desk.account.advance(timedelta(hours=1))

    assert len(safeties(account)) == at
    assert ended.count(State.UNKNOWN) in range(1, 8), ended
    assert ended[-1] is State.DONE


def test_a_second_delivery_follows_while_the_first_one_works(desk: Desk, tmp_path: Path) -> None:
    made, content = monday(desk, tmp_path)
    desk.agree(AskedRollback(made))
    order = desk.orders.pop()
    desk.deliver(order, budget_s=70)
    assert desk.status().state is State.ROLLING_BACK

    came = desk.deliver(order)

    assert came.state is State.DONE
    assert desk.sent("ApplySnapshot") == 1
    assert content.read_text() == "monday"


class Waiting:
    """One clock for two, which neither moves on while the other has still to look at it."""

    def __init__(self, account: Account, together: threading.Barrier) -> None:
        self.now, self.monotonic = account.now, account.monotonic
        self._sleep, self._together, self._slept = account.sleep, together, False

    def sleep(self, seconds: float) -> None:
        if not self._slept:
            self._together.wait(20)
        self._slept = True
        self._sleep(seconds)


def test_two_at_the_same_time_send_it_once(account: Account, desk: Desk, tmp_path: Path) -> None:
    """They come to the mark together, both having seen none; who wrote it last sends."""
    order, content = secured(desk, tmp_path)
    account.sleep(300)
    together = threading.Barrier(2)
    came: list[Progress] = []

    class Meeting(MortalApi):
        """Waits for the other one before and after its first mark."""

        marks = 0

        def call(
            self, service: str, action: str, params: Mapping[str, Any], timeout_s: float = 20.0
        ) -> dict[str, Any]:
            claims = "sending" in str(params)
            self.marks += claims
            first = claims and self.marks == 1
            if first:
                together.wait(20)
            answer = super().call(service, action, params, timeout_s)
            if first:
                together.wait(20)
            return answer

    def work() -> None:
        means = replace(desk.means(Meeting(account)), clock=Waiting(account, together))
        came.append(carry(desk.order(order), means, desk, BUDGET_S))

    both = [threading.Thread(target=work) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()

    assert desk.sent("ApplySnapshot") == 1
    assert {one.state for one in came} == {State.DONE}
    assert content.read_text() == "monday"


def test_whoever_finds_anothers_mark_over_its_own_does_not_send(
    account: Account, desk: Desk, tmp_path: Path
) -> None:
    """The other one died then, so that nobody has sent it, and nobody can tell."""
    order, content = secured(desk, tmp_path)

    class Beaten(MortalApi):
        def call(
            self, service: str, action: str, params: Mapping[str, Any], timeout_s: float = 20.0
        ) -> dict[str, Any]:
            answer = super().call(service, action, params, timeout_s)
            if "sending" in str(params):
                safeties(account)[0].tags["cbsnap:restore"] = "sending the other's"
            return answer

    came = desk.deliver(order, Beaten(account))

    assert came.state is State.UNKNOWN
    assert desk.sent("ApplySnapshot") == 0
    assert content.read_text() == "tuesday"


def test_a_message_that_comes_too_late_is_dropped(account: Account, desk: Desk, tmp_path: Path) -> None:
    made, content = monday(desk, tmp_path)
    desk.agree(AskedRollback(made))
    account.advance(timedelta(minutes=21))

    came = desk.work_off()

    assert "dropped" in came.reason
    assert content.read_text() == "tuesday"
    assert safeties(account) == []


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (lambda held: held.disks["disk-a"].instances.clear(), "attached or detached"),
        (lambda held: setattr(held.instances["ins-1"], "state", "RUNNING"), "an instance was started"),
        (lambda held: setattr(held.disks["disk-a"], "state", "EXPANDING"), "the disk was changing"),
        (lambda held: held.drop_snapshot(next(iter(held.snapshots))), "the snapshot was deleted"),
        (lambda held: held.drop_disk(held.disks["disk-a"]), "the disk is gone"),
    ],
    ids=["detached", "started", "changing", "deleted", "gone"],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_what_changed_since_it_was_shown_keeps_the_disk_as_it_is(
    account: Account,
    desk: Desk,
    happens: Callable[[Region], None],
    why: str,
    when: str,
) -> None:
    """Before the safety snapshot, and after it."""
    made = account.take()
    account.held().instances["ins-1"].state = "STOPPED"
    desk.agree(AskedRollback(made))
    if when == "after":
        desk.deliver(desk.orders.pop(), budget_s=10)

    happens(account.held())
    came = desk.work_off()

    assert came.state is State.FAILED
    assert why in came.reason
    assert desk.sent("ApplySnapshot") == 0
    assert desk.status().state is State.FAILED


def test_nothing_is_overwritten_when_the_safety_snapshot_is_refused(
    account: Account, desk: Desk, tmp_path: Path
) -> None:
    made, content = monday(desk, tmp_path)
    refusal = Fault("error", action="CreateSnapshot", code="InsufficientSnapshotQuota")
    account.local.cloud.faults.add([refusal])

    came = desk.restore(AskedRollback(made))

    assert (came.state, desk.status().state) == (State.FAILED, State.FAILED)
    assert "InsufficientSnapshotQuota" in desk.status().reason
    assert desk.agree(AskedRollback(made)).state is State.FAILED
    assert content.read_text() == "tuesday"


def test_the_safety_snapshot_is_whole_before_anything_is_overwritten(
    account: Account, desk: Desk, tmp_path: Path
) -> None:
    made, content = monday(desk, tmp_path)
    account.local.cloud.faults.add([Fault("stuck", action="CreateSnapshot")])
    desk.agree(AskedRollback(made))
    order = replace(desk.order(desk.orders.pop()), until=account.now() + timedelta(minutes=30))

    desk.hand_over(order)
    came = desk.work_off()

    assert (came.state, desk.status().state) == (State.FAILED, State.FAILED)
    assert "6 hours" in came.reason
    assert desk.sent("ApplySnapshot") == 0
    assert content.read_text() == "tuesday"


def test_another_snapshot_that_is_being_made_is_waited_for(
    account: Account, desk: Desk, tmp_path: Path
) -> None:
    made, content = monday(desk, tmp_path)
    desk.agree(AskedRollback(made))
    names = {"disk-loose": "orders.20261117T0300Z.loose"}
    desk.means().cloud.create_snapshots(names, account.tags, 10)

    came = desk.work_off()

    assert came.state is State.DONE
    assert content.read_text() == "monday"


@pytest.mark.parametrize("action", ["CreateSnapshot", "ApplySnapshot"])
def test_a_lost_answer_is_settled_by_looking(
    account: Account, desk: Desk, tmp_path: Path, action: str
) -> None:
    made, content = monday(desk, tmp_path)
    account.local.cloud.faults.add([Fault("no_answer", action=action)])

    came = desk.restore(AskedRollback(made))

    assert came.state is State.DONE
    assert len(safeties(account)) == desk.sent("ApplySnapshot") == 1
    assert content.read_text() == "monday"


def test_a_request_that_is_lost_on_the_way_is_not_sent_again(
    account: Account, desk: Desk, tmp_path: Path
) -> None:
    made, content = monday(desk, tmp_path)
    account.local.cloud.faults.add([Fault("reset", action="ApplySnapshot")])

    came = desk.restore(AskedRollback(made))

    assert came.state is State.UNKNOWN
    assert came.reason.startswith("whether the rollback was carried out is not known")
    assert came.snapshot_ids[0] in came.reason
    assert desk.sent("ApplySnapshot") == 1
    assert content.read_text() == "tuesday"


def test_a_refused_rollback_says_so_and_names_what_was_kept(
    account: Account, desk: Desk, tmp_path: Path
) -> None:
    made, content = monday(desk, tmp_path)
    refusal = Fault("error", action="ApplySnapshot", code="ResourceUnavailable.NotSupported")
    account.local.cloud.faults.add([refusal])

    came = desk.restore(AskedRollback(made))

    assert came.state is State.FAILED
    assert "ResourceUnavailable.NotSupported" in came.reason
    assert safeties(account)[0].id in came.reason
    assert content.read_text() == "tuesday"


def test_a_throttled_rollback_is_sent_again(account: Account, desk: Desk, tmp_path: Path) -> None:
    made, content = monday(desk, tmp_path)
    account.local.cloud.faults.add([Fault("throttle", action="ApplySnapshot", times=2)])

    came = desk.restore(AskedRollback(made))

    assert came.state is State.DONE
    assert content.read_text() == "monday"


def test_a_mark_that_does_not_show_keeps_the_rollback_from_being_sent(
    account: Account, desk: Desk, tmp_path: Path
) -> None:
    order, content = secured(desk, tmp_path)

    class Forgetting(MortalApi):
        def call(
            self, service: str, action: str, params: Mapping[str, Any], timeout_s: float = 20.0
        ) -> dict[str, Any]:
            answer = super().call(service, action, params, timeout_s)
            for one in answer.get("SnapshotSet") or ():
                one["Tags"] = [tag for tag in one["Tags"] if tag["Key"] != "cbsnap:restore"]
            return answer

    desk.deliver(order, Forgetting(account), budget_s=100)

    assert desk.status().state is State.FAILED
    assert "could not be read back" in desk.status().reason
    assert desk.sent("ApplySnapshot") == 0
    assert content.read_text() == "tuesday"


@pytest.mark.parametrize(("stage", "state"), [(10, State.FAILED), (64, State.UNKNOWN)])
def test_what_nobody_carries_on_is_said_so_one_day(
    account: Account, desk: Desk, tmp_path: Path, stage: float, state: State
) -> None:
    """Every delivery died: before the mark, and right after it."""
    made, _ = monday(desk, tmp_path)
    desk.agree(AskedRollback(made))
    desk.deliver(desk.orders[0], budget_s=10)
    if state is State.UNKNOWN:
        account.sleep(stage)
        safety = safeties(account)[0]
        safety.tags["cbsnap:restore"] = "sending 07"
    assert not desk.status().over

    desk.later(8)

    assert desk.status().state is state
    assert "another key" in desk.status().reason


def test_a_message_that_comes_again_after_a_failure_begins_nothing(
    account: Account, desk: Desk, tmp_path: Path
) -> None:
    """Whoever was told that it failed goes on working with the disk."""
    made, content = monday(desk, tmp_path)
    desk.agree(AskedRollback(made))
    account.held().disks["disk-loose"].state = "EXPANDING"
    order = desk.orders.pop()
    assert desk.deliver(order).state is State.FAILED
    account.held().disks["disk-loose"].state = "UNATTACHED"

    came = desk.deliver(order)

    assert came.state is State.FAILED
    assert safeties(account) == []
    assert content.read_text() == "tuesday"


def test_a_rollback_is_not_carried_out_again_when_its_safety_snapshot_is_gone(
    account: Account, desk: Desk, tmp_path: Path
) -> None:
    made, content = monday(desk, tmp_path)
    desk.agree(AskedRollback(made))
    order = desk.orders.pop()
    assert desk.deliver(order).state is State.DONE
    content.write_text("wednesday")
    account.held().drop_snapshot(safeties(account)[0].id)

    came = desk.deliver(order)

    assert (came.state, came) == (State.DONE, desk.status())
    assert desk.sent("ApplySnapshot") == 1
    assert content.read_text() == "wednesday"


def test_a_safety_snapshot_that_goes_while_the_rollback_runs_does_not_have_it_sent_again(
    account: Account, desk: Desk, tmp_path: Path
) -> None:
    made, content = monday(desk, tmp_path)
    desk.agree(AskedRollback(made))
    desk.deliver(desk.orders.pop(), budget_s=75)
    assert desk.sent("ApplySnapshot") == 1
    account.held().drop_snapshot(safeties(account)[0].id)
    account.sleep(120)
    content.write_text("wednesday")

    came = desk.work_off()

    assert came.state is State.UNKNOWN
    assert "look at the disk's content" in desk.status().reason
    assert desk.sent("ApplySnapshot") == 1
    assert content.read_text() == "wednesday"


def test_nothing_is_overwritten_when_the_safety_snapshot_goes_at_the_last_moment(
    account: Account, desk: Desk, tmp_path: Path
) -> None:
    """It is thrown into the bin after the mark was read back, before the rollback is sent."""
    made, content = monday(desk, tmp_path)
    desk.agree(AskedRollback(made))

    class Binning(MortalApi):
        def call(
            self, service: str, action: str, params: Mapping[str, Any], timeout_s: float = 20.0
        ) -> dict[str, Any]:
            answer = super().call(service, action, params, timeout_s)
            marked = [one for one in safeties(account) if "cbsnap:restore" in one.tags]
            if action == "DescribeSnapshots" and "SnapshotIds" in params and marked:
                marked[0].state = "TORECYCLE"
            return answer

    desk.deliver(desk.orders.pop(), Binning(account))

    assert desk.sent("ApplySnapshot") == 0
    assert content.read_text() == "tuesday"


def test_a_rollback_is_not_done_while_the_cloud_still_stops_the_instance(
    account: Account, desk: Desk
) -> None:
    """It has accepted, and shows nothing on the disk yet; a soft stop may take minutes."""
    made = account.take()
    desk.agree(AskedRollback(made, stop=True))
    instance = account.held().instances["ins-1"]

    class Stopping(MortalApi):
        def call(
            self, service: str, action: str, params: Mapping[str, Any], timeout_s: float = 20.0
        ) -> dict[str, Any]:
            if action == "ApplySnapshot":
                instance.state = "STOPPING"
                return {}
            return super().call(service, action, params, timeout_s)

    api = Stopping(account)
    desk.deliver(desk.orders.pop(), api, budget_s=250)
    while_stopping = desk.status().state
    instance.state = "STOPPED"
    came = desk.deliver(desk.orders.pop(), api, budget_s=1)

    assert while_stopping is State.ROLLING_BACK
    assert came.state is State.ROLLING_BACK


def test_retention_leaves_a_disks_snapshots_while_it_is_rolled_back(
    account: Account, desk: Desk, tmp_path: Path
) -> None:
    """What a person restores at night may be what the next pass would have deleted."""
    made, content = monday(desk, tmp_path)
    account.advance(timedelta(days=1))
    account.take(disk_id="disk-loose")
    keep = Policy("orders", Selection(), "0 2 * * *", "UTC", timedelta(hours=1), Keep(last=1))
    plan = Plan(DEPLOYMENT, (Target(HERE),), (keep,))
    lifecycle = account.lifecycles.at(Target(HERE))
    desk.agree(AskedRollback(made))
    desk.deliver(desk.orders.pop(), budget_s=10)

    meanwhile = list(prune(plan, account.inventory(), lifecycle, account.now()))
    came = desk.work_off()
    afterwards = list(prune(plan, account.inventory(), lifecycle, account.now()))

    assert meanwhile == []
    assert (came.state, content.read_text()) == (State.DONE, "monday")
    assert [one.subject for one in afterwards] == [made]


def test_a_key_of_another_snapshots_rollback_is_refused_and_begins_nothing(
    account: Account, desk: Desk, tmp_path: Path
) -> None:
    made, content = monday(desk, tmp_path)
    other = account.take(disk_id="disk-loose")
    desk.restore(AskedRollback(made))

    with pytest.raises(InputError, match="it was used for another restore"):
        desk.agree(AskedRollback(other), confirm="0" * 16)
    again = desk.agree(AskedRollback(made), confirm="0" * 16)

    assert again.state is State.DONE
    assert (desk.orders, content.read_text(), desk.sent("ApplySnapshot")) == ([], "monday", 1)
