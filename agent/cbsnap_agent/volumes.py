"""From paths to volumes: which filesystem and which disks each lies on, and whether these may be held.

A volume is a mounted superblock, or a folder that the plan's `disks` map says stands for a disk. The map is
believed only for what lies on the filesystem of the folder that it names, and never against the kernel.
Decides refusals that the host's layout causes; what was earned by holding a volume is for labels.py.
"""

import collections
import os
from typing import NamedTuple, Tuple

from . import mounts, reach
from .disks import Disks
from .errors import Refusal

_NO_BLOCK_DEVICE = ("overlay", "tmpfs", "ramfs", "nfs", "nfs4", "proc", "sysfs")


class Volume(NamedTuple):
    """A folder where markers go and which the record names, the filesystem under it, and its disks' ids."""

    place: str
    mount: mounts.Mount
    disks: Tuple[str, ...]


class Layout:
    """The volumes of one plan: all `volumes` in the plan's order, and those `of` each engine.

    `unseen` has, for each engine, what of its data could not be looked into: [message].
    """

    def __init__(self, plan, engine_places, table=None, root="/"):
        self._disk_map = plan.disks
        self._table = mounts.read() if table is None else table
        self._root = root
        self._disks = Disks(root)
        self._mapped = {place: mounts.holding(place, self._table).device for place in plan.disks}
        looked = [reach.look(places, self._table) for places in engine_places]
        self.of = [self._volumes(paths) for paths, _ in looked]
        self.unseen = [unseen for _, unseen in looked]
        self.volumes = _unique(
            [volume for found in [*self.of, self._volumes(plan.mounts)] for volume in found]
        )
        self._outside = self._find_outside()

    def disks(self):
        """Return the ids of all disks, in order."""
        return _unique([disk for volume in self.volumes for disk in volume.disks])

    def superblocks(self):
        """Return one mount for each superblock, innermost first.

        A freeze writes to what is below: to the filesystem that holds the image of a loop device.
        """
        points = {volume.mount.device: volume.mount for volume in self.volumes}
        return sorted(points.values(), key=self._nearness)

    def outside(self, disk):
        """Return the mount points on a disk of filesystems that are not the plan's: they go on writing."""
        return self._outside[disk]

    def caveats(self):
        """Return what a reader of the proof should know of the layout."""
        shared = [(disk, ", ".join(self.outside(disk))) for disk in self.disks()]
        return [
            *["{} holds {} too, which the plan does not name".format(*one) for one in shared if one[1]],
            *["that {} is {} is the configuration's word alone".format(*one) for one in self._folders()],
            *[message for unseen in self.unseen for message in unseen],
        ]

    def _folders(self):
        """Return (a folder that is no mount of its own, the disk for which it stands)."""
        return [(one.place, one.disks[0]) for one in self.volumes if one.place != one.mount.point]

    def _find_outside(self):
        """Return {disk: mount points}; known by the link, by the map, and by the device of what is mapped."""
        held = {volume.mount.device for volume in self.volumes}
        others = {mount.device: mount for mount in reversed(self._table) if mount.device not in held}
        lies_on = [(mount.point, self._disks.under(mount), device) for device, mount in others.items()]
        known = {disk: self._devices_of(disk) for disk in self.disks()}
        return {
            disk: [
                point
                for point, under, device in lies_on
                if devices & set(under) or device in self._devices_mapped_to(disk)
            ]
            for disk, devices in known.items()
        }

    def _devices_of(self, disk):
        """Return the whole devices that are a disk, by its link or as what a mapped filesystem lies on."""
        mapped = [one for one in self.volumes if disk in one.disks and one.place == one.mount.point]
        linked = {
            name
            for one in self.volumes
            for name, found in self._disks.under(one.mount).items()
            if found == disk
        }
        return linked.union(*[self._disks.under(one.mount) for one in mapped if len(one.disks) == 1])

    def _devices_mapped_to(self, disk):
        return {self._mapped[place] for place, mapped in self._disk_map.items() if mapped == disk}

    def _nearness(self, mount):
        stacked = len(mounts.backing_mounts(mount, self._table, self._root))
        return -stacked, -mount.point.count("/"), mount.point

    def _volumes(self, places):
        return _unique([self._volume(place) for place in places])

    def _volume(self, path):
        real = os.path.realpath(path)
        if not os.path.exists(real):
            raise _wrong("{} does not exist on this host".format(path))
        mount = mounts.holding(real, self._table)
        under = self._disks.under(mount)
        place = self._mapped_place(real, mount)
        if place:
            disk = self._disk_map[place]
            _refuse_contradiction(place, disk, under)
            return Volume(place, mount, (disk,))
        if not all(under.values()):
            message = "no disk id is known for {} ({}): add {}=disk-… to the plan's `disks`"
            raise _wrong(message.format(mount.point, mount.source, mount.point))
        return Volume(mount.point, mount, tuple(sorted(set(under.values()))))

    def _mapped_place(self, real, mount):
        """Return the innermost mapped folder that a path lies in, on the path's own filesystem."""
        places = [place for place in self._disk_map if mounts.within(real, place)]
        same = [place for place in places if self._mapped[place] == mount.device]
        return max(same, key=len) if same else None


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
    own = {mounts.device_of(path) for path in own_paths}
    found = [message for mount in layout.superblocks() for message in _objections(mount, own)]
    message = "{} is a folder of {}: `disks` must name a mount for what is frozen or unmounted"
    folders = [one for one in layout.volumes if one.place != one.mount.point]
    return found + [message.format(one.place, one.mount.point) for one in folders]


def _objections(mount, own):
    if mount.point == "/":
        yield "/ is never held: every process of the host would hang"
    elif mount.fstype in _NO_BLOCK_DEVICE:
        yield "{} is {}, which cannot be held".format(mount.point, mount.fstype)
    elif mount.root != "/" and mount.fstype != "btrfs":
        yield "{} is a bind mount: name the mount of the whole filesystem".format(mount.point)
    elif mount.device in own:
        yield "{} holds files of the agent itself, which would hang".format(mount.point)


def _refuse_contradiction(place, disk, under):
    linked = sorted(set(under.values()) - {None, disk})
    if linked:
        message = "`disks` says that {} is {}, but the host's links say {}"
        raise _wrong(message.format(place, disk, ", ".join(linked)))
    if len(under) > 1:
        message = "{} lies on {} devices, {}: `disks` cannot say that it is {} alone"
        raise _wrong(message.format(place, len(under), ", ".join(under), disk))


def _wrong(message):
    return Refusal(422, "wrong-disks", message, "plan")


def _unique(found):
    return list(collections.OrderedDict.fromkeys(found))
