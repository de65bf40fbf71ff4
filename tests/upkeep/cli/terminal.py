"""A person at a terminal, or a script: the command with its keys and its policy file."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cbsnap.entry.cli.app import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


class Keyboard(io.StringIO):
    """A person at a terminal, who types `text`; what comes to pass meanwhile is done by `meanwhile`."""

    text = ""

    def isatty(self) -> bool:
        return True

    def readline(self, *_: object) -> str:  # type: ignore[override]  # typeshed has bytes for its parent
        self.meanwhile()
        return self.text

    def meanwhile(self) -> None:
        """Nothing, unless a test says otherwise."""


@dataclass
class Terminal:
    """`run` returns the exit code and what was printed, `json` the exit code and the value."""

    url: str
    policies: Path
    capsys: pytest.CaptureFixture[str]
    more: dict[str, str]

    def run(self, *arguments: str) -> tuple[int, str]:
        code = main(["--policies", str(self.policies), *arguments], self.environment())
        printed = self.capsys.readouterr()
        return code, printed.out + printed.err

    def json(self, *arguments: str) -> tuple[int, Any]:
        code = main(["--policies", str(self.policies), *arguments, "--json"], self.environment())
        return code, json.loads(self.capsys.readouterr().out)

    def environment(self) -> dict[str, str]:
        return {
            "TENCENTCLOUD_SECRETID": "AKIDlocalcloud",
            "TENCENTCLOUD_SECRETKEY": "localcloud",
            "CBSNAP_ENDPOINT": self.url,
            **self.more,
        }
