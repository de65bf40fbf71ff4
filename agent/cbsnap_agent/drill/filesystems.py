"""The filesystems of a clone: found, their journals replayed, checked, mounted; and where they belong.

What spans devices (LVM, RAID) or is encrypted cannot be drilled: nothing here assembles or opens it.
"""

import glob
import os
import struct
import subprocess
import time
from typing import NamedTuple

from cbsnap_agent import kernel
from cbsnap_agent.plan import CLEAN_ENVIRONMENT

from . import Broken, Unable
from .apart import mount

DEVICE_LIMIT_S = 120
FREE_LIMIT_S = 20
_POLL_S = 0.2
_SAFE = "nosuid,nodev,noexec"
_OPTIONS = {"xfs": "nouuid,"}  # its source may be mounted on the same host
_CHECKERS = {
    "ext2": ["e2fsck", "-fn"],
    "ext3": ["e2fsck", "-fn"],
    "ext4": ["e2fsck", "-fn"],
    "xfs": ["xfs_repair", "-n"],
    "btrfs": ["btrfs", "check", "--readonly"],
}
_EXT = ("ext3", "ext4")
_INCOMPAT_AT, _NEEDS_RECOVERY = 1024 + 0x60, 0x4  # ext4's superblock


class Filesystem(NamedTuple):
    """A filesystem of a clone: the disk that it is on, its device, its type, where it is mounted."""

    disk: str
    device: str
    fstype: str
    root: str


def device_of(disk, limit_s=DEVICE_LIMIT_S, by_id="/dev/disk/by-id"):
    """Return a disk's device, once it has shown up. Raises Unable."""
    link = os.path.join(by_id, "virtio-" + disk)
    end = kernel.boottime_s() + limit_s
    while not os.path.exists(link):
        if kernel.boottime_s() > end:
            raise Unable("{} has not shown up within {:.0f} s".format(link, limit_s))
        time.sleep(_POLL_S)
    return os.path.realpath(link)


def mounted(disk, folder, checks):
    """Check and mount, read-only, what a disk holds; return the filesystems that could be mounted."""
    device = device_of(disk)
    found = [
        Filesystem(disk, one, kind, os.path.join(folder, os.path.basename(one)))
        for one, kind in _inside(device)
    ]
    if not found:
        with checks.check(disk):
            raise Broken("it holds no filesystem that is known on this host")
    return [one for one in found if _is_sound(one, checks)]


def just_mounted(disk, folder):
    """Mount, read-only and unchecked, what a disk holds; return where. The kernel replays its journals."""
    found = [
        Filesystem(disk, one, kind, os.path.join(folder, os.path.basename(one)))
        for one, kind in _inside(device_of(disk))
    ]
    for one in found:
        _mount(one, "ro")
    return [one.root for one in found]


def is_freed(device, limit_s=FREE_LIMIT_S):
    """Tell whether nobody has a device any more; the kernel lets go a little after the last unmount."""
    end = kernel.boottime_s() + limit_s
    while True:
        try:
            os.close(os.open(device, os.O_RDONLY | os.O_EXCL))
        except FileNotFoundError:
            return True
        except OSError:
            if kernel.boottime_s() > end:
                return False
            time.sleep(_POLL_S)
        else:
            return True


def make_writable(filesystem):
    """Let a server write to a clone."""
    mount("-o", "remount,rw,{}".format(_SAFE), filesystem.root)


def put(places, roots):
    """Mount clones where their host has them: {path: pattern of a file in the clone that belongs there}."""
    for place, pattern in sorted(places.items()):
        fit = [root for root in roots if glob.glob(os.path.join(glob.escape(root), pattern))]
        if len(fit) != 1:
            raise Unable(
                "{} of the clones hold {}, which belongs at {}".format(len(fit) or "none", pattern, place)
            )
        if not os.path.isdir(place):
            raise Unable(
                "places: {} is no folder of this host: make it, for the drill to mount there".format(place)
            )
        mount("--bind", fit[0], place)


def _is_sound(one, checks):
    with checks.check("{} {}".format(one.disk, one.fstype)) as said:
        said.append(_replay(one))
        _check(one)
    with checks.check("{} mount".format(one.disk)):
        _mount(one, "ro")
        return True
    return False


def _replay(one):
    """Have the kernel replay the journal, by mounting once; return what that was."""
    state = _journal(one)
    _mount(one, "rw")
    _run(["/bin/umount", one.root])
    if not is_freed(one.device):
        raise Unable("{} stays busy: something else on this host has it, too".format(one.device))
    return state


def _journal(one):
    if one.fstype not in _EXT:
        return "its log was replayed by mounting it once"
    with open(one.device, "rb") as device:
        device.seek(_INCOMPAT_AT)
        (incompat,) = struct.unpack("<I", device.read(4))
    return "its journal had to be replayed" if incompat & _NEEDS_RECOVERY else "its journal was clean"


def _check(one):
    """Run the filesystem's own check, which changes nothing."""
    if one.fstype in _CHECKERS:
        said = _run([*_CHECKERS[one.fstype], one.device])
        if said.returncode:
            lines = said.stdout.decode(errors="replace").strip().splitlines()
            raise Broken("{}: {}".format(_CHECKERS[one.fstype][0], " / ".join(lines[-4:])))


def _mount(one, how):
    os.makedirs(one.root, exist_ok=True)
    options = "{},{}{}".format(how, _OPTIONS.get(one.fstype, ""), _SAFE)
    try:
        mount("-t", one.fstype, "-o", options, one.device, one.root)
    except Unable as error:
        raise Broken(str(error)) from error


def _inside(device):
    """Yield (device, type) of the filesystems on a disk, by itself or in partitions."""
    for path in partitions(device) or [device]:
        signature = _signature(path)
        if signature.get("USAGE") in ("raid", "crypto"):
            message = "{} holds {}: what spans devices or is encrypted cannot be drilled"
            raise Unable(message.format(path, signature.get("TYPE")))
        if signature.get("USAGE") == "filesystem":
            yield path, signature["TYPE"]


def partitions(device, root="/"):
    """Return the partitions of a disk, in the kernel's order."""
    name = os.path.basename(device)
    pattern = os.path.join(root, "sys/class/block/{0}/{0}*/partition".format(glob.escape(name)))
    found = {os.path.basename(os.path.dirname(path)): _number(path) for path in glob.glob(pattern)}
    return ["/dev/" + one for one in sorted(found, key=found.get)]


def _number(path):
    with open(path) as source:
        return int(source.read())


def _signature(path):
    said = _run(["blkid", "-p", "-o", "export", path]).stdout.decode(errors="replace")
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)


def _run(command):
    try:
        return subprocess.run(  # noqa: S603 - fixed words and a device
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=CLEAN_ENVIRONMENT,  # the command channel's own path may lack the folders of such tools
            check=False,
        )
    except FileNotFoundError as error:
        raise Unable("there is no {} on this host".format(command[0])) from error
