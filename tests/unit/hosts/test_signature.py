"""The core's side of the signatures, by the vectors that the agent's tests read too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cbsnap.errors import InputError
from cbsnap.hosts import signature

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/signing.json").read_text())


@pytest.mark.parametrize("vector", VECTORS["host_keys"])
def test_derives_the_same_host_keys(vector: dict[str, str]) -> None:
    key = signature.host_key(vector["master"], int(vector["version"]), vector["instance_id"])

    assert key.hex() == vector["host_key"]


@pytest.mark.parametrize("vector", VECTORS["requests"])
def test_signs_requests_alike(vector: dict[str, Any]) -> None:
    signed = signature.of_request(
        bytes.fromhex(vector["host_key"]),
        method=vector["method"],
        target=vector["target"],
        start_id=vector["start_id"],
        time_s=vector["time"],
        nonce=vector["nonce"],
        body=vector["body"].encode(),
    )

    assert signed == vector["signature"]


@pytest.mark.parametrize("vector", VECTORS["responses"])
def test_knows_a_signed_answer(vector: dict[str, Any]) -> None:
    expected = signature.of_answer(
        bytes.fromhex(vector["host_key"]),
        vector["status"],
        vector["nonce"],
        str(vector["time"]),
        vector["body"].encode(),
    )

    assert signature.same(expected, vector["signature"])


@pytest.mark.parametrize("master", ["", "secret", "A" * 64, "0" * 63])
def test_a_master_key_of_another_form_is_refused_by_name_and_not_shown(master: str) -> None:
    with pytest.raises(InputError, match="CBSNAP_MASTER_KEY: must be 64 hex digits") as refused:
        signature.host_key(master, 1, "ins-1")

    assert not master or master not in str(refused.value)
