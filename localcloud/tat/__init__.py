"""TAT, version 2020-10-28: commands on instances. Importing the modules enters their actions."""

from localcloud.tat import commands, tasks
from localcloud.tat.service import SERVICE

__all__ = ["SERVICE", "commands", "tasks"]
