"""Acting: creating, following, restoring, and being refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from .page import Console, Visitor

UNTIL_NORMAL_MS = 60_000


def test_a_snapshot_is_created_and_followed_to_normal_with_the_label_that_was_proved(person: Visitor) -> None:
    person.open("disks")
    person.row("disk-orders01").get_by_role("button", name="Create snapshot").click()
    dialog = person.page.get_by_role("dialog", name="Create snapshot")

    dialog.get_by_label("Snapshot name").fill("before release 42")
    expect(dialog.get_by_role("combobox", name="Plan of the host")).to_have_value("sqlite")
    dialog.get_by_role("button", name="Create", exact=True).click()

    row = person.row("disk-orders01")
    expect(row.get_by_role("progressbar").or_(row.get_by_text("NORMAL"))).to_be_visible(
        timeout=UNTIL_NORMAL_MS
    )
    expect(row).to_contain_text("NORMAL", timeout=UNTIL_NORMAL_MS)
    expect(row).to_contain_text("application", timeout=UNTIL_NORMAL_MS)
    spoken = person.page.locator("#announcements")
    expect(spoken).to_contain_text(re.compile("the snapshot is there, .?application"))
    person.open("disks/disk-orders01")
    expect(person.row("before release 42")).to_be_visible()


def test_days_to_keep_become_the_snapshots_end(person: Visitor) -> None:
    person.open("disks")
    person.row("disk-emoji001").get_by_role("button", name="Create snapshot").click()
    dialog = person.page.get_by_role("dialog")

    dialog.get_by_label("Snapshot name").fill("for a week")
    dialog.get_by_role("radio", name=re.compile("for this many days")).check()
    dialog.get_by_label("Days to keep").fill("9")
    dialog.get_by_role("button", name="Create", exact=True).click()

    expect(person.row("disk-emoji001")).to_contain_text("NORMAL", timeout=UNTIL_NORMAL_MS)
    person.open("disks/disk-emoji001")
    expect(person.row("for a week")).not_to_contain_text("permanently", timeout=UNTIL_NORMAL_MS)


def test_a_plan_that_the_host_has_not_is_refused_in_the_run_with_the_reason(person: Visitor) -> None:
    person.open("disks")
    person.row("disk-orders01").get_by_role("button", name="Create snapshot").click()
    dialog = person.page.get_by_role("dialog")

    dialog.get_by_role("combobox", name="Plan of the host").fill("nosuch")
    dialog.get_by_role("button", name="Create", exact=True).click()

    expect(person.row("disk-orders01")).to_contain_text("failed", timeout=UNTIL_NORMAL_MS)
    expect(person.row("disk-orders01")).to_contain_text("nosuch")


def test_a_disk_is_put_back_only_when_its_id_was_typed(person: Visitor) -> None:
    person.open("disks/disk-archive1")
    person.row("before release 41").get_by_role("link", name=re.compile("Roll back")).click()
    person.page.get_by_role("button", name="Show the plan").click()
    act = person.page.get_by_role("button", name="Roll back now")

    expect(
        person.page.get_by_role("listitem").filter(has_text="what was written since is lost")
    ).to_be_visible()
    expect(act).to_be_disabled()
    person.page.get_by_label(re.compile("To confirm")).fill("disk-archive2")
    expect(act).to_be_disabled()
    person.page.get_by_label(re.compile("To confirm")).fill("disk-archive1")
    act.click()

    expect(person.page.get_by_role("heading", level=1)).to_have_text("Restore")
    expect(person.page.locator("dd .badge")).to_have_text("done", timeout=UNTIL_NORMAL_MS)


def test_what_stands_in_a_restores_way_is_said_before_anything_is_done(person: Visitor) -> None:
    person.open("disks/disk-orders01")
    person.page.get_by_role("link", name=re.compile("Roll back")).first.click()

    person.page.get_by_role("button", name="Show the plan").click()

    expect(person.page.get_by_role("alert")).to_contain_text("ins-orders01 must be stopped")
    expect(person.page.get_by_role("alert").locator("code").first).to_have_text("stop")


def test_a_new_disk_is_made_of_a_snapshot(person: Visitor) -> None:
    person.open("disks/disk-archive1")
    person.page.get_by_role("link", name=re.compile("Roll back")).last.click()
    person.page.get_by_role("radio", name=re.compile("Create a new disk")).check()
    person.page.get_by_role("button", name="Show the plan").click()

    person.page.get_by_role("button", name="Create the disk").click()

    expect(person.page.locator("dd .badge")).to_have_text("done", timeout=UNTIL_NORMAL_MS)


def test_a_disk_without_room_is_refused_with_figures(person: Visitor) -> None:
    person.open("disks?region=ap-singapore")
    person.row("disk-full0001").get_by_role("button", name="Create snapshot").click()
    dialog = person.page.get_by_role("dialog")

    dialog.get_by_role("button", name="Create", exact=True).click()

    expect(person.page.get_by_text(re.compile("disk-full0001 has 64 of 64")).first).to_be_visible(
        timeout=UNTIL_NORMAL_MS
    )


def test_a_token_that_may_only_read_sees_everything_and_can_press_nothing(
    visit: Callable[..., Visitor], console: Console
) -> None:
    reader = visit(token=console.reader)
    reader.open("disks")

    button = reader.row("disk-orders01").get_by_role("button", name="Create snapshot")

    expect(button).to_be_disabled()
    expect(button).to_have_attribute("title", re.compile("scope snapshot"))
    reader.open("disks/disk-archive1")
    expect(reader.row("before release 41")).to_be_visible()
    expect(reader.page.get_by_role("link", name=re.compile("Roll back"))).to_have_count(0)
