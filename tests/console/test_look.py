"""Looking: what a person finds on each page, and that nothing foreign gets power over it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from .page import Console, Visitor


def test_a_pasted_token_opens_the_page_that_was_linked_to_and_stays_out_of_the_address(
    visit: Callable[..., Visitor], console: Console
) -> None:
    someone = visit(token=None)
    someone.open("policies")

    someone.page.get_by_label("Token").fill(console.token)
    someone.page.get_by_role("button", name="Sign in").click()

    expect(someone.page.get_by_role("heading", level=1)).to_have_text("Policies")
    assert not [url for url in [someone.page.url, *someone.asked] if console.token in url]
    assert someone.page.evaluate("Object.values(localStorage)").count(console.token) == 0


def test_a_wrong_token_is_refused_in_place_with_the_request_to_ask_about(
    visit: Callable[..., Visitor],
) -> None:
    stranger = visit(token=None)
    stranger.open()

    stranger.page.get_by_label("Token").fill("guessed")
    stranger.page.get_by_role("button", name="Sign in").click()

    refusal = stranger.page.get_by_role("alert")
    expect(refusal).to_contain_text("401")
    expect(refusal).to_contain_text("Request id")
    expect(stranger.page.get_by_label("Token")).to_be_focused()


def test_signing_out_forgets_the_token(person: Visitor) -> None:
    person.open()

    person.page.get_by_role("button", name="Sign out").click()

    expect(person.page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert person.page.evaluate("sessionStorage.getItem('cbsnap.token')") is None


@pytest.mark.parametrize(
    ("disk", "standing", "label"),
    [
        ("disk-orders01", "stale", "application"),
        ("disk-stale001", "stale", "crash"),
        ("disk-script01", "no good snapshot", None),
        ("disk-emoji001", "no policy", None),
    ],
)
def test_each_disk_says_how_it_is_protected(
    person: Visitor, disk: str, standing: str, label: str | None
) -> None:
    person.open("disks")

    row = person.row(disk)

    expect(row).to_contain_text(standing)
    if label:
        expect(row).to_contain_text(label)
    expect(row.get_by_role("button", name="Create snapshot")).to_be_visible()


def test_a_disk_that_cannot_be_taken_says_why(person: Visitor) -> None:
    person.open("disks")

    row = person.row("disk-shared01")

    expect(row).to_contain_text("shared disks cannot be snapshotted")
    expect(row.get_by_role("button", name="Create snapshot")).to_be_disabled()


def test_a_count_filters_and_the_filter_is_in_the_address(person: Visitor) -> None:
    person.open("disks")

    person.page.get_by_role("button", name="2 stale").click()

    expect(person.row("disk-stale001")).to_be_visible()
    expect(person.row("disk-archive1")).to_have_count(0)
    assert "standing=stale" in person.page.url


def test_foreign_names_are_text_and_nothing_else(person: Visitor) -> None:
    person.open("disks")
    person.row("disk-script01").wait_for()

    names = [
        name for name in person.page.locator("td .lead bdi").all_text_contents() if name.startswith("<img")
    ]

    assert names == ["<img src=x onerror=alert(1)><script>alert(2)</script>"]
    assert person.page.locator("td img, td script").count() == 0
    assert person.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    turned = person.row("disk-turned01").locator(".lead bdi")
    assert turned.evaluate("one => getComputedStyle(one).unicodeBidi") == "isolate"


def test_the_time_line_shows_every_snapshot_of_a_disk_and_says_so(person: Visitor) -> None:
    person.open("disks/disk-orders01")

    chart = person.page.get_by_role("img", name=re.compile("Time line of"))
    rows = person.page.get_by_role("table", name="Snapshots").get_by_role("row")

    expect(chart).to_be_visible()
    assert chart.locator(".mark").count() == rows.count() - 1 > 4


def test_a_snapshot_shows_the_title_that_a_person_gave_it(person: Visitor) -> None:
    person.open("snapshots")

    person.row("before release 41").get_by_role("link", name="before release 41").click()

    expect(person.page.get_by_role("heading", level=1)).to_have_text("before release 41")


def test_policies_say_when_they_run_next_and_what_they_would_do(person: Visitor) -> None:
    person.open("policies")
    card = person.page.get_by_role("region", name="orders-db", exact=True)

    expect(card.get_by_role("listitem").filter(has=person.page.locator("time"))).to_have_count(5)
    card.get_by_role("button", name="Dry run").click()

    expect(card.get_by_role("row").filter(has_text="disk-orders01")).to_be_visible()


def test_quota_is_a_meter_with_words(person: Visitor) -> None:
    person.open("quota")

    meter = person.page.get_by_role("meter", name=re.compile("ap-singapore"))

    expect(meter).to_have_attribute("aria-valuetext", re.compile(r"\d+ of \d+ used"))


def test_a_failed_drill_is_seen_on_the_disk_and_among_the_drills(person: Visitor) -> None:
    person.open("disks")
    expect(person.row("disk-orders01")).to_contain_text("drill failed")

    person.open("drills")

    card = person.page.get_by_role("region", name="orders-db")
    expect(card.get_by_role("listitem")).to_contain_text("failed")


def test_search_finds_disks_snapshots_and_policies(person: Visitor) -> None:
    person.open()

    person.page.get_by_role("searchbox", name="Search disks, snapshots, policies").fill("orders")
    person.page.keyboard.press("Enter")

    expect(person.row("disk-orders01").first).to_be_visible()
    expect(person.page.get_by_role("link", name="orders-db", exact=True).first).to_be_visible()
    expect(person.row("snap-").first).to_be_visible()


def test_a_search_without_result_says_what_to_try(person: Visitor) -> None:
    person.open("search/nothing-is-called-so")

    expect(person.page.get_by_text("Nothing found")).to_be_visible()


def test_an_unknown_thing_is_a_problem_with_its_request(person: Visitor) -> None:
    person.open("disks/disk-nosuch01")

    expect(person.page.get_by_role("alert").first).to_contain_text("disk-nosuch01")
    expect(person.page.get_by_role("alert").first).to_contain_text("Request id")
