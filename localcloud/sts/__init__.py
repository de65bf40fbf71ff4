"""STS, version 2018-08-13: who calls, and temporary credentials of a role."""

from localcloud.sts import roles
from localcloud.sts.service import SERVICE

__all__ = ["SERVICE", "roles"]
