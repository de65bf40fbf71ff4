"""The services that there are, and the names of their actions."""

from __future__ import annotations

from localcloud import cbs, cls, cvm, scf, sts, tag, tat

SERVICES = (cbs.SERVICE, cls.SERVICE, cvm.SERVICE, scf.SERVICE, sts.SERVICE, tag.SERVICE, tat.SERVICE)
ACTIONS = frozenset(action for service in SERVICES for action in service.actions)
