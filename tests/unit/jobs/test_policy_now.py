"""A policy as a person looks at it: its next runs, a dry run, and a run now."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest
from cbsnap.errors import InputError
from cbsnap.jobs.policy_now import NextRun, next_runs, preview, start_now
from cbsnap.model.plan import QuotaLimits, Target
from cbsnap.model.policies import Grouping
from cbsnap.model.runs import Decision, Report, Run
from cbsnap.rules.names import snapshot_name
from cbsnap.rules.pacing import TICK_DISKS

from .fakes import NOON, REGION, disk
from .test_making_room import Region
from .test_making_room import Scene as FullScene
from .test_plan import DATA, Regions, Scene, decisions, many

UTC = timezone.utc


@pytest.fixture
def scene() -> Scene:
    return Scene()


def start(scene: Scene, key: str = "release-7", region: str | None = None) -> list[Report]:
    return start_now(scene.plan, "data", key, Regions(scene.cloud), scene.workers, scene.clock, region=region)


def test_the_next_runs_are_told_with_what_is_skipped() -> None:
    policy = replace(DATA, schedule="0 1 * * *", skip_dates=frozenset({date(2026, 11, 24)}))

    assert next_runs(policy, NOON, 3) == [
        NextRun(datetime(2026, 11, 22, 17, tzinfo=UTC)),
        NextRun(datetime(2026, 11, 23, 17, tzinfo=UTC), "not taken: 2026-11-24 is in skip_dates"),
        NextRun(datetime(2026, 11, 24, 17, tzinfo=UTC)),
    ]


def test_the_next_runs_of_a_paused_policy_say_so() -> None:
    (run,) = next_runs(replace(DATA, paused=True), NOON, 1)

    assert run.note == "not taken: the policy is paused"


def test_a_preview_tells_every_disks_decision_and_sends_nothing(scene: Scene) -> None:
    scene.cloud.disk_list += [
        disk("disk-unable", snapshot_ability=False),
        disk("disk-full", snapshot_count=64),
    ]
    scene.has("disk-b", "by hand", "CREATING")

    (report,) = preview(scene.plan, "data", Regions(scene.cloud), scene.clock)

    assert decisions(report) == {
        "disk-a": Decision.PREVIEWED,
        "disk-b": Decision.DEFERRED,
        "disk-c": Decision.PREVIEWED,
        "disk-full": Decision.REFUSED,
        "disk-unable": Decision.REFUSED,
    }
    assert all(one.reason for one in report.outcomes if one.decision is not Decision.PREVIEWED)
    assert scene.workers.batches == []


def test_a_preview_says_what_would_go_and_deletes_nothing() -> None:
    full = FullScene()

    (report,) = preview(full.plan, "orders", Region(full.cloud), full.cloud.clock)

    assert [(one.snapshot_id, one.reason) for one in report.removed] == [
        ("snap-4", "would be deleted: no rule keeps it")
    ]
    assert decisions(report) == {"disk-a": Decision.PREVIEWED}
    assert len(full.cloud.snapshot_list) == 4


def test_a_run_now_has_its_key_and_the_policys_window(scene: Scene) -> None:
    (report,) = start(scene)

    (batch,) = scene.workers.batches
    assert batch.run == Run("data", NOON + timedelta(minutes=3), "release-7")
    assert batch.not_after == batch.deliver_by == batch.run.due + DATA.window
    assert set(decisions(report).values()) == {Decision.DISPATCHED}
    assert report.run == "data@20261122T0403Z#release-7"


def test_a_key_never_takes_a_disk_twice_whatever_the_time(scene: Scene) -> None:
    start(scene)
    for letter in "abc":
        scene.has(f"disk-{letter}", snapshot_name(scene.workers.batches[0].run, f"disk-{letter}"))
    scene.clock.time += timedelta(hours=5)

    (again,) = start(scene)
    (other,) = start(scene, "release-8")

    assert set(decisions(again).values()) == {Decision.DONE}
    assert set(decisions(other).values()) == {Decision.DISPATCHED}


def test_a_run_now_hands_out_everything_at_once(scene: Scene) -> None:
    many(scene, 2000, per_instance=2)
    policy = replace(DATA, group=Grouping.INSTANCE, jitter=timedelta(hours=6))
    scene.plan = replace(scene.plan, policies=(policy,))

    start(scene)

    assert sum(len(group.disk_ids) for batch in scene.workers.batches for group in batch.groups) == 2000


def test_what_one_start_cannot_hand_out_is_asked_for_with_the_same_key(scene: Scene) -> None:
    many(scene, TICK_DISKS + 100)

    (report,) = start(scene)

    assert list(decisions(report).values()).count(Decision.DEFERRED) == 100
    assert "ask again with the same key" in report.outcomes[-1].reason


def test_a_run_now_can_be_of_one_region(scene: Scene) -> None:
    scene.plan = replace(scene.plan, targets=(Target("ap-nowhere"), Target(REGION)))

    (report,) = start(scene, region=REGION)

    assert (report.region, report.error) == (REGION, "")


def test_a_paused_policy_can_be_started_by_hand(scene: Scene) -> None:
    scene.plan = replace(scene.plan, policies=(replace(DATA, paused=True),))

    start(scene)

    assert len(scene.workers.batches) == 1


def test_quota_refuses_a_run_now_with_figures(scene: Scene) -> None:
    scene.plan = replace(scene.plan, quota=QuotaLimits(region=2))

    (report,) = start(scene)

    assert "needs 1, has 0 of 2" in report.outcomes[-1].reason


@pytest.mark.parametrize(
    ("policy", "region", "message"),
    [
        ("dta", None, "policy: there is no dta; the policy file has data"),
        ("data", "ap-x", "region: ap-x is not"),
    ],
)
def test_what_is_not_in_the_file_is_refused_by_field(
    scene: Scene, policy: str, region: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        start_now(scene.plan, policy, "k", Regions(scene.cloud), scene.workers, scene.clock, region=region)


def test_a_key_is_recognised_hours_later_among_many_disks(scene: Scene) -> None:
    many(scene, 150)
    start(scene)
    for one in scene.cloud.disk_list:
        scene.has(one.id, snapshot_name(scene.workers.batches[0].run, one.id))
    scene.clock.time += timedelta(hours=5)

    (again,) = start(scene)

    assert set(decisions(again).values()) == {Decision.DONE}
