"""The policy file: text in, the core's plan out, or every mistake in it at once.

`schema` says what the file may hold, with a neighbour for each larger section and `fields` for single
values; `contradictions` says what cannot stand together, `yamllines` reads YAML with its lines, `mistakes`
tells what is wrong and what would be right, and `published` is the schema for editors.
"""

from cbsnap.policyfile.parsing import parse
from cbsnap.policyfile.published import json_schema

__all__ = ["json_schema", "parse"]
