"""The agent's file on its way: cut to what a command's text may hold, put together and checked there.

A command's text has 64 KB as Base64 (SDK, RunCommand). What arrives lies in a folder of root's that a
reboot empties, beside the program that runs, and under its name only when its digest is right.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from typing import TYPE_CHECKING

from cbsnap.errors import InputError
from cbsnap.ports.care import AgentProgram

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "/run/cbsnap-enrol"
STAGED = f"{FOLDER}/cbsnap-agent.pyz"
PART_BYTES = 35_000  # twice in Base64, with the words around it, below 64 KB
_VERSION = re.compile(r'^__version__ = "([^"]+)"', re.MULTILINE)
_LOOK = f"""command -v python3 >/dev/null || {{ echo 'python3 is not installed'; exit 1; }}
sha256sum {STAGED} 2>/dev/null || true
"""
_PART = """set -e; umask 077; mkdir -p {folder}; cd {folder}
base64 -d > part.$$ <<'END'
{text}
END
mv part.$$ {name}
"""
_WHOLE = """set -e; umask 077; cd {folder}
test "$(cat {names} | sha256sum | cut -d' ' -f1)" = {digest} || {{ echo 'parts are missing' >&2; exit 1; }}
cat {names} > whole.$$; chmod 755 whole.$$; mv whole.$$ {staged}; rm -f {names}
"""


def read(path: Path) -> AgentProgram:
    """Read the agent's file. Raises InputError."""
    try:
        content = path.read_bytes()
        packed = zipfile.ZipFile(io.BytesIO(content)).read("cbsnap_agent/__init__.py").decode()
    except OSError as missing:
        raise InputError(
            "agent", f"{path} cannot be read ({missing.strerror}): `make agent` builds it"
        ) from (missing)
    except (zipfile.BadZipFile, KeyError) as other:
        raise InputError("agent", f"{path} is not the packed agent that `make agent` builds") from other
    found = _VERSION.search(packed)
    if found is None:
        raise InputError("agent", f"{path} does not say which version it is")
    return AgentProgram(content, found[1])


def digest(program: AgentProgram) -> str:
    """Return the file's SHA-256."""
    return hashlib.sha256(program.content).hexdigest()


def look_script() -> str:
    """Return what prints the digest of what is staged, if anything is."""
    return _LOOK


def part_scripts(program: AgentProgram) -> list[str]:
    """Return the commands that bring the parts, in any order."""
    starts = range(0, len(program.content), PART_BYTES)
    parts = [program.content[start : start + PART_BYTES] for start in starts]
    return [
        _PART.format(folder=FOLDER, text=base64.b64encode(part).decode(), name=name)
        for part, name in zip(parts, _names(program), strict=True)
    ]


def whole_script(program: AgentProgram) -> str:
    """Return the command that puts the parts together, if all are right."""
    names = " ".join(_names(program))
    return _WHOLE.format(folder=FOLDER, names=names, digest=digest(program), staged=STAGED)


def _names(program: AgentProgram) -> list[str]:
    count = -(-len(program.content) // PART_BYTES)
    return [f"{digest(program)[:16]}.{number}" for number in range(count)]
