"""A policy file becomes a plan, or every mistake in it is told with its line and what is right."""

import json
import re
from datetime import date, timedelta

import pytest
from cbsnap.errors import InputError, PolicyFileError
from cbsnap.model import (
    Copying,
    Drilling,
    EventRule,
    Grouping,
    Keep,
    Label,
    OnFailure,
    Plan,
    Policy,
    Quiesce,
    QuotaLimits,
    Selection,
    Sharing,
    Target,
    Thaw,
    Wording,
)
from cbsnap.policyfile import parse
from hypothesis import given
from hypothesis import strategies as st

WHOLE = """
version: 1
deployment: prod
time_zone: Europe/Berlin
targets: [{region: ap-guangzhou}, {region: eu-frankfurt}]
quota: {region: 500, disk: 70}
agent: {port: 7000}
notify: {ops: "json://${HOOK}"}
templates: {ops: {title: "{open} of {deployment}", line: "{trouble}: {{x}} {reason}"}}
heartbeat: https://beat.example/1
policies:
  orders-db:
    select:
      disks: [disk-1a2b3c4d]
      instances: [ins-1]
      tags: {app: orders, tier: [db, web]}
      usage: data
      zones: [ap-guangzhou-6]
      attached: true
      exclude: {usage: system, tags: {"on": "off"}}
    group: instance
    schedule: "30 3 * * 1-5"
    window: 2h
    time_zone: Asia/Tokyo
    quiesce: {plan: mysql, on_failure: crash, tries: 3, ttl: 20s, budget: 2m, thaw: visible}
    keep: {last: 1, hourly: 2, daily: 3, weekly: 4, monthly: 5, yearly: 6, within: 30d}
    good: application
    lesser_for: 5d
    fuse: 20
    coverage: 26h
    notify: ops
    copy: [{region: ap-singapore, keep: {weekly: 2}}]
    share: [{account: "100000000002", lasting: 3d}]
  second:
    select: {all: true, exclude: {attached: false}}
events:
  host-ill:
    match:
      source: cvm.cloud.tencent
      type: ["cvm:*", "cdb:*"]
      subject: "ins-*"
      tags: {app: orders}
      data: {requestParameters.Mode: [full, "5"]}
    policy: second
    disks: subject
    region: eu-frankfurt
    apart: 2h
"""


def policy(body: str) -> str:
    return f"policies:\n  orders-db:\n    select: {{attached: true}}\n{body}"


def problems(text: str) -> list[str]:
    with pytest.raises(PolicyFileError) as caught:
        parse(text, "policies.yml")
    assert isinstance(caught.value, InputError)
    return [str(problem) for problem in caught.value.problems]


def test_every_key_reaches_the_plan() -> None:
    plan = parse(WHOLE, "policies.yml")

    assert plan == Plan(
        deployment="prod",
        targets=(Target("ap-guangzhou"), Target("eu-frankfurt")),
        policies=(
            Policy(
                name="orders-db",
                select=Selection(
                    disks=frozenset({"disk-1a2b3c4d"}),
                    instances=frozenset({"ins-1"}),
                    tags={"app": frozenset({"orders"}), "tier": frozenset({"db", "web"})},
                    usage="DATA_DISK",
                    zones=frozenset({"ap-guangzhou-6"}),
                    attached=True,
                    exclude=Selection(usage="SYSTEM_DISK", tags={"on": frozenset({"off"})}),
                ),
                schedule="30 3 * * 1-5",
                time_zone="Asia/Tokyo",
                window=timedelta(hours=2),
                keep=Keep(1, 2, 3, 4, 5, 6, timedelta(days=30)),
                group=Grouping.INSTANCE,
                quiesce=Quiesce("mysql", OnFailure.CRASH, 3, 20, 120, Thaw.VISIBLE),
                good=Label.APPLICATION,
                lesser_for=timedelta(days=5),
                fuse_percent=20,
                coverage=timedelta(hours=26),
                notify="ops",
                copy=(Copying("ap-singapore", Keep(weekly=2)),),
                share=(Sharing("100000000002", timedelta(days=3)),),
            ),
            Policy(
                name="second",
                select=Selection(exclude=Selection(attached=False)),
                schedule="0 2 * * *",
                time_zone="Europe/Berlin",
                window=timedelta(hours=1),
                keep=Keep(last=3, daily=7),
            ),
        ),
        quota=QuotaLimits(500, 70),
        agent_port=7000,
        notify={"ops": "json://${HOOK}"},
        templates={"ops": Wording(title="{open} of {deployment}", line="{trouble}: {{x}} {reason}")},
        heartbeat="https://beat.example/1",
        time_zone="Europe/Berlin",
        events=(
            EventRule(
                "host-ill",
                source=("cvm.cloud.tencent",),
                type=("cvm:*", "cdb:*"),
                subject=("ins-*",),
                tags={"app": ("orders",)},
                data={"requestParameters.Mode": ("full", "5")},
                policy="second",
                disks=("subject",),
                region="eu-frankfurt",
                apart=timedelta(hours=2),
            ),
        ),
    )


