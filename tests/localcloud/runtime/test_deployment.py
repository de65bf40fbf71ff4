"""Functions, layers, versions and triggers deployed through the vendor's own client."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import requests
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from localcloud.parameters import parameter_names
from localcloud.scf import SERVICE
from tests.localcloud.runtime.conftest import alive, eventually, running
from tests.localcloud.sdk_models import differences, shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.localcloud.runtime.conftest import Running

Caller = "Callable[..., dict[str, Any]]"
ONE = "def main_handler(event, context):\n    return [1, context['function_version']]\n"
TWO = ONE.replace("[1,", "[2,")


def zipped(**files: str) -> str:
    """Return a zip file as the API takes it; `a__b` is the file a.b."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "."), text)
    return base64.b64encode(packed.getvalue()).decode()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("empty")
    with running(None, folder / "ready", "--prefork", "--retry-interval", "0.05") as cloud:
        yield cloud


@pytest.fixture
def cloud(empty: Running) -> Running:
    requests.post(f"{empty.url}/_local/reset", timeout=10).raise_for_status()
    return empty


@pytest.fixture
def ask(cloud: Running) -> Callable[..., dict[str, Any]]:
    """Return a way to call an action by its name."""
    client = cloud.scf()

    def one(action: str, **parameters: object) -> dict[str, Any]:
        return dict(client.call_json(action, parameters)["Response"])

    return one


@pytest.fixture
def f(ask: Callable[..., dict[str, Any]]) -> str:
    """Deploy a function, and return its name."""
    ask(
        "CreateFunction",
        FunctionName="ff",
        Runtime="Python3.10",
        Handler="index.main_handler",
        Code={"ZipFile": zipped(index__py=ONE)},
    )
    return "ff"


def test_runs_what_was_uploaded(cloud: Running, f: str) -> None:
    assert cloud.result(f) == [1, "$LATEST"]


def test_new_code_takes_the_place_of_the_old(cloud: Running, ask: Callable[..., Any], f: str) -> None:
    old = cloud.record(cloud.invoke(f).FunctionRequestId)["attempts"][0]["pid"]

    ask("UpdateFunctionCode", FunctionName=f, ZipFile=zipped(index__py=TWO))

    assert cloud.result(f) == [2, "$LATEST"]
    eventually(lambda: not alive(old))
    assert len(requests.get(f"{cloud.url}/_local/state", timeout=10).json()["runtime"]["instances"]) == 1


def test_settings_reach_the_function(cloud: Running, ask: Callable[..., Any], f: str) -> None:
    code = "import os\ndef main_handler(e, c):\n    return [os.environ['A'], c['time_limit_in_ms']]\n"
    ask("UpdateFunctionCode", FunctionName=f, ZipFile=zipped(index__py=code))

    ask(
        "UpdateFunctionConfiguration",
        FunctionName=f,
        Timeout=7,
        Environment={"Variables": [{"Key": "A", "Value": "b"}]},
    )

    assert cloud.result(f) == ["b", 7000]


def test_a_published_version_never_changes(cloud: Running, ask: Callable[..., Any], f: str) -> None:
    version = ask("PublishVersion", FunctionName=f)["FunctionVersion"]

    ask("UpdateFunctionCode", FunctionName=f, ZipFile=zipped(index__py=TWO))

    assert json.loads(cloud.invoke(f, Qualifier=version).RetMsg) == [1, version]
    assert cloud.result(f) == [2, "$LATEST"]


def test_an_alias_stands_for_its_version(cloud: Running, ask: Callable[..., Any], f: str) -> None:
    ask("PublishVersion", FunctionName=f)
    ask("UpdateFunctionCode", FunctionName=f, ZipFile=zipped(index__py=TWO), Publish="TRUE")

    ask("CreateAlias", FunctionName=f, Name="prod", FunctionVersion="1")
    before = json.loads(cloud.invoke(f, Qualifier="prod").RetMsg)
    ask("UpdateAlias", FunctionName=f, Name="prod", FunctionVersion="2")
    after = json.loads(cloud.invoke(f, Qualifier="prod").RetMsg)

    assert (before, after) == ([1, "1"], [2, "2"])


