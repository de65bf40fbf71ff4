"""The fleet file's form: YAML read into typed records, a mistake answered with its line.

It decides which keys there are and of what type. What they mean is the fleet's part.
"""

from __future__ import annotations

import difflib
import types
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

import yaml

if TYPE_CHECKING:
    from pathlib import Path


class FleetError(Exception):
    """The fleet file has a mistake; the message names the file and the line."""


@dataclass(frozen=True)
class AccountSpec:
    """An account; keys that are not given are those of the default account."""

    uin: str = "100000000001"
    appid: str = "1250000001"
    secret_id: str = "AKIDlocalcloud"  # noqa: S105  # a public name, as is the key: they open nothing else
    secret_key: str = "localcloud"  # noqa: S105  # as above


@dataclass(frozen=True)
class InstanceSpec:
    """An instance; `agent_url` is for those who look for its host agent."""

    id: str
    account: str = ""
    ip: str = ""
    name: str = ""
    zone: str = ""
    state: str = "RUNNING"
    agent_url: str = ""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DiskSpec:
    """A disk; `existing_snapshots` fills it with so many finished ones."""

    id: str
    account: str = ""
    name: str = ""
    zone: str = ""
    size_gib: int = 50
    usage: str = "DATA_DISK"
    type: str = "CLOUD_PREMIUM"
    charge: str = "POSTPAID_BY_HOUR"
    project_id: int = 0
    instance: str = ""
    instances: list[str] = field(default_factory=list)
    state: str = ""
    portable: bool = True
    shareable: bool = False
    encrypt: bool = False
    migrating: bool = False
    snapshot_ability: bool = True
    existing_snapshots: int = 0
    content: str = ""
    created: str = ""
    deadline: str = ""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SnapshotSpec:
    """A snapshot; one that is CREATING is done `ready_in_s` after the start."""

    id: str
    disk: str = ""
    account: str = ""
    name: str = ""
    zone: str = ""
    size_gib: int = 0
    usage: str = ""
    state: str = "NORMAL"
    ready_in_s: float = 600
    created: str = ""
    deadline: str = ""
    project_id: int = 0
    encrypt: bool = False
    from_remote: bool = False
    locked: bool = False
    images: list[str] = field(default_factory=list)
    shared_with: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class QuotaSpec:
    """How many snapshots there may be; see resources.Quota."""

    per_region: int | None = None
    per_disk: int = 64


@dataclass(frozen=True)
class RegionSpec:
    """What lies in a region."""

    quota: QuotaSpec = QuotaSpec()
    instances: list[InstanceSpec] = field(default_factory=list)
    disks: list[DiskSpec] = field(default_factory=list)
    snapshots: list[SnapshotSpec] = field(default_factory=list)


@dataclass(frozen=True)
class FleetSpec:
    """The whole file."""

    accounts: list[AccountSpec] = field(default_factory=lambda: [AccountSpec()])
    regions: dict[str, RegionSpec] = field(default_factory=dict)


@dataclass(frozen=True)
class FleetFile:
    """What a file says, and on which line each of its records stands."""

    path: Path
    fleet: FleetSpec
    lines: dict[int, int]

    def mistake(self, record: object, text: str) -> FleetError:
        """Make the error of a record that is well formed and makes no sense."""
        return FleetError(f"{self.path}:{self.lines.get(id(record), 1)}: {text}")


def read(path: Path) -> FleetFile:
    """Read a fleet file; raises FleetError naming the line of a mistake."""
    try:
        with path.open(encoding="utf-8") as text:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise FleetError(f"{path}:{line}: {error.problem}") from error
    except OSError as error:
        raise FleetError(f"{path}: {error.strerror}") from error
    reader = _Reader(path)
    fleet = FleetSpec() if node is None else reader.read(FleetSpec, node, "the fleet")
    return FleetFile(path, fleet, reader.lines)


@cache
def _shape(kind: type[Any]) -> dict[str, tuple[Any, Field[Any]]]:
    hints = get_type_hints(kind)
    return {each.name: (hints[each.name], each) for each in fields(kind)}


@dataclass(frozen=True)
class _Reader:
    path: Path
    lines: dict[int, int] = field(default_factory=dict)

    def fail(self, node: yaml.Node, text: str) -> FleetError:
        return FleetError(f"{self.path}:{node.start_mark.line + 1}: {text}")

    def read(self, hint: Any, node: yaml.Node, what: str) -> Any:  # noqa: ANN401  # hints are known as it runs
        origin = get_origin(hint)
        if origin in (Union, types.UnionType):
            return self.read(get_args(hint)[0], node, what)
        if origin is list:
            return self._list(get_args(hint)[0], node, what)
        if origin is dict:
            return {
                key.value: self.read(get_args(hint)[1], value, f"{what}.{key.value}")
                for key, value in self._pairs(node, what)
            }
        if is_dataclass(hint):
            return self._record(hint, node, what)
        return self._scalar(hint, node, what)

    def _pairs(self, node: yaml.Node, what: str) -> list[tuple[Any, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            raise self.fail(node, f"{what} should be a mapping")
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise self.fail(key, f"{what} has `{key.value}` twice")
            seen.add(key.value)
        return list(node.value)

    def _list(self, hint: Any, node: yaml.Node, what: str) -> list[Any]:  # noqa: ANN401  # as above
        if not isinstance(node, yaml.SequenceNode):
            raise self.fail(node, f"{what} should be a list")
        return [self.read(hint, each, f"{what}[{index}]") for index, each in enumerate(node.value)]

    def _record(self, kind: Any, node: yaml.Node, what: str) -> Any:  # noqa: ANN401  # as above
        shape, values = _shape(kind), {}
        for key, value in self._pairs(node, what):
            if key.value not in shape:
                near = difflib.get_close_matches(key.value, shape, 1)
                meant = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(shape)}"
                raise self.fail(key, f"{what} has no key `{key.value}`; {meant}")
            values[key.value] = self.read(shape[key.value][0], value, f"{what}.{key.value}")
        for name, (_, each) in shape.items():
            if name not in values and each.default is MISSING and each.default_factory is MISSING:
                raise self.fail(node, f"{what} needs `{name}`")
        record = kind(**values)
        self.lines[id(record)] = node.start_mark.line + 1
        return record

    def _scalar(self, hint: type, node: yaml.Node, what: str) -> object:
        if not isinstance(node, yaml.ScalarNode):
            raise self.fail(node, f"{what} should be {hint.__name__}")
        if hint is str:
            return node.value
        value = yaml.SafeLoader("").construct_object(node)
        wanted: tuple[type, ...] = (int, float) if hint is float else (hint,)
        if not isinstance(value, wanted) or (isinstance(value, bool) and hint is not bool):
            raise self.fail(node, f"{what} should be {hint.__name__}, not `{node.value}`")
        return value
