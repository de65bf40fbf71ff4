"""Which disks a mounted filesystem lies on: read from /sys and /dev, through partitions, LVM, md and btrfs.

A disk shows up in its host as /dev/disk/by-id/virtio-<disk id>. A loop device stands for the file behind it,
so that two of them over parts of one file count as one disk. Decides nothing about plans.
"""

import glob
import os
import re

_BY_ID = "dev/disk/by-id"
_DISK_LINK = re.compile(r"^virtio-(disk-[a-z0-9]+)$")


class Disks:
    """The host's disks, as its links name them now."""

    def __init__(self, root="/"):
        self._root = root
        self._ids = self._links()

    def under(self, mount):
        """Return {whole device: its disk id, None if no link names it} of all that a mount lies on."""
        names = [leaf for device in self._devices(mount) for leaf in self._leaves(device)]
        return {name: self._ids.get(name) for name in sorted(names)}

    def _links(self):
        folder = os.path.join(self._root, _BY_ID)
        found = {}
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            match = _DISK_LINK.match(name)
            if match:
                device = os.path.basename(os.path.realpath(os.path.join(folder, name)))
                found[self._whole(os.path.join(self._root, "sys/class/block", device))] = match.group(1)
        return found

    def _devices(self, mount):
        """Return the block devices of a mount: btrfs may have several, and names none in mountinfo."""
        if mount.fstype != "btrfs":
            return [mount.device]
        name = os.path.basename(os.path.realpath(mount.source))
        for folder in glob.glob(os.path.join(self._root, "sys/fs/btrfs/*/devices")):
            if name in os.listdir(folder):
                return [_number(os.path.join(folder, one)) for one in os.listdir(folder)]
        return [mount.device]

    def _leaves(self, device):
        node = os.path.realpath(os.path.join(self._root, "sys/dev/block", device))
        if os.path.exists(os.path.join(node, "partition")):
            node = os.path.dirname(node)
        slaves = os.path.join(node, "slaves")
        below = sorted(os.listdir(slaves)) if os.path.isdir(slaves) else []
        if not below:
            return [self._whole(node)]
        return [leaf for name in below for leaf in self._leaves(_number(os.path.join(slaves, name)))]

    def _whole(self, node):
        return backing_file(node) or os.path.basename(node)


def backing_file(node):
    """Return the file behind a loop device, by its node in /sys; an empty text for what is none."""
    try:
        with open(os.path.join(node, "loop/backing_file")) as source:
            return source.read().rstrip("\n")
    except OSError:
        return ""


def _number(node):
    with open(os.path.join(node, "dev")) as source:
        return source.read().strip()
