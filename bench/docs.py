"""The measured part of docs/benchmarks.md: a table, and a figure beside it, for each benchmark.

A section stands between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`; all else is a person's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bench import plot
from bench.processes import ROOT
from bench.report import HEADINGS, figure, headline, rows, tried

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from bench.machine import Machine
    from bench.trials import Result

FOLDER = ROOT / "docs"
SUMMARISED = (ROOT / "README.md", ROOT / "README.zh-CN.md", FOLDER / "benchmarks.md")


def update(folder: Path, results: Iterable[Result], machine: Machine, measured_at: str) -> None:
    """Replace the sections of these results in `folder`/benchmarks.md, and their figures.

    Raises LookupError, with nothing changed, when the page has no place for one of them.
    """
    page = folder / "benchmarks.md"
    text, figures = page.read_text(encoding="utf-8"), {}
    for result in results:
        name = result.benchmark.name
        text = _replaced(text, name, _section(result, machine, measured_at))
        figures[folder / f"figures/{name}.svg"] = (result.benchmark.picture or plot.svg)(result)
    for path, drawn in figures.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(drawn, encoding="utf-8")
    page.write_text(text, encoding="utf-8")


def summarise(kept: Mapping[str, Any], pages: Iterable[Path] = SUMMARISED) -> None:
    """Show a line for each kept benchmark between `<!-- bench -->` and `<!-- /bench -->` of these pages."""
    table = ["| measured | against | came to | when |", "| --- | --- | --- | --- |"]
    table += [_line(name, kept[name]) for name in kept]
    between = re.compile(r"(<!-- bench -->\n).*?(<!-- /bench -->)", re.DOTALL)
    section = "\n".join([*table, ""])
    for page in pages:
        text = page.read_text(encoding="utf-8")
        page.write_text(between.sub(lambda found: found[1] + section + found[2], text), encoding="utf-8")


def _line(name: str, stated: Mapping[str, Any]) -> str:
    where = f"{stated['measured_at'][:10]}, {stated['commit'] or 'no commit'}"
    first = stated["rows"][0]
    ours = "; ".join(
        f"{row['side']} {figure(row['median'])} {row['unit']}"
        + (f" ({row['ratio']:.2f} times)" if row["ratio"] is not None else "")
        for row in stated["rows"]
        if row["metric"] == first["metric"] and row["side"] != stated["baseline"]
    )
    base = f"{stated['baseline']}, {figure(first['median'])} {first['unit']}"
    return f"| {name}: {first['meaning']} | {base} | {ours} | {where} |"


def _replaced(text: str, name: str, section: str) -> str:
    between = re.compile(rf"(<!-- bench:{name} -->\n).*?(<!-- /bench:{name} -->)", re.DOTALL)
    if not between.search(text):
        raise LookupError(f"benchmarks.md has no place for {name}: add <!-- bench:{name} --> and its end")
    return between.sub(lambda found: found[1] + section + found[2], text)


def _section(result: Result, machine: Machine, measured_at: str) -> str:
    name = result.benchmark.name
    lines = [
        f"{headline(result)}: {tried(result)}, {measured_at[:10]}; {machine}.",
        "",
        *_table(result),
        "",
        f"![{result.benchmark.claim}](figures/{name}.svg)",
        "",
    ]
    return "\n".join(lines)


def _table(result: Result) -> list[str]:
    rule = ["---"] * 2 + ["--:"] * (len(HEADINGS) - 2)
    return [
        "| " + " | ".join(cells) + " |" for cells in (HEADINGS, rule, *(row.cells() for row in rows(result)))
    ]
