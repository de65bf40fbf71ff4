"""What stays, what may go, and that neither order, repetition nor lesser snapshots change it."""

from dataclasses import asdict, replace
from datetime import datetime, timedelta, timezone
from random import Random

import pytest
from cbsnap.model.cloud import Snapshot
from cbsnap.model.labels import Label
from cbsnap.model.policies import Keep
from cbsnap.rules.names import SnapshotName
from cbsnap.rules.ours import Ours
from cbsnap.rules.retention import Terms, Verdict, fused, judged
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)
NO_HOLDS: dict[str, str] = {}


def terms(keep: Keep, zone: str = "UTC") -> Terms:
    return Terms(keep, zone, Label.FILESYSTEM)


def shot(due: datetime, label: Label | None = Label.APPLICATION, **changes: object) -> Ours:
    snapshot = Snapshot(f"snap-{due:%Y%m%d%H%M}", "ap-guangzhou", "", "disk-a", "NORMAL", 100, due, 10)
    return Ours(replace(snapshot, **changes), SnapshotName("nightly", due, "disk-a"), label)  # type: ignore[arg-type]


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def staying(verdicts: list[Verdict]) -> dict[datetime, str]:
    return {verdict.of.name.due: verdict.reason for verdict in verdicts if verdict.stays}


DUES = st.integers(0, 24 * 500).map(lambda hours: NOW - timedelta(hours=hours))
LABELS = st.sampled_from([None, *Label])
DRILLS = st.sampled_from([{}, {}, {"cbsnap:drill": "passed"}, {"cbsnap:drill": "failed"}])
STATES = st.sampled_from(["NORMAL", "NORMAL", "NORMAL", "CREATING", "TORECYCLE"])
LINES = st.lists(
    st.builds(
        lambda due, label, state, drill: shot(due, label, state=state, tags=drill),
        DUES,
        LABELS,
        STATES,
        DRILLS,
    ),
    max_size=40,
    unique_by=lambda one: one.snapshot.id,
)
COUNTS = st.integers(0, 5)
KEEPS = st.builds(
    Keep,
    COUNTS,
    COUNTS,
    COUNTS,
    COUNTS,
    COUNTS,
    COUNTS,
    st.integers(0, 400).map(lambda days: timedelta(days=days)),
)
TERMS = st.builds(
    Terms, KEEPS, st.sampled_from(["UTC", "Asia/Shanghai", "Europe/Berlin"]), st.sampled_from(Label)
)


def test_the_last_ones_stay_and_the_others_may_go() -> None:
    verdicts = judged([shot(days_ago(days)) for days in range(5)], terms(Keep(last=2)), NOW, NO_HOLDS)

    assert staying(verdicts) == {days_ago(0): "newest good one, last 1", days_ago(1): "last 2"}
    assert [verdict.reason for verdict in verdicts[2:]] == ["no rule keeps it"] * 3


def test_the_newest_of_each_day_stays() -> None:
    hours = [shot(NOW - timedelta(hours=hours)) for hours in range(0, 72, 6)]

    verdicts = judged(hours, terms(Keep(daily=2)), NOW, NO_HOLDS)

    assert staying(verdicts) == {
        NOW: "newest good one, daily 2026-11-22",
        datetime(2026, 11, 21, 18, tzinfo=timezone.utc): "daily 2026-11-21",
    }


def test_what_failed_its_drill_takes_no_place_and_goes_with_the_lesser_ones() -> None:
    line = [shot(days_ago(days)) for days in range(6)]
    broken = {"cbsnap:drill": "failed"}
    line[0], line[5] = shot(days_ago(0), tags=broken), shot(days_ago(5), tags=broken)

    verdicts = judged(line, terms(Keep(last=2)), NOW, NO_HOLDS)

    assert staying(verdicts) == {
        days_ago(0): "newest, though not good, failed its drill, for 3 days",
        days_ago(1): "newest good one, last 1",
        days_ago(2): "last 2",
    }


@pytest.mark.parametrize(
    ("keep", "bucket"),
    [
        (Keep(hourly=9), "hourly 2026-10-25 02+01:00"),
        (Keep(daily=9), "daily 2026-10-25"),
        (Keep(weekly=9), "weekly 2026-W43"),
        (Keep(monthly=9), "monthly 2026-10"),
    ],
)
def test_a_bucket_is_the_policys_own_wall_time(keep: Keep, bucket: str) -> None:
    second_two_oclock = datetime(2026, 10, 25, 1, 30, tzinfo=timezone.utc)
    verdicts = judged([shot(NOW), shot(second_two_oclock)], terms(keep, "Europe/Berlin"), NOW, NO_HOLDS)

    assert staying(verdicts)[second_two_oclock] == bucket