def test_an_alias_sends_a_part_of_the_calls_elsewhere(
    cloud: Running, ask: Callable[..., Any], f: str
) -> None:
    ask("PublishVersion", FunctionName=f)
    ask("PublishVersion", FunctionName=f)
    routing = {"AdditionalVersionWeights": [{"Version": "2", "Weight": 0.5}]}

    ask("CreateAlias", FunctionName=f, Name="half", FunctionVersion="1", RoutingConfig=routing)

    taken = {json.loads(cloud.invoke(f, Qualifier="half").RetMsg)[1] for _ in range(60)}
    assert taken == {"1", "2"}


def test_layers_are_mounted_in_the_version_that_is_bound(
    cloud: Running, ask: Callable[..., Any], f: str
) -> None:
    for text in ("VALUE = 'first'\n", "VALUE = 'second'\n"):
        content = {"ZipFile": zipped(of_layer__py=text)}
        ask("PublishLayerVersion", LayerName="shared", CompatibleRuntimes=["Python3.10"], Content=content)
    code = "import of_layer\ndef main_handler(event, context):\n    return of_layer.VALUE\n"
    ask("UpdateFunctionCode", FunctionName=f, ZipFile=zipped(index__py=code))

    for version, value in ((1, "first"), (2, "second")):
        bound = [{"LayerName": "shared", "LayerVersion": version}]
        ask("UpdateFunctionConfiguration", FunctionName=f, Layers=bound)

        assert cloud.result(f) == value


def test_layers_that_clash_change_nothing(cloud: Running, ask: Callable[..., Any], f: str) -> None:
    bound = []
    for name in ("a", "b"):
        content = {"ZipFile": zipped(same__py=f"VALUE = '{name}'\n")}
        ask("PublishLayerVersion", LayerName=name, CompatibleRuntimes=["Python3.10"], Content=content)
        bound.append({"LayerName": name, "LayerVersion": 1})

    with pytest.raises(TencentCloudSDKException) as caught:
        ask("UpdateFunctionConfiguration", FunctionName=f, Layers=bound)

    assert caught.value.code == "InvalidParameterValue.Layers"
    assert "same.py" in str(caught.value)
    assert cloud.result(f) == [1, "$LATEST"]


def test_a_timer_fires_as_long_as_it_is_open(cloud: Running, ask: Callable[..., Any], f: str) -> None:
    made = ask(
        "CreateTrigger",
        FunctionName=f,
        TriggerName="tick",
        Type="timer",
        TriggerDesc='{"cron": "* * * * * * *"}',
        CustomArgument="now",
    )["TriggerInfo"]
    eventually(lambda: fired(cloud))

    ask("UpdateTriggerStatus", FunctionName=f, TriggerName="tick", Type="timer", Enable="CLOSE")

    assert (made["TriggerName"], made["Enable"]) == ("tick", 1)
    assert fired(cloud)[0]["event"]["Message"] == "now"
    (shown,) = ask("ListTriggers", FunctionName=f)["Triggers"]
    assert shown["Enable"] == 0


def fired(cloud: Running) -> list[dict[str, Any]]:
    found = requests.get(f"{cloud.url}/_local/invocations", {"function": "ff"}, timeout=10).json()
    return [each for each in found if each["type"] == "timer"]


def test_a_url_answers_once_it_is_made(cloud: Running, ask: Callable[..., Any], f: str) -> None:
    address = f"{cloud.url}/_local/url/{f}"
    before = requests.get(address, timeout=10)

    ask("CreateTrigger", FunctionName=f, TriggerName="url", Type="http", TriggerDesc='{"AuthType": "NONE"}')

    assert before.status_code == 404
    assert requests.get(address, timeout=10).json() == [1, "$LATEST"]


def test_retries_follow_the_functions_own_setting(cloud: Running, ask: Callable[..., Any], f: str) -> None:
    ask(
        "UpdateFunctionCode",
        FunctionName=f,
        ZipFile=zipped(index__py="def main_handler(e, c): return 1 / 0\n"),
    )
    config = {"RetryConfig": [{"RetryNum": 1}], "MsgTTL": 60}

    ask("UpdateFunctionEventInvokeConfig", FunctionName=f, AsyncTriggerConfig=config)

    request_id = cloud.invoke(f, InvocationType="Event").FunctionRequestId
    assert len(cloud.ended(request_id)["attempts"]) == 2
    status = ask("GetAsyncEventStatus", InvokeRequestId=request_id)["Result"]
    assert (status["Status"], status["StatusCode"]) == ("FAILED", 430)


