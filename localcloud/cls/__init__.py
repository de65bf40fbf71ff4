"""CLS, version 2020-10-16: what the functions printed. Importing the modules enters their actions."""

from localcloud.cls import search
from localcloud.cls.service import SERVICE

__all__ = ["SERVICE", "search"]
