"""The build: each layer and function laid out, compiled and packed.

Layers that are folders of ours are packed as they stand; what git would leave out is left out.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from release import archive, bytecode, contents, wheels

if TYPE_CHECKING:
    from release.archive import Archive
    from release.contents import Function, Layer

_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", contents.DESCRIPTION)


@dataclass(frozen=True)
class Build:
    """A build of one checkout. `cache` keeps wheels from one build to the next."""

    root: Path
    python: Path
    cache: Path

    def into(self, out: Path) -> list[Archive]:
        """Build everything; returns the archives, layers first. Raises BuildError."""
        layers = {one.name: self._layer(one, out) for one in contents.layers(self.root)}
        packed = []
        for function in contents.functions(self.root):
            packed.append(self._function(function, out))
            archive.check_together(function.name, [packed[-1], *(layers[name] for name in function.layers)])
        return [*layers.values(), *packed]

    def _layer(self, layer: Layer, out: Path) -> Archive:
        with tempfile.TemporaryDirectory(prefix="cbsnap-build-") as temporary:
            tree = Path(temporary, "tree")
            if layer.requirements is None:
                shutil.copytree(layer.folder, tree, ignore=_LEFT_OUT)
            else:
                wheels.unpack(wheels.fetched(layer.requirements, self.python, self.cache), tree)
            return self._packed(layer.name, tree, layer.mounted, out / "layers")

    def _function(self, function: Function, out: Path) -> Archive:
        with tempfile.TemporaryDirectory(prefix="cbsnap-build-") as temporary:
            tree = Path(temporary, "tree")
            shutil.copytree(function.folder, tree, ignore=_LEFT_OUT)
            return self._packed(function.name, tree, function.mounted, out / "functions")

    def _packed(self, name: str, tree: Path, mounted: str, out: Path) -> Archive:
        bytecode.compile_all(tree, mounted, self.python)
        return archive.pack(name, tree, out / f"{name}.zip")