def test_an_hour_that_the_clocks_repeat_is_two() -> None:
    first, second = (datetime(2026, 10, 25, hour, 30, tzinfo=timezone.utc) for hour in (0, 1))

    verdicts = judged([shot(first), shot(second)], terms(Keep(hourly=2), "Europe/Berlin"), NOW, NO_HOLDS)

    assert set(staying(verdicts)) == {first, second}


def test_a_day_without_snapshots_uses_up_no_place() -> None:
    verdicts = judged([shot(days_ago(days)) for days in (0, 10, 20)], terms(Keep(daily=3)), NOW, NO_HOLDS)

    assert len(staying(verdicts)) == 3


def test_all_within_a_time_stay() -> None:
    keep = Keep(within=timedelta(days=2))

    verdicts = judged([shot(days_ago(days)) for days in (0, 1, 2, 3)], terms(keep), NOW, NO_HOLDS)

    assert staying(verdicts) == {days_ago(0): "newest good one, within", days_ago(1): "within"}


def test_a_lesser_one_lives_shortly_and_the_newest_of_all_stays() -> None:
    lesser = [shot(days_ago(days), Label.CRASH) for days in (2, 3)]
    unproven = shot(days_ago(1), None)

    verdicts = judged([*lesser, unproven, shot(days_ago(9))], terms(Keep(last=1)), NOW, NO_HOLDS)

    assert staying(verdicts) == {
        days_ago(1): "newest, though not good, unproven for 3 days",
        days_ago(2): "crash for 3 days",
        days_ago(9): "newest good one, last 1",
    }


def test_a_lone_lesser_one_outlives_its_time() -> None:
    verdicts = judged([shot(days_ago(100), Label.CRASH)], terms(Keep(last=1)), NOW, NO_HOLDS)

    assert staying(verdicts) == {days_ago(100): "newest, though not good"}


def test_where_none_is_good_the_newest_that_is_not_known_to_be_broken_stays() -> None:
    broken = shot(days_ago(4), tags={"cbsnap:drill": "failed"})
    crash = [shot(days_ago(days), Label.CRASH) for days in (9, 10)]

    verdicts = judged([broken, *crash], terms(Keep(last=1)), NOW, NO_HOLDS)

    assert staying(verdicts) == {
        days_ago(4): "newest, though not good",
        days_ago(9): "none is good, and none newer is whole or not known to be broken",
    }


def test_what_is_still_being_made_takes_no_place_of_what_is_there() -> None:
    weekly = [shot(days_ago(days), Label.CRASH) for days in (7, 14)]
    begun = shot(NOW, Label.APPLICATION, state="CREATING")

    verdicts = judged([begun, *weekly], terms(Keep(last=1)), NOW, NO_HOLDS)

    assert set(staying(verdicts)) == {NOW, days_ago(7)}


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (shot(days_ago(9), state="ROLLBACKING"), "its state is ROLLBACKING"),
        (shot(days_ago(9), locked=True), "locked"),
        (shot(days_ago(9), shares=1), "shared with other accounts"),
        (shot(days_ago(9), copying_to=("ap-seoul", "ap-tokyo")), "being copied to ap-seoul, ap-tokyo"),
        (shot(days_ago(9), image_ids=("img-1", "img-2")), "an image is made of it: img-1, img-2"),
    ],
)
def test_what_the_cloud_would_not_delete_is_left_with_the_reason(one: Ours, why: str) -> None:
    [_, verdict] = judged([shot(NOW), one], terms(Keep(last=1)), NOW, NO_HOLDS)

    assert verdict == Verdict(one, stays=True, reason=why)


def test_what_a_person_holds_is_left_with_the_reason() -> None:
    one = shot(days_ago(9))
    holds = {one.snapshot.id: "held for the audit"}

    [_, verdict] = judged([shot(NOW), one], terms(Keep(last=1)), NOW, holds)

    assert verdict == Verdict(one, stays=True, reason="held for the audit")


