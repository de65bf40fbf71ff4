"""The core as the suite runs it: a copy with its long waits shortened and, where asked for, one part broken.

The product has no switch for either. Each change names a line that must be there exactly once; where it is
not, the product has changed, and so must this.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ROOT / "layers/cbsnap"


class CoreChangedError(Exception):
    """What was to be changed in the copy of the core is not there, or not once."""


@dataclass(frozen=True)
class Change:
    """In `module` (its path below cbsnap/) the text that `pattern` finds becomes `replacement`."""

    module: str
    pattern: str
    replacement: str

    def apply(self, package: Path) -> None:
        """Change the copy; raises CoreChangedError."""
        path = package / self.module
        text, count = re.subn(self.pattern, self.replacement, path.read_text(), flags=re.MULTILINE)
        if count != 1:
            raise CoreChangedError(f"{self.module}: {self.pattern!r} is there {count} times, not once")
        path.write_text(text)


def wait(module: str, name: str, seconds: float) -> Change:
    """Change a constant: `NAME = 330.0`, with whatever comment."""
    return Change(module, rf"^{name} = [0-9.]+", f"{name} = {seconds}")


# The platform's and the network's slowness is not part of the suite: 330 s for a lost answer would make a
# case of seconds one of minutes. What is waited for in between is shortened in the same proportion.
SHORTENED = (
    wait("entry/events.py", "ENDING_S", 2.0),
    wait("hosts/agent.py", "CONNECT_S", 2.0),
    wait("hosts/verbs.py", "QUICK_S", 2.5),
    wait("hosts/verbs.py", "CHECK_S", 3.0),
    wait("jobs/bracket.py", "RESERVE_S", 1.0),
    wait("jobs/bracket.py", "_AGAIN_S", 0.2),
    wait("jobs/group.py", "UNQUIESCED_TIMEOUT_S", 2.0),
    wait("jobs/group.py", "VANISHED_S", 2.0),
    wait("jobs/group.py", "FRESH_S", 0.5),
    wait("jobs/group.py", "_LOOK_FOR_ROW_S", 0.3),
    Change("jobs/proofs.py", r"minutes=20$", "seconds=1"),
    Change("policyfile/holding.py", r'between\("10s", "60s"\)', 'between("1s", "60s")'),
    wait("jobs/settle.py", "HORIZON_S", 4.0),
    wait("jobs/settle.py", "_FIRST_LOOK_S", 0.2),
    wait("jobs/settle.py", "_LONGEST_PAUSE_S", 1.0),
    wait("tencent/api.py", "READ_TIMEOUT_S", 3.0),
    wait("tencent/api.py", "_FIRST_PAUSE_S", 0.1),
    wait("tencent/region.py", "WARMING_S", 3.0),
)


def copy(folder: Path, *changes: Change) -> Path:
    """Copy the core into `folder` as a layer, with shorter waits and these changes; return the layer."""
    layer = folder / "core"
    shutil.copytree(PRODUCT / "cbsnap", layer / "cbsnap", ignore=shutil.ignore_patterns("__pycache__"))
    for change in (*SHORTENED, *changes):
        change.apply(layer / "cbsnap")
    return layer
