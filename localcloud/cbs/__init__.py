"""CBS, version 2017-03-12: disks and snapshots. Importing the modules enters their actions."""

from localcloud.cbs import (
    attach,
    change,
    copies,
    create,
    describe,
    disks,
    groups,
    policies,
    rollback,
    sharing,
)
from localcloud.cbs.service import SERVICE

__all__ = [
    "SERVICE",
    "attach",
    "change",
    "copies",
    "create",
    "describe",
    "disks",
    "groups",
    "policies",
    "rollback",
    "sharing",
]
