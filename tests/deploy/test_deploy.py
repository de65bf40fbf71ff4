"""`cbsnap deploy`, `--rollback` and `destroy` against the local cloud's API: plan, effect, and what stays."""

from __future__ import annotations

import base64
import zipfile
from datetime import datetime, timezone
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
import requests
from cbsnap.jobs.deploy import marked

from tests.deploy.checkout import SECRET

if TYPE_CHECKING:
    from tests.deploy.checkout import Checkout

NOTHING: dict[str, object] = {"functions": {}, "layers": []}


def test_what_the_file_says_is_there_afterwards_and_works(checkout: Checkout) -> None:
    ended = checkout.deploy()

    assert set(ended.actions().values()) == {"create"}
    assert checkout.answer() == ["one 1", "core 1", True, "1"]
    one = checkout.scf("GetFunction", FunctionName="small-one", Qualifier="$DEFAULT")
    two = checkout.scf("GetFunction", FunctionName="small-two", Qualifier="$DEFAULT")
    assert (one["Role"], one["MemorySize"], one["Timeout"]) == ("a-role", 128, 5)
    assert two["VpcConfig"] == {"VpcId": "vpc-1", "SubnetId": "subnet-1"}
    assert [each["LayerName"] for each in one["Layers"]] == ["small-core", "small-policies"]
    config = checkout.scf("GetFunctionEventInvokeConfig", FunctionName="small-two")["AsyncTriggerConfig"]
    assert config == {"RetryConfig": [{"RetryNum": 1}], "MsgTTL": 21600}
    timers = checkout.scf("ListTriggers", FunctionName="small-one")["Triggers"]
    assert {(each["Type"], each["Qualifier"]) for each in timers} == {
        ("timer", "$DEFAULT"),
        ("http", "$DEFAULT"),
    }


def test_a_second_run_has_nothing_to_do(checkout: Checkout) -> None:
    checkout.deploy()
    before = checkout.changes()

    ended = checkout.deploy()

    assert set(ended.actions().values()) == {"same"}
    assert not ended.value["done"]
    assert checkout.changes() == before


def test_a_change_of_policy_publishes_one_layer_and_points_the_functions_that_have_it(
    checkout: Checkout,
) -> None:
    checkout.deploy()
    before = checkout.changes()
    checkout.change("layers/policies/policies.yml", "0 2", "0 3")
    checkout.package()

    ended = checkout.deploy()

    assert ended.actions("layer") == {"small-core": "same", "small-policies": "update"}
    assert ended.actions("function") == {"small-one": "update", "small-two": "same"}
    assert checkout.changes()[len(before) :] == [
        "PublishLayerVersion",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
        "PublishVersion",
        "CreateAlias",
        "UpdateAlias",
    ]


def test_new_code_is_called_once_every_version_is_there(checkout: Checkout) -> None:
    checkout.deploy()
    checkout.change("functions/one/index.py", "one 1", "one 2")
    checkout.change("functions/two/index.py", "two 1", "two 2")
    checkout.package()

    checkout.deploy()

    changes = checkout.changes()
    assert checkout.answer()[0] == "one 2"
    last_version = len(changes) - changes[::-1].index("PublishVersion")
    assert changes.index("CreateAlias") >= last_version


def test_a_rollback_calls_the_version_before_and_no_older_one(checkout: Checkout) -> None:
    checkout.deploy()
    checkout.change("functions/one/index.py", "one 1", "one 2")
    checkout.package()
    checkout.deploy()
    assert checkout.answer()[0] == "one 2"

    ended = checkout.deploy("--rollback")

    assert ended.actions() == {"small-one": "update"}
    assert checkout.answer()[0] == "one 1"
    assert checkout.deploy("--rollback").value["plan"] == []
    assert checkout.answer()[0] == "one 1"


def test_a_rollback_leaves_alone_what_the_last_deployment_left_alone(checkout: Checkout) -> None:
    checkout.deploy()
    checkout.change("functions/two/index.py", "two 1", "two 2")
    checkout.package()
    checkout.deploy()
    checkout.change("functions/one/index.py", "one 1", "one 2")
    checkout.package()
    checkout.deploy()

    checkout.deploy("--rollback")

    assert checkout.answer()[0] == "one 1"
    assert checkout.scf("InvokeFunction", FunctionName="small-two")["Result"]["RetMsg"] == '"two 2"'


def test_a_release_comes_after_the_one_before_whatever_the_clock_says() -> None:
    before = marked(datetime(2026, 11, 22, 3, tzinfo=timezone.utc), "")

    assert before == "20261122T030000Z"
    assert marked(datetime(2026, 11, 22, 2, tzinfo=timezone.utc), before) == "20261122T030001Z"
    assert marked(datetime(2026, 11, 22, 4, tzinfo=timezone.utc), before) == "20261122T040000Z"