def test_everything_has_a_default_but_the_selection() -> None:
    plan = parse("policies: {orders-db: {select: {tags: {app: orders}}}}", "policies.yml")

    assert plan == Plan(
        deployment="default",
        targets=(),
        policies=(
            Policy(
                name="orders-db",
                select=Selection(tags={"app": frozenset({"orders"})}),
                schedule="0 2 * * *",
                time_zone="Asia/Shanghai",
                window=timedelta(hours=1),
                keep=Keep(last=3, daily=7),
            ),
        ),
    )


def test_a_quiesce_section_has_the_cores_defaults() -> None:
    plan = parse(policy("    quiesce: {plan: mysql}"), "policies.yml")

    assert plan.policies[0].quiesce == Quiesce("mysql")


@pytest.mark.parametrize(
    ("more", "good"),
    [
        ("", Label.CRASH),
        ("    quiesce: {plan: mysql}", Label.FILESYSTEM),
        ("    quiesce: {plan: mysql}\n    good: clean", Label.CLEAN),
    ],
)
def test_what_is_good_follows_from_the_plan_unless_it_is_said(more: str, good: Label) -> None:
    plan = parse(policy(more), "policies.yml")

    assert plan.policies[0].good is good


def test_the_rules_of_keep_that_are_given_replace_the_default_ones() -> None:
    plan = parse(policy("    keep: {weekly: 4}"), "policies.yml")

    assert plan.policies[0].keep == Keep(weekly=4)


