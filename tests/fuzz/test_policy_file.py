"""Any text as a policy file: every mistake with its line, or a plan that can be planned."""

from __future__ import annotations

import contextlib
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from cbsnap import wire
from cbsnap.errors import CloudFault, PolicyFileError
from cbsnap.jobs.plan import tick
from cbsnap.policyfile import parse
from cbsnap.rules import schedule
from hypothesis import assume, event, example, given
from hypothesis import strategies as st

from tests.fuzz.effort import effort
from tests.unit.jobs.fakes import NOON, FakeClock, FakeCloud, FakeWorkers, disk

if TYPE_CHECKING:
    from cbsnap.model import Plan, Target

GOOD = """version: 1
deployment: prod
time_zone: Asia/Shanghai
targets:
  - {region: ap-guangzhou, role: 'qcs::cam::uin/1:roleName/r', external_id: e-1, worker: w-1}
quota: {region: 500, disk: 64}
agent: {port: 9780}
notify: {ops: "json://host/"}
templates: {ops: {title: hello}}
policies:
  orders-db:
    select: {tags: {app: [orders, files]}, usage: data, exclude: {disks: [disk-x1]}}
    group: instance
    schedule: "0 12 * * *"
    window: 2h
    time_zone: Europe/Berlin
    quiesce: {plan: mysql, on_failure: crash, tries: 2, ttl: 30s, budget: 90s, thaw: visible}
    keep: {last: 3, daily: 7, weekly: 4, monthly: 6, yearly: 1, within: 2d}
    good: application
    lesser_for: 3d
    fuse: 50
    coverage: 26h
    notify: ops
    copy: [{region: ap-singapore, keep: {daily: 7}}]
    share: [{account: "100000000002", lasting: 7d}]
    max_held: 3
    one_at_a_time: cluster
    jitter: 10m
    skip_dates: [2026-11-11, "2026-12-24"]
    drill: {instance: ins-1, schedule: "0 5 * * 0", max_gib: 100}
  all-else:
    select: {all: true}
    schedule: "*/20 * * * *"
events:
  ping: {match: {type: "cvm:ErrorEvent:*"}, disks: subject, apart: 1h}
"""
TOKENS = re.split(r"([ \n{}\[\],]|: )", GOOD)
ODD = st.sampled_from(
    [
        "!!bool x", "!!int ''", "!!float ''", "!!timestamp x", "!!int x", "!!null x", "!!binary x",
        "!!set {a}",
        "!!omap [a]", "!!str 1", "!!map x", "!!python/object/apply:os.system [x]", "!x y", "&a [*a]", "*a",
        "&a x",
        "{? [a] : b}", "<<", "2026-13-45", "0001-01-01", "2026-11-11T00:00:00+99:99", "0x", "0b2", "1_000",
        "1:60", "NINES", ".inf", "-.nan", "1e999", "~", "''", '"\\ud800"', '"\\0"', "\u2028", "\x85", "\t",
        "DEEP",
        "0 0 30 2 *", '"0 0 29 2 1"', '"0 0 L * *"', '"60 * * * *"', '"*/0 * * * *"', '"@daily"',
        '"1-5/99 5 * * *"',
        "99999w", "0s", "10m", "UTC", "../../etc/passwd", "Antarctica/Troll", "america/Lord_Howe", "yes",
        "on",
        "manual", "safety", "disk-" + "a" * 60, "-", "#", "|", ">", "? ", ": ", "'", '"', "[", "]", "{",
        "}", ",",
    ]
)  # fmt: skip
_LARGE = {"NINES": "9" * 5000, "DEEP": "[" * 3000}


@st.composite
def nearly_good(draw: st.DrawFn) -> str:
    tokens = list(TOKENS)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(tokens) - 1))
        odd = draw(ODD | st.text(max_size=6) | st.sampled_from(TOKENS) | st.integers().map(str))
        tokens[place] = _LARGE.get(odd, odd)
    return "".join(tokens)


class Regions:
    """One region with two disks; all others are down."""

    def __init__(self, clock: FakeClock) -> None:
        self.cloud = FakeCloud(clock, [disk("disk-a", tags={"app": "orders"}), disk("disk-b", None)])

    def at(self, target: Target) -> FakeCloud:
        if target.region != self.cloud.region:
            raise CloudFault("InternalError", "down")
        return self.cloud