def test_what_a_request_returned_can_be_asked_for(cloud: Running, ask: Callable[..., Any], f: str) -> None:
    request_id = cloud.invoke(f, InvocationType="Event").FunctionRequestId
    cloud.ended(request_id)

    (told,) = ask("GetRequestStatus", FunctionName=f, FunctionRequestId=request_id)["Data"]
    before = {"StartTime": "2020-01-01 00:00:00", "EndTime": "2020-01-02 00:00:00"}
    none = ask("GetRequestStatus", FunctionName=f, FunctionRequestId=request_id, **before)

    assert (told["RetCode"], json.loads(told["RetMsg"]), told["RetryNum"]) == (0, [1, "$LATEST"], 0)
    assert (none["TotalCount"], none["Data"]) == (0, [])


def test_a_dead_event_goes_to_the_dead_letter_queue(cloud: Running, ask: Callable[..., Any], f: str) -> None:
    ask("UpdateFunctionConfiguration", FunctionName=f, DeadLetterConfig={"Type": "CMQ-QUEUE", "Name": "lost"})
    ask(
        "UpdateFunctionCode",
        FunctionName=f,
        ZipFile=zipped(index__py="def main_handler(e, c): return 1 / 0\n"),
    )

    request_id = cloud.invoke(f, {"a": 1}, InvocationType="Event").FunctionRequestId

    record = cloud.ended(request_id)
    assert (record["state"], record["dead_letter"], record["event"]) == ("dead", "lost", {"a": 1})


@pytest.mark.parametrize(("gone", "status"), [("function", 435), ("alias", 442)])
def test_an_event_whose_function_is_deleted_meanwhile_dies(
    cloud: Running, ask: Callable[..., Any], f: str, gone: str, status: int
) -> None:
    ask(
        "UpdateFunctionCode",
        FunctionName=f,
        ZipFile=zipped(index__py="def main_handler(e, c): return 1 / 0\n"),
    )
    ask("CreateAlias", FunctionName=f, Name="prod", FunctionVersion="$LATEST")
    request_id = cloud.invoke(f, InvocationType="Event", Qualifier="prod").FunctionRequestId

    if gone == "function":
        ask("DeleteFunction", FunctionName=f)
    else:
        ask("DeleteAlias", FunctionName=f, Name="prod")

    record = cloud.ended(request_id)
    assert (record["state"], record["error"]["statusCode"]) == ("dead", status)


def test_reserved_memory_is_the_functions_most(cloud: Running, ask: Callable[..., Any], f: str) -> None:
    ask("PutReservedConcurrencyConfig", FunctionName=f, ReservedConcurrencyMem=64)

    told = json.loads(cloud.invoke(f).ErrMsg)

    assert told["errorMessage"] == "Function [ ff ] concurrency exceeded reserved quota 64 MB"
    ask("DeleteReservedConcurrencyConfig", FunctionName=f)
    assert cloud.result(f) == [1, "$LATEST"]


def test_the_log_service_has_what_a_function_printed(cloud: Running, ask: Callable[..., Any], f: str) -> None:
    code = "def main_handler(event, context):\n    print('one of mine')\n"
    ask("UpdateFunctionCode", FunctionName=f, ZipFile=zipped(index__py=code))
    ask("UpdateFunctionConfiguration", FunctionName=f, ClsTopicId="topic-1")
    cloud.invoke(f)
    request_id = cloud.invoke(f).FunctionRequestId

    log = CommonClient("cls", "2020-10-16", cloud.credential, "ap-guangzhou", cloud.profile())
    asked = {"TopicId": "topic-1", "From": 0, "To": 1 << 62, "Sort": "asc", "QueryString": request_id}
    found = log.call_json("SearchLog", asked)["Response"]["Results"]

    records = [json.loads(each["LogJson"]) for each in found]
    assert {each["SCF_RequestId"] for each in records} == {request_id}
    assert [each["SCF_Message"] for each in records if each["SCF_Type"] == "Custom"] == ["one of mine"]
    assert [each["SCF_Type"] for each in records] == ["Platform", "Custom", "Platform", "Platform"]


def test_a_deleted_function_is_gone(cloud: Running, ask: Callable[..., Any], f: str) -> None:
    cloud.result(f)

    ask("DeleteFunction", FunctionName=f)

    with pytest.raises(TencentCloudSDKException) as caught:
        cloud.invoke(f)
    assert caught.value.code == "ResourceNotFound.FunctionName"


