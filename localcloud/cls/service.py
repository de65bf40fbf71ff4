"""The table that the actions of CLS enter themselves in."""

from localcloud.service import Service

SERVICE = Service("cls", "2020-10-16", per_second=20)  # [inferred]
