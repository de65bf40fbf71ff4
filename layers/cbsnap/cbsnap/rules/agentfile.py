"""The agent's configuration for one host: a person's plans, and what is each host's own beside them.

Only as much of it is read as has to be; the host's agent reads the rest, and says what is wrong with it.
"""

from __future__ import annotations

import re

from cbsnap.errors import InputError

KEY_FILE = "/etc/cbsnap-agent/keys"
_OWN = ("listen", "instance_id", "key_file")
_SECTION = re.compile(r"^\s*\[(?P<name>[^\]]+)\]\s*$")
_PLAN = "plan:"


def plans(text: str) -> list[str]:
    """Return the names of the plans of a configuration. Raises InputError where there is none."""
    named = [found["name"].strip() for found in map(_SECTION.match, text.splitlines()) if found]
    found = [name.removeprefix(_PLAN) for name in named if name.startswith(_PLAN)]
    if not found:
        raise InputError("config", "has no [plan:NAME] section, so there is nothing to hold the host by")
    return found


def completed(text: str, instance_id: str, listen: tuple[str, int] | None) -> str:
    """Return a configuration with what is this host's own; `listen` None opens no port and wants no key.

    Raises InputError where the file has an own value of that, which cannot be right for several hosts.
    """
    lines = text.splitlines()
    start = next((number for number, line in enumerate(lines) if _names(line) == "agent"), None)
    if start is None:
        lines, start = ["[agent]", *lines], 0
    _refuse_own(lines[start + 1 :])
    own = ["listen = off"] if listen is None else [f"listen = {_address(*listen)}", f"key_file = {KEY_FILE}"]
    return "\n".join([*lines[: start + 1], *own, f"instance_id = {instance_id}", *lines[start + 1 :]]) + "\n"


def _refuse_own(after: list[str]) -> None:
    for line in after:
        if _names(line):
            return
        key = line.partition("=")[0].strip()
        if key in _OWN:
            raise InputError("config", f"[agent] {key}: leave it out, it is each host's own and set here")


def _names(line: str) -> str:
    found = _SECTION.match(line)
    return found["name"].strip() if found else ""


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
