"""Trying a plan without holding anything: what it covers, what it would earn, and what is in its way."""

from . import engines, labels, volumes
from .errors import Refusal, StepFailed
from .holding import own_paths

_RANKS = ("crash", "filesystem", "application", "clean")


def check(plan, wanted, runtime_dir):
    """Return {plan, plan_hash, disks, label, problems: [{code, field, message}], caveats}."""
    findings = {"plan": plan.name, "plan_hash": plan.hash, "disks": [], "label": "crash"}
    sessions = [engines.module(name).Session(settings) for name, settings in plan.engines]
    problems = []
    try:
        for session in sessions:
            problems += session.problems()
            session.connect()
        layout = volumes.Layout(plan, [session.places() for session in sessions])
        needs_freeze = [session.needs_freeze for session in sessions]
        findings["disks"] = layout.disks()
        findings["label"] = _lowest(labels.covers(plan, layout, needs_freeze))
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
    findings["caveats"] = [caveat for session in sessions for caveat in session.caveats()]
    return findings


def _filesystem_problems(plan, layout, runtime_dir):
    if not plan.freeze:
        return []
    refusals = volumes.freeze_refusals(layout, own_paths(runtime_dir))
    return [("cannot-freeze", "steps", message) for message in refusals]


def _lowest(covers):
    return min((cover["label"] for cover in covers), key=_RANKS.index)
