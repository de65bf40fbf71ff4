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
    """What a person types at a terminal."""

    def isatty(self) -> bool:
        return True


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