def test_a_section_that_is_shared_by_an_alias_is_read_twice() -> None:
    plan = parse("policies:\n  one1: {select: &all {all: true}}\n  two2: {select: *all}", "policies.yml")

    assert [one.name for one in plan.policies] == ["one1", "two2"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("version: 2\n" + policy(""), "1: version: must be 1, not 2"),
        (policy("    shedule: x"), "4: policies.orders-db.shedule: unknown key; did you mean schedule?"),
        (
            policy("    keep: {dayly: 7}"),
            "4: policies.orders-db.keep.dayly: unknown key; did you mean daily?",
        ),
        (
            policy("    qqq: 1"),
            (
                "4: policies.orders-db.qqq: unknown key; known are "
                "select, group, schedule, window, time_zone, quiesce, keep, "
                "good, lesser_for, fuse, coverage, notify, copy, share, "
                "max_held, one_at_a_time, jitter, skip_dates, paused, make_room, drill"
            ),
        ),
        (
            policy("    <<: {group: disk}"),
            "4: policies.orders-db.<<: merge keys are not read: write the keys out",
        ),
        ("policies: {orders-db: {}}", "1: policies.orders-db.select: is missing, and has no default"),
        ("deployment: x", "1: policies: is missing, and has no default"),
        ("policies: {}", "1: policies: is empty: write what belongs here, or leave the key out"),
        ("- policies", "1: must be a mapping of keys to values, not ['policies']"),
        ("policies: {orders-db: [1]}", "1: policies.orders-db: must be a mapping of keys to values, not [1]"),
        ("policies: [1]", "1: policies: must be a mapping of keys to values, not [1]"),
        ("targets: x\n" + policy(""), "1: targets: must be a list, such as [a, b], not 'x'"),
        ("targets: []\n" + policy(""), "1: targets: is empty: write what belongs here, or leave the key out"),
        ("agent: {port: 70000}\n" + policy(""), "1: agent.port: must be at most 65535, not 70000"),
        ('agent: {port: "1"}\n' + policy(""), "1: agent.port: must be a whole number, not '1'"),
        ("quota: {disk: 0}\n" + policy(""), "1: quota.disk: must be at least 1, not 0"),
        ("quota: {disk: true}\n" + policy(""), "1: quota.disk: must be a whole number, not True"),
        (
            "targets:\n- region: ap-guangzhou\n- region: Guangzhou\n" + policy(""),
            "3: targets[1].region: 'Guangzhou' is none; one looks like ap-guangzhou",
        ),
        (
            "targets:\n- region: ap-guangzhou\n- region: ap-guangzhou\n" + policy(""),
            "3: targets[1]: ap-guangzhou is given twice: keep one of them",
        ),
        (
            policy("    group: host"),
            (
                "4: policies.orders-db.group: must be disk, instance, all or tag:<key>, such as tag:app, "
                "not 'host'"
            ),
        ),
        (policy("    schedule: 7"), "4: policies.orders-db.schedule: must be text, not 7: put it in quotes"),
        (
            policy("    keep: {}"),
            "4: policies.orders-db.keep: keeps nothing: set a rule above 0, such as {last: 3, daily: 7}",
        ),
        (
            policy("    keep: {last: 0, within: 0d}"),
            "4: policies.orders-db.keep: keeps nothing: set a rule above 0, such as {last: 3, daily: 7}",
        ),
        (policy("    keep: {last: -1}"), "4: policies.orders-db.keep.last: must be at least 0, not -1"),
        (
            "targets: [{region: ap-guangzhou}]\n" + policy("    copy: [{region: ap-guangzhou}]"),
            "5: policies.orders-db.copy[0].region: all disks are in ap-guangzhou already",
        ),
        (
            policy("    notify: ops"),
            "4: policies.orders-db.notify: no ops in the file's notify, which has none",
        ),
        (
            "notify: {ops: a}\ntemplates:\n  ops:\n    line: '{disk} is {trouble}'\n" + policy(""),
            (
                "4: templates.ops.line: {disk} is no placeholder here; there are {trouble}, {subject}, "
                "{policy}, {of_policy}, {region}, {reason}"
            ),
        ),
        (
            "notify: {ops: a}\ntemplates: {ops: {title: '{open.__class__}'}}\n" + policy(""),
            (
                "2: templates.ops.title: {open.__class__} is no placeholder here; there are {deployment}, "
                "{open}, {new}, {over}, {unchanged}"
            ),
        ),
        (
            "notify: {ops: a}\ntemplates: {ops: {new: '{open:>9}'}}\n" + policy(""),
            (
                "2: templates.ops.new: {open:>9} is no placeholder here; there are {deployment}, {open}, "
                "{new}, {over}, {unchanged}"
            ),
        ),
        (
            "notify: {ops: a}\ntemplates: {ops: {over: 'over }'}}\n" + policy(""),
            (
                "2: templates.ops.over: 'over }' cannot be read (Single '}' encountered in format string): "
                "write {{ and }} for braces that are meant as such"
            ),
        ),
        (
            "notify: {ops: a}\ntemplates: {dev: {new: News}}\n" + policy(""),
            "2: templates.dev: no dev in the file's notify, which has ops",
        ),
        ("notify: {Ops: a}\n" + policy(""), "1: notify.Ops: 'Ops' is none; one looks like ops"),
        (
            "notify: {ops: a}\ntemplates: {ops: {titel: x}}\n" + policy(""),
            "2: templates.ops.titel: unknown key; did you mean title?",
        ),
        (
            policy("    keep: {daily: 64}"),
            (
                "4: policies.orders-db.keep.daily: 64 leaves no room for the next one: "
                "a disk has at most 64 snapshots (quota.disk)"
            ),
        ),
        (
            policy("    window: 90"),
            (
                "4: policies.orders-db.window: 90 is no duration: "
                "write a number and a unit, such as 30s, 90m, 2h or 30d"
            ),
        ),
        (policy("    window: 8d"), "4: policies.orders-db.window: must be between 10m and 7d"),
        (
            policy("    quiesce: {}"),
            (
                "4: policies.orders-db.quiesce: needs a plan of the hosts, such as {plan: mysql}, "
                "or else {stop: instance}"
            ),
        ),
        (
            policy("    quiesce:"),
            "4: policies.orders-db.quiesce: has no value: write one, or leave the key out",
        ),
        (
            policy("    quiesce: {plan: mysql, transport: tat, ttl: 29s}"),
            (
                "4: policies.orders-db.quiesce: ttl must be 30s at least with transport: tat, "
                "whose commands take seconds to arrive"
            ),
        ),
        (
            policy("    quiesce: {plan: mysql, ttl: 61s}"),
            "4: policies.orders-db.quiesce.ttl: must be between 10s and 60s",
        ),
        (
            "policies:\n  orders-db:\n    select: {attached: false}\n    quiesce: {plan: mysql}",
            (
                "4: policies.orders-db.quiesce: an unattached disk has no host to hold: "
                "leave out quiesce, or attached: false"
            ),
        ),
        (
            "policies:\n  orders-db: {select: {tags: {cbsnap: on}}}",
            (
                "2: policies.orders-db.select.tags.cbsnap: must be text or a list of texts: "
                'put it in quotes, as in "on" (YAML reads on as true)'
            ),
        ),
        (
            "policies:\n  orders-db: {select: {tags: {cbsnap: [a, 1]}}}",
            "2: policies.orders-db.select.tags.cbsnap[1]: must be text, not 1: put it in quotes",
        ),
        (
            "policies:\n  a-policy-of-28-characters-ok: {select: {disks: [disk-1a2b3c4d5]}}",
            (
                "2: policies.a-policy-of-28-characters-ok.select.disks: 'disk-1a2b3c4d5' makes "
                "a snapshot name of 61 characters, 60 at most: shorten the policy's name"
            ),
        ),
    ],
)
def test_a_mistake_is_told_with_line_key_and_what_is_right(text: str, expected: str) -> None:
    assert problems(text) == [expected]


