"""The counts of a campaign: cases by kind, what was done, how it ended for the disks, and what was broken."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.chaos.run import Verdict


@dataclass
class Tally:
    """Adds up verdicts."""

    kinds: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    missed: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    broken: list[Verdict] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, verdict: Verdict) -> None:
        """Count one case."""
        self.kinds[verdict.case.kind] += 1
        self.done.update(
            f"{act.what} {act.whom.partition(' ')[0]}".strip()
            for strike in verdict.struck
            for act in strike.acts
        )
        self.done.update({f"fault {fault['kind']}": 1 for fault in verdict.case.faults if verdict.hits})
        self.missed += len(verdict.missed) + bool(verdict.case.faults and not verdict.hits)
        self.endings.update(verdict.endings)
        self.seconds += verdict.seconds
        if verdict.broken:
            self.broken.append(verdict)

    def __str__(self) -> str:
        """Return the counts as a few lines."""
        cases = sum(self.kinds.values())
        return "\n".join(
            [
                f"{cases} cases: {_listed(self.kinds)}",
                f"done to them: {_listed(self.done)}; {self.missed} never had their moment",
                f"disks ended as: {_listed(self.endings)}",
                f"{len(self.broken)} cases in which a promise was broken"
                + "".join(f"\n  {one.case.command}" for one in self.broken),
            ]
        )


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.most_common()) or "nothing"
