"""What the trials come to: a table of what was broken, and whether each label kept its promise."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.prove.modes import Mode
    from tests.prove.trials import Trial


@dataclass
class Tally:
    """The trials so far."""

    trials: list[Trial] = field(default_factory=list)

    def failures(self) -> Iterator[str]:
        """Yield each broken promise, and each thing that the trials failed to show."""
        for trial in self.trials:
            yield from _broken_promises(trial)
        for workload in dict.fromkeys(trial.mode.workload for trial in self.trials):
            weak = [one for one in self._of(workload) if not one.mode.earns and not one.mode.cut_late]
            if weak and not any(one.broken for one in weak):
                yield f"{workload}: {len(weak)} trials of weak modes broke nothing, which shows nothing"

    def rows(self) -> Iterator[tuple[Mode, int, Counter[str], Counter[str], int]]:
        """Yield for each mode: trials, labels earned, findings, and how many were known as late."""
        for mode in dict.fromkeys(trial.mode for trial in self.trials):
            of_mode = [one for one in self.trials if one.mode == mode]
            yield (
                mode,
                len(of_mode),
                Counter(one.label for one in of_mode),
                Counter(name for one in of_mode for name in one.broken),
                sum(one.late for one in of_mode),
            )

    def _of(self, workload: str) -> list[Trial]:
        return [one for one in self.trials if one.mode.workload == workload]


def _broken_promises(trial: Trial) -> Iterator[str]:
    if trial.late != trial.mode.cut_late:
        said = "late" if trial.late else "inside the lease"
        yield f"{trial.mode}: its markers say that it was cut {said}"
    if trial.late:
        return
    if broken := [name for name in trial.broken if _is_promised(trial.label, name)]:
        yield f"{trial.mode}: labelled {trial.label}, and broken: {', '.join(broken)}"
    if trial.mode.earns and trial.label != trial.mode.earns:
        yield f"{trial.mode}: labelled {trial.label}, where the plan was to earn {trial.mode.earns}"


def _is_promised(label: str, finding: str) -> bool:
    """Tell whether a label promises that this is not found; to replay a journal harms no application."""
    if finding == "journal":
        return label in {"clean", "filesystem"}
    return label in {"clean", "application"}
