"""Who is told what of a pass: one message an address, and only when something has changed.

What was told is remembered by what it is about, not by its wording, so that an age that grows is
no news. A region that could not be read is neither well nor worse: what was known of it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.errors import NotificationFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cbsnap.model import Plan
    from cbsnap.ports import Memory, Notifier
    from cbsnap.upkeep import Finding, Upkeep

_LINES = 40  # of a message; chat services cut or refuse long ones


def tell(plan: Plan, passes: Sequence[Upkeep], notifier: Notifier, memory: Memory) -> list[str]:
    """Tell every address what is new and what is over; returns why some could not be told."""
    failed: list[str] = []
    for name, url in sorted(plan.notify.items()):
        known = memory.recall(name)
        current = _current(name, plan, passes, known)
        message = _message(current, known)
        try:
            if message:
                notifier.send(url, _title(plan, current), message)
            memory.remember(name, current)
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


def _current(name: str, plan: Plan, passes: Iterable[Upkeep], known: dict[str, str]) -> dict[str, str]:
    """Return what concerns an address now, each line by what it is about."""
    policies = {policy.name: policy.notify for policy in plan.policies}
    current: dict[str, str] = {}
    for one in passes:
        if one.error:
            current |= {key: line for key, line in known.items() if key.startswith(f"{one.region} ")}
            current[f"{one.region} error"] = f"{one.region}: {one.error}"
        concerning = (each for each in one.findings if policies.get(each.policy or "", name) == name)
        current |= {f"{one.region} {_key(each)}": _line(each) for each in concerning}
    return current


def _message(current: dict[str, str], known: dict[str, str]) -> str:
    """Return what is new, what is over and how much remains; empty when nothing has changed."""
    new = [line for key, line in current.items() if key not in known]
    over = [line for key, line in known.items() if key not in current]
    if not new and not over:
        return ""
    remaining = len(current) - len(new)
    parts = [*_part("New", new), *_part("Over", over)]
    return "\n".join([*parts, f"Unchanged: {remaining}"] if remaining else parts)


def _part(heading: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"{heading}:"
        yield from (f"- {line}" for line in lines[:_LINES])
    if len(lines) > _LINES:
        yield f"- and {len(lines) - _LINES} more"


def _title(plan: Plan, current: dict[str, str]) -> str:
    return f"cbsnap {plan.deployment}: " + (f"{len(current)} open" if current else "all is well")


def _key(finding: Finding) -> str:
    return f"{finding.trouble.value} {finding.policy or ''} {finding.subject}"


def _line(finding: Finding) -> str:
    policy = f" ({finding.policy})" if finding.policy else ""
    return f"{finding.trouble.value}: {finding.subject}{policy} in {finding.region}: {finding.reason}"
