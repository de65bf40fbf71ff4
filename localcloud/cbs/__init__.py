"""CBS, version 2017-03-12: disks and snapshots."""

from localcloud.cbs import overview
from localcloud.cbs.service import SERVICE

__all__ = ["SERVICE", "overview"]
