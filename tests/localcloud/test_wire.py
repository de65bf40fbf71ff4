from __future__ import annotations

import json
import threading
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception import TencentCloudSDKException

from localcloud.cloud import Settings
from localcloud.rates import Rates
from localcloud.signature import SignedRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.pytest_plugin import LocalCloud

    Call = Callable[..., dict[str, Any]]


def post(localcloud: LocalCloud, body: bytes, **headers: str) -> tuple[str, dict[str, Any]]:
    """Send a request, signed with `timestamp` (now unless said), and return content type and Response."""
    timestamp = headers.pop("timestamp", str(int(time.time())))
    day = time.strftime("%Y-%m-%d", time.gmtime(int(timestamp)))
    plain = {
        "content-type": "application/json",
        "host": localcloud.endpoint,
        "x-tc-timestamp": timestamp,
        "x-tc-action": "DescribeDisks",
        "x-tc-version": "2017-03-12",
        "x-tc-region": "ap-guangzhou",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    scope = f"{localcloud.secret_id}/{day}/{plain.pop('service', 'cbs')}/tc3_request"
    unsigned = f"TC3-HMAC-SHA256 Credential={scope}, SignedHeaders=content-type;host, Signature={'0' * 64}"
    request = SignedRequest("POST", "", plain | {"authorization": unsigned}, body)
    signature = request.signature(request.authorization(), localcloud.secret_key)
    plain.setdefault("authorization", unsigned.replace("0" * 64, signature))
    sent = urllib.request.Request(localcloud.url, body, plain)  # noqa: S310  # our own server
    with urllib.request.urlopen(sent) as answer:  # noqa: S310  # as above
        return answer.headers["Content-Type"], json.load(answer)["Response"]


def code(response: dict[str, Any]) -> str:
    return str(response.get("Error", {}).get("Code", ""))


def test_answers_with_exactly_application_json(localcloud: LocalCloud) -> None:
    good_type, good = post(localcloud, b"{}")
    bad_type, bad = post(localcloud, b"{}", x_tc_action="Nonsense")

    assert (good_type, code(good)) == ("application/json", "")
    assert (bad_type, code(bad)) == ("application/json", "InvalidAction")
    assert good["RequestId"] != bad["RequestId"]


def test_get_and_post_are_read_alike(call: Call) -> None:
    filters = [{"Name": "disk-usage", "Values": ["SYSTEM_DISK"]}]

    by_post = call("cbs", "DescribeDisks", Filters=filters, Limit=5)
    by_get = call("cbs", "DescribeDisks", method="GET", Filters=filters, Limit=5)

    assert by_post["TotalCount"] == 1
    assert by_get["DiskSet"] == by_post["DiskSet"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Filters=x&Filters.0.Name=y", "InvalidParameter"),
        ("Filters.0.Name=y&Filters=x", "InvalidParameter"),
        ("DiskIds.0=" + "d" * 33_000, "RequestSizeLimitExceeded"),
    ],
)
def test_a_get_that_is_wrong_in_its_query_has_its_own_code(
    localcloud: LocalCloud, query: str, expected: str
) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded", "host": localcloud.endpoint}
    headers |= {"x-tc-timestamp": str(int(time.time())), "x-tc-action": "DescribeDisks"}
    headers |= {"x-tc-version": "2017-03-12", "x-tc-region": "ap-guangzhou"}
    scope = f"{localcloud.secret_id}/{time.strftime('%Y-%m-%d', time.gmtime())}/cbs/tc3_request"
    unsigned = f"TC3-HMAC-SHA256 Credential={scope}, SignedHeaders=content-type;host, Signature={'0' * 64}"
    request = SignedRequest("GET", query, headers | {"authorization": unsigned}, b"")
    signature = request.signature(request.authorization(), localcloud.secret_key)
    headers["authorization"] = unsigned.replace("0" * 64, signature)

    sent = urllib.request.Request(f"{localcloud.url}/?{query}", headers=headers)  # noqa: S310  # our own server
    with urllib.request.urlopen(sent) as answer:  # noqa: S310  # as above
        response = json.load(answer)["Response"]

    assert code(response) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"authorization": ""}, "AuthFailure.InvalidAuthorization"),
        ({"x_tc_token": "unasked"}, "AuthFailure.TokenFailure"),
        ({"x_tc_version": "1999-01-01"}, "NoSuchVersion"),
        ({"x_tc_region": "ap-nowhere"}, "UnsupportedRegion"),
        ({"x_tc_region": ""}, "MissingParameter"),
        ({"service": "nonsense"}, "NoSuchProduct"),
    ],
)
def test_a_call_that_is_wrong_outside_its_body_has_its_own_code(
    localcloud: LocalCloud, headers: dict[str, str], expected: str
) -> None:
    _, response = post(localcloud, b"{}", **headers)

    assert code(response) == expected


