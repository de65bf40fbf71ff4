"""Three ways in which the core could be wrong, each of which the suite must notice."""

from __future__ import annotations

from tests.chaos.core import Change

NO_LOOK_UP = (
    Change(
        "jobs/preflight.py", r"names\.belongs\(snapshot\.name, batch\.run_of\(disk_id\), disk_id\)", "False"
    ),
)
LABEL_BEFORE_PROOF = (
    Change(
        "jobs/verdicts.py",
        r"labels\(plan\.members, hold\.answered, hold\.released\)",
        "labels(plan.members, hold.answered, hold.records)",
    ),
    Change("rules/labels.py", r"if not record\.whole:", "if not record.held:"),
)
RELEASE_SKIPPED = (
    Change(
        "jobs/bracket.py",
        r"return lease\.host\.release\(lease\.record\.lease_id, answered\)",
        "return None",
    ),
)
