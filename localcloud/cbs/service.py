"""The table that the actions of CBS enter themselves in."""

from localcloud.service import Service

SERVICE = Service("cbs", "2017-03-12", per_second=20)