@pytest.mark.parametrize("skew_s", [-400, 400])
def test_a_call_signed_at_another_time_is_refused(localcloud: LocalCloud, skew_s: int) -> None:
    _, response = post(localcloud, b"{}", timestamp=str(int(time.time()) + skew_s))

    assert code(response) == "AuthFailure.SignatureExpire"


@pytest.mark.parametrize(
    ("body", "expected", "named"),
    [
        (b"{", "InvalidRequest", "JSON"),
        (b"[]", "InvalidRequest", "object"),
        (b'{"Filters": ' + b"[" * 40 + b"]" * 40 + b"}", "InvalidRequest", "too deeply"),
        (b"[" * 100_000, "InvalidRequest", "too deeply"),
        (b'{"DiskID": "x"}', "UnknownParameter", "DiskID"),
        (b'{"DiskIds": "disk-1"}', "InvalidParameter", "DiskIds"),
        (b'{"DiskIds": [1]}', "InvalidParameter", "DiskIds.0"),
        (b'{"Limit": true}', "InvalidParameter", "Limit"),
        (b'{"Limit": 101}', "InvalidParameterValue", "Limit"),
        (b'{"Offset": -1}', "InvalidParameterValue", "Offset"),
        (b'{"Order": "UP"}', "InvalidParameterValue", "Order"),
        (b'{"Filters": [{"Name": "zone"}]}', "MissingParameter", "Filters.0.Values"),
        (b'{"Filters": [{"Name": "colour", "Values": []}]}', "InvalidFilter", "colour"),
        (
            b'{"DiskIds": ["disk-1"], "Filters": [{"Name": "zone", "Values": ["x"]}]}',
            "InvalidParameter",
            "Filters",
        ),
    ],
)
def test_a_parameter_that_is_wrong_is_named(
    localcloud: LocalCloud, body: bytes, expected: str, named: str
) -> None:
    _, response = post(localcloud, body, x_tc_language="en-US")

    assert code(response) == expected
    assert named in response["Error"]["Message"]


def test_speaks_chinese_unless_asked_for_english(localcloud: LocalCloud) -> None:
    _, chinese = post(localcloud, b'{"DiskIds": "hello"}')
    _, english = post(localcloud, b'{"DiskIds": "hello"}', x_tc_language="en-US")

    assert chinese["Error"]["Message"] == "参数 `DiskIds` 取值类型错误。"  # the text is recorded
    assert english["Error"]["Message"] == "The parameter `DiskIds` is of the wrong type."


def test_a_body_above_ten_megabytes_is_refused(localcloud: LocalCloud) -> None:
    _, response = post(localcloud, b" " * (10 * 1024 * 1024 + 1))

    assert code(response) == "RequestSizeLimitExceeded"


def test_a_wrong_key_is_refused_and_an_unknown_id_has_another_code(
    localcloud: LocalCloud, call: Call
) -> None:
    with pytest.raises(TencentCloudSDKException) as wrong:
        call("cbs", "DescribeDisks", credential=Credential(localcloud.secret_id, "wrong"))
    with pytest.raises(TencentCloudSDKException) as unknown:
        call("cbs", "DescribeDisks", credential=Credential("AKIDnobody", "wrong"))

    assert wrong.value.code == "AuthFailure.SignatureFailure"
    assert unknown.value.code == "AuthFailure.SecretIdNotFound"


