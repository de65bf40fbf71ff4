"""Short texts that much hangs on: names, labels' proofs, tokens, schedules, what a drill's host printed."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime, timezone
from typing import Any

import pytest
from cbsnap.errors import CbsnapError, InputError
from cbsnap.model import Run
from cbsnap.rules import names, schedule, tokens
from cbsnap.rules.drillreports import Verdict, read
from hypothesis import example, given
from hypothesis import strategies as st

from localcloud.runtime.cron import Cron, CronError
from tests.fuzz.effort import effort
from tests.fuzz.json_values import ANY, nearly

NOW = datetime(2026, 11, 22, 2, tzinfo=timezone.utc)
NAME = "orders-db.20261122T0200Z.1a2b3c4d.0123abc"
REPORT = {
    "verdict": "passed", "cut": "inside", "reason": "",
    "checks": [{"name": "fsck", "ok": True, "detail": "clean", "ms": 12.5}],
}  # fmt: skip
DIGEST = "ab" * 32
PIECES = st.sampled_from([*"*/,-?LW#0159", "60", "JAN", "SUN", " ", "1970-2099", "9" * 12, "9" * 5000, "٣"])


def changed(good: str) -> st.SearchStrategy[str]:
    """Return a good text with a few characters exchanged, added or left out."""
    part = st.text(max_size=2) | st.sampled_from([".", "Z", "disk-", "\n", "é", "٣", "\x00", ":", "+"])

    def put(edits: list[tuple[int, int, str]]) -> str:
        text = good
        for place, length, new in edits:
            text = text[:place] + new + text[place + length :]
        return text

    return st.lists(st.tuples(st.integers(0, len(good)), st.integers(0, 2), part), max_size=3).map(put)


@effort(300)
@given(changed(NAME) | st.text(max_size=70))
def test_a_name_is_ours_only_if_we_would_write_it_so(text: str) -> None:
    parsed = names.parse(text)

    if parsed is not None:
        written = names.snapshot_name(Run(parsed.policy, parsed.due), parsed.disk_id)
        assert text == written + (f".{parsed.digest}" if parsed.digest else "")
        assert len(text) <= names.LONGEST


@effort(200)
@given(changed(f"ci:read+snapshot:{DIGEST}:2027-01-31") | st.text(max_size=30))
def test_an_entry_is_a_token_as_it_stands_or_a_mistake_without_its_digest(entry: str) -> None:
    ring = tokens.keyring(entry)

    for token in ring.tokens:
        assert tokens.parse(str(token)) == token
        assert ring.matching("", NOW) is None
    for mistake in ring.mistakes:
        assert "CBSNAP_API_TOKENS" in mistake
        assert DIGEST not in mistake


@effort(200)
@given(
    st.lists(PIECES, max_size=12).map("".join) | changed("*/15 2 1-7 * MON"),
    st.sampled_from(["UTC", "Asia/Shanghai"]) | st.text(max_size=12),
)
@example("0 0 30 2 *", "UTC")
@example("0 2 * * *", "\x00")
@example("0 2 * * *", "a" * 300)
def test_a_schedule_has_a_next_time_or_is_refused(cron: str, zone: str) -> None:
    with contextlib.suppress(InputError):
        schedule.validate(cron, zone)
        assert schedule.next_due(cron, zone, NOW) > NOW >= schedule.latest_due(cron, zone, NOW)


@effort(150)
@given(
    st.lists(PIECES, max_size=12).map("".join)
    | changed("0 */5 * * * * *")
    | changed("0 0 2 1 1 ? 2027-2030/2")
)
@example("0 0 0 * * * 1970-999999999999")  # took all memory
@example("0 0 0 * * * 1970/0")
def test_a_timers_expression_has_a_next_time_or_is_refused(text: str) -> None:
    with contextlib.suppress(CronError):
        due_s = Cron(text).next_s(NOW.timestamp())
        assert due_s is None or due_s > NOW.timestamp()


@effort(200)
@given((nearly(REPORT) | ANY).map(json.dumps) | st.sampled_from(["{" * 50_000, '{"a":' * 50_000, "\x00"]))
@example('{"checks":' * 50_000)  # ended the whole pass
@example(json.dumps({**REPORT, "checks": [{**REPORT["checks"][0], "ms": 10**400}]}))  # type: ignore[dict-item] # the same
@example(json.dumps({**REPORT, "checks": [{**REPORT["checks"][0], "ok": False}]}))  # type: ignore[dict-item] # passed
def test_a_drill_passes_only_by_a_report_that_says_so(line: str) -> None:
    report = read(f"something else\n{line}\n")

    if report is not None and report.verdict is Verdict.PASSED:
        said: Any = json.loads(line)
        assert said["verdict"] == "passed"
        assert all(one["ok"] is True for one in said["checks"])
        json.dumps([check.ms for check in report.checks], allow_nan=False)


@pytest.mark.parametrize("text", ["", ":::", "a:read", "\ud800"])
def test_a_wrong_token_says_its_form(text: str) -> None:
    with pytest.raises(CbsnapError, match="CBSNAP_API_TOKENS"):
        tokens.parse(text)
