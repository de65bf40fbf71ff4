"""The table that the actions of TAT enter themselves in."""

from localcloud.service import Service

SERVICE = Service("tat", "2020-10-28", per_second=20)  # [inferred]
