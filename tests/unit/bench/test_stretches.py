"""The fleet's picture: bars as high as the stretch was busy, under the lines that bound it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from bench import stretches
from bench.trials import Result
from tests.unit.bench.results import benchmark

NAMES = {"svg": "http://www.w3.org/2000/svg"}


def drawn(made: dict[str, float]) -> ET.Element:
    result = Result(benchmark(), {"bound": ({"total": 1.0},), "ours": ({"total": 2.0, **made},)})
    return ET.fromstring(stretches.svg(result, "ours", share=10, documented=20))  # noqa: S314 - we drew it


def test_a_bar_is_as_high_as_its_stretch_was_busy() -> None:
    picture = drawn({"at 0": 100.0, "at 10": 50.0, "at 20": 0.0})

    full, half, none = [
        float(bar.attrib["height"]) for bar in picture.findall(".//svg:rect[@class='bar']", NAMES)
    ]
    assert full > 0
    assert abs(full - 2 * half) < 0.2
    assert none == 0


def test_a_bar_at_the_share_ends_at_its_line() -> None:
    picture = drawn({"at 0": 100.0})

    (bar,) = picture.findall(".//svg:rect[@class='bar']", NAMES)
    share, documented = [
        float(line.attrib["y1"]) for line in picture.findall(".//svg:line[@class='limit']", NAMES)
    ]
    assert float(bar.attrib["y"]) == share
    assert documented < share
