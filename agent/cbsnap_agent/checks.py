"""Trying a plan without holding anything: what it covers, what it would earn, and what is in its way."""

import os

from . import engines, kernel, labels, mounts, volumes
from .errors import Refusal, StepFailed
from .holding import own_paths

_RANKS = ("crash", "filesystem", "application", "clean")


def check(plan, wanted, runtime_dir):
    """Return {plan, plan_hash, disks, label, problems: [{code, field, message}], caveats}."""
    findings = {"plan": plan.name, "plan_hash": plan.hash, "disks": [], "label": "crash", "caveats": []}
    sessions = [engines.module(name).Session(settings) for name, settings in plan.engines]
    problems = []
    try:
        for session in sessions:
            problems += session.problems()
            session.connect()
        layout = volumes.Layout(plan, [session.places() for session in sessions])
        findings["disks"] = layout.disks()
        findings["label"] = _lowest(labels.covers(plan, layout, sessions))
        findings["caveats"] += layout.caveats() + _room_caveats(layout)
        problems += _filesystem_problems(plan, layout, runtime_dir)
        volumes.check_disks(layout, wanted)
    except StepFailed as error:
        problems.append(("cannot-connect", "steps", str(error)))
    except Refusal as refusal:
        problems.append((refusal.body["code"], refusal.body["field"], str(refusal)))
    finally:
        for session in sessions:
            session.unlock()
    findings["problems"] = [dict(zip(("code", "field", "message"), problem)) for problem in problems]
    findings["caveats"] += [
        caveat for session in sessions for caveat in [*session.doubts(), *session.caveats()]
    ]
    return findings


def _filesystem_problems(plan, layout, runtime_dir):
    if not (plan.freeze or plan.unmount):
        return []
    refusals = volumes.hold_refusals(layout, own_paths(runtime_dir))
    found = [("cannot-hold", "steps", message) for message in refusals]
    if not kernel.may_administer():
        found.append(("missing-capability", "steps", "the agent needs CAP_SYS_ADMIN to freeze or unmount"))
    if plan.unmount and mounts.is_private():
        message = "the agent has mounts of its own: start it without options that make a mount namespace"
        found.append(("private-mounts", "steps", message))
    return found


def _room_caveats(layout):
    return [
        "{} is full: its markers may be missing".format(volume.place)
        for volume in layout.volumes
        if not os.statvfs(volume.place).f_bavail
    ]


def _lowest(covers):
    return min((cover["label"] for cover in covers), key=_RANKS.index)
