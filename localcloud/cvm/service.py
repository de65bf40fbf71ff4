"""The table that the actions of CVM enter themselves in."""

from localcloud.service import Service

SERVICE = Service("cvm", "2017-03-12", per_second=40)  # 40/s is what most of its pages say [inferred]
