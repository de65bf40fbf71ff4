"""`cbsnap doctor`: what is likely to be wrong with an installation, and what to do about it."""

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cbsnap.entry.cli import calibrating, options, screen
from cbsnap.entry.cli.keys import REGION, with_keys
from cbsnap.errors import InputError
from cbsnap.jobs import checkup
from cbsnap.rules.checkup.diagnosis import Diagnosis, Health, exit_code
from cbsnap.wiring import Wiring

if TYPE_CHECKING:
    from cbsnap.entry.cli.session import Session

HEADINGS = ("check", "of what", "state", "found")


def doctor(
    context: typer.Context,
    *,
    calibrate: Annotated[
        str | None,
        typer.Option(
            metavar="DISK", help="Measure instead when this cloud cuts, on a scratch disk of yours."
        ),
    ] = None,
    snapshots: Annotated[int, typer.Option(metavar="N", help="How many to calibrate with.")] = 5,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Look for the most likely mistakes and say the cure; changes nothing, unless it is to calibrate."""
    if calibrate is not None:
        raise typer.Exit(calibrating.run(context.obj, calibrate, snapshots, yes=yes, as_json=json))
    found = _found(context.obj)
    code = exit_code(found)
    if json:
        screen.value({"check": code, "items": [_value(one) for one in found]})
    else:
        screen.table(HEADINGS, map(_row, found))
        for one in found:
            if one.cure:
                screen.say(f"{one.check} {one.subject}: {one.cure}")
        screen.say(_summary(found))
    raise typer.Exit(code)


def _found(session: "Session") -> list[Diagnosis]:
    """Look with what there is: keys and policy file may be the first mistake."""
    try:
        keys = with_keys(session.environment, session.home, session.profile)
    except InputError as missing:
        return [Diagnosis("keys", "ours", Health.BAD, str(missing), "see docs/cli.md, Keys")]
    try:
        wiring, plan = session.wiring, session.plan
    except InputError as wrong:
        cure = "mend the file; --policies names another, and TENCENTCLOUD_REGION a region"
        unread = Diagnosis("policy file", str(session.policy_file), Health.BAD, str(wrong), cure)
        region = keys.get(REGION)
        return [unread, *(checkup.way_in(Wiring(keys).checkup(region)) if region else ())]
    return checkup.examined(plan, session.policy_file.read_bytes(), wiring.checkup(wiring.region))


def _value(one: Diagnosis) -> dict[str, Any]:
    return {**asdict(one), "health": one.health.value}


def _row(one: Diagnosis) -> tuple[str, ...]:
    return one.check, one.subject, one.health.value, one.said


def _summary(found: list[Diagnosis]) -> str:
    counts = Counter(one.health for one in found)
    return ", ".join(f"{counts[health]} {health.value}" for health in Health if counts[health])
