"""The console's files by themselves: what they must not contain, and that the languages say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cbsnap
import pytest

FOLDER = Path(cbsnap.__file__).parent / "console"
LANGUAGES = sorted(path.stem for path in (FOLDER / "words").glob("*.json"))
SCRIPTS = [path for path in FOLDER.rglob("*.js") if path.parent.name != "vendor"]
# Keys of words that the API says, and of what a page makes of a name: asked for by a computed key.
COMPUTED = re.compile(
    r"(decision|group|keep|label|nav|quota|restore|restoring|standing|state|theme|usage|verdict)\..+"
)


def words(language: str) -> dict[str, str | dict[str, str]]:
    found: dict[str, str | dict[str, str]] = json.loads(
        (FOLDER / f"words/{language}.json").read_text("utf-8")
    )
    return found


def blanks(text: str | dict[str, str]) -> set[str]:
    forms = [text] if isinstance(text, str) else text.values()
    return {name for form in forms for name in re.findall(r"\{(\w+)\}", form)}


def test_there_are_english_chinese_and_korean() -> None:
    assert LANGUAGES == ["en", "ko", "zh-CN"]


@pytest.mark.parametrize("language", ["ko", "zh-CN"])
def test_a_language_has_every_text_with_the_same_blanks(language: str) -> None:
    english, other = words("en"), words(language)

    assert english.keys() == other.keys()
    assert {key: blanks(text) for key, text in english.items()} == {
        key: blanks(text) for key, text in other.items()
    }


def test_every_text_that_a_page_asks_for_is_there_and_none_is_left_over() -> None:
    source = "\n".join(path.read_text("utf-8") for path in SCRIPTS)
    asked = set(re.findall(r"\bt\(\"([^\"]+)\"", source))

    assert asked <= words("en").keys()
    assert {key for key in words("en").keys() - asked if not COMPUTED.fullmatch(key)} == set()


def test_the_first_page_has_no_script_or_style_of_its_own() -> None:
    page = (FOLDER / "index.html").read_text("utf-8")

    assert re.findall(r"<style|style=|\son\w+=|<script(?![^>]*\bsrc=)", page) == []
    assert re.findall(r"https?://", page) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_markup_of_text(path: Path) -> None:
    source = path.read_text("utf-8")

    assert (
        re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", source)
        == []
    )
    assert re.findall(r"dangerously", source) == []


def test_vendored_code_has_its_licence_beside_it() -> None:
    beside = {path.name for path in (FOLDER / "vendor").iterdir()}

    assert beside == {"preact.js", "LICENSE-htm.txt", "LICENSE-preact.txt", "README.md"}


def test_pages_that_are_preloaded_exist() -> None:
    page = (FOLDER / "index.html").read_text("utf-8")
    named = re.findall(r"(?:href|src)=\"([^\"]+)\"", page)

    assert [name for name in named if not (FOLDER / name).is_file()] == []
