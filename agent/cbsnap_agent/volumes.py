"""From paths to volumes: which filesystem and which disks each lies on, and whether these may be held.

A volume is a mounted superblock, or a folder that the plan's `disks` map says stands for a disk.
Decides refusals that the host's layout causes; what was earned by holding a volume is for labels.py.
"""

import collections
import os
from typing import NamedTuple, Tuple

from . import mounts
from .errors import Refusal

_NO_BLOCK_DEVICE = ("overlay", "tmpfs", "ramfs", "nfs", "nfs4", "proc", "sysfs")


class Volume(NamedTuple):
    """A folder where markers go and which the record names, the filesystem under it, and its disks' ids."""

    place: str
    mount: mounts.Mount
    disks: Tuple[str, ...]


class Layout:
    """The volumes of one plan: all `volumes` in the plan's order, and those `of` each engine."""

    def __init__(self, plan, engine_places, table=None, root="/"):
        self._disk_map = plan.disks
        self._table = mounts.read() if table is None else table
        self._root = root
        self.of = [self._volumes(places) for places in engine_places]
        self.volumes = _unique(
            [volume for found in [*self.of, self._volumes(plan.mounts)] for volume in found]
        )

    def disks(self):
        """Return the ids of all disks, in order."""
        return _unique([disk for volume in self.volumes for disk in volume.disks])

    def superblocks(self):
        """Return one mount for each superblock, innermost first.

        A freeze writes to what is below: to the filesystem that holds the image of a loop device.
        """
        points = {volume.mount.device: volume.mount for volume in self.volumes}
        return sorted(points.values(), key=self._nearness)

    def _nearness(self, mount):
        stacked = len(mounts.backing_mounts(mount, self._table, self._root))
        return -stacked, -mount.point.count("/"), mount.point

    def _volumes(self, places):
        return _unique([self._volume(place) for place in places])

    def _volume(self, path):
        real = os.path.realpath(path)
        if not os.path.exists(real):
            raise Refusal(422, "wrong-disks", "{} does not exist on this host".format(path), "plan")
        mount = mounts.holding(real, self._table)
        mapped = [place for place in self._disk_map if real == place or real.startswith(place + "/")]
        if mapped:
            place = max(mapped, key=len)
            return Volume(place, mount, (self._disk_map[place],))
        disks = tuple(mounts.disks_of(mount.device, self._root))
        if not disks:
            message = "no disk id is known for {} ({}): add {}=disk-… to the plan's `disks`"
            raise Refusal(422, "wrong-disks", message.format(mount.point, mount.source, mount.point), "plan")
        return Volume(mount.point, mount, disks)


def check_disks(layout, wanted):
    """Refuse unless the disks wanted are exactly those that hold the plan's data."""
    held = layout.disks()
    for disk in wanted:
        if disk not in held:
            message = "{} holds nothing of this plan; its disks are {}"
            raise Refusal(422, "wrong-disks", message.format(disk, ", ".join(held)), "disks")
    for disk in held:
        if disk not in wanted:
            raise Refusal(422, "wrong-disks", "the plan writes to {} too: name it".format(disk), "disks")


def hold_refusals(layout, own_paths):
    """Return why filesystems of the plan must not be frozen or unmounted: [message], empty if all may be.

    `own_paths` are what the agent itself writes to or runs from while it holds: without, it would hang.
    """
    own = {mounts.holding(os.path.realpath(path), mounts.read()).device for path in own_paths}
    return [message for mount in layout.superblocks() for message in _objections(mount, own)]


def _objections(mount, own):
    if mount.point == "/":
        yield "/ is never held: every process of the host would hang"
    elif mount.fstype in _NO_BLOCK_DEVICE:
        yield "{} is {}, which cannot be held".format(mount.point, mount.fstype)
    elif mount.root != "/" and mount.fstype != "btrfs":
        yield "{} is a bind mount: name the mount of the whole filesystem".format(mount.point)
    elif mount.device in own:
        yield "{} holds files of the agent itself, which would hang".format(mount.point)


def _unique(found):
    return list(collections.OrderedDict.fromkeys(found))
