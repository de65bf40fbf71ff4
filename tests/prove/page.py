"""The table for docs/proof.md, and the figure beside it."""

from __future__ import annotations

import re
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from tests.prove.tally import Tally

ROOT = Path(__file__).parents[2]
FINDINGS = {
    "journal": "journal must be replayed",
    "start": "server does not start",
    "tables": "tables corrupt",
    "files": "committed row, damaged file",
    "sums": "sums do not agree",
    "damaged": "listed file damaged",
    "lost": "acknowledged writes lost",
    "position": "not at the noted position",
}
_WIDTH, _LEFT, _LANE, _TOP, _CELL = 900, 210, 30, 86, 82
_STYLE = """
.ground{fill:#fff;stroke:#d0d7de}.ink{fill:#1f2328}.quiet{fill:#59636e}.bad{fill:#cf222e}.good{fill:#1a7f37}
text{font:13px system-ui,-apple-system,'Segoe UI',sans-serif}.title{font-size:15px;font-weight:600}
@media(prefers-color-scheme:dark){.ground{fill:#0d1117;stroke:#30363d}.ink{fill:#e6edf3}.quiet{fill:#9198a1}
.bad{fill:#f85149}.good{fill:#3fb950}}
"""


def table(tally: Tally) -> Iterator[str]:
    """Yield the lines of a Markdown table: a mode a row, how many trials a finding was made in."""
    headings = ["mode", "trials", "label", *FINDINGS.values(), "known as late"]
    yield "| " + " | ".join(headings) + " |"
    yield "|" + "---|" * len(headings)
    for mode, count, labels, broken, late in tally.rows():
        looked_for = {name for one in tally.trials if one.mode == mode for name in one.found}
        cells = [_cell(name, looked_for, broken) for name in FINDINGS]
        yield "| " + " | ".join([str(mode), str(count), _labels(labels), *cells, str(late or "")]) + " |"


def update(tally: Tally) -> None:
    """Replace the measured part of docs/proof.md, and its figure."""
    page = ROOT / "docs/proof.md"
    text = page.read_text(encoding="utf-8")
    commit = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    today = f"{datetime.now(timezone.utc):%Y-%m-%d}"
    made = "\n".join([f"{len(tally.trials)} trials on {today}, at {commit}.", "", *table(tally), ""])
    between = re.compile(r"(<!-- proof -->\n).*?(<!-- /proof -->)", re.DOTALL)
    page.write_text(between.sub(lambda found: found[1] + made + found[2], text), encoding="utf-8")
    (ROOT / "docs/figures/proof.svg").write_text("\n".join(_svg(tally)), encoding="utf-8")


def _labels(labels: Counter[str]) -> str:
    return ", ".join(labels)


def _cell(name: str, looked_for: set[str], broken: Counter[str]) -> str:
    return str(broken[name]) if name in looked_for or broken[name] else "-"


def _svg(tally: Tally) -> Iterator[str]:
    """Yield a picture: a row a mode, a dot for each finding, larger and red the more often it was made."""
    rows = list(tally.rows())
    height = _TOP + _LANE * len(rows) + 16
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">'
    yield f"<title>What was broken in restored snapshots</title><style>{_STYLE}</style>"
    yield f'<rect class="ground" x=".5" y=".5" width="{_WIDTH - 1}" height="{height - 1}" rx="8"/>'
    yield '<text class="ink title" x="16" y="28">What was broken in restored snapshots</text>'
    for column, name in enumerate(["label", *FINDINGS]):
        yield f'<text class="quiet" x="{_LEFT + _CELL * column}" y="{_TOP - 18}">{escape(name)}</text>'
    for row, (mode, count, labels, broken, late) in enumerate(rows):
        middle = _TOP + _LANE * row
        yield f'<text class="ink" x="16" y="{middle + 4}">{escape(str(mode))}</text>'
        words = _labels(labels) + (", known as late" if late else "")
        yield f'<text class="quiet" x="{_LEFT}" y="{middle + 4}">{escape(words)}</text>'
        if not late:
            yield from _dots(middle, count, broken)
    yield "</svg>\n"


def _dots(middle: float, count: int, broken: Counter[str]) -> Iterator[str]:
    for column, name in enumerate(FINDINGS, start=1):
        left = _LEFT + _CELL * column + 12
        share = broken[name] / count
        radius = 2 if not share else 4 + 7 * share
        kind = "bad" if share else "good"
        yield f'<circle class="{kind}" cx="{left}" cy="{middle}" r="{radius:.1f}"/>'
