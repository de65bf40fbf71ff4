"""Reports from the log service: whole, each once, oldest first, whatever else stands in the log."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from cbsnap import wire
from cbsnap.clock import SystemClock
from cbsnap.errors import CloudError
from cbsnap.model.runs import Decision, Outcome, Proof, Removal, Report
from cbsnap.tencent.api import Api
from cbsnap.tencent.credentials import EnvironmentCredentials
from cbsnap.tencent.logs import TopicLog

from tests.localcloud.test_search_log import Printed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.pytest_plugin import LocalCloud, Stage
    from localcloud.service import LogRecord

START = datetime(2026, 11, 22, 4, 0, tzinfo=timezone.utc)
TOPIC = "reports"


class Topic(Printed):
    """A topic of this account's, with records as the platform writes them."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[LogRecord] = []

    def logs(self, uin: str, region: str, topic: str) -> Iterator[LogRecord]:
        del uin, region
        yield from self.records if topic == TOPIC else ()

    def says(self, text: str, request_id: str = "r-1", attempt: int = 0, second: float = 0) -> None:
        self.records.append(
            {
                "SCF_LogTime": int((START.timestamp() + second) * 1000),
                "SCF_FunctionName": "cbsnap-snapshot",
                "SCF_RequestId": request_id,
                "SCF_RetryNum": attempt,
                "SCF_Message": text,
            }
        )

    def reports(self, report: Report, **where: Any) -> None:  # noqa: ANN401 - passed on to `says`
        for line in wire.report_lines(report):
            self.says(json.dumps({"cbsnap": "report", "request_id": "r-1", **line}), **where)


@pytest.fixture
def topic() -> Topic:
    return Topic()


@pytest.fixture
def api(localcloud: LocalCloud, localcloud_stage: Stage, topic: Topic) -> Iterator[Api]:
    keys = {
        "TENCENTCLOUD_SECRETID": localcloud.secret_id,
        "TENCENTCLOUD_SECRETKEY": localcloud.secret_key,
    }
    with localcloud_stage.showing(localcloud.cloud, topic) as served:
        yield Api("ap-guangzhou", EnvironmentCredentials(keys), SystemClock(), served.url)


@pytest.fixture
def log(api: Api) -> TopicLog:
    return TopicLog(api, TOPIC)


def read(log: TopicLog, run: str | None = None) -> list[Report]:
    return [one.report for one in log.reports(START, START + timedelta(hours=1), run)]


def report(run: str = "orders@20261122T0400Z", disks: int = 1) -> Report:
    outcomes = tuple(Outcome(f"disk-{number:03}", Decision.TAKEN, tries=1) for number in range(disks))
    return Report(run, "ap-guangzhou", outcomes, quota_left=7, began=START, ended=START)


def test_a_report_comes_back_as_it_was(topic: Topic, log: TopicLog) -> None:
    topic.reports(report())

    (found,) = log.reports(START, START + timedelta(hours=1))

    assert found.report == report()
    assert (found.at, found.function, found.request_id) == (START, "cbsnap-snapshot", "r-1")


def test_a_large_report_is_put_together_from_its_lines(topic: Topic, log: TopicLog) -> None:
    proofs = tuple(Proof(f"ins-{number}", "0" * 32, "whole") for number in range(25))
    removed = tuple(Removal(f"snap-{number}", "disk-1", "no rule keeps it") for number in range(45))
    large = replace(report(disks=33), proofs=proofs, removed=removed)
    topic.reports(large)

    assert read(log) == [large]
    assert len(topic.records) == 5
    assert max(len(str(one["SCF_Message"])) for one in topic.records) < 8000


def test_reports_are_read_over_many_pages_and_searches_each_once(topic: Topic, api: Api) -> None:
    runs = [f"orders@202611{day:02}T0400Z" for day in range(1, 26)]
    for place, run in enumerate(runs):
        topic.reports(report(run), request_id=run, second=place // 3)

    found = read(TopicLog(api, TOPIC, at_most=4))

    assert [one.run for one in found] == runs


def test_more_lines_of_one_moment_than_a_search_gives_do_not_hang_it(topic: Topic, api: Api) -> None:
    for number in range(9):
        topic.reports(report(), request_id=f"r-{number}")

    assert len(read(TopicLog(api, TOPIC, at_most=4))) >= 4


def test_what_is_no_report_is_passed_over(topic: Topic, log: TopicLog) -> None:
    for text in (
        "cbsnap report",
        '"cbsnap report"',
        '{"cbsnap": "upkeep", "region": "report"}',
        '{"cbsnap": "report"}',
        '{"cbsnap": "report", "run": "orders@2026',
        "[1]",
    ):
        topic.says(text)
    topic.reports(report())

    assert read(log) == [report()]


def test_each_of_the_platforms_retries_has_its_own_report(topic: Topic, log: TopicLog) -> None:
    topic.reports(report(), attempt=0)
    topic.reports(report(), attempt=1, second=60)

    assert len(read(log)) == 2


def test_one_run_is_found_whatever_its_key(topic: Topic, log: TopicLog) -> None:
    keyed = 'orders@20261122T0400Z#a"quoted" key'
    for run in ("orders@20261122T0400Z", keyed, "orders@20261123T0400Z"):
        topic.reports(report(run), request_id=run)

    assert [one.run for one in read(log, keyed)] == [keyed]


def test_a_field_that_is_not_known_yet_does_no_harm(topic: Topic, log: TopicLog) -> None:
    (line,) = wire.report_lines(report())
    topic.says(json.dumps({"cbsnap": "report", **line, "later": 1}))

    assert read(log) == [report()]


def test_the_time_ends_before_its_end(topic: Topic, log: TopicLog) -> None:
    topic.reports(report(), second=60)

    assert log.reports(START, START + timedelta(seconds=60)) == []


def test_a_call_that_fails_leaves_its_code_and_one_that_reads_nothing(localcloud: LocalCloud) -> None:
    lines: list[dict[str, Any]] = []
    keys = {"TENCENTCLOUD_SECRETID": "AKIDwrong", "TENCENTCLOUD_SECRETKEY": "not to be told"}
    right = {
        "TENCENTCLOUD_SECRETID": localcloud.secret_id,
        "TENCENTCLOUD_SECRETKEY": localcloud.secret_key,
    }
    for each in (keys, right):
        api = Api("ap-guangzhou", EnvironmentCredentials(each), SystemClock(), localcloud.url, lines.append)
        try:
            api.call("cbs", "DescribeDisks", {})
        except CloudError as refused:
            request_id = refused.request_id

    (line,) = lines
    assert line["action"] == "DescribeDisks"
    assert line["code"].startswith("AuthFailure")
    assert line["api_request_id"] == request_id
    assert "not to be told" not in str(line)