@pytest.mark.parametrize(
    "selection",
    ["{}", "{all: false}", "{exclude: {usage: system}}"],
)
def test_a_selection_of_everything_must_be_said(selection: str) -> None:
    assert problems(f"policies:\n  orders-db: {{select: {selection}}}") == [
        "2: policies.orders-db.select: has no condition: give one, such as {usage: data}, or all: true"
    ]


def test_all_disks_and_a_condition_contradict_each_other() -> None:
    assert problems("policies:\n  orders-db: {select: {all: true, usage: data}}") == [
        "2: policies.orders-db.select: all: true takes every disk: leave it out, or the other conditions"
    ]


def test_an_exclusion_without_a_condition_is_refused() -> None:
    assert problems("policies:\n  orders-db: {select: {all: true, exclude: {}}}") == [
        "2: policies.orders-db.select.exclude: leaves out every disk: give a condition"
    ]


@pytest.mark.parametrize("key", ["disks", "instances", "zones", "tags"])
def test_an_empty_list_does_not_mean_every_disk(key: str) -> None:
    empty = "{}" if key == "tags" else "[]"

    assert problems(f"policies:\n  orders-db: {{select: {{usage: data, {key}: {empty}}}}}") == [
        f"2: policies.orders-db.select.{key}: is empty: write what belongs here, or leave the key out"
    ]


