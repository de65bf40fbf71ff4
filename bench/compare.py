"""The command: `python -m bench.compare [NAME …] [--new FILE] [--old FILE]`: what has become worse.

Decides which figures two machines can be held against each other by: where a figure has a baseline,
its ratio, since both were measured in the same run; of the others what no machine's speed is in (memory,
calls, requests). A figure is worse when the whole of its spread lies beyond the whole of the earlier one's:
the quartiles of the samples, a ratio's being our better quartile over the baseline's worse one and the
other way round, and `MARGIN` besides, or `FEW_MARGIN` of fewer than `FEW` samples, which have no spread.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import __main__ as bench
from bench import kept, spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Stated = Mapping[str, Any]

MARGIN, FEW_MARGIN, FEW = 0.10, 0.25, 5
SPEEDS = {"ms", "s", "µs", "/s", "GB-s", "CNY"}  # units in which a machine's speed is
WORSE, BETTER, SAME = "worse", "better", "as before"


@dataclass(frozen=True)
class Range:
    """A figure with its spread: from quartile to quartile."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class Change:
    """One figure then and now."""

    benchmark: str
    side: str
    meaning: str
    unit: str
    was: Range
    now: Range
    verdict: str

    def __str__(self) -> str:
        """Return it in a line."""
        then, now = (f"{_shown(one)} {self.unit}".strip() for one in (self.was, self.now))
        return f"{self.verdict}: {self.benchmark}, {self.side}: {self.meaning}: {then} → {now}"


def changes(old: Stated, new: Stated) -> Iterator[Change]:
    """Yield every figure that both reports have and that can be compared, by benchmark."""
    for name, stated in new.items():
        before = {(row["metric"], row["side"]): row for row in old.get(name, {"rows": ()})["rows"]}
        for row in stated["rows"]:
            was = before.get((row["metric"], row["side"]))
            if row["side"] != stated["baseline"] and was and _is_comparable(row) and _is_comparable(was):
                yield _change(name, old[name], stated, was, row)


def verdict(was: Range, now: Range, margin: float, *, more_is_better: bool) -> str:
    """Return whether a figure is worse, better, or as before within its spread and a margin."""
    above = now.low > was.high and now.middle > was.middle * (1 + margin)
    below = now.high < was.low and now.middle < was.middle * (1 - margin)
    if not (above or below):
        return SAME
    return BETTER if above == more_is_better else WORSE


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, or read, and compare; return 1 when anything is worse, 2 when there is nothing to compare."""
    chosen = _parser().parse_args(arguments)
    try:
        old = kept.read(chosen.old)
        found = list(changes(old, kept.read(chosen.new) if chosen.new else _measured(chosen.names)))
    except kept.Unreadable as why:
        print(why, file=sys.stderr)  # noqa: T201 - a command
        return 2
    for change in sorted(found, key=lambda one: one.verdict != WORSE):
        if change.verdict != SAME:
            print(change)  # noqa: T201 - a command
    counts = {word: sum(one.verdict == word for one in found) for word in (WORSE, BETTER, SAME)}
    print(", ".join(f"{count} {word}" for word, count in counts.items()))  # noqa: T201 - a command
    return 1 if counts[WORSE] else 0 if found else 2


def _is_comparable(row: Stated) -> bool:
    return row["ratio"] is not None or (not row["compared"] and row["unit"] not in SPEEDS)


def _change(name: str, old: Stated, new: Stated, was: Stated, now: Stated) -> Change:
    then, here = _range(old, was), _range(new, now)
    margin = FEW_MARGIN if min(len(was["samples"]), len(now["samples"])) < FEW else MARGIN
    judged = verdict(then, here, margin, more_is_better=now["more_is_better"])
    unit = "times" if now["ratio"] is not None else now["unit"]
    return Change(name, now["side"], now["meaning"], unit, then, here, judged)


def _range(stated: Stated, row: Stated) -> Range:
    ours = _quartiles(row["samples"])
    if row["ratio"] is None:
        return ours
    base = _quartiles(
        next(
            one["samples"]
            for one in stated["rows"]
            if (one["metric"], one["side"]) == (row["metric"], stated["baseline"])
        )
    )
    return Range(ours.low / base.high, ours.middle / base.middle, ours.high / (base.low or base.middle))


def _quartiles(samples: Sequence[float]) -> Range:
    return Range(spread.percentile(samples, 25), spread.median(samples), spread.percentile(samples, 75))


def _measured(names: Sequence[str]) -> Stated:
    """Measure anew; what is not available here is left out."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "new.json")
        path.write_text('{"benchmarks": {}}', encoding="utf-8")
        bench.main([*names, "--json", str(path)])
        return kept.read(path)


def _shown(figure: Range) -> str:
    return f"{figure.middle:.3g} ({figure.low:.3g} to {figure.high:.3g})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.compare", description="Name what has become worse.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks to measure anew; all by default")
    parser.add_argument("--new", type=Path, metavar="FILE", help="compare this report instead of measuring")
    parser.add_argument(
        "--old",
        type=Path,
        default=kept.PLACE,
        metavar="FILE",
        help="than this one; by default what is committed",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
