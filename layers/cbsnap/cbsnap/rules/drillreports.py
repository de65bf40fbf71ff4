"""What a scratch host said of a drill, and the verdict that its snapshots get.

The host looks at filesystems, markers and engines (`cbsnap-agent drill`); what a late cut means for a
label is decided here. The host's output is outside input: what does not read as a report is none.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from cbsnap.model import Label
from cbsnap.upkeep import Check

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cbsnap.rules.ours import Ours

_TOLD = 3  # failed checks that a reason quotes
_LONGEST = 400  # characters of a reason, and of what one check says


class Verdict(Enum):
    """What a drill came to, written on its snapshots; `UNFINISHED` says nothing of them."""

    PASSED = "passed"
    FAILED = "failed"
    LATE = "late"
    UNFINISHED = "unfinished"


class Cut(Enum):
    """When a snapshot was cut, by its markers: inside the lease of its run, after it, or not known."""

    INSIDE = "inside"
    LATE = "late"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DrillReport:
    """What one drill came to on its host; `reason` says why it is unfinished."""

    verdict: Verdict
    cut: Cut
    checks: tuple[Check, ...] = ()
    reason: str = ""


def unfinished(reason: str) -> DrillReport:
    """Return the report of a drill that was not carried to its end."""
    return DrillReport(Verdict.UNFINISHED, Cut.UNKNOWN, reason=reason)


def read(output: str) -> DrillReport | None:
    """Return the report that stands in the last line of an output that is one."""
    return next(filter(None, map(_report, reversed(output.splitlines()))), None)


def judged(report: DrillReport, snapshots: Iterable[Ours]) -> tuple[Verdict, str]:
    """Return what is written on the snapshots, and the reason in a sentence.

    A late cut counts where a label claims that it was in time.
    """
    claims = any(one.label is not None and one.label is not Label.CRASH for one in snapshots)
    if report.cut is Cut.LATE and claims:
        return Verdict.LATE, "; ".join(("the cloud cut it after its lease had ended", *_failures(report)))
    return report.verdict, _reason(report)


def _reason(report: DrillReport) -> str:
    if report.verdict is Verdict.PASSED:
        seconds = sum(check.ms for check in report.checks) / 1000
        return f"{len(report.checks)} checks in {seconds:.1f} s, cut {report.cut.value}"
    return "; ".join(_failures(report))[:_LONGEST] or report.reason[:_LONGEST] or "no reason was given"


def _failures(report: DrillReport) -> Iterator[str]:
    failed = [f"{check.name}: {check.detail}" for check in report.checks if not check.ok]
    yield from failed[:_TOLD]
    if len(failed) > _TOLD:
        yield f"and {len(failed) - _TOLD} more"


def _report(line: str) -> DrillReport | None:
    if not line.startswith("{"):
        return None
    try:
        said = json.loads(line)
        verdict = Verdict(said["verdict"])
        checks = tuple(map(_check, said["checks"]))
        found = DrillReport(verdict, Cut(said["cut"]), checks, str(said.get("reason") or ""))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    contradicts_itself = verdict is Verdict.PASSED and not all(check.ok for check in checks)
    return None if contradicts_itself else found


def _check(said: dict[str, Any]) -> Check:
    return Check(str(said["name"]), said["ok"] is True, str(said["detail"])[:_LONGEST], _finite(said["ms"]))


def _finite(value: Any) -> float:  # noqa: ANN401 - a host's
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("no time takes so long")
    return number
