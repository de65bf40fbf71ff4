"""What functions and people may do: a CAM policy for each, no more than it calls. Writes docs/cam.

`python -m release.rights` writes them for any policy file, `--policies FILE` for the roles that one names.
`tests/functions/test_rights.py`, `tests/deploy/test_rights.py` and `tests/system/test_deployed.py` hold the
tables against what is called: neither less nor more.
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

# By the person's task: `cbsnap deploy` and `destroy`; `cbsnap hosts`, with which one is root on every host.
PEOPLE: dict[str, set[str]] = {
    "deployer": {
        "scf:CreateAlias",
        "scf:CreateFunction",
        "scf:CreateTrigger",
        "scf:DeleteFunction",
        "scf:DeleteLayerVersion",
        "scf:DeleteTrigger",
        "scf:GetFunction",
        "scf:GetFunctionEventInvokeConfig",
        "scf:GetLayerVersion",
        "scf:ListAliases",
        "scf:ListFunctions",
        "scf:ListLayerVersions",
        "scf:ListLayers",
        "scf:ListTriggers",
        "scf:ListVersionByFunction",
        "scf:PublishLayerVersion",
        "scf:PublishVersion",
        "scf:UpdateAlias",
        "scf:UpdateFunctionCode",
        "scf:UpdateFunctionConfiguration",
        "scf:UpdateFunctionEventInvokeConfig",
        "scf:UpdateTrigger",
    },
    "enroller": {
        "cbs:DescribeDisks",
        "cvm:DescribeInstances",
        "tat:DescribeAutomationAgentStatus",
        "tat:DescribeInvocationTasks",
        "tat:RunCommand",
    },
}
# A function's role is passed on (1040/36819); that no account in its name is one's own is inferred. The tag
# comes with the creation, in SCF's own call: that it takes a right of its own is inferred from the vendor's
# preset policy, which has tag:* beside scf:* (583/31444).
TO_CREATE = ("cam:PassRole", "tag:TagResources")

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


def policy_of_a_person(task: str) -> dict[str, Any]:
    """Return the policy of who deploys, or enrols hosts."""
    statements = [_allow(sorted(map(operation, PEOPLE[task])), ["*"])]
    if task == "deployer":
        passed, tagged = TO_CREATE
        statements.append(_allow([passed], [f"qcs::cam:::roleName/{name}" for name in sorted(CALLS)]))
        statements.append(_allow([tagged], ["*"]))
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
    policies = {function: policy(function, roles, spared) for function in CALLS}
    policies |= {task: policy_of_a_person(task) for task in PEOPLE}
    for name, told in policies.items():
        (folder / f"{name}.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


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