def test_what_was_rolled_back_can_be_deployed_again_without_anything_being_sent(checkout: Checkout) -> None:
    checkout.deploy()
    checkout.change("functions/one/index.py", "one 1", "one 2")
    checkout.package()
    checkout.deploy()
    checkout.deploy("--rollback")
    before = checkout.changes()

    checkout.deploy()

    assert checkout.answer()[0] == "one 2"
    assert set(checkout.changes()[len(before) :]) == {"UpdateAlias"}


def test_after_a_rollback_the_version_that_was_left_is_not_gone_back_to(checkout: Checkout) -> None:
    checkout.deploy()
    redeploy(checkout, "functions/one/index.py", "one 1", "one 2")
    checkout.deploy("--rollback")
    redeploy(checkout, "functions/one/index.py", "one 2", "one 3")
    assert checkout.answer()[0] == "one 3"

    checkout.deploy("--rollback")

    assert checkout.answer()[0] == "one 1"


def redeploy(checkout: Checkout, name: str, old: str, new: str) -> None:
    checkout.change(name, old, new)
    checkout.package()
    checkout.deploy()


def test_two_versions_are_kept_and_the_layers_that_they_have(checkout: Checkout) -> None:
    checkout.deploy()
    for number in (1, 2, 3):
        redeploy(checkout, "layers/core/of_core.py", f"core {number}", f"core {number + 1}")

    deployed = checkout.deployed()

    assert checkout.answer()[1] == "core 4"
    one = deployed["functions"]["ap-guangzhou/default/small-one"]
    assert one["versions"] == ["$LATEST", "3", "4"]
    assert one["aliases"] == {"$DEFAULT": "4", "cbsnap-previous": "3"}
    cores = [name for name in deployed["layers"] if "small-core" in name]
    assert cores == ["ap-guangzhou/small-core/3", "ap-guangzhou/small-core/4"]


def test_settings_that_are_taken_out_of_the_file_are_taken_away(checkout: Checkout) -> None:
    checkout.deploy()
    checkout.change("serverless.yml", "      vpc: {vpcId: vpc-1, subnetId: subnet-1}\n", "")
    checkout.change("serverless.yml", "role: a-role", "role: b-role")

    checkout.deploy()

    two = checkout.scf("GetFunction", FunctionName="small-two", Qualifier="$DEFAULT")
    assert two["VpcConfig"] == {"VpcId": "", "SubnetId": ""}
    assert checkout.scf("GetFunction", FunctionName="small-one", Qualifier="$DEFAULT")["Role"] == "b-role"
    assert set(checkout.deploy().actions().values()) == {"same"}


def test_a_timer_is_changed_and_one_that_left_the_file_is_deleted(checkout: Checkout) -> None:
    checkout.deploy()
    checkout.change("serverless.yml", "*/5", "*/7")
    changed = checkout.deploy()
    checkout.change("serverless.yml", "name: small-tick", "name: small-tock")

    replaced = checkout.deploy()

    assert changed.actions("timer") == {"small-one small-tick": "update"}
    assert replaced.actions("timer") == {"small-one small-tock": "create", "small-one small-tick": "delete"}
    (timer,) = timers(checkout)
    assert (timer["TriggerName"], timer["TriggerDesc"]) == ("small-tock", '{"cron": "0 */7 * * * * *"}')


def timers(checkout: Checkout) -> list[dict[str, str]]:
    found = checkout.scf("ListTriggers", FunctionName="small-one")["Triggers"]
    return [one for one in found if one["Type"] == "timer"]


def test_a_url_that_is_closed_keeps_its_address(checkout: Checkout) -> None:
    checkout.deploy()
    before = checkout.changes()
    checkout.change("serverless.yml", "{enableExtranet: true}", "{enableExtranet: false}")

    checkout.deploy()

    assert checkout.changes()[len(before) :] == ["UpdateTrigger"]
    assert requests.get(f"{checkout.url}/_local/url/small-one/", timeout=10).status_code == 404


def test_a_trigger_that_somebody_made_by_hand_stays_and_is_said(checkout: Checkout) -> None:
    checkout.deploy()
    by_hand = {"TriggerName": "mine", "Type": "timer", "TriggerDesc": "0 0 0 1 1 * *"}
    checkout.scf("CreateTrigger", FunctionName="small-one", **by_hand)

    ended = checkout.deploy()

    assert ended.actions("timer") == {"small-one small-tick": "same", "small-one mine": "left"}
    assert {one["TriggerName"] for one in timers(checkout)} == {"small-tick", "mine"}


def test_it_waits_for_what_takes_time(checkout: Checkout, slow: str) -> None:
    checkout.url = slow

    checkout.deploy()
    redeploy(checkout, "functions/one/index.py", "one 1", "one 2")

    assert checkout.answer()[0] == "one 2"


