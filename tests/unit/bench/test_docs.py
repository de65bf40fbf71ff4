from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench import docs
from bench.catalogue import BENCHMARKS
from bench.report import as_json
from tests.unit.bench.results import MACHINE, result

if TYPE_CHECKING:
    from pathlib import Path

WHEN = "2026-11-22T14:00:00+00:00"
PAGE = """# Benchmarks
by hand
<!-- bench:pace -->
an old table
<!-- /bench:pace -->
between
<!-- bench:other -->
another's table
<!-- /bench:other -->
"""


def test_only_what_stands_between_a_results_markers_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(PAGE)

    docs.update(tmp_path, [result()], MACHINE, WHEN)

    text = page.read_text()
    assert "an old table" not in text
    assert "| all of it | ours | 10.0 ms | 30.0 ms | +6.0 | 2.50 | 5.00 |" in text
    assert "ours 2.50 times bare: 3 trials a side, in turn, 2026-11-22; 2 cores, A CPU" in text
    assert "![how long <it> takes](figures/pace.svg)" in text
    assert text.startswith("# Benchmarks\nby hand\n<!-- bench:pace -->\n")
    assert text.endswith(PAGE.partition("<!-- /bench:pace -->")[2])
    assert (tmp_path / "figures/pace.svg").read_text().startswith("<svg")


def test_the_same_result_again_changes_nothing(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(PAGE)
    docs.update(tmp_path, [result()], MACHINE, WHEN)
    once = page.read_text()

    docs.update(tmp_path, [result()], MACHINE, WHEN)

    assert page.read_text() == once


def test_a_page_without_a_place_is_left_alone_and_says_what_to_add(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("# Benchmarks\n")

    with pytest.raises(LookupError, match="<!-- bench:pace -->"):
        docs.update(tmp_path, [result()], MACHINE, WHEN)

    assert page.read_text() == "# Benchmarks\n"
    assert not (tmp_path / "figures").exists()


@pytest.mark.parametrize("name", BENCHMARKS)
def test_the_page_has_a_place_for_every_benchmark(name: str) -> None:
    text = (docs.FOLDER / "benchmarks.md").read_text()

    assert f"<!-- bench:{name} -->" in text
    assert f"<!-- /bench:{name} -->" in text


def test_a_line_for_each_kept_benchmark_stands_where_a_page_wants_it(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text("above\n<!-- bench -->\nold\n<!-- /bench -->\nbelow\n")
    stated = as_json([result()], MACHINE, WHEN, "abc1234")

    docs.summarise(stated["benchmarks"], [page])

    line = "| pace: all of it | bare, 4.0 ms | ours 10.0 ms (2.50 times) | 2026-11-22, abc1234 |"
    assert page.read_text().startswith("above\n<!-- bench -->\n| measured |")
    assert line in page.read_text()
    assert page.read_text().endswith("<!-- /bench -->\nbelow\n")
    assert "old" not in page.read_text()


def test_the_pages_have_a_place_for_the_summary() -> None:
    assert all("<!-- bench -->\n" in page.read_text() for page in docs.SUMMARISED)
