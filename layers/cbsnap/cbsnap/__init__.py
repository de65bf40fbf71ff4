"""Application-consistent snapshots of CBS disks, with proof."""

__version__ = "0.1.0"
