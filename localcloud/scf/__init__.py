"""SCF, version 2018-04-16: functions, layers, versions, aliases, triggers and invocations."""

from localcloud.scf import asynchronous, functions, invoke, layers, triggers, versions
from localcloud.scf.service import SERVICE

__all__ = ["SERVICE", "asynchronous", "functions", "invoke", "layers", "triggers", "versions"]