def planned(plan: Plan) -> None:
    """Do with a plan what the timer does, and what a person asks first."""
    clock = FakeClock(NOON + timedelta(minutes=3))
    reports = tick(plan, Regions(clock), FakeWorkers(), clock)
    json.dumps(wire.reports(reports), allow_nan=False)
    for policy in plan.policies:
        schedule.upcoming(policy.schedule, policy.time_zone, clock.now(), 3)


@effort(250)
@given(nearly_good())
@example("policies: {a1: {select: {all: !!bool x}}}")  # a KeyError
@example("version: !!int ''\npolicies: {a1: {select: {all: true}}}")  # an IndexError
@example("policies: {a1: {select: {all: true}, skip_dates: [!!timestamp x]}}")  # an AttributeError
def test_any_text_is_a_plan_that_can_be_planned_or_mistakes_with_their_lines(text: str) -> None:
    try:
        plan = parse(text, "policies.yml")
    except PolicyFileError as error:
        problems = error.problems
    else:
        event("a plan")
        planned(plan)
        return

    lines = len(text.splitlines()) + text.count("\n") + 1  # YAML breaks lines at some more characters
    assert problems
    assert all(1 <= one.line <= lines and one.message.strip() for one in problems)


POLICY = st.fixed_dictionaries(
    {"select": st.sampled_from([{"all": True}, {"usage": "data"}, {"tags": {"app": "orders"}}])},
    optional={
        "group": st.sampled_from(["disk", "instance", "all", "tag:app", "tag:é"]),
        "schedule": st.sampled_from(
            ["* * * * *", "59 23 31 12 *", "0 0 29 2 *", "0 0 29 2 1", "0 0 L * *", "30 2 * * 7",
             "0 0 * * 1#5",
             "0 0 31 2 *", "*/59 */23 * * *", "0 12 1-7 * MON", "5-55/10 0-23/2 * JAN-DEC SUN-SAT"]
        ),
        "time_zone": st.sampled_from(["UTC", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Monrovia",
        "Etc/GMT+12"]),
        "window": st.sampled_from(["10m", "7d", "9m", "99999w"]),
        "jitter": st.sampled_from(["0s", "12h"]),
        "quiesce": st.sampled_from([{"plan": "mysql"}, {"stop": "instance"}, {"plan": "a", "tries": 10,
        "ttl": "60s"}]),
        "keep": st.sampled_from([{"last": 1}, {"yearly": 63}, {"within": "9999w"}, {"last": 10_000}]),
        "max_held": st.sampled_from([1, 1000, 10**400]),
        "one_at_a_time": st.sampled_from(["app", "é"]),
        "skip_dates": st.lists(st.dates().map(str), max_size=3),
        "coverage": st.sampled_from(["10m", "9999w"]),
        "make_room": st.booleans(),
    },
)  # fmt: skip


@effort(100)
@given(
    st.dictionaries(st.sampled_from(["a1", "b2", "c" * 28, "manual"]), POLICY, min_size=1, max_size=3),
    st.fixed_dictionaries(
        {},
        optional={
            "time_zone": st.sampled_from(["UTC", "Antarctica/Troll"]),
            "quota": st.sampled_from([{"disk": 1}, {"region": 10**400}, {"disk": 10**400, "region": 1}]),
        },
    ),
)
def test_every_plan_that_loads_can_be_planned(policies: dict[str, object], more: dict[str, object]) -> None:
    text = json.dumps({"policies": policies, "targets": [{"region": "ap-guangzhou"}], **more})

    with contextlib.suppress(PolicyFileError):
        plan = parse(text, "policies.yml")
        event("a plan")
        planned(plan)


def test_the_good_file_is_a_plan() -> None:
    planned(parse(GOOD, "policies.yml"))


@effort(5)
@given(st.integers(2, 40), st.integers(2, 12), st.sampled_from(["[{}]", "{{a: {}, b: {}}}"]))
def test_a_bomb_of_aliases_is_refused_before_it_goes_off(levels: int, width: int, form: str) -> None:
    assume(width**levels > 100_000)
    text = "a0: &a0 [x]\n"
    for level in range(1, levels):
        inner = ", ".join([f"*a{level - 1}"] * width)
        text += f"a{level}: &a{level} " + (f"[{inner}]" if form[0] == "[" else f"{{k: [{inner}]}}") + "\n"

    try:
        parse(text, "policies.yml")
    except PolicyFileError as error:
        assert "aliases" in str(error) or "unknown key" in str(error)  # noqa: PT017 - which of both, by its size
    else:
        raise AssertionError("it was read")
