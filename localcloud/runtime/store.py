"""Uploaded code and layers: zip files, unpacked once for each content.

They are unpacked without any permission to write, which holds for everyone but root.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

ZIP_LIMIT_BYTES = 50 << 20
UNPACKED_LIMIT_BYTES = 500 << 20


class ArchiveError(ValueError):
    """Not a zip file, too large, or one that would write beyond its folder."""


@dataclass(frozen=True)
class Stored:
    """An archive that was unpacked; `size_bytes` and `sha256` are the zip file's."""

    folder: Path
    size_bytes: int
    sha256: str


class Store:
    """The archives of one run of the server, in a folder that ends with it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="localcloud-code-")

    def keep(self, archive: bytes) -> Stored:
        """Unpack a zip file; raises ArchiveError."""
        sha256 = hashlib.sha256(archive).hexdigest()
        stored = Stored(Path(self._folder.name, sha256), len(archive), sha256)
        if len(archive) > ZIP_LIMIT_BYTES:
            raise ArchiveError(f"{len(archive)} bytes zipped, {ZIP_LIMIT_BYTES} are allowed")
        if not stored.folder.exists():
            _unpack(archive, stored.folder)
        return stored

    def close(self) -> None:
        """Remove everything."""
        self._folder.cleanup()


def packed(folder: Path) -> bytes:
    """Return a folder's files as a zip file: the files of what was unpacked there, not the same bytes."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as into:
        for item in sorted(folder.rglob("*")):
            if item.is_file():
                into.write(item, item.relative_to(folder))
    return archive.getvalue()


def _unpack(archive: bytes, folder: Path) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            _check(packed)
            folder.mkdir()  # an empty archive makes none
            packed.extractall(folder)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ArchiveError(f"not a zip file that can be read: {error}") from error
    for item in [folder, *folder.rglob("*")]:
        item.chmod(0o555 if item.is_dir() else 0o444)


def _check(packed: zipfile.ZipFile) -> None:
    size_bytes = sum(item.file_size for item in packed.infolist())
    if size_bytes > UNPACKED_LIMIT_BYTES:
        raise ArchiveError(f"{size_bytes} bytes unpacked, {UNPACKED_LIMIT_BYTES} are allowed")
    for name in packed.namelist():
        if name.startswith("/") or ".." in Path(name).parts:
            raise ArchiveError(f"{name} would lie outside the folder")
