"""What timers and asynchronous invocations start: `schedule`, `snapshot`, `maintain` and `events`.

Each returns its reports and prints them as JSON lines, since the log is where a run is read back
from; a large report is several lines.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from cbsnap import wire
from cbsnap.errors import EventsUnfinished, InputError
from cbsnap.model import DrillOrder
from cbsnap.wiring import Wiring

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cbsnap.model import Report, Target
    from cbsnap.restoration import RestoreOrder

ENDING_S = 20.0  # of an invocation's time, kept for labels and the report
AT_ONCE = "now"  # the timer's argument, or the Message of an event that a person sends
WORKER_S = 580.0  # then a batch's message may be handed out again: see rules.pacing.AGAIN


@lru_cache(maxsize=1)
def wiring() -> Wiring:
    """Return this process's wiring, made once."""
    return Wiring(os.environ)


def schedule(event: Mapping[str, Any], context: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Hand out what is due; with the message `now` at once, whatever was handed out before.

    The timer's own time is not used: a late delivery must not take late.
    """
    from cbsnap.jobs import plan  # noqa: PLC0415 - what the worker does not need

    at_once = _object(event).get("Message") == AT_ONCE
    here = wiring()
    reports = plan.tick(
        here.plan, here.clouds, here.workers, here.clock, at_once=at_once, lifecycles=here.lifecycles
    )
    return _printed(reports, context)


def snapshot(event: Mapping[str, Any], context: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Take one batch; or settle what is unproven where this function reaches the hosts."""
    from cbsnap.jobs import take  # noqa: PLC0415 - what the schedule does not need

    is_settling = _object(event).get(wire.ERRAND) == wire.SETTLE
    here = wiring()
    if is_settling:
        return _settle(wire.settling(event, here.plan.targets), context)
    batch = wire.batch(event)
    reports = take.take_batch(
        batch,
        here.clouds.at(batch.target),
        here.hosts(batch.agent_port, batch.target),
        here.clock,
        min(context["time_limit_in_ms"] / 1000 - ENDING_S, WORKER_S),
    )
    return _printed(reports, context)


def _object(event: object) -> Mapping[str, Any]:
    """Return an event that is a JSON object; whatever started a function can send it any JSON."""
    if not isinstance(event, dict):
        raise InputError("event", f"must be a JSON object, not {type(event).__name__}")
    return event


def _settle(target: Target, context: Mapping[str, Any]) -> list[dict[str, Any]]:
    from cbsnap.jobs import asking  # noqa: PLC0415 - what taking a batch does not need

    here = wiring()
    journals = here.hosts(here.plan.agent_port, target)
    settled = wire.upkeep([asking.settle(here.plan, target, here.clouds, journals, here.clock)])
    _log("upkeep", settled, context)
    return settled


def maintain(event: Mapping[str, Any], context: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Look after what has been taken; or carry an errand out, which has its kind under the key `cbsnap`."""
    if wire.ERRAND in _object(event):
        order = wire.errand(event)
        return _drill(order, context) if isinstance(order, DrillOrder) else _restore(order, context)
    return _look_after(context)


def _drill(order: DrillOrder, context: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Begin a drill and carry it as far as this invocation may; the timer's passes carry it on."""
    from cbsnap.jobs import drill  # noqa: PLC0415 - what a worker does not need

    here = wiring()
    done = drill.carry(
        order,
        here.plan,
        here.clouds.at(order.target),
        here.bench(order.target, here.clock.monotonic() + context["time_limit_in_ms"] / 1000 - ENDING_S),
    )
    told = wire.upkeep([done])
    _log("upkeep", told, context)
    return told


def _restore(order: RestoreOrder, context: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Carry a restore on, for as long as this invocation may."""
    from cbsnap.jobs import carrying  # noqa: PLC0415 - what a timer's pass does not need

    here, target = wiring(), order.target
    means = carrying.Means(
        order.deployment,
        here.clouds.at(target),
        here.restorer(target),
        here.lifecycles.at(target),
        here.clock,
    )
    progress = carrying.carry(order, means, here.keeper, context["time_limit_in_ms"] / 1000 - ENDING_S)
    told = [wire.progress(progress)]
    _log("restore", told, context)
    return told


def _look_after(context: Mapping[str, Any]) -> list[dict[str, Any]]:
    from cbsnap.jobs import maintain as job  # noqa: PLC0415 - what the worker does not need

    here = wiring()
    means = job.Means(
        here.clouds,
        here.lifecycles,
        partial(here.hosts, here.plan.agent_port),
        here.settlers,
        here.clock,
        here.notifier,
        here.memory,
        here.bench,
    )
    passes = wire.upkeep(job.maintain(here.plan, means))
    _log("upkeep", passes, context)
    return passes


def happened(event: object, context: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Deal with what other services tell.

    Raises EventsUnfinished when the cloud failed: the platform delivers the event again, and what
    has been done is not done twice.
    """
    from cbsnap.entry import envelopes  # noqa: PLC0415 - what the other functions do not need
    from cbsnap.jobs import react  # noqa: PLC0415 - as above

    here = wiring()
    means = react.Means(here.clouds, here.lifecycles, here.workers, here.clock, here.region, here.own)
    reactions = react.react(envelopes.happenings(event), here.plan, means)
    reports = [report for one in reactions for report in one.reports]
    _log("event", wire.reactions(replace(one, reports=()) for one in reactions), context)
    _printed(reports, context)
    if unfinished := [report.error for report in reports if report.error]:
        raise EventsUnfinished(f"{len(unfinished)} runs could not be begun; the first: {unfinished[0]}")
    return wire.reactions(reactions)


def _printed(reports: Sequence[Report], context: Mapping[str, Any]) -> list[dict[str, Any]]:
    _log("report", [line for report in reports for line in wire.report_lines(report)], context)
    return wire.reports(reports)


def _log(kind: str, values: Sequence[dict[str, Any]], context: Mapping[str, Any]) -> None:
    for value in values:
        print(json.dumps({"cbsnap": kind, "request_id": context["request_id"], **value}))  # noqa: T201
