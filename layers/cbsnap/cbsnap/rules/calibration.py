"""When a cloud cuts, beside the answer to CreateSnapshot; and which thaw point that allows.

All times of one measurement are seconds of our own monotonic clock. What the host noted by its clock comes
over by round trips: its answer was given between our asking and our hearing it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbsnap.model import Thaw

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FINE_S = 0.05  # a measurement that is coarser than this cannot speak for thawing at the answer
FINE_AT_LEAST = 2
DRIFT = 1e-4  # how much two clocks may part in a second, which is far more than they do
LEASE_S = 57.0  # the longest lease, less what releasing it needs


@dataclass(frozen=True, slots=True)
class Span:
    """Somewhere between two moments, or lengths of time, in seconds."""

    low: float
    high: float

    @property
    def width(self) -> float:
        """How much is not known."""
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """The host's clock as it was asked for at `asked_s` and heard at `heard_s` of ours."""

    asked_s: float
    host_s: float
    heard_s: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One snapshot: when it was asked for, answered, seen first, and NORMAL."""

    snapshot_id: str
    asked_s: float
    answered_s: float
    visible_s: float
    normal_s: float


@dataclass(frozen=True, slots=True)
class Cut:
    """What a copy of a snapshot told: cut between these moments of the host's; `error` where it told nothing.

    `torn`: it holds a later write and lacks an earlier one, so that it is not of one moment.
    """

    host: Span = Span(0.0, 0.0)
    torn: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """A sample with its cut: `late` is how long after the answer it came, negative before it."""

    sample: Sample
    late: Span

    def after(self, thaw: Thaw) -> float:
        """Return how long after the answer a thaw point came."""
        moment_s = {
            Thaw.RETURNED: self.sample.answered_s,
            Thaw.VISIBLE: self.sample.visible_s,
            Thaw.NORMAL: self.sample.normal_s,
        }
        return moment_s[thaw] - self.sample.answered_s


@dataclass(frozen=True, slots=True)
class Advice:
    """The earliest thaw point that no sample was cut after, and the least margin; None when there is none."""

    thaw: Thaw | None
    said: str
    margin_s: float = 0.0


def ahead(trips: Iterable[RoundTrip], at_s: float) -> Span:
    """Return how far the host's clock is ahead of ours at a moment: what all round trips allow.

    Raises ValueError without any.
    """
    spans = [_allowed(trip, at_s) for trip in trips]
    both = Span(max(one.low for one in spans), min(one.high for one in spans))
    return both if both.width >= 0 else min(spans, key=lambda one: one.width)  # a clock was set meanwhile


def measured(sample: Sample, cut: Cut, trips: Sequence[RoundTrip]) -> Measured:
    """Bring a cut over from the host's clock, and hold it against the answer."""
    host = ahead(trips, sample.answered_s)
    low = cut.host.low - host.high - sample.answered_s
    return Measured(sample, Span(low, cut.host.high - host.low - sample.answered_s))


def advice(found: Sequence[Measured], torn: Iterable[str] = ()) -> Advice:
    """Return the thaw point to choose."""
    if broken := ", ".join(torn):
        return Advice(None, f"{broken} is not of one moment: do not rely on snapshots taken under writes")
    if not found:
        return Advice(None, "nothing was measured")
    if _at_the_answer(found):
        worst = max(one.late.high for one in found if one.late.width <= FINE_S)
        said = f"no cut was after the answer, to {FINE_S * 1000:.0f} ms"
        return Advice(Thaw.RETURNED, said, -worst)
    for thaw in (Thaw.VISIBLE, Thaw.NORMAL):
        margin_s = min(one.after(thaw) - one.late.high for one in found)
        if margin_s >= 0 and all(one.after(thaw) <= LEASE_S for one in found):
            return Advice(thaw, _why(found), margin_s)
    return Advice(None, f"{_why(found)}; no thaw point that a lease of {LEASE_S:.0f} s reaches is after it")


def _at_the_answer(found: Sequence[Measured]) -> bool:
    """Tell whether the fine samples say so, and no sample, fine or coarse, says otherwise."""
    fine = [one for one in found if one.late.width <= FINE_S]
    return (
        len(fine) >= min(FINE_AT_LEAST, len(found))
        and all(one.late.high <= FINE_S for one in fine)
        and all(one.late.low <= 0 for one in found)
    )


def _why(found: Sequence[Measured]) -> str:
    latest = max(found, key=lambda one: one.late.low)
    span = f"{latest.late.low * 1000:.0f} to {latest.late.high * 1000:.0f} ms after the answer"
    if latest.late.low > 0:
        return f"the latest cut was {span}"
    return f"the cut is not known well enough to tell it from a late one: {span}"


def _allowed(trip: RoundTrip, at_s: float) -> Span:
    drift_s = DRIFT * abs(at_s - (trip.asked_s + trip.heard_s) / 2)
    return Span(trip.host_s - trip.heard_s - drift_s, trip.host_s - trip.asked_s + drift_s)
