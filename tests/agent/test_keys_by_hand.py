"""A key comes to a host sealed to what it offers, and stands in no words of a command."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from cbsnap.errors import InputError
from cbsnap.hosts.sealing import sealed
from cbsnap_agent import handover
from cbsnap_agent.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

ONE, TWO = f"1 {'5a' * 32}", f"2 {'c3' * 32}"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "etc/keys"


def take(line: str, keys: Path, folder: Path) -> str:
    """Hand a line over as the operator's side does."""
    version: str = handover.take(sealed(line, handover.offer(str(folder))), str(keys), str(folder))
    return version


def test_a_key_that_is_taken_stands_beside_the_others_for_its_owner_alone(keys: Path, tmp_path: Path) -> None:
    versions = [take(ONE, keys, tmp_path), take(TWO, keys, tmp_path)]

    assert versions == ["1", "2"]
    assert keys.read_text() == f"{ONE}\n{TWO}\n"
    assert keys.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in keys.parent.iterdir()] == ["keys"]


def test_what_travels_shows_nothing_of_the_key(tmp_path: Path) -> None:
    offered = handover.offer(str(tmp_path))

    travelling = sealed(ONE, offered)

    assert "PRIVATE" not in offered
    assert ONE.split()[1].encode() not in base64.b64decode(travelling)
    assert sealed(ONE, offered) != travelling


def test_the_same_offer_stands_until_the_end_and_a_key_may_be_handed_over_twice(
    keys: Path, tmp_path: Path
) -> None:
    first, second = handover.offer(str(tmp_path)), handover.offer(str(tmp_path))
    take(ONE, keys, tmp_path)
    take(ONE, keys, tmp_path)

    assert first == second
    assert keys.read_text() == f"{ONE}\n"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["etc", "private.pem"]


def test_what_was_sealed_for_another_host_is_refused(keys: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for_another = sealed(ONE, handover.offer(str(other)))
    handover.offer(str(tmp_path / "mine"))

    with pytest.raises(ConfigError):
        handover.take(for_another, str(keys), str(tmp_path / "mine"))

    assert not keys.exists()


def test_what_is_no_key_is_refused_and_the_file_stays(keys: Path, tmp_path: Path) -> None:
    take(ONE, keys, tmp_path)

    with pytest.raises(ConfigError, match="no line"):
        take("2 not-a-key", keys, tmp_path)

    assert keys.read_text() == f"{ONE}\n"


def test_a_version_is_taken_out_but_never_the_last(keys: Path, tmp_path: Path) -> None:
    take(ONE, keys, tmp_path)
    take(TWO, keys, tmp_path)

    handover.drop("1", str(keys))
    with pytest.raises(ConfigError, match="only key"):
        handover.drop("2", str(keys))

    assert keys.read_text() == f"{TWO}\n"


def test_a_public_key_that_is_none_is_told() -> None:
    with pytest.raises(InputError, match="openssl"):
        sealed(ONE, "no key at all")
