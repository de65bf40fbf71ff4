"""Where a person's keys are: the environment, or the files of the vendor's command line and SDK.

A profile that is asked for by name comes before the environment. What is found is given on as the
variables that a function would have, so that everything behind is the same.
"""

from __future__ import annotations

import json
from configparser import ConfigParser, Error
from typing import TYPE_CHECKING

from cbsnap.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ID, KEY, TOKEN = "TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN"
REGION = "TENCENTCLOUD_REGION"
_OF_THE_SDK = {"TENCENTCLOUD_SECRET_ID": ID, "TENCENTCLOUD_SECRET_KEY": KEY}
Variables = dict[str, str]


def with_keys(environment: Mapping[str, str], home: Path, profile: str | None) -> Variables:
    """Return the environment, with the keys and the region of the first place that has any.

    Raises InputError when no place has keys; it names those that were looked at.
    """
    for found in _places(environment, home, profile):
        if found.get(ID) and found.get(KEY):
            return {REGION: _region(home, profile or _profile(environment)), **environment, **found}
    named = profile or _profile(environment)
    raise InputError(
        "profile" if profile else "",
        f"no keys: set {ID} and {KEY}, or write them to ~/.tccli/{named}.credential (tccli configure) "
        f"or to [{named}] of ~/.tencentcloud/credentials",
    )


def _places(environment: Mapping[str, str], home: Path, profile: str | None) -> Iterator[Variables]:
    if profile is None:
        yield {name: environment[name] for name in (ID, KEY) if name in environment}
        yield {ours: environment[theirs] for theirs, ours in _OF_THE_SDK.items() if theirs in environment}
    name = profile or _profile(environment)
    yield _of_the_command_line(home / ".tccli" / f"{name}.credential")
    yield _of_the_sdk(home / ".tencentcloud" / "credentials", name)


def _profile(environment: Mapping[str, str]) -> str:
    return environment.get("TCCLI_PROFILE") or "default"


def _of_the_command_line(path: Path) -> Variables:
    """Read JSON with secretId, secretKey and perhaps token (tencentcloud-cli, tccli/configure.py)."""
    stated = _json(path)
    names = {"secretId": ID, "secretKey": KEY, "token": TOKEN}
    return {TOKEN: "", **{ours: str(stated[theirs]) for theirs, ours in names.items() if stated.get(theirs)}}


def _of_the_sdk(path: Path, profile: str) -> Variables:
    """Read the ini file of the SDK (ProfileCredential): secret_id and secret_key in a section."""
    ini = ConfigParser(interpolation=None)
    try:
        ini.read(path, encoding="utf-8")
    except (Error, UnicodeDecodeError) as wrong:
        raise InputError("profile", f"{path} cannot be read: {wrong}") from wrong
    section = ini[profile] if ini.has_section(profile) else {}
    names = {"secret_id": ID, "secret_key": KEY, "token": TOKEN}
    found = {ours: section[theirs].strip() for theirs, ours in names.items() if section.get(theirs)}
    return {TOKEN: "", **found}


def _region(home: Path, profile: str) -> str:
    stated = _json(home / ".tccli" / f"{profile}.configure").get("_sys_param")
    return str(stated.get("region") or "") if isinstance(stated, dict) else ""


def _json(path: Path) -> dict[str, object]:
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as wrong:
        raise InputError("profile", f"{path} cannot be read: {wrong}") from wrong
    return stated if isinstance(stated, dict) else {}
