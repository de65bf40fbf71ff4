"""The ports `ReportLog` and `FunctionLog`: what functions printed, read back from a topic of CLS.

The platform writes one record a line; what was printed stands in its SCF_Message (583/60336).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from cbsnap import wire
from cbsnap.errors import InputError
from cbsnap.ports import LoggedDrill, LoggedReport
from cbsnap.surroundings import RefusedCall

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cbsnap.model import Report
    from cbsnap.tencent.api import Api
    from cbsnap.upkeep import Tried

PAGE = 1000  # the most records of a call (SDK)
BY_CONTEXT = 10_000  # the most that can be had by handing on Context (SDK); beyond, a new search begins

_UNTIL_NOW = timedelta(minutes=10)  # the log's clock may be ahead of ours


class TopicLog:
    """One topic, to which all functions of the deployment write."""

    def __init__(self, api: Api, topic: str, at_most: int = BY_CONTEXT) -> None:
        self._api = api
        self._topic = topic
        self._at_most = at_most

    def reports(self, since: datetime, until: datetime, run: str | None = None) -> list[LoggedReport]:
        """Return the reports of a time, oldest first; the parts of one are put together."""
        named = f' AND "{run.partition("#")[0]}"' if run else ""  # a key may hold what a query cannot
        lines = _parsed(self._records(_ms(since), _ms(until), f"cbsnap AND report{named}"))
        return _put_together(line for line in lines if run in {None, line.report.run})

    def drills(self, since: datetime, until: datetime) -> list[LoggedDrill]:
        """Return what the drills of a time came to, oldest first."""
        found = []
        for record in self._records(_ms(since), _ms(until), "cbsnap AND upkeep AND drilled"):
            _, printed = _printed(record, "upkeep")
            found += [LoggedDrill(_at(record), one) for one in _drills(printed)]
        return found

    def refused_calls(self, since: datetime) -> list[RefusedCall]:
        """Return the calls that no right allowed: their lines name code and action."""
        found = [
            RefusedCall(at, function, str(said.get("action")), str(said.get("region")))
            for at, function, said in self._said(since, "call", "UnauthorizedOperation")
            if "UnauthorizedOperation" in str(said.get("code"))
        ]
        return sorted(found, key=lambda one: one.at)

    def last_upkeep(self, since: datetime) -> datetime | None:
        """Return when a pass of `maintain` last told what it came to."""
        return max((at for at, _, _ in self._said(since, "upkeep", "cbsnap")), default=None)

    def _said(self, since: datetime, kind: str, word: str) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
        """Yield the lines of ours of one kind, until now: when, by which function, and what."""
        until = datetime.now(timezone.utc) + _UNTIL_NOW
        for record in self._records(_ms(since), _ms(until), f"cbsnap AND {kind} AND {word}"):
            told, printed = _printed(record, kind)
            if printed:
                yield _at(record), str(told.get("SCF_FunctionName")), printed

    def _records(self, since_ms: int, until_ms: int, query: str) -> Iterator[dict[str, Any]]:
        """Yield each record once; after as many as one search gives, the next begins where it ended."""
        seen: set[str] = set()
        while True:
            found = self._search(since_ms, until_ms, query)
            for record in found:
                same = f"{record['Time']} {record.get('PkgId')} {record['LogJson']}"
                if same not in seen:
                    seen.add(same)
                    yield record
            if len(found) < self._at_most:
                return
            since_ms = max(found[-1]["Time"], since_ms + 1)

    def _search(self, since_ms: int, until_ms: int, query: str) -> list[dict[str, Any]]:
        asked = {
            "TopicId": self._topic,
            "From": since_ms,
            "To": until_ms,
            "QueryString": query,
            "QuerySyntax": 1,
            "Sort": "asc",
            "Limit": min(PAGE, self._at_most),
        }
        found: list[dict[str, Any]] = []
        context: dict[str, str] = {}
        while len(found) < self._at_most:
            answer = self._api.read("cls", "SearchLog", {**asked, **context})
            found += answer.get("Results") or []
            if answer["ListOver"]:
                break
            context = {"Context": answer["Context"]}
        return found


@dataclass(frozen=True, slots=True)
class _Line:
    """A part of a report; `attempt` counts the platform's own retries of the invocation."""

    at: datetime
    function: str
    request_id: str
    attempt: int
    report: Report


def _parsed(records: Iterable[dict[str, Any]]) -> Iterator[_Line]:
    """Yield the lines that are reports; others mention the words, or were cut short."""
    for record in records:
        told, printed = _printed(record, "report")
        try:
            report = wire.report(printed)
        except InputError:
            continue
        request_id, attempt = str(told["SCF_RequestId"]), int(told.get("SCF_RetryNum", 0))
        yield _Line(_at(record), str(told["SCF_FunctionName"]), request_id, attempt, report)


def _printed(record: dict[str, Any], kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a record's fields, and the line of ours in it; the latter empty when it is no such line."""
    told = json.loads(record["LogJson"])
    try:
        printed = json.loads(told["SCF_Message"])
        return told, printed if printed["cbsnap"] == kind else {}
    except (ValueError, KeyError, TypeError):
        return told, {}


def _drills(printed: dict[str, Any]) -> Sequence[Tried]:
    try:
        return wire.drills(printed)
    except InputError:
        return ()


def _at(record: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(record["Time"] / 1000, timezone.utc)


def _put_together(lines: Iterable[_Line]) -> list[LoggedReport]:
    whole: dict[tuple[str, int, str, str], list[_Line]] = {}
    for line in lines:
        key = (line.request_id, line.attempt, line.report.run, line.report.region)
        whole.setdefault(key, []).append(line)
    return [
        LoggedReport(
            parts[0].at,
            parts[0].function,
            parts[0].request_id,
            wire.put_together([one.report for one in parts]),
        )
        for parts in whole.values()
    ]


def _ms(moment: datetime) -> int:
    return max(0, int(moment.timestamp() * 1000))
