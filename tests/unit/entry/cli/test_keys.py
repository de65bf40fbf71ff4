"""Keys from the places where the vendor's tools keep them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cbsnap.entry.cli.keys import with_keys
from cbsnap.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

ID, KEY, TOKEN = "TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN"


def tccli(home: Path, profile: str = "default", **more: str) -> None:
    folder = home / ".tccli"
    folder.mkdir(exist_ok=True)
    stated = {"secretId": f"id-{profile}", "secretKey": "key", **more}
    (folder / f"{profile}.credential").write_text(json.dumps(stated))
    (folder / f"{profile}.configure").write_text(json.dumps({"_sys_param": {"region": "ap-tokyo"}}))


def test_the_environment_comes_first(tmp_path: Path) -> None:
    tccli(tmp_path)

    found = with_keys({ID: "mine", KEY: "k", TOKEN: "t"}, tmp_path, None)

    assert (found[ID], found[KEY], found[TOKEN]) == ("mine", "k", "t")


def test_the_sdks_own_variables_are_known_too(tmp_path: Path) -> None:
    found = with_keys({"TENCENTCLOUD_SECRET_ID": "a", "TENCENTCLOUD_SECRET_KEY": "b"}, tmp_path, None)

    assert (found[ID], found[KEY]) == ("a", "b")


def test_the_command_lines_file_has_keys_a_token_and_the_region(tmp_path: Path) -> None:
    tccli(tmp_path, token="tok")  # noqa: S106 - opens nothing

    found = with_keys({}, tmp_path, None)

    assert (found[ID], found[TOKEN]) == ("id-default", "tok")
    assert found["TENCENTCLOUD_REGION"] == "ap-tokyo"


def test_the_sdks_file_is_read_when_there_is_no_other(tmp_path: Path) -> None:
    (tmp_path / ".tencentcloud").mkdir()
    (tmp_path / ".tencentcloud/credentials").write_text("[default]\nsecret_id = x\nsecret_key = y%z\n")

    found = with_keys({}, tmp_path, None)

    assert (found[ID], found[KEY]) == ("x", "y%z")


def test_a_profile_by_name_comes_before_the_environment_and_takes_no_token_from_it(tmp_path: Path) -> None:
    tccli(tmp_path, "night")

    found = with_keys({ID: "mine", KEY: "k", TOKEN: "t"}, tmp_path, "night")

    assert (found[ID], found[TOKEN]) == ("id-night", "")


def test_the_command_lines_own_variable_names_the_profile(tmp_path: Path) -> None:
    tccli(tmp_path, "night")

    assert with_keys({"TCCLI_PROFILE": "night"}, tmp_path, None)[ID] == "id-night"


def test_half_a_pair_is_none(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"no keys: set TENCENTCLOUD_SECRETID .* ~/\.tccli/default\.credential"
    ):
        with_keys({ID: "mine"}, tmp_path, None)


@pytest.mark.parametrize("text", ["{", "\xff"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / ".tccli").mkdir()
    (tmp_path / ".tccli/default.credential").write_bytes(text.encode("latin-1"))

    with pytest.raises(InputError, match=r"default\.credential cannot be read"):
        with_keys({}, tmp_path, None)
