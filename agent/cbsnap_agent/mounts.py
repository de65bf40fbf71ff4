"""What is mounted where, and on which superblock: read from /proc and /sys.

Decides nothing about plans. A superblock is named by its device number, "major:minor". What a path lies on
is found as the kernel walks to it, from mount to mount: a later mount higher up hides what is below it.
"""

import errno
import os
import re
from typing import NamedTuple

from .disks import backing_file

_ESCAPE = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """A line of mountinfo, as far as it matters here."""

    device: str
    root: str
    point: str
    fstype: str
    source: str
    options: str
    number: int
    parent: int


def read(root="/"):
    """Return the mounts that this process sees, in the kernel's order: of two on one point the later."""
    with open(os.path.join(root, "proc/self/mountinfo")) as source:
        return [_parse(line) for line in source]


def holding(path, table):
    """Return the mount that a path lies on. The path must be real (no links)."""
    here = _topmost(_roots(table)[-1], "/", table)
    point = ""
    for name in [name for name in path.split("/") if name]:
        point += "/" + name
        here = _topmost(here, point, table)
    return here


def below(path, table):
    """Return the mounts that can be reached under a real path."""
    inside = [mount for mount in table if mount.point != path and within(mount.point, path)]
    return [mount for mount in inside if holding(mount.point, table) == mount]


def of_descriptor(fd):
    """Return the mount that an open descriptor lies on, as the kernel says; None if it does not say."""
    with open("/proc/self/fdinfo/{}".format(fd)) as source:
        numbers = [int(line.split()[1]) for line in source if line.startswith("mnt_id:")]
    return next((mount for mount in read() if mount.number in numbers), None)


def open_point(mount):
    """Open a mount's own folder; ESTALE when what lies there now is not that mount."""
    fd = os.open(mount.point, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    if not is_still(mount, fd):
        os.close(fd)
        raise OSError(errno.ESTALE, "something else is mounted there now", mount.point)
    return fd


def is_still(mount, fd):
    """Tell whether a descriptor lies on that very mount, mounted where it was."""
    found = of_descriptor(fd)
    return found is not None and _identity(found) == _identity(mount)


def open_mount(spec):
    """Open the mounted superblock {device, mount}; ENODEV when it is not mounted there any more."""
    here = [mount for mount in read() if mount.device == spec["device"]]
    here.sort(key=lambda mount: mount.point != spec["mount"])
    for mount in here:
        try:
            return open_point(mount)
        except OSError:
            continue  # hidden by another mount
    raise OSError(errno.ENODEV, "not mounted any more", spec["mount"])


def device_of(path):
    """Return the superblock of what a path leads to, through any link, and of an open file in /proc."""
    while not os.path.exists(path):  # in a packed file
        path = os.path.dirname(path)
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        number = os.fstat(fd).st_dev
        mount = of_descriptor(fd)
        return mount.device if mount else "{}:{}".format(os.major(number), os.minor(number))
    finally:
        os.close(fd)


def is_private():
    """Tell whether this process has a mount namespace of its own; False where that cannot be seen."""
    try:
        return os.readlink("/proc/self/ns/mnt") != os.readlink("/proc/1/ns/mnt")
    except OSError:
        return False


def users(point):
    """Return "name (pid)" of the processes that keep a mount busy, as far as this process may see them."""
    pids = [pid for pid in os.listdir("/proc") if pid.isdigit()]
    return [_name(pid) for pid in pids if any(within(path, point) for path in _open_paths(pid))]


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
    image = backing_file(os.path.join(root, "sys/dev/block", mount.device))
    if not image:
        return []
    under = holding(image, table)
    return [under, *backing_mounts(under, table, root)]


def within(path, point):
    """Tell whether a path is a folder or lies in it."""
    return point in {"/", path} or path.startswith(point + "/")


def _roots(table):
    numbers = {mount.number for mount in table}
    return [mount for mount in table if mount.parent not in numbers or mount.parent == mount.number]


def _topmost(here, point, table):
    """Return the mount on top at a point, of those stacked on `here`."""
    for mount in table:
        if mount.parent == here.number and mount.point == point and mount.number != here.number:
            return _topmost(mount, point, table)
    return here


def _identity(mount):
    return mount.number, mount.device, mount.root, mount.point


def _parse(line):
    left, right = line.rstrip("\n").split(" - ", 1)
    fields, (fstype, source, options) = left.split(" "), right.split(" ", 2)
    options = fields[5] + "," + options
    points = [_unescape(fields[3]), _unescape(fields[4])]
    return Mount(fields[2], *points, fstype, _unescape(source), options, int(fields[0]), int(fields[1]))


def _unescape(text):
    return _ESCAPE.sub(lambda match: chr(int(match.group(1), 8)), text)