def test_uploaded_code_cannot_be_written_by_anyone_but_root(
    cloud: Running, ask: Callable[..., Any], f: str
) -> None:
    code = "import os\ndef main_handler(e, c):\n    return os.stat(__file__).st_mode & 0o777\n"

    ask("UpdateFunctionCode", FunctionName=f, ZipFile=zipped(index__py=code))

    assert cloud.result(f) == 0o444


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("CreateFunction", {"FunctionName": "ff"}, "ResourceInUse.FunctionName"),
    ("CreateFunction", {"FunctionName": "1f"}, "InvalidParameterValue.FunctionName"),
    ("CreateFunction", {"FunctionName": "gg", "Runtime": "Php8"}, "InvalidParameterValue.Runtime"),
    ("CreateFunction", {"FunctionName": "gg", "Handler": "index"}, "InvalidParameterValue.Handler"),
    ("CreateFunction", {"FunctionName": "gg", "MemorySize": 100}, "InvalidParameterValue.MemorySize"),
    ("CreateFunction", {"FunctionName": "gg", "Timeout": 901}, "LimitExceeded.Timeout"),
    ("CreateFunction", {"FunctionName": "gg", "Namespace": "x"}, "ResourceNotFound.Namespace"),
    ("CreateFunction", {"FunctionName": "gg", "Code": {}}, "InvalidParameterValue.CodeSource"),
    (
        "CreateFunction",
        {"FunctionName": "gg", "Code": {"ZipFile": "%"}},
        "InvalidParameterValue.ZipFileBase64BinasciiError",
    ),
    ("CreateFunction", {"FunctionName": "gg", "Code": {"ZipFile": "abcd"}}, "InvalidParameterValue.ZipFile"),
    (
        "CreateFunction",
        {"FunctionName": "gg", "Code": {"ZipFile": zipped(**{"../up": ""})}},
        "InvalidParameterValue.ZipFile",
    ),
    (
        "CreateFunction",
        {"FunctionName": "gg", "Layers": [{"LayerName": "none", "LayerVersion": 1}]},
        "ResourceNotFound.LayerVersion",
    ),
    (
        "CreateFunction",
        {"FunctionName": "gg", "Environment": {"Variables": [{"Key": "SCF_X", "Value": "1"}]}},
        "InvalidParameterValue.EnvironmentSystemProtect",
    ),
    ("CreateFunction", {"FunctionName": "gg", "Description": "a-b"}, "InvalidParameterValue.Description"),
    ("GetFunction", {"FunctionName": "ff", "Qualifier": "9"}, "ResourceNotFound.Qualifier"),
    ("DeleteFunction", {"FunctionName": "ff", "Qualifier": "9"}, "ResourceNotFound.FunctionVersion"),
    (
        "CreateAlias",
        {"FunctionName": "ff", "Name": "a", "FunctionVersion": "9"},
        "ResourceNotFound.FunctionVersion",
    ),
    (
        "CreateAlias",
        {"FunctionName": "ff", "Name": "$DEFAULT", "FunctionVersion": "1"},
        "InvalidParameterValue.Name",
    ),
    ("GetAlias", {"FunctionName": "ff", "Name": "a"}, "ResourceNotFound.Alias"),
    ("ListLayerVersions", {"LayerName": "none"}, "ResourceNotFound.Layer"),
    ("DeleteLayerVersion", {"LayerName": "none", "LayerVersion": 1}, "ResourceNotFound.LayerVersion"),
    (
        "CreateTrigger",
        {"FunctionName": "ff", "TriggerName": "t", "Type": "timer", "TriggerDesc": "* * *"},
        "InvalidParameterValue.TriggerCronConfig",
    ),
    (
        "CreateTrigger",
        {"FunctionName": "ff", "TriggerName": "t", "Type": "cos"},
        "UnsupportedOperation.Trigger",
    ),
    (
        "DeleteTrigger",
        {"FunctionName": "ff", "TriggerName": "t", "Type": "timer"},
        "ResourceNotFound.Trigger",
    ),
    (
        "UpdateFunctionEventInvokeConfig",
        {"FunctionName": "ff", "AsyncTriggerConfig": {"RetryConfig": [{"RetryNum": 3}], "MsgTTL": 60}},
        "LimitExceeded.RetryNum",
    ),
    (
        "UpdateFunctionEventInvokeConfig",
        {"FunctionName": "ff", "AsyncTriggerConfig": {"RetryConfig": [], "MsgTTL": 30_000}},
        "LimitExceeded.MsgTTL",
    ),
    ("GetAsyncEventStatus", {"InvokeRequestId": "none"}, "ResourceNotFound.AsyncEvent"),
    (
        "PutReservedConcurrencyConfig",
        {"FunctionName": "ff", "ReservedConcurrencyMem": 128_000},
        "LimitExceeded.FunctionReservedConcurrencyMemory",
    ),
]


