"""What the roles of functions may do: a CAM policy for each function, read by action.

It decides which operation a call needs, and whether a policy allows it. Not emulated: resources, conditions,
patterns in the middle of a name, and `deny`, which is refused.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.records import RecordError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PRODUCTS = {"cbs": "cvm"}  # the operations of CBS are CVM's in a policy (362/34221)
OPERATIONS = {"scf:Invoke": "scf:InvokeFunction"}  # 583/18014


def operation(service: str, action: str) -> str:
    """Return what a policy calls an action."""
    return OPERATIONS.get(f"{service}:{action}", f"{PRODUCTS.get(service, service)}:{action}")


@dataclass(frozen=True)
class Rights:
    """The operations that each function's policy allows, by the function's name."""

    allowed: Mapping[str, frozenset[str]]

    def allow(self, function: str, wanted: str) -> bool:
        """Say whether a function may do it; one without a policy may do nothing."""
        allowed = self.allowed.get(function, frozenset())
        return not allowed.isdisjoint({wanted, wanted.partition(":")[0] + ":*", "*"})


def read_rights(folder: Path) -> Rights:
    """Read `<function>.json` of each function; raises RecordError for what is no policy."""
    if not folder.is_dir():
        raise RecordError(f"{folder}: no such folder")
    return Rights({file.stem: _allowed(file) for file in sorted(folder.glob("*.json"))})


def _allowed(file: Path) -> frozenset[str]:
    try:
        policy = json.loads(file.read_text(encoding="utf-8"))
        statements = policy["statement"]
        effects = {each["effect"] for each in statements}
        actions = [action.removeprefix("name/") for each in statements for action in each["action"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(
            f"{file}: is no policy, with version, statement, effect, action: {error!r}"
        ) from error
    if policy.get("version") != "2.0" or effects - {"allow"}:
        raise RecordError(f"{file}: should have version 2.0 and allow only; other effects are not emulated")
    return frozenset(actions)
