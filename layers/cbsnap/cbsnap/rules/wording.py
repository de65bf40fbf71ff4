"""A person's own wording: texts with `{placeholders}` that are checked when they are read.

Only plain names are filled in: no attributes, indexes or formats, so that a text cannot reach for more.
"""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING

from cbsnap.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

COUNTS = ("deployment", "open", "new", "over", "unchanged")
FACTS = ("trouble", "subject", "policy", "of_policy", "region", "reason")


def check(template: str, known: Collection[str]) -> None:
    """Raise InputError for a text that cannot be filled in."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError as wrong:
        message = (
            f"{template!r} cannot be read ({wrong}): write {{{{ and }}}} for braces that are meant as such"
        )
        raise InputError("template", message) from wrong
    for _, name, form, conversion in parts:
        if name is not None and (name not in known or form or conversion):
            written = name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
            choices = ", ".join(f"{{{one}}}" for one in known)
            raise InputError("template", f"{{{written}}} is no placeholder here; there are {choices}")


def fill(template: str, values: Mapping[str, object]) -> str:
    """Return a checked text with its placeholders filled in."""
    return template.format_map(values)
