"""Who a token is, and what it may be used for."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from cbsnap.entry import new_token
from cbsnap.errors import InputError
from cbsnap.rules.tokens import Scope, digest, keyring, parse

NOW = datetime(2026, 11, 22, tzinfo=timezone.utc)


def entry(secret: str, scopes: str = "read", ends: str = "2027-01-01", name: str = "ci") -> str:
    return f"{name}:{scopes}:{digest(secret)}:{ends}"


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        ("read", {Scope.READ}),
        ("snapshot", {Scope.READ, Scope.SNAPSHOT}),
        ("restore", {Scope.READ, Scope.RESTORE}),
        ("snapshot+restore", {Scope.READ, Scope.SNAPSHOT, Scope.RESTORE}),
        ("admin", set(Scope)),
    ],
)
def test_each_scope_includes_reading_and_admin_all(scopes: str, allowed: set[Scope]) -> None:
    token = parse(entry("s", scopes))

    assert {scope for scope in Scope if token.allows(scope)} == allowed


def test_a_token_is_found_among_many_and_one_name_may_have_two() -> None:
    keys = keyring(",".join([entry("old"), entry("new"), entry("other", name="person")]))

    names = {
        secret: token.name for secret in ("old", "new", "other") if (token := keys.matching(secret, NOW))
    }

    assert names == {"old": "ci", "new": "ci", "other": "person"}


@pytest.mark.parametrize("secret", ["", "x", "old ", "\ud800", "é" * 500, digest("old")])
def test_nothing_else_is_a_token(secret: str) -> None:
    assert keyring(entry("old")).matching(secret, NOW) is None


@pytest.mark.parametrize(("ends", "is_good"), [("2026-11-22", False), ("2026-11-23", True)])
def test_a_token_is_void_from_the_beginning_of_its_last_day(ends: str, is_good: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert (keyring(entry("s", ends=ends)).matching("s", NOW) is not None) is is_good


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        (digest("bare"), "CBSNAP_API_TOKENS"),
        ("ci:read:abc:2027-01-01", "CBSNAP_API_TOKENS.ci"),
        (entry("s", "write"), "'write' is no scope"),
        (entry("s", ""), "is no scope"),
        (entry("s", ends="tomorrow"), "YYYY-MM-DD"),
        (entry("s") + ":more", "an entry is"),
        (entry("s", name="a b"), "an entry is"),
    ],
)
def test_a_wrong_entry_is_named_without_its_digest_and_locks_no_other_out(wrong: str, names: str) -> None:
    keys = keyring(f"{wrong},{entry('good')}")

    (mistake,) = keys.mistakes
    assert names in mistake
    assert digest("s") not in mistake
    assert keys.matching("good", NOW) is not None


def test_an_entry_can_be_written_as_it_was_read() -> None:
    written = entry("s", "read+snapshot")

    assert str(parse(written.replace("read+snapshot", "snapshot+read"))) == written


def test_a_new_token_opens_what_its_entry_says() -> None:
    secret, written = new_token.made("ci", "snapshot", "2027-01-01")

    token = keyring(written).matching(secret, NOW)
    assert token is not None
    assert (token.name, token.scopes) == ("ci", frozenset({Scope.SNAPSHOT}))
    assert secret not in written


def test_the_command_refuses_what_no_entry_can_be_made_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert new_token.main(["ci", "snapshots", "2027-01-01"]) == 2
    assert new_token.main([]) == 2
    assert new_token.main(["ci", "snapshot", "2027-01-01"]) == 0

    told = capsys.readouterr()
    assert "'snapshots' is no scope" in told.err
    assert "CBSNAP_API_TOKENS:" in told.out


def test_no_entry_can_be_made_of_a_name_with_a_colon() -> None:
    with pytest.raises(InputError):
        new_token.made("a:b", "read", "2027-01-01")
