"""What serverless.yml may say, and how its mistakes are told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cbsnap.deployment import Retrying, Trigger
from cbsnap.errors import PolicyFileError
from cbsnap.serverlessfile import parse

FILE = Path(__file__).parents[2] / "serverless.yml"
TEXT = FILE.read_text(encoding="utf-8")
SET = {"CBSNAP_MASTER_KEY": "of a host", "CBSNAP_API_TOKENS": "", "CBSNAP_NOTIFY_OPS": ""}
UNCOMMENTED = re.sub(r"^( +)#(?! )", r"\1", TEXT, flags=re.MULTILINE)
TIMER = "    - {type: timer, function: one, parameters: {name: tick, cronExpression: '0 0 * * * * *'}}\n"
SMALL = (
    """component: multi-scf
name: small
inputs:
  region: ap-guangzhou
  functions:
    one: {name: small-one, src: ./one}
  triggers:
"""
    + TIMER
)


def test_our_own_file_says_what_is_deployed() -> None:
    found = parse(TEXT, "serverless.yml", SET)

    functions = {one.name: one for one in found.functions}
    assert set(functions) == {
        "cbsnap-schedule", "cbsnap-snapshot", "cbsnap-maintain", "cbsnap-gateway", "cbsnap-events",
    }  # fmt: skip
    assert all(one.settings.role == name for name, one in functions.items())
    assert functions["cbsnap-snapshot"].settings.environment == {"CBSNAP_MASTER_KEY": "of a host"}
    assert "cbsnap-notify" not in functions["cbsnap-snapshot"].layers
    assert functions["cbsnap-schedule"].retrying == Retrying(2, 21600)
    tick = Trigger("timer", "cbsnap-tick", cron="0 */5 * * * * *")
    assert functions["cbsnap-schedule"].triggers == (tick,)


def test_all_that_our_own_file_has_in_comments_can_be_taken_but_for_the_vendors_triggers() -> None:
    with pytest.raises(PolicyFileError) as caught:
        parse(UNCOMMENTED, "serverless.yml", SET)

    assert [one.message.rpartition(": ")[2] for one in caught.value.problems] == [
        "cos is for the vendor's tool",
        "ckafka is for the vendor's tool",
        "cmq is for the vendor's tool",
    ]


def test_what_is_in_comments_means_what_it_says() -> None:
    text = re.sub(r"^    - type: (cos|ckafka|cmq).*\n(      .*\n)+", "", UNCOMMENTED, flags=re.MULTILINE)

    functions = {one.name: one for one in parse(text, "serverless.yml", SET).functions}

    assert functions["cbsnap-snapshot"].settings.network == ("vpc-…", "subnet-…")
    assert functions["cbsnap-snapshot-b"].settings.role == "cbsnap-snapshot"
    assert functions["cbsnap-schedule"].settings.dead_letter == ("topic", "cbsnap-dead", "")
    environment = functions["cbsnap-snapshot"].settings.environment
    assert environment["CBSNAP_API_DOMAIN"] == "internal.tencentcloudapi.com"


def test_without_an_environment_values_stay_as_they_stand() -> None:
    found = parse(TEXT, "serverless.yml", None)

    variables = {one.name: one.settings.environment for one in found.functions}
    assert variables["cbsnap-snapshot"] == {"CBSNAP_MASTER_KEY": "${env:CBSNAP_MASTER_KEY}"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("src: ./one}", "src: ./one, timeuot: 3}", "one.timeuot: unknown key; did you mean timeout?"),
        ("src: ./one}", "src: ./one, timeout: 901}", "6: inputs.functions.one.timeout: must be at most 900"),
        ("src: ./one}", "src: ./one, memorySize: 200}", "must be 64 or a multiple of 128, not 200"),
        ("src: ./one}", "src: ./one, retryNum: 3}", "functions.one.retryNum: must be at most 2, not 3"),
        ("src: ./one}", "src: ./one, vpc: {vpcId: v}}", "one.vpc.subnetId: is missing"),
        ("src: ./one}", 'src: ./one, description: "a-b"}', "is none; one looks like Plans what is due."),
        ("src: ./one}", "src: ./one, layers: [{name: aa}, {name: aa}]}", "aa is bound twice"),
        ("src: ./one}", "src: ./one, environments: [{key: SCF_A, value: a}]}", "SCF_A is the platform's own"),
        ("./one}", "./one, environments: [{key: A, value: '${env:NONE}'}]}", "NONE is not set: export it"),
        ("./one}", "./one, environments: [{key: A, value: '${output:x}'}]}", "write ${env:NAME}"),
        ("./one}", f"./one, environments: [{{key: A, value: {'x' * 5000}}}]}}", "a function takes 4096"),
        ("./one}", "./one}\n    two: {name: small-one, src: ./two}", "small-one is one's name already"),
        ("multi-scf", "scf", "1: component: must be 'multi-scf', not 'scf'"),
        ("function: one", "function: two", "8: inputs.triggers[0].function: there is no two; there are one"),
        ("0 0 * * * * *", "0 0 * * *", "is none; one looks like 0 */5 * * * * *"),
        ("name: tick, ", "", "8: inputs.triggers[0].parameters.name: is missing"),
        ("name: tick,", "name: tick, authType: NONE,", "does not belong to a trigger of type timer"),
        (TIMER, TIMER + TIMER, "9: inputs.triggers[1]: one has this trigger already"),
        ("'0 0 * * * * *'", "'0 0 * * * * *', qualifier: $LATEST", "must be '$DEFAULT', not '$LATEST'"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_what_would_be_right(old: str, new: str, message: str) -> None:
    with pytest.raises(PolicyFileError) as caught:
        parse(SMALL.replace(old, new), "serverless.yml", {})

    assert message in str(caught.value)


def test_a_value_that_was_filled_in_is_in_no_message() -> None:
    text = SMALL.replace(
        "src: ./one}", "src: ./one, role: '${env:ROLE}', environments: [{key: '${env:KEY}', value: a}]}"
    )

    with pytest.raises(PolicyFileError) as caught:
        parse(text, "serverless.yml", {"KEY": "a secret"})

    assert "a secret" not in str(caught.value)
    assert "6: inputs.functions.one.environments[0].key" in str(caught.value)
