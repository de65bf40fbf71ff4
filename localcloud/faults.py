"""What goes wrong on purpose: which calls are hit, how often, and in which way.

It decides who is hit; the wire and the services let it happen. Draws come from the cloud's own seed, so that
a run can be repeated.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated

from localcloud.records import Found, Within, read

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from random import Random

KINDS = {
    "error": "answer with `code` (and `message`), without the effect",
    "throttle": "answer RequestLimitExceeded, without the effect",
    "reset": "close the connection without the effect",
    "delay": "wait `before_s` before the effect and `after_s` after it",
    "no_answer": "let the effect happen and close the connection without an answer",
    "null_snapshot": "let the effect happen and answer a SnapshotId of null",
    "charset": "answer with the content type `application/json; charset=utf-8`, which the SDK does not read",
    "skew": "judge the signature's age as if it were `by_s` later",
    "vanish": "let the snapshot disappear when it has come to `at_percent`",
    "stuck": "let the snapshot stay at `at_percent`",
    "late_cut": "copy the disk's bytes `after_s` after the answer, not before it",
}


@dataclass
class Fault:
    """One thing that goes wrong.

    It hits calls of `action` (any where empty) whose parameters are those of `where`, in `region` (any where
    empty): after `skip` of them, `times` (0: for ever), each with `probability`. Times are real seconds, but
    for `late_cut`, which follows the cloud's clock.
    """

    kind: str
    service: str = ""
    action: str = ""
    region: str = ""
    where: dict[str, object] = field(default_factory=dict)
    skip: Annotated[int, Within(0)] = 0
    times: Annotated[int, Within(0)] = 1
    probability: Annotated[float, Within(0, 1)] = 1.0
    code: str = "InternalError"
    message: str = "an injected fault"
    before_s: Annotated[float, Within(0)] = 0.0
    after_s: Annotated[float, Within(0)] = 0.0
    by_s: float = 0.0
    at_percent: Annotated[int, Within(0, 100)] = 50
    id: int = 0
    seen: int = 0
    hit: int = 0

    def meets(self, service: str, action: str, region: str, parameters: Mapping[str, object]) -> bool:
        """Say whether a call is one of those meant."""
        said = ((self.service, service), (self.action, action), (self.region, region))
        return all(mine in ("", theirs) for mine, theirs in said) and all(
            _is_said(parameters.get(name), value) for name, value in self.where.items()
        )

    def strikes(self, chance: Random) -> bool:
        """Count a call that is meant, and say whether it is hit."""
        self.seen += 1
        if self.seen <= self.skip or (self.times and self.hit >= self.times):
            return False
        if chance.random() >= self.probability:
            return False
        self.hit += 1
        return True


def _is_said(given: object, wanted: object) -> bool:
    """Say whether a parameter is as wanted, in JSON's words; a list also where it has what is wanted."""
    if isinstance(given, list) and not isinstance(wanted, list):
        return any(_is_said(each, wanted) for each in given)
    return _text(given) == _text(wanted)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


@dataclass(frozen=True)
class Struck:
    """The faults that hit one call, by kind; of two of a kind the older one counts."""

    faults: Mapping[str, Fault] = field(default_factory=dict)

    def get(self, kind: str) -> Fault | None:
        """Return the fault of this kind, if one hit."""
        return self.faults.get(kind)


@dataclass
class Faults:
    """The faults that are set, oldest first."""

    chance: Random
    held: list[Fault] = field(default_factory=list)
    _last: int = 0

    def add(self, faults: list[Fault]) -> list[int]:
        """Set faults, and return their ids."""
        for fault in faults:
            self._last += 1
            fault.id, fault.seen, fault.hit = self._last, 0, 0
        self.held += faults
        return [fault.id for fault in faults]

    def drop(self, fault_id: int | None = None) -> None:
        """Take one fault away, or all."""
        self.held = [each for each in self.held if fault_id not in (None, each.id)]

    def draw(self, service: str, action: str, region: str, parameters: Mapping[str, object]) -> Struck:
        """Return what hits this call."""
        meant = [each for each in self.held if each.meets(service, action, region, parameters)]
        struck: dict[str, Fault] = {}
        for fault in meant:
            if fault.strikes(self.chance):
                struck.setdefault(fault.kind, fault)
        return Struck(struck)

    def shown(self) -> list[dict[str, object]]:
        """Return the faults as JSON shows them."""
        return [asdict(each) for each in self.held]


def read_faults(text: str, origin: str, actions: Collection[str]) -> list[Fault]:
    """Read faults of `actions` from a YAML or JSON list; raises RecordError with the line of a mistake."""
    found: Found[list[Fault]] = read(list[Fault], text, origin)
    for fault in found.record:
        if fault.kind not in KINDS:
            raise found.mistake(fault, f"there is no fault `{fault.kind}`; there are {', '.join(KINDS)}")
        if fault.action and fault.action not in actions:
            near = difflib.get_close_matches(fault.action, actions, 1)
            meant = f"; did you mean `{near[0]}`?" if near else ""
            raise found.mistake(fault, f"there is no action `{fault.action}`{meant}", "action")
    return found.record