@pytest.mark.parametrize("key", ["disks", "instances", "zones", "tags", "usage", "attached", "exclude"])
def test_a_key_without_a_value_does_not_widen_the_selection(key: str) -> None:
    [problem] = problems(f"policies:\n  orders-db:\n    select:\n      all: true\n      {key}:")

    assert problem == f"5: policies.orders-db.select.{key}: has no value: write one, or leave the key out"


def test_a_bad_cron_is_told_with_the_fields_ranges() -> None:
    [problem] = problems(policy("    schedule: 61 2 * * *"))

    assert problem.startswith("4: policies.orders-db.schedule: '61 2 * * *': bad minute; minute 0-59")


def test_a_date_that_never_comes_is_refused() -> None:
    [problem] = problems(policy("    schedule: 0 2 30 2 *"))

    assert problem.startswith("4: policies.orders-db.schedule: ")


def test_an_unknown_zone_is_told_with_the_nearest() -> None:
    assert problems("time_zone: Asia/Shangai\n" + policy("    time_zone: Europe/Belrin")) == [
        "1: time_zone: 'Asia/Shangai' is not a time zone; did you mean Asia/Shanghai?",
        "5: policies.orders-db.time_zone: 'Europe/Belrin' is not a time zone; did you mean Europe/Berlin?",
    ]


@pytest.mark.parametrize("name", ["A", "1st", "orders_db", "a" * 29, "a"])
def test_a_policy_name_that_cannot_stand_in_a_snapshots_name_is_refused(name: str) -> None:
    [problem] = problems(f"policies:\n  {name}: {{select: {{all: true}}}}")

    assert problem.startswith(f"2: policies.{name}: '{name}' cannot stand in a snapshot's name")


def test_two_policies_of_one_name_are_told_with_both_lines() -> None:
    text = "policies:\n  one1: {select: {all: true}}\n  one1: {select: {all: true}}\n"

    assert problems(text) == ["3: policies.one1: given twice, first on line 2: keep one of them"]


def test_all_mistakes_are_told_at_once_in_the_files_order() -> None:
    text = "policies:\n  one1:\n    select: {all: true}\n    select: 1\n    group: x\nquota: {x: 1}\nz: 1\n"

    assert [line.split(":")[0] for line in problems(text)] == ["4", "5", "6", "7"]


def test_the_message_names_the_file_on_every_line() -> None:
    with pytest.raises(PolicyFileError) as caught:
        parse("z: 1", "my.yml")

    assert str(caught.value) == (
        "my.yml:1: policies: is missing, and has no default\n"
        "my.yml:1: z: unknown key; known are version, deployment, time_zone, targets, quota, agent, "
        "notify, templates, heartbeat, policies, events"
    )


def documents() -> st.SearchStrategy[object]:
    """Return values of any shape under known keys, so that most mistakes lie deep inside."""
    keys = st.sampled_from([*re.findall(r"([a-z_-]+):", WHOLE), "all", "<<", "[key]", "Bad"])
    leaves = (
        st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["1h", "disk-1", "x", ""])
    )
    return st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=30)


@given(
    documents(),
    st.sampled_from(["", "quota", "targets", "policies", "policies.one1", "policies.one1.select"]),
)
def test_any_shape_under_known_keys_is_a_plan_or_an_error_with_problems(value: object, below: str) -> None:
    for key in reversed(below.split(".")):
        value = {key: value} if key else value

    try:
        found: object = parse(json.dumps(value), "policies.yml")
    except PolicyFileError as error:
        found = error.problems

    assert found


