"""A sequence on a volume, which tells when a copy of it was cut: blocks, each durable before the next.

A log in memory (tmpfs) has when the writing of each number began and ended, by the clock since boot. A copy
that holds number k and not the next was cut after k was begun and before k + 1 was durable. Blocks are
overwritten in place in a file that was filled before, so that the filesystem writes nothing else for them.
"""

import contextlib
import fcntl
import json
import os
import re
import struct
import time
import zlib

from . import kernel, mounts
from .drill import Broken, Unable, apart, filesystems

FILE = ".cbsnap-sequence"
FOLDER = "/run/cbsnap-sequence"
_BLOCK_BYTES, _BLOCKS = 4096, 256
_RECORD = struct.Struct("<16sQ")  # session, number; a checksum follows
_LINE = struct.Struct("<QQQ")  # number, began, ended
_DEVICE_LIMIT_S = 10
_LOCK = "lock"
_NS = 1000000000


def session(text):
    """Return a session's id, 16 hex digits; raises ValueError."""
    if not re.match(r"^[0-9a-f]{16}$", text):
        raise ValueError
    return text


def write(disk, session_id, pause_ms, limit_s, folder=FOLDER):
    """Write on a mounted disk until `stop` is asked for, or the time is over; return what came of it."""
    place = _mounted_at(disk)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    with _alone(folder):
        return _written(place, session_id, pause_ms, limit_s, folder)


def _written(place, session_id, pause_ms, limit_s, folder):
    for old in os.listdir(folder):
        if old != _LOCK:
            os.unlink(os.path.join(folder, old))
    end, number = kernel.boottime_s() + limit_s, 0
    path, stop = os.path.join(place, FILE), _path(folder, session_id, "stop")
    with _prepared(path) as fd, open(_path(folder, session_id, "log"), "wb", buffering=0) as log:
        while kernel.boottime_s() < end and not os.path.exists(stop):
            number += 1
            began = _now_ns()
            os.pwrite(fd, _block(session_id, number), number % _BLOCKS * _BLOCK_BYTES)
            log.write(_LINE.pack(number, began, _now_ns()))
            time.sleep(pause_ms / 1000.0)
    return {"number": number, "place": place}


@contextlib.contextmanager
def _alone(folder):
    """Let one write at a time. Raises Unable while another does."""
    with open(os.path.join(folder, _LOCK), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Unable("another calibration writes on this host") from error
        yield


def now(session_id, folder=FOLDER):
    """Return the time since boot, and the last number that was written."""
    try:
        size = os.path.getsize(_path(folder, session_id, "log"))
    except FileNotFoundError:
        size = 0
    return {"boottime_ns": _now_ns(), "number": size // _LINE.size}


def stop(session_id, folder=FOLDER):
    """Let a session's writing end; its log stays."""
    with open(_path(folder, session_id, "stop"), "w"):
        return {}


def forget(session_id, folder=FOLDER):
    """Let a session's writing end, and remove its log."""
    stop(session_id, folder)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_path(folder, session_id, "log"))
    return {}


def read(session_id, disks, folder=FOLDER):
    """Return what each copy holds: by disk the last number, and between which moments it was cut."""
    times = _times(_path(folder, session_id, "log"))
    with apart.alone():
        found = apart.run(
            lambda mounts_at: {disk: _found(disk, session_id, times, mounts_at) for disk in disks}
        )
        for disk in disks:
            filesystems.is_freed("/dev/disk/by-id/virtio-" + disk)  # so that it can be detached
    if "verdict" in found:
        raise Unable(found["reason"])
    return found


def said(work):
    """Do something, print what came of it, one line of JSON; return the exit code."""
    try:
        found = work()
    except (Unable, Broken, OSError) as error:
        found = {"error": str(error)}
    print(json.dumps(found))  # noqa: T201 - what the command is for
    return int("error" in found)


def _found(disk, session_id, times, folder):
    for place in filesystems.just_mounted(disk, folder):
        path = os.path.join(place, FILE)
        if os.path.exists(path):
            return _cut(_numbers(path, session_id), times)
    return {"error": "it holds no sequence"}


def _cut(numbers, times):
    """Tell between which moments a copy with these numbers was cut."""
    if not numbers:
        return {"error": "it holds nothing of this session"}
    last = max(numbers)
    wanted = {last - back for back in range(min(_BLOCKS - 1, last))}
    if last + 1 not in times:
        return {"error": "the writing ended before the cut"}
    return {
        "number": last,
        "after_ns": times[last][0],
        "before_ns": times[last + 1][1],
        "torn": not wanted <= numbers,  # an earlier number is missing: not one moment
    }


def _numbers(path, session_id):
    found = set()
    with open(path, "rb") as source:
        for block in iter(lambda: source.read(_BLOCK_BYTES), b""):
            body = block[: _RECORD.size]
            if len(block) == _BLOCK_BYTES and block[_RECORD.size : _RECORD.size + 4] == _sum(body):
                name, number = _RECORD.unpack(body)
                if name == session_id.encode():
                    found.add(number)
    return found


def _times(path):
    try:
        with open(path, "rb") as source:
            content = source.read()
    except FileNotFoundError as error:
        raise Unable("there is no log of this session: was the host started anew?") from error
    whole = len(content) // _LINE.size * _LINE.size
    return {number: (began, ended) for number, began, ended in _LINE.iter_unpack(content[:whole])}


def _block(session_id, number):
    body = _RECORD.pack(session_id.encode(), number)
    return (body + _sum(body)).ljust(_BLOCK_BYTES, b"\0")


def _sum(body):
    return struct.pack("<I", zlib.crc32(body) & 0xFFFFFFFF)


@contextlib.contextmanager
def _prepared(path):
    """Give the descriptor of a file that is filled, whose writes are durable; remove it at the end."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_DSYNC, 0o600)
    try:
        os.pwrite(fd, b"\0" * (_BLOCK_BYTES * _BLOCKS), 0)
        os.fsync(fd)
        yield fd
    finally:
        os.close(fd)
        os.unlink(path)


def _mounted_at(disk):
    """Return where a disk's first filesystem is mounted. Raises Unable."""
    device = filesystems.device_of(disk, _DEVICE_LIMIT_S)
    devices = filesystems.partitions(device) or [device]
    for mount in mounts.read():
        if os.path.realpath(mount.source) in devices and mount.root == "/":
            return mount.point
    raise Unable("{} is not mounted here: mount a filesystem of it, to write on".format(disk))


def _path(folder, session_id, what):
    return os.path.join(folder, "{}.{}".format(session_id, what))


def _now_ns():
    return int(kernel.boottime_s() * _NS)
