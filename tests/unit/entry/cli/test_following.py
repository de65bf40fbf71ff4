"""What is under way is looked at until it is over, and said where no bar can be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from cbsnap.entry.cli.drilling import Ended, code
from cbsnap.entry.cli.following import MOST_BARS, Part, follow, together

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Clock:
    """Time that passes by sleeping."""

    seconds: float = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, timezone.utc)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def looks(*percents: int | None) -> Iterator[list[Part]]:
    for one in percents:
        yield [Part("disk-a", one, "ended" if one == 100 else "made")]


def test_it_is_looked_at_until_all_parts_have_ended(capsys: pytest.CaptureFixture[str]) -> None:
    seen, clock = looks(None, 10, 50, 100, 100), Clock()

    last = follow(lambda: next(seen), list, clock, until_s=60)

    assert last == [Part("disk-a", 100, "ended")]
    assert clock.seconds == 6
    assert capsys.readouterr().err.splitlines() == ["disk-a: made", "disk-a: ended"]


def test_it_ends_when_the_time_is_up() -> None:
    clock = Clock()

    last = follow(lambda: [Part("disk-a", 99, "made")], list, clock, until_s=11)

    assert last[0].percent == 99
    assert clock.seconds == 10


def test_what_a_screen_cannot_hold_is_one_bar() -> None:
    parts = [Part(f"disk-{number}", 100 if number else 50, "") for number in range(MOST_BARS + 1)]

    (one,) = together(parts)

    assert (one.name, one.percent, one.words) == ("all 31", 98, "30 ended")
    assert together(parts[1:]) == parts[1:]


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["passed"], 0),
        (["passed", "late"], 1),
        (["unfinished", "failed"], 1),
        (["passed", "unfinished"], 3),
        ([], 3),
    ],
)
def test_drills_exit_with_the_worst_that_was_found_out(verdicts: list[str], expected: int) -> None:
    ends = [Ended("orders", "ap-guangzhou", "k", (), verdict) for verdict in verdicts]

    assert code(ends) == expected
