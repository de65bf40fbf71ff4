"""Which blocks of the disk a file lies on, and how many of them it shares with another.

The kernel is asked with FIEMAP (Documentation/filesystems/fiemap.rst); what it is not asked about counts with
all of its allocated blocks.
"""

from __future__ import annotations

import fcntl
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIEMAP = 0xC020660B  # linux/fs.h
SYNC, LAST = 1, 1
AT_ONCE = 256
_HEADER = struct.Struct("=QQIIII")
_EXTENT = struct.Struct("=QQQQQIIII")
ALL = 2**64 - 1


def held_bytes(path: Path, earlier: Path | None = None) -> int:
    """Return how many bytes a file or directory holds that `earlier` does not hold already."""
    if path.is_dir():
        return sum(each.stat().st_blocks * 512 for each in path.rglob("*") if each.is_file())
    if earlier is None:
        return path.stat().st_blocks * 512
    own, shared = list(_extents(path)), sorted(_extents(earlier))
    return sum(end - start for start, end in own) - _common(sorted(own), shared)


def _common(these: list[tuple[int, int]], those: list[tuple[int, int]]) -> int:
    """Return how many bytes two sorted lists of ranges have in common."""
    total = at = 0
    for start, end in these:
        while at < len(those) and those[at][1] <= start:
            at += 1
        index = at
        while index < len(those) and those[index][0] < end:
            total += min(end, those[index][1]) - max(start, those[index][0])
            index += 1
    return total


def _extents(path: Path) -> Iterator[tuple[int, int]]:
    """Yield the physical ranges of a file in the order of its bytes."""
    with path.open("rb") as file:
        start = 0
        while True:
            request = bytearray(_HEADER.pack(start, ALL - start, SYNC, 0, AT_ONCE, 0))
            request.extend(bytes(_EXTENT.size * AT_ONCE))
            fcntl.ioctl(file.fileno(), FIEMAP, request)
            count = _HEADER.unpack_from(request)[3]
            for number in range(count):
                logical, physical, length, _, _, flags, *_ = _EXTENT.unpack_from(
                    request, _HEADER.size + number * _EXTENT.size
                )
                yield physical, physical + length
                start = logical + length
            if not count or flags & LAST:
                return
