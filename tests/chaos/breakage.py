"""Three ways in which the core could be wrong, each of which the suite must notice."""

from __future__ import annotations

from tests.chaos.core import Change

NO_LOOK_UP = (Change("jobs/preflight.py", r"names\.belongs\(snapshot\.name, batch\.run, disk_id\)", "False"),)
LABEL_BEFORE_PROOF = (
    Change(
        "jobs/group.py",
        r"labels\(plan\.members, hold\.answered, released\)",
        "labels(plan.members, hold.answered, hold.record)",
    ),
    Change("rules/labels.py", r"if not released\.whole:", "if not released.held:"),
)
RELEASE_SKIPPED = (
    Change(
        "jobs/bracket.py", r"return host\.release\(hold\.record\.lease_id, hold\.answered\)", "return None"
    ),
)
