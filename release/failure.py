"""What ends a build; the message is for a person."""

from __future__ import annotations


class BuildError(Exception):
    """Something cannot be built as it has to be."""
