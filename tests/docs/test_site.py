"""The site: every page, every file that a page shows, nothing of any other host, and a search."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from release import site
from release.failure import BuildError

from .pages import PAGES, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from playwright.sync_api import Browser

WAIT_MS = 30_000
SETTINGS = "site_name: small\nuse_directory_urls: false\nnav: [{Start: [README.md, docs/gone.md]}]\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    site.build(ROOT, folder / "stage", folder / "out")
    return folder / "out"


@pytest.fixture
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - slow, and only of use with a browser

    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])


def small(root: Path, pages: Mapping[str, str]) -> Path:
    """Write a small repository."""
    for name, text in {"docs/site.yml": SETTINGS, **pages}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_every_page_is_in_the_site(made: Path) -> None:
    expected = {page.removesuffix(".md") + ".html" for page in PAGES if page != "README.md"}

    assert (made / "index.html").exists()
    assert [page for page in expected if not (made / page).exists()] == []


def test_all_that_a_page_of_the_site_shows_or_loads_is_there(made: Path) -> None:
    missing = {
        f"{page.name}: {name}"
        for page in made.rglob("*.html")
        if page.name != "404.html"  # its addresses are the server's
        for name in re.findall(r'(?:src|href)="([^"#?:]+)(?=["#?])', page.read_text(encoding="utf-8"))
        if not (page.parent / name).exists()
    }

    assert missing == set()


def test_no_page_of_the_site_asks_another_host_for_anything(made: Path) -> None:
    asked = re.compile(r'<(?:script|img|iframe)[^>]+src="[a-z]*:?//|<link[^>]+href="[a-z]*:?//')

    assert [
        page.name for page in made.rglob("*.html") if asked.search(page.read_text(encoding="utf-8"))
    ] == []


def test_the_search_knows_what_the_pages_say(made: Path) -> None:
    assert "heartbeat" in (made / "search.json").read_text(encoding="utf-8")


def test_the_search_works_in_pages_that_were_opened_from_a_file(made: Path, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{made.as_uri()}/docs/retention.html")

    page.get_by_role("button", name="Search").click()
    page.get_by_role("combobox").or_(page.get_by_role("textbox")).first.fill("heartbeat")

    page.get_by_text(re.compile(r"^[1-9]\d* results?$")).wait_for(timeout=WAIT_MS)


def test_a_link_to_a_page_that_is_missing_is_named_with_its_place(tmp_path: Path) -> None:
    root = small(tmp_path / "root", {"README.md": "# One\n\n[two](docs/two.md)\n"})

    with pytest.raises(BuildError, match=r"README\.md:3"):
        site.build(root, tmp_path / "stage", tmp_path / "out")


def test_a_page_that_no_section_names_is_put_at_the_end() -> None:
    found = site.navigation([{"Start": ["README.md", "docs/gone.md"]}], {"README.md", "docs/new.md"})

    assert found == [{"Start": ["README.md"]}, {"Further": ["docs/new.md"]}]


def test_a_link_to_a_folder_becomes_its_text(tmp_path: Path) -> None:
    root = small(tmp_path / "root", {"README.md": "# One\n\n[the folder](docs)\n"})

    site.build(root, tmp_path / "stage", tmp_path / "out")

    assert "<p>the folder</p>" in (tmp_path / "out/index.html").read_text()
