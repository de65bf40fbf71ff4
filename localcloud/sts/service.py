"""The table that the actions of STS enter themselves in."""

from localcloud.service import Service

SERVICE = Service("sts", "2018-08-13", per_second=20)  # GetCallerIdentity, api/598/45494
ASSUMED_PER_SECOND = 600  # 1150/49456
