from __future__ import annotations

import json

from bench import report
from bench.trials import Result
from tests.unit.bench.results import MACHINE, benchmark, result


def test_each_figure_stands_beside_the_baselines() -> None:
    first, second = report.rows(result())[:2]

    assert (first.side, first.median, first.p95, first.more, first.ratio) == ("bare", 4.0, 6.0, None, None)
    assert (second.side, second.median, second.p95) == ("ours", 10.0, 30.0)
    assert (second.more, second.ratio, second.ratio_p95) == (6.0, 2.5, 5.0)


def test_no_ratio_is_stated_where_it_would_say_nothing() -> None:
    rows = {(row.metric.name, row.side): row for row in report.rows(result())}

    assert rows["wait", "ours"].ratio is None
    assert rows["proof", "ours"].ratio is None
    assert ("proof", "bare") not in rows


def test_a_ratio_to_nothing_is_left_out_of_the_row() -> None:
    nothing = Result(benchmark(), {"bare": ({"total": 0.0},), "ours": ({"total": 3.0},)})

    ours = report.rows(nothing)[1]

    assert (ours.more, ours.ratio, ours.ratio_p95) == (3.0, None, None)


def test_cells_have_units_and_three_figures() -> None:
    ours = report.rows(result())[1]

    assert ours.cells() == ("all of it", "ours", "10.0 ms", "30.0 ms", "+6.0", "2.50", "5.00")
    assert [report.figure(value) for value in (0.043, 9.96, 54321.0)] == ["0.04", "10.0", "54,321"]


def test_less_than_the_baseline_has_a_minus() -> None:
    less = Result(benchmark(), {"bare": ({"total": 5.0},), "ours": ({"total": 3.0},)})

    assert report.rows(less)[1].cells()[4] == "-2.0"


def test_the_headline_tells_the_plotted_ratio() -> None:
    assert report.headline(result()) == "ours 2.50 times bare"


def test_json_carries_the_machine_and_every_sample() -> None:
    stated = json.loads(json.dumps(report.as_json([result()], MACHINE, "2026-11-22T14:00:00+00:00")))

    pace = stated["benchmarks"]["pace"]
    assert pace["measured_at"] == "2026-11-22T14:00:00+00:00"
    assert (pace["machine"]["cores"], pace["machine"]["cpu"]) == (2, "A CPU")
    assert (pace["trials"], pace["baseline"]) == (3, "bare")
    ours = next(row for row in pace["rows"] if (row["metric"], row["side"]) == ("total", "ours"))
    assert ours["samples"] == [10.0, 6.0, 30.0]
    assert (ours["median"], ours["p95"], ours["ratio"], ours["unit"]) == (10.0, 30.0, 2.5, "ms")
