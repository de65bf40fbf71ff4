"""Events against a fake region: what is begun for them, and what is left out with its reason."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest
from cbsnap.errors import CloudFault, InputError
from cbsnap.jobs import preflight
from cbsnap.jobs.react import Means, react
from cbsnap.model.cloud import Snapshot
from cbsnap.model.events import Actor, Happening, Reaction
from cbsnap.model.plan import EventRule, Plan, Target
from cbsnap.model.policies import Grouping, Keep, Policy, Quiesce, Selection
from cbsnap.model.runs import Decision, Run
from cbsnap.rules.names import snapshot_name
from cbsnap.wire import batch, batch_text

from .fakes import NOON, REGION, FakeClock, FakeCloud, FakeWorkers, disk

if TYPE_CHECKING:
    from cbsnap.ports.lifecycle import Lifecycle

ROLE = "4611686018427397919"
PING = Happening(
    "id-1",
    "cvm.cloud.tencent",
    "cvm:ErrorEvent:ping_unreachable",
    "ins-1",
    NOON - timedelta(minutes=2),
    REGION,
)
HOST = EventRule("host", type=("cvm:ErrorEvent:*",), disks=("subject",), apart=timedelta(hours=1))
ALL = EventRule("all", type=("cvm:ErrorEvent:*",), policy="orders")
AUDIT = replace(PING, type="cbs:CloudEvent:ApiCall", actor=Actor("100000000001"))
ON_CALL = replace(HOST, type=("cbs:*",))


def policy(name: str, select: Selection, **more: object) -> Policy:
    made = Policy(name, select, "0 2 * * *", "Asia/Shanghai", timedelta(hours=1), Keep(last=3))
    return replace(made, **more)  # type: ignore[arg-type]


ORDERS = policy(
    "orders",
    Selection(tags={"app": frozenset({"orders"})}),
    group=Grouping.INSTANCE,
    quiesce=Quiesce("mysql"),
)
OTHERS = Target(REGION, role="qcs::cam::uin/100000000002:roleName/cbsnap")
REST = policy("rest", Selection(disks=frozenset({"disk-a", "disk-c"})))


class Regions:
    def __init__(self, by_target: dict[Target, FakeCloud]) -> None:
        self.by_target = by_target

    def at(self, target: Target) -> FakeCloud:
        if target not in self.by_target:
            raise CloudFault("InternalError", f"{target.region} is down")
        return self.by_target[target]


class NoLifecycles:
    """Gives nothing to delete with: no policy here makes room."""

    def at(self, target: Target) -> Lifecycle:
        return cast("Lifecycle", None)


class Scene:
    def __init__(self) -> None:
        self.clock = FakeClock()
        orders = {"app": "orders"}
        self.cloud = FakeCloud(
            self.clock,
            [
                disk("disk-a", tags=orders),
                disk("disk-b", tags=orders),
                disk("disk-c"),
                disk("disk-d", "ins-2", tags=orders),
                disk("disk-e", "ins-3"),
            ],
        )
        self.others = FakeCloud(self.clock, [disk("disk-f", tags=orders)])
        self.workers = FakeWorkers()
        self.plan = Plan("prod", (Target(REGION),), (ORDERS, REST), events=(HOST,))
        self.asked_who = 0

    def react(self, *arrived: Happening | InputError) -> list[Reaction]:
        regions = Regions({Target(REGION): self.cloud, OTHERS: self.others})
        means = Means(regions, NoLifecycles(), self.workers, self.clock, REGION, self._own)
        return react(arrived, self.plan, means)

    def one(self, arrived: Happening) -> Reaction:
        (reaction,) = self.react(arrived)
        return reaction

    def _own(self) -> tuple[str, str]:
        self.asked_who += 1
        return ROLE, "AKIDown"

    def taken(self) -> dict[str, list[str]]:
        """Return the disks that were handed out, by policy."""
        return {
            one.run.policy: sorted(disk_id for group in one.groups for disk_id in group.disk_ids)
            for one in self.workers.batches
        }

    def has(self, name: str, disk_id: str, state: str = "NORMAL") -> None:
        """Put a snapshot there."""
        self.cloud.snapshot_list.append(
            Snapshot(f"snap-{disk_id}", REGION, name, disk_id, state, 100, NOON, 10)
        )


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_the_disks_of_an_instance_are_taken_each_under_the_first_policy_that_selects_it(scene: Scene) -> None:
    reaction = scene.one(PING)

    assert scene.taken() == {"orders": ["disk-a", "disk-b"], "rest": ["disk-c"]}
    assert [one.run for one in reaction.reports] == ["orders@20261122T0358Z#id-1", "rest@20261122T0358Z#id-1"]
    assert (reaction.rule, reaction.skipped, reaction.mistake) == ("host", (), "")


def test_a_batch_is_as_the_policy_says_and_survives_the_way_to_the_worker(scene: Scene) -> None:
    scene.one(PING)

    order = scene.workers.batches[0]
    assert order.run == Run("orders", NOON - timedelta(minutes=2), "id-1")
    assert order.quiesce == Quiesce("mysql")
    assert [group.disk_ids for group in order.groups] == [("disk-a", "disk-b")]
    assert order.not_after == order.deliver_by == order.run.due + timedelta(hours=1)
    assert order.patience_s > 0
    assert order.apart_s == 3600
    assert batch(json.loads(batch_text(order))) == order


def test_a_rule_with_a_policy_alone_takes_all_that_it_selects(scene: Scene) -> None:
    scene.plan = replace(scene.plan, events=(ALL,))

    scene.one(PING)

    assert scene.taken() == {"orders": ["disk-a", "disk-b", "disk-d"]}


def test_with_policy_and_fields_only_what_both_mean_is_taken(scene: Scene) -> None:
    scene.plan = replace(scene.plan, events=(replace(HOST, policy="orders"),))

    reaction = scene.one(PING)

    assert scene.taken() == {"orders": ["disk-a", "disk-b"]}
    assert reaction.skipped == ("disk-c: orders does not select it",)


def test_a_disk_that_no_policy_selects_is_left_alone_and_named(scene: Scene) -> None:
    reaction = scene.one(replace(PING, subject="disk-e"))

    assert scene.workers.batches == []
    assert reaction.skipped == ("disk-e: no policy selects it",)


def test_what_is_named_and_not_there_is_told(scene: Scene) -> None:
    reaction = scene.one(replace(PING, subject="disk-a disk-z ins-9"))

    assert scene.taken() == {"orders": ["disk-a"]}
    assert reaction.skipped == (
        "no disk of the region is disk-z, or on it",
        "no disk of the region is ins-9, or on it",
    )


def test_an_event_that_names_nothing_is_told(scene: Scene) -> None:
    assert scene.one(replace(PING, subject="")).skipped == ("it names no disk and no instance in subject",)


def test_an_event_that_meets_no_rule_is_told(scene: Scene) -> None:
    reaction = scene.one(replace(PING, type="cvm:Other"))

    assert reaction.skipped == ("no rule of the policy file's events matches",)


def test_an_event_is_dealt_with_under_each_rule_that_it_meets(scene: Scene) -> None:
    scene.plan = replace(scene.plan, events=(HOST, replace(ALL, policy="rest")))

    reactions = scene.react(replace(PING, subject="ins-2"))

    assert [one.rule for one in reactions] == ["host", "all"]
    assert scene.taken() == {"orders": ["disk-d"], "rest": ["disk-a", "disk-c"]}


def test_a_second_delivery_finds_the_snapshot_and_does_nothing(scene: Scene) -> None:
    scene.one(replace(PING, subject="disk-a"))
    made = scene.workers.batches.pop()
    scene.has(snapshot_name(made.run, "disk-a"), "disk-a")
    scene.clock.sleep(600)

    reaction = scene.one(replace(PING, subject="disk-a"))

    assert scene.workers.batches == []
    assert [one.decision for one in reaction.reports[0].outcomes] == [Decision.DONE]


def test_an_event_that_stands_in_its_batch_twice_is_dealt_with_once(scene: Scene) -> None:
    _, second = scene.react(PING, PING)

    assert len(scene.workers.batches) == 2
    assert second.skipped == ("it stands in this batch twice",)


def test_a_disk_is_spared_that_another_event_had_taken_not_long_ago(scene: Scene) -> None:
    scene.has(snapshot_name(Run("orders", NOON - timedelta(minutes=61), "id-0"), "disk-a"), "disk-a")

    reaction = scene.one(replace(PING, subject="disk-a"))

    assert scene.workers.batches == []
    assert [(one.decision, one.reason) for one in reaction.reports[0].outcomes] == [
        (
            Decision.SPARED,
            "snap-disk-a of 2026-11-22 02:59 UTC is there, the least time between is 1:00:00",
        )
    ]


@pytest.mark.parametrize(
    ("run", "state"),
    [
        (Run("orders", NOON - timedelta(minutes=62), "id-0"), "NORMAL"),  # long enough ago
        (Run("orders", NOON - timedelta(minutes=9)), "NORMAL"),  # the schedule's
        (Run("other", NOON - timedelta(minutes=9), "id-0"), "NORMAL"),  # another policy's
        (Run("orders", NOON - timedelta(minutes=9), "id-0"), preflight.RECYCLED),
    ],
)
def test_a_disk_is_not_spared_for(scene: Scene, run: Run, state: str) -> None:
    scene.has(snapshot_name(run, "disk-a"), "disk-a", state)

    scene.one(replace(PING, subject="disk-a"))

    assert scene.taken() == {"orders": ["disk-a"]}


def test_two_events_of_a_batch_take_a_disk_once(scene: Scene) -> None:
    _, second = scene.react(replace(PING, subject="disk-a"), replace(PING, id="id-2"))

    assert [sorted(d for g in one.groups for d in g.disk_ids) for one in scene.workers.batches] == [
        ["disk-a"],
        ["disk-b"],
        ["disk-c"],
    ]
    assert second.skipped == ("disk-a: an earlier event of this batch takes it",)


def test_the_worker_spares_it_too_when_events_came_side_by_side(scene: Scene) -> None:
    scene.one(replace(PING, subject="disk-a"))
    order = scene.workers.batches[0]
    scene.has(snapshot_name(Run("orders", NOON, "id-2"), "disk-a"), "disk-a")

    settled = preflight.settled_already("disk-a", preflight.read(scene.cloud, ["disk-a"]), order)

    assert settled is not None
    assert settled.decision is Decision.SPARED


def test_what_we_did_ourselves_is_dropped(scene: Scene) -> None:
    scene.plan = replace(scene.plan, events=(ON_CALL,))

    reaction = scene.one(replace(AUDIT, actor=Actor(f"{ROLE}:scf")))

    assert scene.workers.batches == []
    assert reaction.skipped == (f"we caused it ourselves: our own role {ROLE} called",)


def test_what_somebody_else_did_is_not_dropped(scene: Scene) -> None:
    scene.plan = replace(scene.plan, events=(ON_CALL,))

    scene.one(AUDIT)

    assert scene.taken() == {"orders": ["disk-a", "disk-b"], "rest": ["disk-c"]}


def test_who_we_are_is_asked_for_audit_events_only(scene: Scene) -> None:
    scene.one(PING)

    assert scene.asked_who == 0


def test_a_region_that_is_not_looked_after_is_skipped_and_told(scene: Scene) -> None:
    reaction = scene.one(replace(PING, region="eu-frankfurt"))

    assert scene.workers.batches == []
    assert reaction.skipped == ("eu-frankfurt is not looked after; the policy file has ap-guangzhou",)


def test_an_event_without_a_region_is_of_the_functions_own(scene: Scene) -> None:
    scene.one(replace(PING, region=""))

    assert scene.taken()["orders"] == ["disk-a", "disk-b"]


def test_a_rules_region_stands_in_for_the_events(scene: Scene) -> None:
    scene.plan = replace(scene.plan, events=(replace(HOST, region=REGION),))

    scene.one(replace(PING, region="eu-frankfurt"))

    assert scene.taken()["orders"] == ["disk-a", "disk-b"]


def test_an_event_older_than_the_window_is_too_late(scene: Scene) -> None:
    reaction = scene.one(replace(PING, subject="disk-a", time=NOON - timedelta(hours=2)))

    assert scene.workers.batches == []
    assert reaction.skipped == ("orders: the event is 2:00:00 old, its window is 1:00:00",)


def test_an_event_from_the_future_is_of_now(scene: Scene) -> None:
    scene.one(replace(PING, subject="disk-a", time=NOON + timedelta(days=400)))

    assert scene.workers.batches[0].run.due == NOON


def test_a_paused_policy_takes_nothing(scene: Scene) -> None:
    scene.plan = replace(scene.plan, policies=(replace(ORDERS, paused=True),))

    reaction = scene.one(replace(PING, subject="disk-a"))

    assert scene.workers.batches == []
    assert reaction.skipped == ("orders: it is paused",)


def test_a_message_that_cannot_be_read_is_told_and_the_next_dealt_with(scene: Scene) -> None:
    first, _ = scene.react(InputError("EventList.0.id", "is missing"), PING)

    assert first == Reaction("EventList.0.id", mistake="EventList.0.id: is missing")
    assert scene.workers.batches != []


def test_a_region_that_is_down_is_told_and_the_next_event_dealt_with(scene: Scene) -> None:
    scene.plan = replace(scene.plan, targets=(Target("eu-frankfurt"), Target(REGION)))

    first, _ = scene.react(replace(PING, id="id-0", region="eu-frankfurt"), PING)

    assert [one.error for one in first.reports] == ["InternalError: eu-frankfurt is down"]
    assert scene.workers.batches != []


def test_two_accounts_of_a_region_are_looked_through(scene: Scene) -> None:
    scene.plan = replace(scene.plan, targets=(Target(REGION), OTHERS))

    reaction = scene.one(replace(PING, subject="disk-d disk-f disk-z"))

    assert [(one.target, one.groups[0].disk_ids) for one in scene.workers.batches] == [
        (Target(REGION), ("disk-d",)),
        (OTHERS, ("disk-f",)),
    ]
    assert reaction.skipped == ("no disk of the region is disk-z, or on it",)


def test_a_policy_that_selects_nothing_there_is_told(scene: Scene) -> None:
    nothing = policy("empty", Selection(disks=frozenset({"disk-z"})))
    scene.plan = replace(scene.plan, policies=(nothing,), events=(replace(ALL, policy="empty"),))

    assert scene.one(PING).skipped == ("empty: it selects no disk there",)
