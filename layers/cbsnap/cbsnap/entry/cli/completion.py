"""What the shell completes: names that stand in the policy file. It never fails, it only offers nothing."""

import os
from pathlib import Path
from typing import Any

import typer

from cbsnap.entry.cli.session import Session
from cbsnap.errors import CbsnapError
from cbsnap.model.plan import Plan
from cbsnap.wiring import Wiring


def policies(context: typer.Context, incomplete: str) -> list[str]:
    """Return the policies of the file whose names begin so."""
    plan = _plan(context.find_root().params)
    return [one.name for one in plan.policies if one.name.startswith(incomplete)] if plan else []


def drilled(context: typer.Context, incomplete: str) -> list[str]:
    """Return those of them that are drilled."""
    plan = _plan(context.find_root().params)
    return (
        [one.name for one in plan.policies if one.drill and one.name.startswith(incomplete)] if plan else []
    )


def regions(context: typer.Context, incomplete: str) -> list[str]:
    """Return the regions of the file, copied to or looked after, that begin so."""
    plan = _plan(context.find_root().params)
    if plan is None:
        return []
    copied = (copy.region for policy in plan.policies for copy in policy.copy)
    known = dict.fromkeys([*(one.region for one in plan.targets), *copied])
    return [one for one in known if one.startswith(incomplete)]


def _plan(given: dict[str, Any]) -> Plan | None:
    session = Session(os.environ, Path.home(), Path.cwd(), given.get("policies"))
    try:
        return Wiring({"TENCENTCLOUD_REGION": "any", "CBSNAP_POLICIES": str(session.policy_file)}).plan
    except CbsnapError:
        return None