def test_a_function_of_somebody_else_with_our_name_ends_it_before_anything_is_done(
    checkout: Checkout,
) -> None:
    zipped = {"ZipFile": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="}  # an empty zip file
    checkout.scf("CreateFunction", FunctionName="small-two", Runtime="Python3.10", Code=zipped)
    before = checkout.deployed()

    ended = checkout.run("deploy", "--yes")

    assert ended.code == 3
    assert "small-two: a function of this name is there already" in ended.err
    assert "tag cbsnap:deployment=tests" in ended.err
    assert checkout.deployed() == before


def test_code_that_somebody_edited_in_the_console_is_not_published_as_ours(checkout: Checkout) -> None:
    checkout.deploy()
    edited = BytesIO()
    with zipfile.ZipFile(edited, "w") as archive:
        archive.writestr("index.py", "def main_handler(event, context):\n    return 'edited'\n")
    zipped = {"ZipFile": base64.b64encode(edited.getvalue()).decode()}
    checkout.scf("UpdateFunctionCode", FunctionName="small-one", Handler="index.main_handler", Code=zipped)
    checkout.change("serverless.yml", "timeout: 5", "timeout: 7")

    checkout.deploy()

    assert checkout.answer()[0] == "one 1"
    assert checkout.scf("GetFunction", FunctionName="small-one", Qualifier="$DEFAULT")["Timeout"] == 7


def test_what_was_pointed_elsewhere_by_hand_is_put_right(checkout: Checkout) -> None:
    checkout.deploy()
    checkout.scf("UpdateAlias", FunctionName="small-one", Name="$DEFAULT", FunctionVersion="$LATEST")
    (timer,) = timers(checkout)
    checkout.scf(
        "UpdateTrigger",
        **{key: timer[key] for key in ("TriggerName", "Type", "Qualifier", "TriggerDesc")},
        FunctionName="small-one",
        Enable="CLOSE",
    )

    ended = checkout.deploy()

    assert ended.actions()["small-one"] == "update"
    assert ended.actions("timer") == {"small-one small-tick": "update"}
    assert checkout.answer()[3] == "1"
    assert set(checkout.deploy().actions().values()) == {"same"}


@pytest.mark.parametrize("arguments", [("deploy",), ("deploy", "--rollback"), ("destroy",)])
def test_a_program_that_reads_json_has_to_agree_beforehand(
    checkout: Checkout, arguments: tuple[str, ...]
) -> None:
    checkout.deploy()
    redeploy(checkout, "functions/one/index.py", "one 1", "one 2")
    checkout.change("serverless.yml", "timeout: 5", "timeout: 7")
    before = checkout.deployed()

    ended = checkout.run(*arguments, "--json")

    assert (ended.code, "--json shows no plan" in ended.err) == (4, True)
    assert checkout.deployed() == before


def test_nothing_is_done_where_nobody_can_be_asked(checkout: Checkout) -> None:
    ended = checkout.run("deploy")

    assert ended.code == 4
    assert "small-one" in ended.out
    assert checkout.deployed() == NOTHING


def test_a_dry_run_shows_and_changes_nothing(checkout: Checkout) -> None:
    ended = checkout.run("deploy", "--dry-run", "--json")

    assert (ended.code, ended.value["done"]) == (0, False)
    assert checkout.changes() == []


def test_no_secret_is_told(checkout: Checkout) -> None:
    told = [checkout.run("deploy", "--dry-run"), checkout.run("deploy", "--yes")]
    checkout.environment["WORD"] = SECRET + "-2"
    told += [checkout.run("deploy", "--dry-run"), checkout.run("deploy", "--yes", "--json")]
    checkout.change("serverless.yml", "timeout: 5", "timeout: 5000")
    told += [checkout.run("deploy", "--yes")]

    assert [one.code for one in told] == [0, 0, 0, 0, 3]
    assert "environment WORD" in told[2].out
    assert SECRET not in "".join(one.out + one.err for one in told)
    shown = checkout.scf("GetFunction", FunctionName="small-one", Qualifier="$DEFAULT")
    assert SECRET not in shown["Description"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("functions/one/index.py", "one 1", "one 2"),
            "small-one is older than functions/one: run make package",
        ),
        (("layers/policies/policies.yml", "{tags: {a: b}}", "7"), "policies.all.select"),
        (("serverless.yml", "timeout: 5", "timeout: 901"), "serverless.yml:14: inputs.functions.one.timeout"),
        (("serverless.yml", "${env:WORD}", "${env:OTHER}"), "OTHER is not set: export it"),
        (("serverless.yml", "small-core}, {", "small-other}, {"), "has no package of small-other"),
        (
            ("serverless.yml", "key: WORD", "key: CBSNAP_MASTER_KEY"),
            "CBSNAP_MASTER_KEY: must be 64 hex digits",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_cure(
    checkout: Checkout, change: tuple[str, str, str], message: str
) -> None:
    checkout.change(*change)

    ended = checkout.run("deploy", "--yes")

    assert ended.code == 3
    assert message in ended.err
    assert checkout.deployed() == NOTHING


def test_without_packages_it_says_how_to_make_them(checkout: Checkout) -> None:
    (checkout.root / "dist/manifest.json").unlink()

    ended = checkout.run("deploy", "--yes")

    assert (ended.code, "run make package" in ended.err) == (3, True)


def test_a_package_that_was_tampered_with_is_not_deployed(checkout: Checkout) -> None:
    (checkout.root / "dist/layers/small-core.zip").write_bytes(b"something else")

    ended = checkout.run("deploy", "--yes")

    assert ended.code == 3
    assert "layers/small-core.zip was changed after it was made" in ended.err
    assert checkout.deployed() == NOTHING


@pytest.mark.parametrize(
    ("action", "code", "told"),
    [
        (
            "CreateFunction",
            "ResourceNotFound.Role",
            ("function small-one", "role: make it first, with its policy of docs/cam"),
        ),
        (
            "PublishLayerVersion",
            "LimitExceeded.LayerVersions",
            ("layer small-core", "layers: delete versions of this layer that no function has"),
        ),
    ],
)
def test_a_refusal_names_the_field_and_the_cure(
    checkout: Checkout, action: str, code: str, told: tuple[str, str]
) -> None:
    fault = {"kind": "error", "action": action, "code": code}
    requests.post(f"{checkout.url}/_local/faults", json=[fault], timeout=10).raise_for_status()

    ended = checkout.run("deploy", "--yes")

    assert ended.code == 3
    assert [words for words in told if words not in ended.err] == []


def test_destroy_removes_what_was_made_and_nothing_else(checkout: Checkout) -> None:
    zipped = {"ZipFile": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="}
    checkout.scf("CreateFunction", FunctionName="cbsnap-mine", Runtime="Python3.10", Code=zipped)
    checkout.scf(
        "PublishLayerVersion", LayerName="cbsnap-x", CompatibleRuntimes=["Python3.10"], Content=zipped
    )
    before = checkout.deployed()
    checkout.deploy()
    redeploy(checkout, "functions/one/index.py", "one 1", "one 2")

    ended = checkout.run("destroy", "--confirm", "tests", "--json")

    assert ended.code == 0
    assert ended.actions("function") == {"small-one": "delete", "small-two": "delete", "cbsnap-mine": "left"}
    assert ended.actions("layer") == {"cbsnap-x": "left"}
    assert ended.actions("URL") == {"small-one url-trigger": "delete"}
    assert checkout.deployed() == before
    assert checkout.run("destroy", "--confirm", "tests", "--json").value["done"] is False


def test_destroy_leaves_a_layers_version_that_somebody_else_published(checkout: Checkout) -> None:
    checkout.deploy()
    zipped = {"ZipFile": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="}
    checkout.scf(
        "PublishLayerVersion", LayerName="small-core", CompatibleRuntimes=["Python3.10"], Content=zipped
    )

    ended = checkout.run("destroy", "--confirm", "tests", "--json")

    assert ended.actions("layer version")["small-core 2"] == "left"
    assert checkout.deployed() == {"functions": {}, "layers": ["ap-guangzhou/small-core/2"]}


@pytest.mark.parametrize("arguments", [(), ("--confirm", "prod"), ("--dry-run",)])
def test_destroy_does_nothing_without_the_deployments_name(
    checkout: Checkout, arguments: tuple[str, ...]
) -> None:
    checkout.deploy()
    before = checkout.deployed()

    ended = checkout.run("destroy", *arguments)

    assert ended.code == (0 if arguments == ("--dry-run",) else 4)
    assert "small-one" in ended.out
    assert checkout.deployed() == before


def test_destroy_needs_no_secret(checkout: Checkout) -> None:
    checkout.deploy()
    checkout.environment.clear()

    assert checkout.run("destroy", "--confirm", "tests").code == 0
    assert checkout.deployed() == NOTHING


def test_a_second_file_has_its_own_region_and_is_removed_by_itself(checkout: Checkout) -> None:
    text = (checkout.root / "serverless.yml").read_text()
    (checkout.root / "second.yml").write_text(text.replace("ap-guangzhou", "ap-shanghai"))
    second = ("--file", str(checkout.root / "second.yml"))
    checkout.deploy()
    first = checkout.deployed()

    checkout.deploy(*second)

    assert "ap-shanghai/default/small-two" in checkout.deployed()["functions"]
    assert set(checkout.deploy(*second).actions().values()) == {"same"}
    assert checkout.run("destroy", "--confirm", "tests", *second).code == 0
    assert checkout.deployed() == first
