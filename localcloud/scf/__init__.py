"""SCF, version 2018-04-16: functions."""

from localcloud.scf import invoke
from localcloud.scf.service import SERVICE

__all__ = ["SERVICE", "invoke"]
