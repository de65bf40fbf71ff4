"""A folder as a zip file that has the same bytes whenever it has the same content, and its limits.

Decides order, times and modes in the file. What is in the folder is decided before.
"""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from release.failure import BuildError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MIB = 1 << 20
# A signed call has 10 MiB at most, and a zip file travels in it as base64; the rest is for what else it says.
ZIPPED_BYTES = (10 * MIB - 64 * 1024) * 3 // 4
UNZIPPED_BYTES = 500 * MIB  # a function's code with its layers (583/11637)
OLDEST = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file can tell
READABLE = 0o100644 << 16
UNIX = 3


@dataclass(frozen=True)
class Archive:
    """One zip file; `unzipped_bytes` is what it comes to when unpacked."""

    name: str
    file: Path
    unzipped_bytes: int

    @property
    def zipped_bytes(self) -> int:
        """Return the file's size."""
        return self.file.stat().st_size

    @property
    def sha256(self) -> str:
        """Return the file's digest, hex."""
        return hashlib.sha256(self.file.read_bytes()).hexdigest()


def pack(name: str, folder: Path, file: Path) -> Archive:
    """Pack a folder's content, at the zip's root; BuildError where it is over the limit."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unzipped = 0
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for one in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(one.relative_to(folder).as_posix(), OLDEST)
            entry.external_attr, entry.create_system = READABLE, UNIX
            entry.compress_type = zipfile.ZIP_DEFLATED
            content = one.read_bytes()
            unzipped += len(content)
            made.writestr(entry, content, compresslevel=9)
    archive = Archive(name, file, unzipped)
    if archive.zipped_bytes > ZIPPED_BYTES:
        raise BuildError(
            f"{name}: its zip file has {archive.zipped_bytes / MIB:.1f} MiB, and a call of the API takes "
            f"{ZIPPED_BYTES / MIB:.1f}: make a layer of its own of a part of it (layers/*/serverless.yml)"
        )
    return archive


def check_together(function: str, archives: Iterable[Archive]) -> None:
    """Raise BuildError where a function and its layers are over the limit when unpacked."""
    together = sum(archive.unzipped_bytes for archive in archives)
    if together > UNZIPPED_BYTES:
        raise BuildError(
            f"{function} with its layers, unpacked, has {together / MIB:.1f} MiB, and the platform takes "
            f"{UNZIPPED_BYTES // MIB} (583/11637): leave something out"
        )
