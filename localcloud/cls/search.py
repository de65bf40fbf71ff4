"""Reading back what the functions printed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from localcloud.cls.query import fits, read_query
from localcloud.cls.service import SERVICE
from localcloud.errors import InvalidParameter, MissingParameter
from localcloud.parameters import Between, OneOf

if TYPE_CHECKING:
    from localcloud.service import Answer, Call, LogRecord

SHOWN_AT_MOST = 10_000


@dataclass(frozen=True)
class MultiTopicSearchInformation:
    """One of several topics to search."""

    topic_id: str
    context: str | None = None


@SERVICE.action
@dataclass(frozen=True)
class SearchLog:
    """Search what functions wrote to their topics; see `query` for what can be asked.

    A topic that no function writes to is empty. Not emulated: SQL, sampling, highlights, the Lucene syntax.
    """

    from_: int
    to: int
    query_string: str = ""
    query_syntax: int | None = None
    topic_id: str | None = None
    topics: Annotated[list[MultiTopicSearchInformation], Between(1, 50)] | None = None
    sort: Annotated[str, OneOf("asc", "desc")] = "desc"
    limit: Annotated[int, Between(1, 1000)] = 100
    offset: Annotated[int, Between(0, SHOWN_AT_MOST)] = 0
    context: str | None = None
    sampling_rate: float | None = None
    use_new_analysis: bool = False
    high_light: bool = False
    query: str | None = None
    syntax_rule: int | None = None

    def answer(self, call: Call) -> Answer:
        """Answer with a page of records; Context asks for the next."""
        found = self._found(call, self._topics())
        start = self._start()
        page = found[start : start + self.limit]
        end = start + len(page)
        context = str(end)
        return {
            "Context": context,
            "ListOver": end >= min(len(found), SHOWN_AT_MOST),
            "Analysis": False,
            "Results": [_show(topic, record) for topic, record in page],
            "ColNames": None,
            "AnalysisResults": None,
            "AnalysisRecords": None,
            "Columns": None,
            "SamplingRate": 1.0,
            "Topics": {
                "Errors": [],
                "Infos": [{"TopicId": each, "Period": 30, "Context": context} for each in self._topics()],
            },
        }

    def _topics(self) -> list[str]:
        if self.topic_id and self.topics:
            raise InvalidParameter(name="Topics", reason="not together with TopicId")
        if not self.topic_id and not self.topics:
            raise MissingParameter(name="TopicId")
        return [each.topic_id for each in self.topics or ()] or [self.topic_id or ""]

    def _start(self) -> int:
        if self.context and not self.context.isdecimal():
            raise InvalidParameter(name="Context", reason=f"`{self.context}`")
        return int(self.context or self.offset)

    def _found(self, call: Call, topics: list[str]) -> list[tuple[str, LogRecord]]:
        wanted = read_query(self.query_string or self.query or "")
        records = [
            (topic, record)
            for topic in topics
            for record in (
                call.runtime.logs(call.caller.account.uin, call.region, topic) if call.runtime else ()
            )
            if self.from_ <= _time_ms(record) < self.to and fits(wanted, record)
        ]
        return sorted(records, key=lambda each: _time_ms(each[1]), reverse=self.sort == "desc")


def _time_ms(record: LogRecord) -> int:
    return int(str(record["SCF_LogTime"]))


def _show(topic: str, record: LogRecord) -> Answer:
    time_ms = _time_ms(record)
    return {
        "Time": time_ms,
        "TimeNanos": time_ms * 1_000_000,
        "TopicId": topic,
        "TopicName": topic,
        "Source": "",
        "FileName": "",
        "HostName": "",
        "PkgId": str(record["SCF_RequestId"]),
        "PkgLogId": "0",
        "HighLights": None,
        "LogJson": json.dumps(record, ensure_ascii=False),
        "RawLog": "",
        "IndexStatus": "",
    }
