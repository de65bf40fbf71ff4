"""The sequence: what a copy that holds some of its blocks tells, and what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from cbsnap_agent import sequence

from tests.agent.driver import AGENT_HOME

if TYPE_CHECKING:
    from pathlib import Path

SESSION = "0123456789abcdef"
TIMES = {number: (number * 100, number * 100 + 50) for number in range(1, 500)}


def run(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Run the command as the command channel does."""
    command = [sys.executable, "-m", "cbsnap_agent", "sequence", *arguments]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(AGENT_HOME)}, capture_output=True, check=False
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else {}


def copy(folder: Path, *numbers: int, session: str = SESSION) -> Path:
    """Make a copy's file that holds these numbers."""
    path = folder / "copy"
    path.write_bytes(b"".join(sequence._block(session, number) for number in numbers))
    return path


def test_the_cut_lies_between_the_last_numbers_begin_and_the_nexts_end(tmp_path: Path) -> None:
    numbers = sequence._numbers(str(copy(tmp_path, 4, 5, 6, 2, 3, 1)), SESSION)

    assert sequence._cut(numbers, TIMES) == {
        "number": 6,
        "after_ns": 600,
        "before_ns": 750,
        "torn": False,
    }


def test_a_copy_that_lacks_an_earlier_number_is_torn(tmp_path: Path) -> None:
    numbers = sequence._numbers(str(copy(tmp_path, 4, 6, 2, 3, 1)), SESSION)

    assert sequence._cut(numbers, TIMES)["torn"] is True


def test_numbers_that_were_overwritten_are_not_missed(tmp_path: Path) -> None:
    numbers = sequence._numbers(str(copy(tmp_path, *range(45, 301))), SESSION)

    assert sequence._cut(numbers, TIMES)["torn"] is False


def test_a_copy_that_is_newer_than_the_writing_tells_nothing(tmp_path: Path) -> None:
    numbers = sequence._numbers(str(copy(tmp_path, 499)), SESSION)

    assert sequence._cut(numbers, TIMES) == {"error": "the writing ended before the cut"}


def test_half_a_block_and_another_sessions_do_not_count(tmp_path: Path) -> None:
    path = copy(tmp_path, 1, session="f" * 16)
    with path.open("ab") as more:
        more.write(sequence._block(SESSION, 2)[:20] + b"\0" * 4076)

    assert sequence._numbers(str(path), SESSION) == set()


def test_the_time_since_boot_can_be_asked_for_before_anything_was_written() -> None:
    code, told = run("now", SESSION)

    assert (code, told["number"]) == (0, 0)
    assert told["boottime_ns"] > 0


@pytest.mark.parametrize("arguments", [("now", "../../etc"), ("write", SESSION, "/dev/vda"), ("read", SESSION)])
def test_what_is_no_session_and_no_disk_is_refused(arguments: tuple[str, ...]) -> None:
    code, _ = run(*arguments)

    assert code == 2


def test_a_disk_that_is_not_there_is_said_in_one_line_of_json() -> None:
    code, told = run("read", SESSION, "disk-nowhere")

    assert code == 1
    assert "no log of this session" in told["error"]
