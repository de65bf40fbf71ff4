"""What `make package` left in dist/: zip files, and of which sources each was made.

Decides when two states of a source are the same. `release` builds and writes the list, `cbsnap deploy`
reads it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from cbsnap.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = "manifest.json"
DESCRIPTION = "serverless.yml"  # says what a layer is, and is no part of it


@dataclass(frozen=True)
class Package:
    """One zip file of dist/. `source` is what it was made of, a folder or a lock file of the checkout.

    `sha256` and `source_sha256` are hex; `unzipped_bytes` is what it comes to when unpacked.
    """

    kind: str
    name: str
    sha256: str
    unzipped_bytes: int
    source: str
    source_sha256: str

    @property
    def file(self) -> str:
        """Return its path below dist/."""
        return f"{self.kind}/{self.name}.zip"

    def fresh(self, root: Path) -> bool:
        """Say whether its source in the checkout is still what it was made of."""
        source = root / self.source
        return source.exists() and source_digest(source) == self.source_sha256


@dataclass(frozen=True)
class Packages:
    """All that one build made; `builder` names what built it."""

    builder: str
    packages: tuple[Package, ...]

    def named(self, kind: str, name: str) -> Package | None:
        """Return the package of a layer (`layers`) or a function (`functions`)."""
        return next((one for one in self.packages if (one.kind, one.name) == (kind, name)), None)

    def write(self, dist: Path) -> None:
        """Leave the list beside the zip files."""
        stated = {"builder": self.builder, "packages": [asdict(one) for one in self.packages]}
        (dist / MANIFEST).write_text(json.dumps(stated, indent=2) + "\n", encoding="utf-8")


def read(dist: Path) -> Packages:
    """Return what a build left; InputError where there is no list, or none that can be read."""
    try:
        stated = json.loads((dist / MANIFEST).read_text(encoding="utf-8"))
        return Packages(stated["builder"], tuple(Package(**one) for one in stated["packages"]))
    except (OSError, ValueError, KeyError, TypeError) as missing:
        raise InputError("dist", f"{dist} has no packages to deploy: run make package") from missing


def source_digest(source: Path) -> str:
    """Return the SHA-256, hex, of a file, or of a folder's files and their names; bytecode is left out."""
    if source.is_file():
        return hashlib.sha256(source.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for file in sorted(one for one in source.rglob("*") if one.is_file() and _counts(one)):
        name = file.relative_to(source).as_posix()
        digest.update(f"{name}\n{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _counts(file: Path) -> bool:
    return "__pycache__" not in file.parts and file.suffix != ".pyc" and file.name != DESCRIPTION
