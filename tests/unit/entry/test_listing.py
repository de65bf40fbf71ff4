"""The dry run that the documentation shows is what the code prints."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from cbsnap.entry.listing import verdicts
from cbsnap.jobs.prune import judge
from cbsnap.model.labels import Label
from cbsnap.model.policies import Keep

from tests.unit.jobs.fakes import NOON
from tests.unit.jobs.shelf import inventory, plan, policy, shelf, shot

PAGE = Path(__file__).parents[3] / "docs/retention.md"
TWO = NOON.replace(hour=2)
AGES = (0, 1, 2, 3, 4, 22, 23, 53)


def test_the_documented_dry_run_is_what_the_code_prints() -> None:
    rules = policy(keep=Keep(last=2, daily=3, monthly=2), good=Label.APPLICATION, fuse_percent=100)
    taken = [
        shot(
            f"snap-{age:02}",
            due=TWO - timedelta(days=age),
            label=Label.CRASH if age == 2 else Label.APPLICATION,
        )
        for age in AGES
    ]

    lines = verdicts(judge(plan(rules), inventory(shelf(taken)), NOON))

    (shown,) = re.findall(r"```\n(.*?)\n```", PAGE.read_text(), re.DOTALL)
    assert "\n".join(lines) == shown
