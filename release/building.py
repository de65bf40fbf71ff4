"""The build: each layer and function laid out, compiled and packed; what has not changed is left as it is.

Layers that are folders of ours are packed as they stand; what git would leave out is left out.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cbsnap.errors import InputError
from cbsnap.packages import DESCRIPTION, Package, Packages, read, source_digest

from release import archive, bytecode, contents, wheels
from release.archive import Archive

if TYPE_CHECKING:
    from release.contents import Function, Layer

_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", DESCRIPTION)


@dataclass(frozen=True)
class Build:
    """A build of one checkout. `cache` keeps wheels from one build to the next."""

    root: Path
    python: Path
    cache: Path

    def into(self, out: Path) -> list[Archive]:
        """Build everything, and leave a list of it; returns the archives, layers first. Raises BuildError."""
        layers = {one.name: (self._made("layers", one, out), one) for one in contents.layers(self.root)}
        made: list[tuple[Archive, Layer | Function]] = list(layers.values())
        for function in contents.functions(self.root):
            packed = self._made("functions", function, out)
            archive.check_together(function.name, [packed, *(layers[name][0] for name in function.layers)])
            made.append((packed, function))
        Packages(self._builder, tuple(self._listed(one, what) for one, what in made)).write(out)
        return [one for one, _ in made]

    @cached_property
    def _builder(self) -> str:
        """Return what tells this builder, with its Python, from one that may make other bytes."""
        told = subprocess.run([self.python, "-VV"], capture_output=True, check=True).stdout  # noqa: S603 - ours
        return hashlib.sha256(source_digest(Path(__file__).parent).encode() + told).hexdigest()

    def _made(self, kind: str, what: Layer | Function, out: Path) -> Archive:
        """Return an earlier build's archive, where nothing that it is made of has changed, or a new one."""
        there = self._earlier(kind, what, out)
        if there is not None:
            return there
        with tempfile.TemporaryDirectory(prefix="cbsnap-build-") as temporary:
            tree = Path(temporary, "tree")
            self._lay_out(what, tree)
            bytecode.compile_all(tree, what.mounted, self.python)
            return archive.pack(what.name, tree, out / kind / f"{what.name}.zip")

    def _earlier(self, kind: str, what: Layer | Function, out: Path) -> Archive | None:
        try:
            built = read(out)
        except InputError:
            return None
        package = built.named(kind, what.name)
        if package is None or built.builder != self._builder or package.source != self._place(what):
            return None
        there = Archive(what.name, out / package.file, package.unzipped_bytes)
        whole = there.file.is_file() and there.sha256 == package.sha256
        return there if whole and package.fresh(self.root) else None

    def _lay_out(self, what: Layer | Function, tree: Path) -> None:
        if what.requirements is None:
            shutil.copytree(what.folder, tree, ignore=_LEFT_OUT)
        else:
            wheels.unpack(wheels.fetched(what.requirements, self.python, self.cache), tree)

    def _place(self, what: Layer | Function) -> str:
        return (what.requirements or what.folder).relative_to(self.root.resolve()).as_posix()

    def _listed(self, made: Archive, what: Layer | Function) -> Package:
        place = self._place(what)
        return Package(
            kind=made.file.parent.name,
            name=made.name,
            sha256=made.sha256,
            unzipped_bytes=made.unzipped_bytes,
            source=place,
            source_sha256=source_digest(self.root / place),
        )
