"""What the local cloud reads: signed requests changed anywhere, and files whose mistakes are told by line.

The documented form of an answer: status 200, exactly `application/json`, a Response with a RequestId, and
in an error a code of the API's own. A fault of the local cloud is none.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from localcloud import fleet
from localcloud.clock import Clock
from localcloud.parameters import parameter_names
from localcloud.pytest_plugin import make_cloud
from localcloud.records import RecordError
from localcloud.runtime.serverless import read_functions
from localcloud.services import SERVICES
from localcloud.signature import SignedRequest
from tests.fuzz.effort import effort
from tests.fuzz.json_values import ANY, LEAVES, nearly

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localcloud.pytest_plugin import LocalCloud, Stage

CALLS: dict[str, Any] = {
    "cbs CreateSnapshot": {
        "DiskId": "disk-orders01",
        "SnapshotName": "n",
        "Tags": [{"Key": "a", "Value": "b"}],
    },
    "cbs DescribeSnapshots": {
        "Filters": [{"Name": "disk-id", "Values": ["disk-orders01"]}],
        "Limit": 5,
        "Offset": 0,
    },
    "cbs DescribeDisks": {"DiskIds": ["disk-orders01"]},
    "cbs DeleteSnapshots": {"SnapshotIds": ["snap-1"], "DeleteBindImages": True},
    "cbs ModifySnapshotAttribute": {"SnapshotId": "snap-1", "Deadline": "2027-01-01T00:00:00+00:00"},
    "cbs ApplySnapshot": {"SnapshotId": "snap-1", "DiskId": "disk-orders01"},
    "cbs CopySnapshotCrossRegions": {"SnapshotId": "snap-1", "DestinationRegions": ["ap-shanghai"]},
    "cbs CreateDisks": {"DiskType": "CLOUD_SSD", "DiskChargeType": "POSTPAID_BY_HOUR", "DiskSize": 10},
    "cvm DescribeInstances": {"InstanceIds": ["ins-1"]},
    "tag TagResources": {"ResourceList": ["qcs::cbs:ap-guangzhou:uin/1:instance/disk-1"], "Tags": []},
    "tag GetResources": {"TagFilters": [{"TagKey": "a", "TagValue": ["b"]}]},
    "sts AssumeRole": {"RoleArn": "qcs::cam::uin/1:roleName/r", "RoleSessionName": "s"},
    "scf CreateTrigger": {
        "FunctionName": "f",
        "TriggerName": "t",
        "Type": "timer",
        "TriggerDesc": "0 0 * * * * *",
    },
    "tat RunCommand": {"Content": "ZWNobw==", "InstanceIds": ["ins-1"]},
    "cls SearchLog": {"From": 1, "To": 2, "Query": "a:b", "TopicId": "t"},
}
ACTIONS = {f"{service.name} {name}": kind for service in SERVICES for name, kind in service.actions.items()}
VERSIONS = {service.name: service.version for service in SERVICES}
HEADERS = ["x-tc-timestamp", "x-tc-action", "x-tc-version", "x-tc-region", "x-tc-token", "authorization",
    "content-type",
           "x-tc-language", "x-tc-content-sha256"]  # fmt: skip
ODD_HEADERS = st.sampled_from(
    ["", "0", "-1", "9" * 400, "9" * 5000, "1e9", "\xb2", "a" * 3000, "\xff", "*", "en-US"]
)


@st.composite
def parameters(draw: st.DrawFn) -> tuple[str, object]:
    """Return an action, with nearly good parameters or with the right names and any values."""
    if draw(st.booleans()):
        action = draw(st.sampled_from(sorted(CALLS)))
        return action, draw(nearly(CALLS[action]))
    action = draw(st.sampled_from(sorted(ACTIONS)))
    names = st.sampled_from(parameter_names(ACTIONS[action]) or ["X"])
    return action, draw(st.dictionaries(names, ANY | LEAVES.map(lambda one: [one]), max_size=5))


def asked(cloud: LocalCloud, method: str, query: str, body: bytes, changes: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
    """Send a request, signed before the `changes` of headers but for those named `signed …`."""
    service = changes.pop("service")
    late = {name: value for name, value in changes.items() if not name.startswith("signed ")}
    early = {name.removeprefix("signed "): value for name, value in changes.items() if name not in late}
    now = int(time.time())
    headers = {
        "content-type": "application/json", "host": cloud.endpoint, "x-tc-timestamp": str(now),
        "x-tc-version": VERSIONS[service], "x-tc-region": "ap-guangzhou", **early,
    }  # fmt: skip
    day = time.strftime("%Y-%m-%d", time.gmtime(now))
    scope = f"{cloud.secret_id}/{day}/{service}/tc3_request"
    form = f"TC3-HMAC-SHA256 Credential={scope}, SignedHeaders=content-type;host, Signature="
    unsigned = SignedRequest(method, query, {**headers, "authorization": form + "0" * 64}, body)
    signature = unsigned.signature(unsigned.authorization(), cloud.secret_key)
    headers = {"authorization": form + signature, **headers, **late}
    connection = http.client.HTTPConnection(cloud.endpoint, timeout=20)
    connection.putrequest(method, "/" + (f"?{query}" if query else ""), skip_host=True)
    for name, value in {**headers, "content-length": str(len(body))}.items():
        connection.putheader(name, value.encode("latin-1", "replace"))
    connection.endheaders(body)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json"), content
    return json.loads(content)["Response"]


def is_well_formed(response: dict[str, Any]) -> None:
    assert len(response["RequestId"]) == 36
    if "Error" in response:
        assert set(response["Error"]) == {"Code", "Message"}
        assert "InternalError" not in response["Error"]["Code"], response


@pytest.fixture(scope="module")
def cloud(localcloud_stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with localcloud_stage.showing(make_cloud(None, tmp_path_factory.mktemp("copies"))) as served:
        yield served


@effort(120)
@given(parameters())
@example(("cbs CreateSnapshot", {"DiskId": "disk-orders01", "SnapshotName": "\ud800"}))
@example(("cbs CreateSnapshot", {"\ud800": 1}))
@example(
    ("scf CreateTrigger", {**CALLS["scf CreateTrigger"], "TriggerDesc": "0 0 0 * * * 1970-999999999999"})
)
def test_any_parameters_are_answered_as_the_api_would(cloud: LocalCloud, call: tuple[str, object]) -> None:
    service, action = call[0].split()
    changes = {"service": service, "x-tc-action": action}

    is_well_formed(asked(cloud, "POST", "", json.dumps(call[1]).encode(), changes))


@effort(50)
@given(
    st.dictionaries(
        st.sampled_from(HEADERS) | st.sampled_from(HEADERS[:5]).map("signed {}".format),
        ODD_HEADERS,
        max_size=3,
    ),
    st.sampled_from([b"", b"{}", b"[" * 50_000, b"\xff", b"null", b'{"Limit": 1}']) | st.binary(max_size=20),
)
@example({"x-tc-timestamp": "9" * 400}, b"{}")
@example({"signed x-tc-timestamp": "9" * 5000}, b"{}")
def test_a_changed_request_gets_an_error_of_the_apis(
    cloud: LocalCloud, changes: dict[str, str], body: bytes
) -> None:
    changes = {"x-tc-action": "DescribeDisks", **changes}

    is_well_formed(asked(cloud, "POST", "", body, {**changes, "service": "cbs"}))


@effort(60)
@given(
    st.lists(
        st.sampled_from(
            ["Limit=1", "Limit=nan", "Filters.0.Name=disk-id", "Filters.0.Values.0=x", "Filters.0.Values=x",
             "DiskIds.NINES=x", "DiskIds.0=%ff", "Filters.0.Name.Name=y", ".=1", "=", "&&", "Limit=%d9%a3",
             "a" * 200]
        ),
        max_size=6,
    ).map("&".join)
)  # fmt: skip
@example("DiskIds.NINES=x")
def test_any_query_is_answered_as_the_api_would(cloud: LocalCloud, query: str) -> None:
    query = query.replace("NINES", "9" * 5000)

    is_well_formed(asked(cloud, "GET", query, b"", {"service": "cbs", "x-tc-action": "DescribeDisks"}))


SERVERLESS: dict[str, Any] = {
    "component": "multi-scf",
    "inputs": {
        "src": ".", "region": "ap-guangzhou", "runtime": "Python3.10", "memorySize": 128, "timeout": 3,
        "environments": [{"key": "A", "value": "${env:HOME}"}],
        "functions": {"f": {"name": "f", "layers": [{"name": "l", "version": 1}], "vpc": {"vpcId": "v"}}},
        "triggers": [
            {"type": "timer", "function": "f", "parameters": {"name": "t",
            "cronExpression": "0 0 * * * * *"}},
            {"type": "http", "function": "f", "parameters": {"netConfig": {"enableExtranet": True}}},
        ],
    },
}  # fmt: skip
FLEET: dict[str, Any] = {
    "accounts": [{"uin": "1", "appid": "2", "secret_id": "AKID", "secret_key": "k"}],
    "regions": {
        "ap-guangzhou": {
            "instances": [{"id": "ins-1", "ip": "10.0.0.1"}],
            "disks": [{"id": "disk-1", "size_gib": 10, "instance": "ins-1", "tags": {"a": "b"}}],
            "snapshots": [{"id": "snap-1", "disk": "disk-1"}],
        }
    },
}
YAML = st.sampled_from(
    ["!!bool x", "!!int ''", "!!timestamp x", "!!binary x", "!x y", "&a [*a]", "*a", "{? [a] : b}", "? {}",
     "<<: x",
     "[" * 3000, "'", "\t", "\x00", "9" * 5000, ".inf", "2026-13-45", "${env:", "${}", "&a {vpc: *a}"]
)  # fmt: skip


def texts(good: dict[str, Any]) -> st.SearchStrategy[str]:
    """Return JSON, which is YAML, nearly like the good one, with YAML's own oddities in one place."""
    whole = nearly(good).map(lambda value: json.dumps(value, ensure_ascii=False))
    odd = st.tuples(whole, st.integers(0, 40), YAML).map(_put)
    return whole | odd | YAML


def _put(parts: tuple[str, int, str]) -> str:
    text, place, odd = parts
    values = text.split('"')
    at = min(len(values) - 1, 2 * place + 1)
    return '"'.join(values[:at]).removesuffix('"') + odd + '"'.join(values[at + 1 :]).removeprefix('"')


@effort(50)
@given(texts(SERVERLESS))
@example('{"component": !!bool x}')
@example("{? [a] : b}")
@example("{inputs: {functions: {f: {name: f, timeout: !!int ''}}}}")
def test_any_serverless_file_is_read_or_its_mistake_told_by_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "serverless.yml"
    file.write_bytes(text.encode(errors="surrogatepass"))

    with contextlib.suppress(RecordError):
        assert read_functions(file, "1", {"HOME": "/"})


@effort(50)
@given(texts(FLEET))
def test_any_fleet_is_read_or_its_mistake_told_by_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "fleet.yml"
    file.write_bytes(text.encode(errors="surrogatepass"))

    with contextlib.suppress(RecordError):
        assert fleet.load(file, Clock())
