"""Tags, version 2018-08-13. Importing the modules enters their actions."""

from localcloud.tag import lists, writes
from localcloud.tag.service import SERVICE

__all__ = ["SERVICE", "lists", "writes"]
