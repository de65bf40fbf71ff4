"""The vendor's serverless.yml: text in, what should be deployed out, or every mistake in it at once.

`schema` says what a section may hold, `filling` puts the environment's values in, `contradictions` says
what cannot stand together. Only `cbsnap deploy` reads it; the local cloud has a reading of its own.
"""

from cbsnap.serverlessfile.parsing import Deployable, parse
from cbsnap.serverlessfile.schema import json_schema

__all__ = ["Deployable", "json_schema", "parse"]
