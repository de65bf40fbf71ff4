"""The journal: bounded in number and age, and never believed beyond its boot."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cbsnap_agent import journal, kernel

if TYPE_CHECKING:
    from pathlib import Path


def record(number: int, boot_id: str = "") -> dict[str, object]:
    return {
        "lease_id": f"{number:032x}",
        "operation": "o",
        "boot_id": boot_id or kernel.boot_id(),
        "answered": {},
    }


def test_keeps_the_newest_thousand(tmp_path: Path) -> None:
    kept = journal.Journal(str(tmp_path))

    for number in range(journal.KEPT + 2):
        kept.put(record(number))

    assert kept.find(f"{1:032x}") is None
    assert kept.find(f"{2:032x}") is not None
    assert len(list((tmp_path / "journal").iterdir())) == journal.KEPT


def test_forgets_what_is_older_than_a_day(tmp_path: Path) -> None:
    now_s = 1000.0
    kept = journal.Journal(str(tmp_path), clock=lambda: now_s)
    kept.put(record(1))

    now_s += journal.KEPT_S + 1
    kept.put(record(2))

    assert [found["lease_id"] for found in kept.of_operation("o")] == [f"{2:032x}"]


def test_drops_what_another_boot_or_a_cut_writing_left(tmp_path: Path) -> None:
    journal.Journal(str(tmp_path)).put(record(1, boot_id="another"))
    (tmp_path / "journal" / f"{2:032x}").write_text('{"ended_s": 1, "rec')

    kept = journal.Journal(str(tmp_path))

    assert kept.of_operation("o") == []
    assert list((tmp_path / "journal").iterdir()) == []


def test_a_later_record_of_a_lease_replaces_the_earlier_one(tmp_path: Path) -> None:
    kept = journal.Journal(str(tmp_path))
    kept.put(record(1))

    kept.put({**record(1), "answered": {"disk-1": "snap-1"}})

    assert [found["answered"] for found in kept.of_operation("o")] == [{"disk-1": "snap-1"}]
    assert len(json.loads(next((tmp_path / "journal").iterdir()).read_text())) == 2


def test_notes_when_a_lease_ended_not_when_it_was_written_down(tmp_path: Path) -> None:
    journal.Journal(str(tmp_path), clock=lambda: 1009.0).put(record(1), ended_s=1000.0)

    entry = json.loads(next((tmp_path / "journal").iterdir()).read_text())
    assert entry["ended_s"] == 1000.0
