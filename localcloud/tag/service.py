"""The table that the actions of the tag service enter themselves in."""

from localcloud.service import Service

SERVICE = Service("tag", "2018-08-13", per_second=100)  # reads 100/s, writes 20/s (651/33003, 651/46531)
WRITES_PER_SECOND = 20
