"""What the pages say of costs and speed is what was measured last."""

from __future__ import annotations

import re

import pytest

from .pages import PAGES

BENCHMARKS = PAGES["docs/benchmarks.md"]
FLEET = re.findall(r"<!-- bench:fleet -->\n(.*?)<!-- /bench:fleet -->", BENCHMARKS, re.DOTALL)[0]
MEASURED = {
    (what.strip(), side.strip()): median.strip()
    for what, side, median in re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|", FLEET, re.MULTILINE)
}
OURS, USUAL = "cbsnap", "one invocation a disk"
TIME, PRICE = "GB-seconds, at the documented rate", "for 1,000 snapshots, at the list price of a GB-second"
CALLS = "calls of the API, labels included"
CLAIMS = [
    ("docs/costs.md", TIME, OURS),
    ("docs/costs.md", TIME, USUAL),
    ("docs/costs.md", PRICE, OURS),
    ("docs/costs.md", PRICE, USUAL),
    ("docs/costs.md", CALLS, OURS),
    ("docs/costs.md", "invocations of the worker", OURS),
    ("docs/architecture.md", "invocations of the worker", OURS),
    ("README.md", PRICE, OURS),
    ("README.md", CALLS, OURS),
]
CNY_A_GB_S = 0.00011108


def number(measured: str) -> str:
    return measured.partition(" ")[0].removesuffix(".0")


@pytest.mark.parametrize(("page", "what", "side"), CLAIMS)
def test_a_figure_is_the_measured_one(page: str, what: str, side: str) -> None:
    assert re.search(rf"\b{re.escape(number(MEASURED[what, side]))}\b", PAGES[page])


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md"])
def test_the_fleets_ratio_is_the_measured_one(page: str) -> None:
    ratio = re.findall(r"^cbsnap ([\d.]+) times the rate's bound", FLEET, re.MULTILINE)[0]

    assert f"{ratio} times" in PAGES[page]


def test_what_a_run_costs_is_its_time_at_the_list_price() -> None:
    seconds = float(number(MEASURED[TIME, OURS]).replace(",", ""))

    assert f"which is {seconds * CNY_A_GB_S:.2f} CNY" in PAGES["docs/costs.md"]


def test_what_standing_still_costs_is_reckoned_right() -> None:
    gb_s = 8_640 * 1 * 0.5 + 2_880 * 5 * 0.25
    invocations = 8_640 + 2_880
    price = gb_s * CNY_A_GB_S + invocations / 10_000 * 0.0133

    assert (
        f"{gb_s:,.0f} GB-s and {invocations:,} invocations a month: {price:.2f} CNY" in PAGES["docs/costs.md"]
    )