def test_temporary_credentials_need_their_token_and_end(localcloud: LocalCloud, call: Call) -> None:
    minted = localcloud.cloud.mint_credentials(duration_s=60)
    whole = Credential(minted.secret_id, minted.secret_key, minted.token)

    good = call("cbs", "DescribeDisks", credential=whole)
    with pytest.raises(TencentCloudSDKException) as bare:
        call("cbs", "DescribeDisks", credential=Credential(minted.secret_id, minted.secret_key))
    localcloud.cloud.clock.advance(61)
    with pytest.raises(TencentCloudSDKException) as late:
        call("cbs", "DescribeDisks", credential=whole)

    assert good["TotalCount"] == 9
    assert bare.value.code == late.value.code == "AuthFailure.TokenFailure"


def test_temporary_credentials_are_forgotten_a_day_after_their_end(localcloud: LocalCloud) -> None:
    old = localcloud.cloud.mint_credentials(duration_s=60)

    localcloud.cloud.clock.advance(86_400 + 30)
    localcloud.cloud.mint_credentials()
    kept = localcloud.cloud.keyring.find(old.secret_id)
    localcloud.cloud.clock.advance(60)
    localcloud.cloud.mint_credentials()

    assert kept is not None
    assert localcloud.cloud.keyring.find(old.secret_id) is None
    assert localcloud.cloud.keyring.find("AKIDlocalcloud") is not None


def test_a_long_parameter_is_kept_by_its_beginning(localcloud: LocalCloud, call: Call) -> None:
    call("tat", "RunCommand", Content="IyAg" * 5000, InstanceIds=["ins-orders01"])

    kept = localcloud.cloud.requests[-1]["parameters"]

    assert isinstance(kept, dict)
    assert kept["Content"].endswith("(20000 characters)")
    assert len(kept["Content"]) < 1100
    assert kept["InstanceIds"] == ["ins-orders01"]


def test_no_second_has_more_calls_than_the_rate() -> None:
    now = [100.0]
    rates = Rates(clock=lambda: now[0])

    first = [rates.admits("CreateSnapshot", 2) for _ in range(3)]
    now[0] += 0.9
    soon = rates.admits("CreateSnapshot", 2)
    now[0] += 0.2
    later = rates.admits("CreateSnapshot", 2)

    assert first == [True, True, False]
    assert not soon
    assert later
    assert rates.admits("another action", 2)


@pytest.mark.parametrize(
    ("rate", "api", "expected"),
    [
        (None, ("cbs", "DescribeSnapshots"), 20),
        (None, ("cbs", "DescribeDisks"), 100),
        (None, ("tag", "GetTagKeys"), 100),
        (3, ("cbs", "DescribeDisks"), 3),
    ],
)
def test_rates_are_the_documented_ones_unless_told_otherwise(
    localcloud: LocalCloud, call: Call, rate: int | None, api: tuple[str, str], expected: int
) -> None:
    localcloud.cloud.settings = Settings(rate=rate)
    localcloud.cloud.rates = Rates(clock=lambda: 0.0)

    for _ in range(expected):
        call(*api)
    with pytest.raises(TencentCloudSDKException) as refused:
        call(*api)
    elsewhere = call(*api, region="ap-singapore")

    assert refused.value.code == "RequestLimitExceeded"
    assert elsewhere["RequestId"]


def test_every_call_is_kept_with_its_caller_and_code(localcloud: LocalCloud, call: Call) -> None:
    call("cbs", "DescribeDisks")
    with pytest.raises(TencentCloudSDKException):
        call("cbs", "CreateSnapshot", DiskId="disk-nowhere1")

    with urllib.request.urlopen(f"{localcloud.url}/_local/requests") as answer:  # noqa: S310  # our own server
        kept = json.load(answer)["requests"]

    assert [(each["action"], each["code"], each["uin"]) for each in kept] == [
        ("DescribeDisks", "", "100000000001"),
        ("CreateSnapshot", "InvalidDiskId.NotFound", "100000000001"),
    ]
    assert kept[1]["parameters"] == {"DiskId": "disk-nowhere1"}


def test_calls_at_once_are_all_answered(call: Call) -> None:
    totals: list[int] = []
    threads = [
        threading.Thread(target=lambda: totals.append(call("cbs", "DescribeDisks")["TotalCount"]))
        for _ in range(16)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert totals == [9] * 16
