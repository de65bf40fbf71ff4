from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from bench import plot
from bench.trials import Result
from tests.unit.bench.results import benchmark, result

NAMES = {"svg": "http://www.w3.org/2000/svg"}


def _all(picture: str, element: str) -> list[ET.Element]:
    return ET.fromstring(picture).findall(f".//svg:{element}", NAMES)  # noqa: S314 - we drew it ourselves


def _dots(picture: str) -> list[float]:
    return [float(dot.attrib["cx"]) for dot in _all(picture, "circle")]


def _texts(picture: str) -> list[str]:
    return [text.text or "" for text in _all(picture, "text")]


def test_every_trial_is_a_dot_where_its_value_lies() -> None:
    picture = plot.svg(result())

    two, four, six, ten, other_six, thirty = _dots(picture)
    assert two < four < six < ten < thirty
    assert other_six == six
    assert abs((ten - six) - 2 * (six - four)) < 0.5
    ticks = {text.text: float(text.attrib["x"]) for text in _all(picture, "text")}
    assert ticks["0"] < two
    assert ticks["10"] == ten
    assert ticks["30"] == thirty < plot.WIDTH


def test_sides_medians_and_ratios_are_written() -> None:
    texts = _texts(plot.svg(result()))

    assert {"bare", "ours", "4.0 ms", "10.0 ms", "2.50 times"} <= set(texts)
    assert "pace: all of it" in texts


def test_trials_beyond_the_axis_are_counted() -> None:
    samples = tuple({"total": 1000.0 if number == 7 else 5.0} for number in range(40))

    picture = plot.svg(Result(benchmark(), {"bare": samples}))

    assert len(_dots(picture)) == 39
    assert "1 more, to 1,000 ▸" in _texts(picture)


def test_one_trial_of_nothing_can_be_drawn() -> None:
    picture = plot.svg(Result(benchmark(), {"bare": ({"total": 0.0},)}))

    assert len(_dots(picture)) == 1


def test_each_colour_is_given_for_light_and_for_dark() -> None:
    light, _, dark = plot.STYLE.partition("@media(prefers-color-scheme:dark)")

    coloured = re.compile(r"\.(\w+)\{[^}]*#")
    assert set(coloured.findall(light)) == set(coloured.findall(dark)) != set()
