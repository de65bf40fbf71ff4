"""What a function finds, and what becomes of its events: through the vendor's own client."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from tests.localcloud.runtime.conftest import alive, eventually, running

if TYPE_CHECKING:
    from tests.localcloud.runtime.conftest import Running


def test_hands_the_event_and_the_documented_context_to_the_handler(cloud: Running) -> None:
    answer = cloud.invoke("echo", {"a": [1, None, "ü"]})

    told = json.loads(answer.RetMsg)
    assert told["event"] == {"a": [1, None, "ü"]}
    assert told["context"] == {
        "request_id": answer.FunctionRequestId,
        "function_name": "echo",
        "function_version": "$LATEST",
        "namespace": "default",
        "memory_limit_in_mb": 128,
        "time_limit_in_ms": 3000,
        "tencentcloud_region": "ap-guangzhou",
        "tencentcloud_appid": "1250000001",
        "tencentcloud_uin": "100000000001",
    }


def test_gives_the_platforms_environment_and_nothing_of_the_servers(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET_OF_THE_SERVER", "1")

    with running(project, tmp_path / "ready", "--prefork", "--env", "API={url}") as cloud:
        environ = cloud.result("echo")["environ"]

    assert environ["TENCENTCLOUD_RUNENV"] == "SCF"
    assert environ["TENCENTCLOUD_REGION"] == "ap-guangzhou"
    assert environ["SCF_FUNCTIONNAME"] == "echo"
    assert environ["TZ"] == "UTC"
    assert environ["COLOUR"] == "blue"
    assert environ["API"] == cloud.url
    assert environ["PYTHONPATH"].split(":")[0].endswith("/var/user")
    assert environ["PYTHONPATH"].split(":")[1].endswith("/opt")
    assert "A_SECRET_OF_THE_SERVER" not in environ


def test_mints_temporary_keys_anew_for_each_event(cloud: Running) -> None:
    first, second = (cloud.result("echo")["environ"] for _ in range(2))

    assert first["TENCENTCLOUD_SESSIONTOKEN"]
    assert first["TENCENTCLOUD_SECRETID"] != second["TENCENTCLOUD_SECRETID"]


def test_finds_code_and_layers_where_the_platform_puts_them_and_nothing_else(cloud: Running) -> None:
    told = cloud.result("echo")

    folders = [folder for folder in told["path"] if "/lib/python" not in folder]
    assert [Path(folder).name for folder in folders if "python3" not in folder] == ["user", "opt"]
    assert Path(folders[1], "of_layer.py").read_text() == "VALUE = 1\n"
    assert told["file"].endswith("/var/user/index.py")
    assert not any("site-packages" in folder for folder in told["path"])


def test_says_whether_a_function_can_change_its_code(cloud: Running) -> None:
    outcome = cloud.result("write_beside")

    state = requests.get(f"{cloud.url}/_local/state", timeout=10).json()["runtime"]
    (read_only,) = [each["read_only"] for each in state["instances"] if each["function"] == "write_beside"]
    assert outcome == ("Read-only file system" if read_only else "written")


@pytest.mark.root
def test_a_function_cannot_change_its_code(cloud: Running) -> None:
    assert cloud.result("write_beside") == "Read-only file system"


def test_reuses_an_idle_instance(cloud: Running) -> None:
    first, second = (cloud.result("echo") for _ in range(2))

    assert second["pid"] == first["pid"]
    assert second["seen"] == first["seen"] + 1


def test_starts_a_further_instance_when_all_are_busy(cloud: Running, tmp_path: Path) -> None:
    a, b = str(tmp_path / "a"), str(tmp_path / "b")

    with ThreadPoolExecutor() as threads:
        pids = list(
            threads.map(
                lambda event: cloud.result("wait_for", event),
                [{"mine": a, "theirs": b}, {"mine": b, "theirs": a}],
            )
        )

    assert len(set(pids)) == 2


def test_records_prints_with_the_invocation_that_made_them(cloud: Running) -> None:
    request_id = cloud.invoke("echo").FunctionRequestId

    record = cloud.record(request_id)

    assert record["log"][-1] == f"handling {request_id}"
    assert len([line for line in record["log"] if line.startswith("handling")]) == 1


def test_tells_the_log_only_when_asked(cloud: Running) -> None:
    silent, told = cloud.invoke("echo"), cloud.invoke("echo", LogType="Tail")

    assert silent.Log == ""
    assert told.Log.endswith(told.FunctionRequestId)


def test_tells_an_exception_as_the_platform_does(cloud: Running) -> None:
    answer = cloud.invoke("fail")

    told = json.loads(answer.ErrMsg)
    assert (told["errorCode"], told["errorMessage"]) == (-1, "user code exception caught")
    assert (told["statusCode"], told["requestId"]) == (430, answer.FunctionRequestId)
    assert told["stackTrace"].startswith("Traceback")
    assert told["stackTrace"].endswith("RuntimeError: on purpose")
    assert "bootstrap" not in told["stackTrace"]
    assert cloud.record(answer.FunctionRequestId)["state"] == "failed"


def test_tells_of_a_module_that_cannot_be_imported(cloud: Running) -> None:
    told = json.loads(cloud.invoke("broken").ErrMsg)

    assert "nowhere_to_be_found" in told["stackTrace"]


def test_tells_of_a_process_that_ends_while_it_starts(cloud: Running) -> None:
    for _ in range(2):
        told = json.loads(cloud.invoke("stillborn").ErrMsg)

        assert told["statusCode"] == 439


def test_cuts_a_flood_of_output_and_takes_the_result(cloud: Running) -> None:
    answer = cloud.invoke("flood")

    assert answer.RetMsg == '"done"'
    log = cloud.record(answer.FunctionRequestId)["log"]
    assert 1000 < sum(line.count("x") for line in log) / 1023 <= 1024


def test_refuses_a_result_that_is_not_json(cloud: Running) -> None:
    told = json.loads(cloud.invoke("unserialisable").ErrMsg)

    assert told["statusCode"] == 430
    assert "not JSON serializable" in told["stackTrace"]


def test_refuses_a_result_larger_than_6_mb(cloud: Running) -> None:
    told = json.loads(cloud.invoke("large").ErrMsg)

    assert told["statusCode"] == 407


def test_ends_the_whole_process_group_at_the_time_limit(cloud: Running, tmp_path: Path) -> None:
    note = tmp_path / "pid"

    answer = cloud.invoke("slow", {"note": str(note)})

    told = json.loads(answer.ErrMsg)
    assert (told["statusCode"], told["errorMessage"]) == (433, "Invoking task timed out after 1 seconds")
    eventually(lambda: not alive(int(note.read_text())))
    (attempt,) = cloud.record(answer.FunctionRequestId)["attempts"]
    assert not alive(attempt["pid"])
    assert attempt["log"][-1] == "waiting"


def test_tells_of_a_process_that_ended_and_starts_another(cloud: Running) -> None:
    first, second = cloud.invoke("die"), cloud.invoke("die")

    assert json.loads(first.ErrMsg)["statusCode"] == 439
    pids = {cloud.record(each.FunctionRequestId)["attempts"][0]["pid"] for each in (first, second)}
    assert len(pids) == 2


def test_ends_an_instance_that_holds_more_than_its_memory(cloud: Running) -> None:
    within, above = cloud.invoke("eat", {"mib": 40}), cloud.invoke("eat", {"mib": 140})

    assert 40 << 20 < within.MemUsage < 128 << 20
    assert json.loads(above.ErrMsg)["statusCode"] == 434


def test_does_not_wait_for_the_end_of_an_event_that_holds_too_much(cloud: Running) -> None:
    answer = cloud.invoke("eat", {"mib": 140, "for_ever": True})

    assert json.loads(answer.ErrMsg)["statusCode"] == 434
    assert answer.Duration < 900_000


def test_an_instance_killed_while_idle_is_not_used_again(cloud: Running) -> None:
    pid = cloud.result("echo")["pid"]
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not alive(pid))

    answer = cloud.result("echo")

    assert answer["pid"] != pid


def test_an_asynchronous_event_is_answered_with_its_id_alone(cloud: Running) -> None:
    answer = cloud.invoke("echo", {"b": 1}, InvocationType="Event")

    assert (answer.RetMsg, answer.Log, answer.ErrMsg) == ("", "", "")
    record = cloud.ended(answer.FunctionRequestId)
    assert record["result"]["event"] == {"b": 1}
    assert record["asynchronous"] is True


def test_an_asynchronous_failure_is_tried_twice_more_with_the_same_id(cloud: Running) -> None:
    request_id = cloud.invoke("fail", InvocationType="Event").FunctionRequestId

    record = cloud.ended(request_id)

    assert record["state"] == "dead"
    assert [attempt["error"]["requestId"] for attempt in record["attempts"]] == [request_id] * 3


def test_a_retry_that_succeeds_ends_the_retries(cloud: Running, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    event = {"marks": str(marks), "succeed_at": 2}

    request_id = cloud.invoke("fail_until", event, InvocationType="Event").FunctionRequestId

    record = cloud.ended(request_id)
    assert (record["state"], record["result"]) == ("succeeded", "done")
    assert marks.read_text().splitlines() == [request_id] * 2


def test_a_killed_instance_counts_as_a_failure_and_is_retried(cloud: Running, tmp_path: Path) -> None:
    event = {"mine": str(tmp_path / "mine"), "theirs": str(tmp_path / "theirs")}
    request_id = cloud.invoke("wait_for", event, InvocationType="Event").FunctionRequestId
    eventually((tmp_path / "mine").exists)

    os.kill(cloud.record(request_id)["attempts"][0]["pid"], signal.SIGKILL)

    (tmp_path / "theirs").touch()
    record = cloud.ended(request_id)
    assert record["state"] == "succeeded"
    assert record["attempts"][0]["error"]["statusCode"] == 439


@pytest.mark.parametrize(
    ("name", "more", "code"),
    [
        ("nobody", {}, "ResourceNotFound.FunctionName"),
        ("echo", {"Namespace": "other"}, "ResourceNotFound.Namespace"),
        ("echo", {"Qualifier": "7"}, "ResourceNotFound.Qualifier"),
        ("echo", {"InvocationType": "Later"}, "InvalidParameterValue.InvokeType"),
        ("echo", {"ClientContext": "{"}, "InvalidParameter.Payload"),
        (
            "echo",
            {"ClientContext": json.dumps("x" * (128 << 10)), "InvocationType": "Event"},
            "InvalidParameter.RequestTooLarge",
        ),
        ("echo", {"ClientContext": json.dumps("x" * (6 << 20))}, "InvalidParameter.RequestTooLarge"),
    ],
)
def test_refuses_a_call_with_the_apis_code(
    cloud: Running, name: str, more: dict[str, str], code: str
) -> None:
    with pytest.raises(TencentCloudSDKException) as caught:
        cloud.invoke(name, **more)

    assert caught.value.code == code


def test_takes_a_synchronous_event_that_an_asynchronous_call_could_not(cloud: Running) -> None:
    told = cloud.result("echo", "x" * (1 << 20))

    assert len(told["event"]) == 1 << 20


def test_a_function_of_another_region_is_not_found(cloud: Running) -> None:
    client = cloud.scf("ap-singapore")

    with pytest.raises(TencentCloudSDKException) as caught:
        client.call_json("Invoke", {"FunctionName": "echo"})

    assert caught.value.code == "ResourceNotFound.FunctionName"


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_end_leaves_nothing_behind(
    project: Path, tmp_path: Path, end: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.setenv("TMPDIR", str(own))

    with running(project, tmp_path / "ready", "--prefork") as cloud:
        cloud.result("echo")
        held = list(own.iterdir())
        cloud.process.send_signal(end)
        cloud.process.wait(timeout=20)

    assert held
    assert list(own.iterdir()) == []
    assert cloud.process.returncode == 128 + end


def test_a_server_that_is_told_to_end_does_not_wait_for_a_function(project: Path, tmp_path: Path) -> None:
    event = {"mine": str(tmp_path / "mine"), "theirs": str(tmp_path / "never")}
    with ThreadPoolExecutor() as threads, running(project, tmp_path / "ready", "--prefork") as cloud:
        waiting = threads.submit(cloud.invoke, "wait_long", event)
        eventually((tmp_path / "mine").exists)

        cloud.process.send_signal(signal.SIGTERM)

        cloud.process.wait(timeout=20)
        assert waiting.exception(timeout=20) is not None


@pytest.mark.parametrize("prefork", [["--prefork"], []])
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_server(
    project: Path, tmp_path: Path, prefork: list[str], end: signal.Signals
) -> None:
    with running(project, tmp_path / "ready", *prefork) as cloud:
        idle = cloud.result("echo")["pid"]
        waiting = {"mine": str(tmp_path / "mine"), "theirs": str(tmp_path / "never")}
        request_id = cloud.invoke("wait_for", waiting, InvocationType="Event").FunctionRequestId
        eventually((tmp_path / "mine").exists)
        busy = cloud.record(request_id)["attempts"][0]["pid"]

        cloud.process.send_signal(end)
        cloud.process.wait(timeout=20)

    eventually(lambda: not alive(idle) and not alive(busy))