@pytest.mark.usefixtures("f")
@pytest.mark.parametrize(("action", "parameters", "code"), BAD)
def test_a_bad_call_is_refused_with_its_code(
    ask: Callable[..., Any], action: str, parameters: dict[str, Any], code: str
) -> None:
    good = {"Runtime": "Python3.10", "Code": {"ZipFile": zipped(index__py=ONE)}}

    with pytest.raises(TencentCloudSDKException) as caught:
        ask(action, **((good | parameters) if action == "CreateFunction" else parameters))

    assert caught.value.code == code


# What each action is asked, in this order, so that its answer has something in it.
ASKED: list[tuple[str, dict[str, Any]]] = [
    (
        "PublishLayerVersion",
        {"LayerName": "l", "CompatibleRuntimes": ["Python3.10"], "Content": {"ZipFile": zipped(a__py="")}},
    ),
    (
        "CreateFunction",
        {
            "FunctionName": "gg",
            "Runtime": "Python3.10",
            "Code": {"ZipFile": zipped(index__py=ONE)},
            "Layers": [{"LayerName": "l", "LayerVersion": 1}],
            "Environment": {"Variables": [{"Key": "A", "Value": "b"}]},
        },
    ),
    (
        "CreateTrigger",
        {"FunctionName": "gg", "TriggerName": "t", "Type": "timer", "TriggerDesc": "0 0 0 1 1 * *"},
    ),
    ("UpdateTrigger", {"FunctionName": "gg", "TriggerName": "t", "Type": "timer", "Enable": "CLOSE"}),
    ("UpdateTriggerStatus", {"FunctionName": "gg", "TriggerName": "t", "Type": "timer", "Enable": "OPEN"}),
    ("ListTriggers", {"FunctionName": "gg"}),
    ("UpdateFunctionCode", {"FunctionName": "gg", "ZipFile": zipped(index__py=TWO)}),
    ("UpdateFunctionConfiguration", {"FunctionName": "gg", "Timeout": 5}),
    ("PublishVersion", {"FunctionName": "gg"}),
    ("ListVersionByFunction", {"FunctionName": "gg"}),
    ("CreateAlias", {"FunctionName": "gg", "Name": "a", "FunctionVersion": "1"}),
    ("UpdateAlias", {"FunctionName": "gg", "Name": "a", "FunctionVersion": "$LATEST"}),
    ("GetAlias", {"FunctionName": "gg", "Name": "a"}),
    ("ListAliases", {"FunctionName": "gg"}),
    ("GetFunction", {"FunctionName": "gg"}),
    ("ListFunctions", {}),
    (
        "UpdateFunctionEventInvokeConfig",
        {"FunctionName": "gg", "AsyncTriggerConfig": {"RetryConfig": [{"RetryNum": 1}], "MsgTTL": 60}},
    ),
    ("GetFunctionEventInvokeConfig", {"FunctionName": "gg"}),
    ("PutReservedConcurrencyConfig", {"FunctionName": "gg", "ReservedConcurrencyMem": 256}),
    ("GetReservedConcurrencyConfig", {"FunctionName": "gg"}),
    ("DeleteReservedConcurrencyConfig", {"FunctionName": "gg"}),
    ("Invoke", {"FunctionName": "gg"}),
    ("InvokeFunction", {"FunctionName": "gg"}),
    ("GetLayerVersion", {"LayerName": "l", "LayerVersion": 1}),
    ("ListLayers", {}),
    ("ListLayerVersions", {"LayerName": "l"}),
    ("DeleteAlias", {"FunctionName": "gg", "Name": "a"}),
    ("DeleteTrigger", {"FunctionName": "gg", "TriggerName": "t", "Type": "timer"}),
    ("DeleteFunction", {"FunctionName": "gg"}),
    ("DeleteLayerVersion", {"LayerName": "l", "LayerVersion": 1}),
]


