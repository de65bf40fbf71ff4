"""What each function may do: one CAM policy a function, no more than it calls. Writes docs/cam.

`python -m release.rights` writes them for any policy file, `--policies FILE` for the roles that one names.
`tests/functions/test_rights.py` holds the table against what the functions call: neither less nor more.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs/cam"

LOOK = {"cbs:DescribeDisks", "cbs:DescribeSnapshots", "cbs:DescribeSnapshotOverview"}
HAND_OUT = {"scf:Invoke"}
MAKE_ROOM = {"cbs:DeleteSnapshots"}  # for policies with make_room
WAKE = {"cvm:StartInstances", "tag:UnTagResources"}  # for policies with quiesce: {stop: instance}
RESTORE = {"cbs:ApplySnapshot", "cbs:AttachDisks", "cbs:CreateDisks", "cbs:CreateSnapshot"}
DRILL = {
    "cbs:DetachDisks",
    "cbs:TerminateDisks",
    "tat:DescribeAutomationAgentStatus",
    "tat:DescribeInvocationTasks",
    "tat:RunCommand",
}
ASK_BY_COMMAND = {"tat:DescribeInvocationTasks", "tat:RunCommand"}  # for quiesce: {transport: tat}
GATEWAY = {"cbs:DeleteSnapshots", "cls:SearchLog", "cvm:DescribeInstances"}

# By function; an action is written as the API has it, `service:Action`.
CALLS: dict[str, set[str]] = {
    "cbsnap-schedule": LOOK | HAND_OUT | MAKE_ROOM,
    "cbsnap-events": LOOK | HAND_OUT | MAKE_ROOM | {"sts:GetCallerIdentity"},
    "cbsnap-gateway": LOOK | HAND_OUT | GATEWAY,
    "cbsnap-snapshot": LOOK
    | WAKE
    | ASK_BY_COMMAND
    | {"cbs:CreateSnapshot", "cvm:DescribeInstances", "cvm:StopInstances", "tag:TagResources"},
    "cbsnap-maintain": LOOK
    | HAND_OUT  # an errand that takes longer than an invocation, to itself
    | MAKE_ROOM
    | WAKE
    | RESTORE
    | DRILL
    | {
        "cbs:CopySnapshotCrossRegions",
        "cbs:DescribeSnapshotSharePermission",
        "cbs:ModifySnapshotAttribute",
        "cbs:ModifySnapshotsSharePermission",
        "cvm:DescribeInstances",
        "tag:TagResources",
    },
}

PRODUCTS = {"cbs": "cvm"}  # a policy has CBS's actions under CVM's name (362/34221)
OPERATIONS = {"scf:Invoke": "scf:InvokeFunction"}  # 583/18014
# Where a policy can name resources; no region and no account mean all regions of one's own (598/10606).
# Of CBS only actions on volumes take one: the table of "Authorizable resource types" beside 362/34221.
RESOURCES = {
    "cvm:StartInstances": "qcs::cvm:::instance/*",
    "cvm:StopInstances": "qcs::cvm:::instance/*",
}


def policy(function: str, roles: Iterable[str] = (), spared: Iterable[str] = ()) -> dict[str, Any]:
    """Return a function's policy; `roles` are the resource names of other accounts' roles that it assumes.

    `spared` are calls that the policy file does not make the worker do.
    """
    by_resource: dict[str, list[str]] = {}
    for call in sorted(CALLS[function].difference(spared if function == "cbsnap-snapshot" else ())):
        wanted = operation(call)
        by_resource.setdefault(RESOURCES.get(wanted, "*"), []).append(wanted)
    statements = [_allow(sorted(wanted), [resource]) for resource, wanted in sorted(by_resource.items())]
    if assumed := sorted(set(roles)):
        statements.append(_allow(["sts:AssumeRole"], assumed))
    return {"version": "2.0", "statement": statements}


def operation(call: str) -> str:
    """Return what a policy calls an action of the API."""
    service, _, action = call.partition(":")
    return OPERATIONS.get(call, f"{PRODUCTS.get(service, service)}:{action}")


def roles_of(policy_file: Path) -> list[str]:
    """Return the roles that a policy file's targets name."""
    told = yaml.safe_load(policy_file.read_text(encoding="utf-8"))
    return [target["role"] for target in told.get("targets") or [] if "role" in target]


def spared_by(policy_file: Path) -> set[str]:
    """Return the calls that the worker is spared: commands are root's, so they are not given for nothing."""
    told = yaml.safe_load(policy_file.read_text(encoding="utf-8"))
    ways = [(one.get("quiesce") or {}).get("transport") for one in (told.get("policies") or {}).values()]
    return set() if "tat" in ways else ASK_BY_COMMAND


def write(folder: Path, roles: Sequence[str] = (), spared: Iterable[str] = ()) -> None:
    """Write all policies to a folder, in place of those that it had."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for function in CALLS:
        text = json.dumps(policy(function, roles, spared), indent=2) + "\n"
        (folder / f"{function}.json").write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Write the policies; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m release.rights", description=__doc__)
    parser.add_argument("--policies", type=Path, help="a policy file, for the roles of its targets")
    parser.add_argument("--out", type=Path, default=FOLDER, help="a folder: docs/cam by default")
    chosen = parser.parse_args(arguments)
    if chosen.policies:
        write(chosen.out, roles_of(chosen.policies), spared_by(chosen.policies))
    else:
        write(chosen.out)
    return 0


def _allow(actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"effect": "allow", "action": actions, "resource": resources}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
