from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cbsnap import policyfile
from cbsnap.model.labels import Label

from demo import past
from demo.stage import Scenery, built

from .page import WAIT_MS, Console, Visitor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

HERE = Path(__file__).parent
PLAIN: dict[str, Any] = {"locale": "en-US", "viewport": {"width": 1280, "height": 900}}
LINES = (
    past.Line("orders-db", "disk-orders01", Label.APPLICATION, 7, lesser=2, drill="failed"),
    past.Line("stale-db", "disk-stale001", Label.CRASH, 8, lacks=9),
    past.Line("the-rest", "disk-archive1", Label.CRASH, 5),
)


@pytest.fixture(scope="package")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """Serve the console from the gateway in a local cloud, with a past and two hosts."""
    options = ("--no-timers", "--prefork", "--snapshot-seconds", "2", "--operation-seconds", "1")
    values = {"past": json.dumps(_past(datetime.now(timezone.utc))), "emoji": "🧯" * 60}
    scenery = Scenery(HERE / "fleet.yml", HERE / "policies.yml", options, values)
    with built(tmp_path_factory.mktemp("console"), scenery) as stage:
        yield Console(stage.url, stage.token, stage.reader)


def _past(now: datetime) -> list[dict[str, object]]:
    text = (HERE / "policies.yml").read_text(encoding="utf-8").replace("$port", "9780")
    plan = policyfile.parse(text, "policies.yml")
    policies = {policy.name: policy for policy in plan.policies}
    found = [
        one for line in LINES for one in past.scheduled(line, policies[line.policy], plan.deployment, now)
    ]
    named = past.asked_for(
        "before release 41", "disk-archive1", plan.deployment, now - timedelta(days=1, hours=1)
    )
    return [*found, named]


@pytest.fixture(scope="package")  # ends with these tests: a loop of Playwright runs meanwhile
def chromium() -> Iterator[Browser]:
    """Start a browser; without one, say what to install."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    from playwright.sync_api import expect, sync_playwright  # noqa: PLC0415 - slow, and only of use with a browser

    expect.set_options(timeout=WAIT_MS)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, console: Console) -> Iterator[Callable[..., Visitor]]:
    """Return how a person comes to the console; at the end, nothing may have gone wrong unseen."""
    visitors: list[Visitor] = []

    def come(token: str | None = console.token, **browser: Any) -> Visitor:  # noqa: ANN401 - as Playwright has it
        context = chromium.new_context(**{**PLAIN, **browser})
        visitors.append(Visitor(context, console, token))
        return visitors[-1]

    yield come
    for one in visitors:
        one.leave()


@pytest.fixture
def person(visit: Callable[..., Visitor]) -> Visitor:
    """Return somebody who is signed in and may do everything."""
    return visit()
