"""For everyone: languages, themes, the keyboard alone, a screen reader's rules, a telephone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .page import Visitor

PAGES = [
    "disks",
    "disks/disk-orders01",
    "snapshots",
    "runs",
    "policies",
    "drills",
    "hosts",
    "quota",
    "search/orders",
]
# Texts of the page that are keys of the console's words.
KEYS_SHOWN = """async () => {
  const texts = await (await fetch("words/en.json")).json();
  const shown = [...document.querySelectorAll("body *")].flatMap((one) => [...one.childNodes])
    .filter((one) => one.nodeType === 3).map((one) => one.data.trim());
  return shown.filter((one) => one.includes(".") && one in texts);
}"""
WORDS = {
    "en-US": ("en", "Disks", "Create snapshot"),
    "zh-CN": ("zh-CN", "云硬盘", "创建快照"),
    "ko-KR": ("ko", "클라우드 디스크", "스냅샷 생성"),
    "fr-FR": ("en", "Disks", "Create snapshot"),
}


@pytest.mark.parametrize("locale", WORDS)
def test_the_browsers_language_is_spoken_where_it_is_known(
    visit: Callable[..., Visitor], locale: str
) -> None:
    language, heading, button = WORDS[locale]
    someone = visit(locale=locale)

    someone.open("disks")

    expect(someone.page.get_by_role("heading", level=1)).to_have_text(heading)
    expect(someone.row("disk-orders01").get_by_role("button")).to_contain_text(button)
    assert someone.page.locator("html").get_attribute("lang") == language


def test_a_chosen_language_is_spoken_at_once_and_kept(person: Visitor) -> None:
    person.open("policies")

    person.page.get_by_label("Language").select_option("한국어")
    expect(person.page.get_by_role("heading", level=1)).to_have_text("스냅샷 정책")
    person.page.reload()

    expect(person.page.get_by_role("heading", level=1)).to_have_text("스냅샷 정책")


@pytest.mark.parametrize("language", ["zh-CN", "ko"])
def test_no_page_shows_a_key_in_place_of_words(visit: Callable[..., Visitor], language: str) -> None:
    someone = visit(locale=language)

    keys = {route: someone.page.evaluate(KEYS_SHOWN) for route in _opened(someone)}

    assert keys == {route: [] for route in PAGES}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit: Callable[..., Visitor], scheme: str) -> None:
    someone = visit(color_scheme=scheme)

    found = {route: _serious(someone) for route in _opened(someone)}

    assert found == {route: [] for route in PAGES}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_what_opens(visit: Callable[..., Visitor], scheme: str) -> None:
    someone = visit(color_scheme=scheme)
    someone.open("disks")
    someone.row("disk-orders01").get_by_role("button", name="Create snapshot").click()
    someone.page.get_by_role("dialog").wait_for()
    in_the_dialog = _serious(someone)
    someone.page.keyboard.press("Escape")
    someone.open("disks/disk-archive1")
    someone.page.get_by_role("link", name="Roll back or restore").first.click()
    someone.page.get_by_role("button", name="Show the plan").click()
    someone.page.get_by_role("heading", name="What will be done").wait_for()

    assert in_the_dialog == []
    assert _serious(someone) == []


def test_the_theme_follows_the_system_until_one_is_chosen(visit: Callable[..., Visitor]) -> None:
    someone = visit(color_scheme="dark")
    someone.open("disks")
    background = "getComputedStyle(document.documentElement).backgroundColor"
    dark = someone.page.evaluate(background)

    someone.page.get_by_role("button", name="Auto").click()
    light = someone.page.evaluate(background)
    someone.page.reload()
    someone.page.locator("h1").wait_for()

    assert dark != light
    assert someone.page.evaluate(background) == light


def test_the_keyboard_alone_creates_a_snapshot(person: Visitor) -> None:
    person.open("disks")
    keys = person.page.keyboard
    keys.press("Tab")
    expect(person.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    keys.press("Enter")
    expect(person.page.locator("main")).to_be_focused()

    button = person.row("disk-script01").get_by_role("button", name="Create snapshot")
    _tab_to(person, button.evaluate("one => one.getAttribute('aria-label')"))
    assert person.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    keys.press("Enter")
    expect(person.page.get_by_label("Snapshot name")).to_be_focused()
    keys.type("by keyboard")
    keys.press("Enter")

    expect(person.page.get_by_role("heading", level=1)).to_have_text("Run")
    expect(person.page.get_by_role("heading", level=1)).to_be_focused()
    expect(person.row("disk-script01")).to_contain_text("NORMAL", timeout=60_000)


def test_escape_closes_the_dialog_and_gives_the_focus_back(person: Visitor) -> None:
    person.open("disks")
    button = person.row("disk-archive1").get_by_role("button", name="Create snapshot")
    button.click()
    person.page.get_by_role("dialog").wait_for()

    person.page.keyboard.press("Escape")

    expect(person.page.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()


def test_nothing_is_wider_than_a_telephone(visit: Callable[..., Visitor]) -> None:
    someone = visit(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    width = "document.documentElement.scrollWidth"

    widths = {route: someone.page.evaluate(width) for route in _opened(someone)}

    assert widths == dict.fromkeys(PAGES, 360)


def _opened(someone: Visitor) -> Iterator[str]:
    """Open one page after the other, each whole before its turn."""
    for route in PAGES:
        someone.open(route)
        expect(someone.page.locator(".loading")).to_have_count(0)
        yield route


def _serious(someone: Visitor) -> list[str]:
    found = Axe().run(someone.page).response["violations"]
    return [
        f"{one['id']}: {[node['html'] for node in one['nodes']][:3]}"
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


def _tab_to(person: Visitor, label: str) -> None:
    for _ in range(120):
        person.page.keyboard.press("Tab")
        if person.page.evaluate("document.activeElement.getAttribute('aria-label')") == label:
            return
    pytest.fail(f"no way by Tab to {label!r}")
