"""What there is to build: the layers that layers/*/serverless.yml declares, the functions of serverless.yml.

Decides names and where in the cloud each is unpacked, and which layers a function has beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from cbsnap.packages import DESCRIPTION

if TYPE_CHECKING:
    from pathlib import Path

REQUIREMENTS = "requirements.txt"  # beside it, where a layer is built of packages


@dataclass(frozen=True)
class Layer:
    """One layer: a folder as it is, or, where `requirements` is given, the packages that it pins."""

    name: str
    folder: Path
    requirements: Path | None = None

    @property
    def mounted(self) -> str:
        """Return where the platform unpacks it."""
        return "/opt"


@dataclass(frozen=True)
class Function:
    """One function with the names of its layers."""

    name: str
    folder: Path
    layers: tuple[str, ...]
    requirements: None = None  # a function is our own files

    @property
    def mounted(self) -> str:
        """Return where the platform unpacks it."""
        return "/var/user"


def layers(root: Path) -> list[Layer]:
    """Return the layers of a checkout, by name."""
    return sorted((_layer(file) for file in root.glob(f"layers/*/{DESCRIPTION}")), key=lambda one: one.name)


def functions(root: Path) -> list[Function]:
    """Return the functions of a checkout, in the file's order."""
    return [
        Function(
            told["name"], (root / told["src"]).resolve(), tuple(layer["name"] for layer in told["layers"])
        )
        for told in _inputs(root / DESCRIPTION)["functions"].values()
    ]


def _layer(file: Path) -> Layer:
    inputs, requirements = _inputs(file), file.resolve().with_name(REQUIREMENTS)
    folder = (file.parent / inputs["src"]).resolve()
    return Layer(inputs["name"], folder, requirements if requirements.exists() else None)


def _inputs(file: Path) -> Any:  # noqa: ANN401 - YAML
    return yaml.safe_load(file.read_text(encoding="utf-8"))["inputs"]
