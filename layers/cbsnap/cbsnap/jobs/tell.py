"""Who is told what of a pass: one message an address, and only when something has changed.

What was told is remembered by what it is about, not by its wording, so that an age that grows is
no news. A region that could not be read is neither well nor worse: what was known of it stands.
Without a memory (the platform has started the function anew) news is what came to be so since the
last pass; what has been open for longer is said again every four hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cbsnap.errors import NotificationFailed
from cbsnap.model.plan import Wording
from cbsnap.rules.wording import fill

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from cbsnap.model.plan import Plan
    from cbsnap.ports.telling import Memory, Notifier
    from cbsnap.upkeep import Finding, Upkeep

_LINES = 40  # of a message; chat services cut or refuse long ones
EVERY = timedelta(minutes=15)  # between two passes: the timer of serverless.yml
REMINDED = timedelta(hours=4)  # how often what is open is said where nothing is remembered
_ERROR = "error"


@dataclass(frozen=True, slots=True)
class _Open:
    """What is not as it should be now: its line, and since when if that is known."""

    line: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class _News:
    """What a message is about: lines that are new, lines that are over, and how many there are in all."""

    new: tuple[str, ...]
    over: tuple[str, ...]
    open: int


def tell(
    plan: Plan, passes: Sequence[Upkeep], notifier: Notifier, memory: Memory, now: datetime
) -> list[str]:
    """Tell every address what is new and what is over; returns why some could not be told.

    `now` is when the pass began, so that passes are apart as the timer's ticks are, however long they take.
    """
    failed: list[str] = []
    for name, url in sorted(plan.notify.items()):
        wording = plan.templates.get(name, Wording())
        current = _current(name, plan, passes, wording)
        told = memory.recall(name)
        known = _told_before(current, now) if told is None else told
        lines = {**_standing(passes, known), **{key: one.line for key, one in current.items()}}
        try:
            _send(plan.deployment, wording, _news(lines, known), notifier, url)
            memory.remember(name, lines)
        except NotificationFailed as lost:
            failed.append(f"{name} could not be told: {lost}")
    return failed


def beat(plan: Plan, passes: Iterable[Upkeep], notifier: Notifier) -> list[str]:
    """Call the heartbeat's address after a healthy pass; returns why it could not be called."""
    if plan.heartbeat is None or any(one.error or one.alarming for one in passes):
        return []
    try:
        notifier.beat(plan.heartbeat)
    except NotificationFailed as lost:
        return [f"the heartbeat could not be sent: {lost}"]
    return []


def _current(name: str, plan: Plan, passes: Iterable[Upkeep], wording: Wording) -> dict[str, _Open]:
    """Return what concerns an address now, by what it is about."""
    policies = {policy.name: policy.notify for policy in plan.policies}
    current: dict[str, _Open] = {}
    for one in passes:
        if one.error:
            current[_of(one) + _ERROR] = _Open(_error(one, wording))
        for each in one.findings:
            if policies.get(each.policy or "", name) == name:
                key = _of(one) + _key(each)
                while key in current:  # two things may be wrong with one snapshot
                    key += "'"
                current[key] = _Open(_line(each, wording), each.since)
    return current


def _standing(passes: Iterable[Upkeep], known: dict[str, str]) -> dict[str, str]:
    """Return what was known of regions that could not be gone through."""
    unread = tuple(_of(one) for one in passes if one.error)
    return {key: line for key, line in known.items() if key.startswith(unread) and not key.endswith(_ERROR)}


def _told_before(current: dict[str, _Open], now: datetime) -> dict[str, str]:
    """Return what an earlier pass will have told, if nothing is remembered of it."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if (now - midnight) % REMINDED < EVERY:
        return {}
    return {key: one.line for key, one in current.items() if one.since is None or now - one.since >= EVERY}


def _news(lines: dict[str, str], known: dict[str, str]) -> _News:
    return _News(
        new=tuple(line for key, line in lines.items() if key not in known),
        over=tuple(line for key, line in known.items() if key not in lines),
        open=len(lines),
    )


def _send(deployment: str, wording: Wording, news: _News, notifier: Notifier, url: str) -> None:
    """Send what has changed; nothing otherwise. Raises NotificationFailed."""
    if not news.new and not news.over:
        return
    unchanged = news.open - len(news.new)
    counts = {
        "deployment": deployment,
        "open": news.open,
        "new": len(news.new),
        "over": len(news.over),
        "unchanged": unchanged,
    }
    parts = [*_part(fill(wording.new, counts), news.new), *_part(fill(wording.over, counts), news.over)]
    parts += [fill(wording.unchanged, counts)] if unchanged else []
    title = fill(wording.title if news.open else wording.well, counts)
    notifier.send(url, title, "\n".join(parts))


def _part(heading: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield heading
        yield from (f"- {line}" for line in lines[:_LINES])
    if len(lines) > _LINES:
        yield f"- and {len(lines) - _LINES} more"


def _of(one: Upkeep) -> str:
    """Return what all keys of a region of an account begin with, and none of another's."""
    return f"{one.region} | "


def _key(finding: Finding) -> str:
    return f"{finding.trouble.value} {finding.policy or ''} {finding.subject}"


def _line(finding: Finding, wording: Wording) -> str:
    return fill(
        wording.line,
        {
            "trouble": finding.trouble.value,
            "subject": finding.subject,
            "policy": finding.policy or "-",
            "of_policy": f" ({finding.policy})" if finding.policy else "",
            "region": finding.region,
            "reason": finding.reason,
        },
    )


def _error(one: Upkeep, wording: Wording) -> str:
    facts = {"trouble": "error", "subject": one.region, "policy": "-", "of_policy": ""}
    return fill(wording.error, {**facts, "region": one.region, "reason": one.error})
