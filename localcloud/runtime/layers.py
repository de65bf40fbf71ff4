"""Layers and roots: what a function finds under /var/user and /opt.

It decides which folder a layer's name stands for, and lays out a function's root with links. What a layer
holds is its own business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.records import RecordError
from localcloud.runtime.serverlessfile import LayerFile, read_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

DESCRIPTION = "serverless.yml"  # says what the layer is; it is not part of it


class LayerError(RecordError):
    """A layer that no folder stands for, or two that hold the same file."""


def find_layers(folder: Path, chosen: Mapping[str, Path]) -> dict[str, Path]:
    """Map names to folders: what `folder/*/serverless.yml` declares, and then what was chosen by hand.

    The folder of a layer that has not been built does not exist. Raises RecordError for a mistake in a file.
    """
    declared: dict[str, Path] = {}
    for file in sorted(folder.glob(f"*/{DESCRIPTION}")):
        found = read_file(LayerFile, file)
        if found.record.component != "layer":
            raise found.mistake(found.record, "component should be layer", "component")
        inputs = found.record.inputs
        declared[inputs.name] = (file.parent / inputs.src).resolve()
    return {**declared, **chosen}


def lay_out(root: Path, source: Path, layers: Iterable[Path]) -> None:
    """Make /var/user, /opt and /tmp below `root`; raises LayerError where two layers hold the same file."""
    (root / "var").mkdir(parents=True)
    (root / "var/user").symlink_to(source)
    (root / "opt").mkdir()
    (root / "tmp").mkdir()
    for layer in layers:
        _merge(root / "opt", layer, without=DESCRIPTION)


def _merge(into: Path, folder: Path, without: str = "") -> None:
    for item in folder.iterdir():
        place = into / item.name
        if item.name == without:
            continue
        if not place.exists():
            place.symlink_to(item)
        elif place.is_dir() and item.is_dir():
            _merge(_own_folder(place), item)
        else:
            raise LayerError(f"two layers hold {item.name}: {place.resolve()} and {item}")


def _own_folder(place: Path) -> Path:
    """Make a linked folder one of our own, so that a second layer can add to it."""
    if place.is_symlink():
        linked = place.resolve()
        place.unlink()
        place.mkdir()
        _merge(place, linked)
    return place