def test_answers_with_every_field_of_the_sdks_models_and_no_other(
    cloud: Running, ask: Callable[..., Any], f: str
) -> None:
    request_id = cloud.invoke(f, InvocationType="Event").FunctionRequestId
    cloud.ended(request_id)
    asked = [
        *ASKED,
        ("GetAsyncEventStatus", {"InvokeRequestId": request_id}),
        ("GetRequestStatus", {"FunctionName": f, "FunctionRequestId": request_id}),
    ]

    wrong = {}
    for action, parameters in asked:
        answer = ask(action, **parameters)
        wrong[action] = differences(SERVICE.name, SERVICE.version, f"{action}Response", answer)

    assert wrong.keys() == SERVICE.actions.keys()
    assert {action: found for action, found in wrong.items() if found} == {}


def test_a_layers_files_are_where_its_location_points(ask: Callable[..., Any]) -> None:
    content = {"ZipFile": zipped(policies__yml="version: 1")}
    ask("PublishLayerVersion", LayerName="ll", CompatibleRuntimes=["Python3.10"], Content=content)
    where = ask("GetLayerVersion", LayerName="ll", LayerVersion=1)["Location"]

    fetched = requests.get(where, timeout=10).content

    with zipfile.ZipFile(io.BytesIO(fetched)) as archive:
        assert archive.read("policies.yml") == b"version: 1"
    assert requests.get(where[:-1] + "2", timeout=10).status_code == 404


@pytest.mark.parametrize("action", sorted(SERVICE.actions))
def test_takes_every_parameter_of_the_model_and_no_other(action: str) -> None:
    expected = shape(SERVICE.name, SERVICE.version, f"{action}Request").keys()

    taken = parameter_names(SERVICE.actions[action])

    assert set(taken) == set(expected)


def test_a_change_takes_its_time_and_no_other_comes_between(tmp_path: Path) -> None:
    with running(None, tmp_path / "ready", "--prefork", "--deploy-seconds", "60") as slow:
        client = slow.scf()

        def ask(action: str, **parameters: object) -> dict[str, Any]:
            return dict(client.call_json(action, {"FunctionName": "ff", **parameters})["Response"])

        ask("CreateFunction", Runtime="Python3.10", Code={"ZipFile": zipped(index__py=ONE)})
        refused = {}
        for action, more in (
            ("UpdateFunctionConfiguration", {"Timeout": 5}),
            ("UpdateFunctionCode", {"ZipFile": zipped(index__py=TWO)}),
            ("PublishVersion", {}),
        ):
            with pytest.raises(TencentCloudSDKException) as caught:
                ask(action, **more)
            refused[action] = caught.value.code
        creating = ask("GetFunction")["Status"]
        requests.post(f"{slow.url}/_local/clock", json={"advance_s": 61}, timeout=10).raise_for_status()

        assert creating == "Creating"
        assert refused == {
            "UpdateFunctionConfiguration": "FailedOperation.FunctionStatusError",
            "UpdateFunctionCode": "FailedOperation.FunctionNameStatusError",
            "PublishVersion": "FailedOperation.PublishVersion",
        }
        assert ask("GetFunction")["Status"] == "Active"
        ask("PublishVersion")
        assert ask("GetFunction")["Status"] == "Publishing"


def test_networks_logs_and_tags_are_shown_as_they_were_given(ask: Callable[..., dict[str, Any]]) -> None:
    given = {
        "VpcConfig": {"VpcId": "vpc-1", "SubnetId": "subnet-1"},
        "ClsLogsetId": "set-1",
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    code = {"ZipFile": zipped(index__py=ONE)}
    ask("CreateFunction", FunctionName="ff", Runtime="Python3.10", Code=code, **given)

    ask("UpdateFunctionConfiguration", FunctionName="ff", PublicNetConfig={"PublicNetStatus": "DISABLE"})

    shown = ask("GetFunction", FunctionName="ff")
    assert {name: shown[name] for name in given} == given
    assert shown["PublicNetConfig"]["PublicNetStatus"] == "DISABLE"
    assert ask("ListFunctions")["Functions"][0]["Tags"] == given["Tags"]


def test_a_url_can_be_closed_and_opened(cloud: Running, ask: Callable[..., Any], f: str) -> None:
    url = {"FunctionName": f, "TriggerName": "u", "Type": "http"}
    ask("CreateTrigger", **url, TriggerDesc='{"AuthType": "NONE"}')
    address = f"{cloud.url}/_local/url/{f}"

    ask("UpdateTrigger", **url, TriggerDesc='{"NetConfig": {"EnableExtranet": false}}')
    closed = requests.get(address, timeout=10).status_code
    ask("UpdateTrigger", **url, TriggerDesc='{"NetConfig": {"EnableExtranet": true}}')

    assert (closed, requests.get(address, timeout=10).status_code) == (404, 200)