@pytest.mark.parametrize(
    ("notify", "problem"),
    [
        ('{OPS: "json://a"}', "'OPS' is none; one looks like ops"),
        ("{ops: {a: 1}}", "must be text, not {'a': 1}: put it in quotes"),
    ],
)
def test_a_wrong_name_or_address_to_tell_is_named(notify: str, problem: str) -> None:
    with pytest.raises(PolicyFileError) as wrong:
        parse(f"version: 1\nnotify: {notify}\n", "policies.yml")

    assert problem in str(wrong.value)


@given(st.text() | st.text("{}[]:,-&*!|>'\"#%@\t\n ab1"))
def test_any_text_is_a_plan_or_an_error_with_problems(text: str) -> None:
    try:
        found: object = parse(text, "policies.yml")
    except PolicyFileError as error:
        found = error.problems

    assert found


def test_how_a_run_is_paced_reaches_the_plan() -> None:
    text = (
        "policies:\n  orders-db:\n    select: {usage: data}\n    max_held: 3\n    jitter: 10m\n"
        "    skip_dates: [2026-11-11, '2026-12-24']\n    paused: true\n"
        "targets:\n  - {region: ap-guangzhou, role: 'qcs::cam::uin/1:roleName/r', "
        "external_id: e-1, worker: w-1}\n"
    )

    plan = parse(text, "policies.yml")

    (policy,) = plan.policies
    assert (policy.max_held, policy.jitter, policy.paused) == (3, timedelta(minutes=10), True)
    assert policy.skip_dates == {date(2026, 11, 11), date(2026, 12, 24)}
    assert plan.targets == (Target("ap-guangzhou", "qcs::cam::uin/1:roleName/r", "e-1", "w-1"),)


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("{region: ap-guangzhou, external_id: x1}", "has an external_id and no role"),
        ("{region: ap-guangzhou, role: admin}", "targets[0].role"),
        ("{region: ap-guangzhou, worker: 'a b'}", "targets[0].worker"),
    ],
)
def test_a_target_that_cannot_be_meant_is_told(target: str, told: str) -> None:
    (problem,) = problems(f"targets: [{target}]\npolicies: {{orders-db: {{select: {{usage: data}}}}}}\n")

    assert told in problem


def test_a_day_that_is_none_is_told() -> None:
    (problem,) = problems("policies:\n  orders-db:\n    select: {usage: data}\n    skip_dates: [tomorrow]\n")

    assert problem.startswith("4: policies.orders-db.skip_dates[0]: 'tomorrow' is no day")


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("{policy: orders-db}", "events.x.match: is missing, and has no default"),
        ("{match: {}, disks: subject}", "events.x.match: has no condition: give one"),
        ("{match: {type: a}}", "events.x: takes nothing: name a policy, or the fields with disks"),
        ("{match: {typ: a}, disks: subject}", "events.x.match.typ: unknown key; did you mean type?"),
        ("{match: {type: ''}, disks: subject}", "events.x.match.type[0]: is empty"),
        (
            "{match: {data: {a..b: c}}, disks: data}",
            "events.x.match.data.a..b: 'a..b' is none; one looks like",
        ),
        (
            "{match: {type: a}, disks: [data.x, tags]}",
            "events.x.disks[1]: 'tags' is none; one looks like subject",
        ),
        ("{match: {type: a}, policy: orders}", "events.x.policy: no policy orders; there are orders-db"),
        (
            "{match: {type: a}, disks: data, region: ap-x}",
            "events.x.region: ap-x is no target; there are ap-y",
        ),
        ("{match: {type: a}, disks: data, apart: 1s}", "events.x.apart: must be between 1m and 9999w"),
    ],
)
def test_a_wrong_rule_for_events_is_told(rule: str, told: str) -> None:
    (problem,) = problems(policy(f"targets: [{{region: ap-y}}]\nevents:\n  x: {rule}\n"))

    assert told in problem


