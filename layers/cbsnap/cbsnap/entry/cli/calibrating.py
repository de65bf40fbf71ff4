"""`cbsnap doctor --calibrate DISK`: when this cloud cuts, and what that means for `thaw`."""

from __future__ import annotations

import math
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from cbsnap.entry.cli import screen
from cbsnap.errors import InputError, Refused
from cbsnap.jobs import calibrate
from cbsnap.model import Thaw

if TYPE_CHECKING:
    from cbsnap.entry.cli.session import Session
    from cbsnap.jobs.calibrate import Calibration, Scene
    from cbsnap.model import Target
    from cbsnap.rules.calibration import Measured

_USUAL_TTL_S, _MOST_TTL_S, _ENDING_S = 30, 60, 5
_TIMES = 3  # the time to live should be the usual time three times over (docs/hosts.md)
TAG = "cbsnap:calibrate"  # on a disk: it may be calibrated on without being typed again
HEADINGS = ("snapshot", "answered after", "cut after the answer", "known to", "visible after", "NORMAL after")


def run(session: Session, disk_id: str, count: int, *, yes: bool, as_json: bool) -> int:
    """Show what it will cost, ask, measure, and print the report; returns the exit code."""
    if not 1 <= count <= calibrate.MOST:
        raise InputError("snapshots", f"wants 1 to {calibrate.MOST}, not {count}")
    target, where = _found(session, disk_id)
    if not as_json:
        screen.say(_cost(where, count))
    _agreed(session, where, yes=yes)
    tell = (lambda _: None) if as_json else screen.say
    key = secrets.token_hex(8)
    means, sequence = session.wiring.calibration(target, where.instance, key, tell)
    done = calibrate.calibrate(where, count, key, sequence, means)
    if as_json:
        screen.value(_value(done, near=sequence.near))
    else:
        _show(where, done, near=sequence.near)
    return 0 if done.advice.thaw else 1


def _found(session: Session, disk_id: str) -> tuple[Target, Scene]:
    for target in session.targets(None):
        cloud = session.wiring.clouds.at(target)
        with suppress(Refused):  # where an unknown id is refused
            if cloud.disks([disk_id]):
                return target, calibrate.scene(disk_id, cloud)
    regions = ", ".join(str(target) for target in session.targets(None))
    raise InputError("calibrate", f"there is no {disk_id} in {regions}")


def _cost(where: Scene, count: int) -> str:
    return (
        f"{where.instance.id} will write a file of 1 MiB on {where.disk.id}, over and over, while {count} "
        f"snapshots of it are taken, one after the other. Then {count} disks of {where.disk.size_gib} GiB "
        f"are made of them, attached to {where.instance.id} and read. Disks and snapshots are deleted at the "
        "end."
    )


def _agreed(session: Session, where: Scene, *, yes: bool) -> None:
    if TAG in where.disk.tags:
        session.confirm("Do it?", yes=yes)
    else:
        session.typed_again(where.disk.id, f"or give the disk the tag {TAG}, and say --yes")


def _show(where: Scene, done: Calibration, *, near: bool) -> None:
    screen.table(HEADINGS, map(_row, done.found))
    for snapshot_id, error in done.errors.items():
        screen.say(f"{snapshot_id}: {error}")
    screen.say(_how(near=near))
    screen.say(f"{where.disk.region}, {where.disk.type}: {done.advice.said}.")
    screen.say(_advised(done))


def _row(one: Measured) -> tuple[str, ...]:
    sample, late = one.sample, one.late
    return (
        sample.snapshot_id,
        _ms(sample.answered_s - sample.asked_s),
        f"{late.low * 1000:.0f} to {late.high * 1000:.0f} ms",
        _ms(late.width),
        _ms(sample.visible_s - sample.answered_s),
        _ms(sample.normal_s - sample.answered_s),
    )


def _how(*, near: bool) -> str:
    if near:
        return "The host's clock was asked for over the network; its writes and that bound what is known."
    return (
        "The host's clock was asked for through the command channel, which is coarse. For a finer "
        "measurement run this inside the host's VPC, with an agent running there and CBSNAP_MASTER_KEY set."
    )


def _advised(done: Calibration) -> str:
    advice = done.advice
    if advice.thaw is None:
        return (
            "No thaw point can be advised: policies should not rely on a lease here, see docs/calibration.md."
        )
    if advice.thaw is Thaw.RETURNED:
        return "In the policies of such disks: quiesce: {…, thaw: returned}, which is the default."
    longest_s = max(one.after(advice.thaw) for one in done.found)
    ttl_s = min(_MOST_TTL_S, math.ceil(_TIMES * longest_s) + _ENDING_S)
    ttl = f", ttl: {ttl_s}s" if ttl_s > _USUAL_TTL_S else ""
    margin = f"the margin was {advice.margin_s * 1000:.0f} ms at least"
    return f"In the policies of such disks: quiesce: {{…, thaw: {advice.thaw.value}{ttl}}}; {margin}."


def _value(done: Calibration, *, near: bool) -> dict[str, Any]:
    return {
        "thaw": done.advice.thaw.value if done.advice.thaw else None,
        "said": done.advice.said,
        "margin_ms": round(done.advice.margin_s * 1000, 1),
        "clock": "network" if near else "command channel",
        "errors": dict(done.errors),
        "items": [_stated(one) for one in done.found],
    }


def _stated(one: Measured) -> dict[str, Any]:
    sample, late = one.sample, one.late
    return {
        "snapshot_id": sample.snapshot_id,
        "answered_ms": round((sample.answered_s - sample.asked_s) * 1000, 1),
        "cut_from_ms": round(late.low * 1000, 1),
        "cut_to_ms": round(late.high * 1000, 1),
        "visible_ms": round((sample.visible_s - sample.answered_s) * 1000, 1),
        "normal_ms": round((sample.normal_s - sample.answered_s) * 1000, 1),
    }


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
