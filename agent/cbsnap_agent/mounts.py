"""What is mounted where, on which superblock, and on which disks: read from /proc, /sys and /dev.

Decides nothing about plans. A superblock is named by its device number, "major:minor".
"""

import os
import re
from typing import NamedTuple

_ESCAPE = re.compile(r"\\([0-7]{3})")
_BY_ID = "dev/disk/by-id"
_DISK_LINK = re.compile(r"^virtio-(disk-[a-z0-9]+)$")


class Mount(NamedTuple):
    """A line of mountinfo, as far as it matters here."""

    device: str
    root: str
    point: str
    fstype: str
    source: str
    options: str


def read(root="/"):
    """Return the mounts that this process sees, in the kernel's order: of two on one point the later."""
    with open(os.path.join(root, "proc/self/mountinfo")) as source:
        return [_parse(line) for line in source]


def holding(path, table):
    """Return the mount that a path lies on. The path must be real (no links)."""
    found = [mount for mount in table if _within(path, mount.point)]
    return max(reversed(found), key=lambda mount: len(mount.point))


def open_mount(spec):
    """Open the mounted superblock {device, mount}; ENODEV when it is not mounted there any more."""
    here = [mount for mount in read() if mount.device == spec["device"]]
    here.sort(key=lambda mount: mount.point != spec["mount"])
    if not here:
        raise OSError(19, "not mounted any more", spec["mount"])
    return os.open(here[0].point, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def disks_of(device, root="/"):
    """Return the ids of the disks under a block device, through partitions, LVM and md, as far as known.

    A disk shows up in its host as /dev/disk/by-id/virtio-<disk id>.
    """
    names = _links(root)
    return sorted({names[leaf] for leaf in _leaves(device, root) if leaf in names})


def is_private():
    """Tell whether this process has a mount namespace of its own; False where that cannot be seen."""
    try:
        return os.readlink("/proc/self/ns/mnt") != os.readlink("/proc/1/ns/mnt")
    except OSError:
        return False


def users(point):
    """Return "name (pid)" of the processes that keep a mount busy, as far as this process may see them."""
    pids = [pid for pid in os.listdir("/proc") if pid.isdigit()]
    return [_name(pid) for pid in pids if any(_within(path, point) for path in _open_paths(pid))]


def _name(pid):
    with open("/proc/{}/comm".format(pid)) as source:
        return "{} ({})".format(source.read().strip(), pid)


def _open_paths(pid):
    links = ["/proc/{}/{}".format(pid, name) for name in ("cwd", "root", "exe")]
    try:
        folder = "/proc/{}/fd".format(pid)
        links += [os.path.join(folder, fd) for fd in os.listdir(folder)]
        return [os.readlink(link) for link in links if os.path.islink(link)]
    except OSError:
        return []  # gone, or not ours to look at


def backing_mounts(mount, table, root="/"):
    """Return the mounts under a mount: that of its loop device's image, and so on, outermost last."""
    node = os.path.join(root, "sys/dev/block", mount.device, "loop/backing_file")
    try:
        with open(node) as source:
            below = holding(source.read().rstrip("\n"), table)
    except OSError:
        return []
    return [below, *backing_mounts(below, table, root)]


def _parse(line):
    left, right = line.rstrip("\n").split(" - ", 1)
    fields, (fstype, source, options) = left.split(" "), right.split(" ", 2)
    options = fields[5] + "," + options
    return Mount(fields[2], _unescape(fields[3]), _unescape(fields[4]), fstype, _unescape(source), options)


def _unescape(text):
    return _ESCAPE.sub(lambda match: chr(int(match.group(1), 8)), text)


def _within(path, point):
    return point in {"/", path} or path.startswith(point + "/")


def _links(root):
    folder = os.path.join(root, _BY_ID)
    names = os.listdir(folder) if os.path.isdir(folder) else []
    found = {}
    for name in names:
        match = _DISK_LINK.match(name)
        if match:
            found[os.path.basename(os.path.realpath(os.path.join(folder, name)))] = match.group(1)
    return found


def _leaves(device, root):
    node = os.path.realpath(os.path.join(root, "sys/dev/block", device))
    if os.path.exists(os.path.join(node, "partition")):
        node = os.path.dirname(node)
    slaves = os.path.join(node, "slaves")
    below = sorted(os.listdir(slaves)) if os.path.isdir(slaves) else []
    if not below:
        return [os.path.basename(node)]
    return [leaf for name in below for leaf in _leaves(_number(os.path.join(slaves, name)), root)]


def _number(node):
    with open(os.path.join(node, "dev")) as source:
        return source.read().strip()
