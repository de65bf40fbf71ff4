"""Application-consistent snapshots of CBS disks, with proof."""
