from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from tencentcloud.common.exception import TencentCloudSDKException

from localcloud.cls.query import fits, read_query
from tests.localcloud.sdk_models import differences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from localcloud.pytest_plugin import LocalCloud, Stage
    from localcloud.service import Answer, LogRecord

    Call = Callable[..., dict[str, Any]]

START_MS = 1_800_000_000_000


@dataclass
class Printed:
    """A runtime that runs nothing, and has these lines in its logs."""

    lines: dict[str, list[str]] = field(default_factory=dict)

    def routes(self) -> Sequence[Any]:
        return ()

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nothing to stop."""

    async def reset(self) -> None:
        """Nothing to forget."""

    def state(self) -> Answer:
        return {}

    def function_of(self, secret_id: str) -> str:
        return ""

    def allows(self, function: str, operation: str) -> bool:
        return True

    def logs(self, uin: str, region: str, topic: str) -> Iterator[LogRecord]:
        where = f"{uin} {region} {topic}"
        for number, line in enumerate(self.lines.get(where, ())):
            yield {
                "SCF_LogTime": START_MS + number,
                "SCF_RequestId": f"request-{number}",
                "SCF_Message": line,
            }


@pytest.fixture
def localcloud(localcloud: LocalCloud, localcloud_stage: Stage) -> Iterator[LocalCloud]:
    """Serve the same cloud with lines in two topics."""
    runtime = Printed(
        {
            "100000000001 ap-guangzhou one": ["alpha started", "alpha failed", "beta started"],
            "100000000001 ap-guangzhou two": ["gamma started"],
        }
    )
    with localcloud_stage.showing(localcloud.cloud, runtime) as served:
        yield served


def search(call: Call, query: str = "*", **asked: object) -> list[str]:
    asked = {"TopicId": "one", "From": START_MS, "To": START_MS + 1000, "Sort": "asc"} | asked
    answer = call("cls", "SearchLog", QueryString=query, **asked)
    return [json.loads(each["LogJson"])["SCF_Message"] for each in answer["Results"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["alpha started", "alpha failed", "beta started"]),
        ("started", ["alpha started", "beta started"]),
        ("SCF_Message:alpha AND started", ["alpha started"]),
        ('"alpha failed" OR beta', ["alpha failed", "beta started"]),
        ("alpha NOT failed", ["alpha started"]),
        ("SCF_RequestId:request-2", ["beta started"]),
        ("be*", ["beta started"]),
    ],
)
def test_lines_are_found_by_words_and_fields(call: Call, query: str, expected: list[str]) -> None:
    assert search(call, query) == expected


@pytest.mark.parametrize("query", ["* | select count(*)", "SCF_Duration > 5", '"open'])
def test_what_is_not_emulated_is_refused(call: Call, query: str) -> None:
    with pytest.raises(TencentCloudSDKException) as refused:
        search(call, query)

    assert refused.value.code == "FailedOperation.SyntaxError"


def test_the_time_includes_its_start_and_not_its_end(call: Call) -> None:
    assert search(call, From=START_MS + 1, To=START_MS + 2) == ["alpha failed"]


def test_several_topics_are_searched_at_once(call: Call) -> None:
    topics = [{"TopicId": "one"}, {"TopicId": "two"}]

    assert len(search(call, TopicId=None, Topics=topics)) == 4
    assert search(call, TopicId="nobody's") == []


def test_a_context_asks_for_the_next_page_until_the_list_is_over(call: Call) -> None:
    pages, context, over = [], None, False

    while not over:
        answer = call(
            "cls",
            "SearchLog",
            TopicId="one",
            From=START_MS,
            To=START_MS + 9,
            Limit=2,
            Sort="desc",
            Context=context,
        )
        context, over = answer["Context"], answer["ListOver"]
        pages.append([each["Time"] - START_MS for each in answer["Results"]])

    assert pages == [[2, 1], [0]]


def test_an_answer_has_every_field_of_the_model(call: Call) -> None:
    answer = call("cls", "SearchLog", TopicId="one", From=START_MS, To=START_MS + 9)

    assert answer["Results"]
    assert not differences("cls", "2020-10-16", "SearchLogResponse", answer)


def test_nothing_between_two_words_means_and() -> None:
    assert fits(read_query("a b"), {"x": "b a"})
    assert not fits(read_query("a b"), {"x": "a"})