def test_disks_policies_and_regions_are_judged_each_by_itself() -> None:
    here = shot(days_ago(5))
    far = replace(here, snapshot=replace(here.snapshot, id="snap-far", region="ap-singapore", disk_id=""))
    other_disk = replace(
        here, snapshot=replace(here.snapshot, id="snap-b"), name=replace(here.name, disk_id="disk-b")
    )
    other_policy = replace(
        here, snapshot=replace(here.snapshot, id="snap-c"), name=replace(here.name, policy="weekly")
    )
    newer = shot(NOW)

    verdicts = judged([here, far, other_disk, other_policy, newer], terms(Keep(last=1)), NOW, NO_HOLDS)

    assert [verdict.of for verdict in verdicts if not verdict.stays] == [here]


def test_the_fuse_holds_all_when_too_many_would_go() -> None:
    verdicts = judged([shot(days_ago(days)) for days in range(5)], terms(Keep(last=1)), NOW, NO_HOLDS)

    assert fused(verdicts, 4) == verdicts
    blown = fused(verdicts, 3)
    assert all(verdict.stays for verdict in blown)
    assert blown[0] == verdicts[0]
    assert blown[1].reason == "fuse: 4 would go, 3 at most; raise it if that is meant"


@given(LINES, TERMS)
def test_the_newest_good_one_never_goes(line: list[Ours], policy: Terms) -> None:
    good = sorted((one for one in line if one.good(policy.good)), key=lambda one: one.age_rank)

    stay = [verdict.of for verdict in judged(line, policy, NOW, NO_HOLDS) if verdict.stays]

    assert not good or good[-1] in stay


@given(LINES, TERMS)
def test_something_whole_is_always_left_to_restore_from(line: list[Ours], policy: Terms) -> None:
    whole = [one for one in line if one.snapshot.state == "NORMAL"]
    unbroken = [one for one in whole if not one.broken]

    stay = [verdict.of for verdict in judged(line, policy, NOW, NO_HOLDS) if verdict.stays]

    assert not whole or any(one in stay for one in whole)
    assert not unbroken or any(one in stay for one in unbroken)


@given(LINES, TERMS)
def test_the_newest_of_all_never_goes(line: list[Ours], policy: Terms) -> None:
    verdicts = judged(line, policy, NOW, NO_HOLDS)

    assert all(verdict.stays for verdict in verdicts[:1])


@given(LINES, TERMS)
def test_a_good_one_is_never_lost_to_lesser_ones(line: list[Ours], policy: Terms) -> None:
    good = [one for one in line if one.good(policy.good)]

    among_all = [verdict for verdict in judged(line, policy, NOW, NO_HOLDS) if verdict.of in good]

    assert among_all == judged(good, policy, NOW, NO_HOLDS)


@given(LINES, TERMS, st.randoms())
def test_the_order_does_not_matter_and_each_gets_one_verdict(
    line: list[Ours], policy: Terms, random: Random
) -> None:
    shuffled = random.sample(line, len(line))

    verdicts = judged(shuffled, policy, NOW, NO_HOLDS)

    assert verdicts == judged(line, policy, NOW, NO_HOLDS)
    assert sorted(verdict.of.snapshot.id for verdict in verdicts) == sorted(one.snapshot.id for one in line)


@given(LINES, TERMS)
def test_judging_what_stayed_lets_nothing_more_go(line: list[Ours], policy: Terms) -> None:
    stayed = [verdict for verdict in judged(line, policy, NOW, NO_HOLDS) if verdict.stays]

    assert judged([verdict.of for verdict in stayed], policy, NOW, NO_HOLDS) == stayed


@given(LINES, TERMS, KEEPS)
def test_more_rules_never_let_more_go(line: list[Ours], policy: Terms, more: Keep) -> None:
    both = Keep(**{rule: max(value, asdict(more)[rule]) for rule, value in asdict(policy.keep).items()})

    under_one = staying(judged(line, policy, NOW, NO_HOLDS))
    under_both = staying(judged(line, replace(policy, keep=both), NOW, NO_HOLDS))

    assert under_one.keys() <= under_both.keys()


@given(LINES, TERMS, st.integers(0, 40))
def test_the_fuse_lets_all_or_nothing_go(line: list[Ours], policy: Terms, most: int) -> None:
    verdicts = judged(line, policy, NOW, NO_HOLDS)

    going = [verdict for verdict in fused(verdicts, most) if not verdict.stays]

    assert len(going) <= most
    assert going in ([], [verdict for verdict in verdicts if not verdict.stays])