@pytest.mark.parametrize("text", ["notify: {OPS: a}", "events: {OPS: {match: {type: a}, disks: data}}"])
def test_a_wrong_name_of_a_rule_or_an_address_is_told(text: str) -> None:
    (problem,) = problems(policy(text))

    assert "OPS: 'OPS' is none; one looks like" in problem


TWO_LASTING = "[{account: '100000000002', lasting: 7d}, {account: '100000000002', lasting: 1d}]"
MANY = ", ".join(f"{{account: '{100_000_000_000 + number}'}}" for number in range(51))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"share: {TWO_LASTING}", "share[1].account: 100000000002 is given twice"),
        (f"share: [{MANY}]", "share: "),
        (
            "copy: [{region: ap-tokyo}, {region: ap-tokyo, keep: {last: 1}}]",
            "copy[1].region: ap-tokyo is given",
        ),
    ],
)
def test_two_rules_for_one_place_or_more_than_the_cloud_takes_are_told(line: str, told: str) -> None:
    (problem,) = problems(f"policies:\n  orders-db:\n    select: {{usage: data}}\n    {line}\n")

    assert f"policies.orders-db.{told}" in problem


DRILLED = "policies:\n  orders-db:\n    select: {{usage: data}}\n    drill: {}\n"


def test_a_drill_has_defaults_for_all_but_its_instance() -> None:
    (policy,) = parse(DRILLED.format("{instance: ins-1}"), "policies.yml").policies

    assert policy.drill == Drilling("ins-1", "0 5 * * 0", timedelta(hours=4), max_gib=500)


@pytest.mark.parametrize(
    ("drill", "targets", "told"),
    [
        ("{}", "", "drill.instance"),
        ("{instance: i-1}", "", "drill.instance"),
        ("{instance: ins-1, max_gib: 5}", "", "drill.max_gib"),
        ("{instance: ins-1, window: 10m}", "", "drill.window: must be between 30m and 7d"),
        ("{instance: ins-1, schedule: daily}", "", "drill.schedule"),
        ("{instance: ins-1, checks: 'rm -rf'}", "", "drill.checks"),
        ("{instance: ins-1, command: reboot}", "", "drill.command: unknown key"),
        (
            "{instance: ins-1, region: ap-guangzhou, role: 'qcs::cam::uin/3:roleName/x'}",
            "[{region: ap-guangzhou}, {region: ap-guangzhou, role: 'qcs::cam::uin/2:roleName/x'}]",
            "drill.role: say whose the instance is",
        ),
        ("{instance: ins-1}", "[{region: a-b}, {region: a-c}]", "say the instance's region, one of a-b, a-c"),
        ("{instance: ins-1, region: a-d}", "[{region: a-b}]", "a-d is no target; targets are a-b"),
    ],
)
def test_a_drill_that_cannot_be_meant_is_told(drill: str, targets: str, told: str) -> None:
    (problem,) = problems(DRILLED.format(drill) + (f"targets: {targets}\n" if targets else ""))

    assert told in problem


@pytest.mark.parametrize("name", ["manual", "safety"])
def test_no_policy_has_the_name_of_snapshots_that_no_rules_may_delete(name: str) -> None:
    (problem,) = problems(f"version: 1\npolicies:\n  {name}:\n    select: {{disks: [disk-1]}}\n")

    assert f"{name} is the name of snapshots that no rules may delete" in problem


@pytest.mark.parametrize(
    ("quiesce", "ttl_s"),
    [
        ("{plan: mysql}", 30),
        ("{plan: mysql, transport: tat}", 60),
        ("{plan: mysql, transport: tat, ttl: 40s}", 40),
    ],
)
def test_the_time_to_live_matches_the_transport(quiesce: str, ttl_s: int) -> None:
    (found,) = parse(policy(f"    quiesce: {quiesce}"), "policies.yml").policies

    assert found.quiesce is not None
    assert found.quiesce.ttl_s == ttl_s
