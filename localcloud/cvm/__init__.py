"""CVM, version 2017-03-12: instances. Importing the modules enters their actions."""

from localcloud.cvm import instances, places, power
from localcloud.cvm.service import SERVICE

__all__ = ["SERVICE", "instances", "places", "power"]
