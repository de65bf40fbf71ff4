"""The floor of every cold start: the SDK's CBS client and pydantic, imported and left alone."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel  # noqa: F401 - importing it is the point; `import pydantic` imports next to nothing
from tencentcloud.cbs.v20170312.cbs_client import CbsClient  # noqa: F401 - the same


def main_handler(event: dict[str, Any], context: dict[str, Any]) -> None:
    """Return nothing."""
    del event, context
