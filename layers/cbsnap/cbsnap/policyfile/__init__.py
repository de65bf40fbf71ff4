"""The policy file: text in, the core's plan out, or every mistake in it at once.

`schema` says what a section may hold, `contradictions` what cannot stand together, `yamllines`
reads YAML with its lines, `mistakes` tells what is wrong and what would be right.
"""

from cbsnap.policyfile.parsing import parse
from cbsnap.policyfile.schema import json_schema

__all__ = ["json_schema", "parse"]
