"""Every call of the HTTP API has its row, with its scope and its parameters, and every row its call."""

from __future__ import annotations

import re
from typing import Any

import pytest
from cbsnap.entry.http.app import application
from cbsnap.wiring import Wiring

from .pages import PAGES

PATHS: dict[str, dict[str, Any]] = application(Wiring({})).openapi()["paths"]
CALLS = {
    f"{method.upper()} {path}": said for path, methods in PATHS.items() for method, said in methods.items()
}
PAGE = PAGES["docs/api.md"]
ROWS = {
    call: (query, scope)
    for call, query, scope in re.findall(
        r"^\| `([A-Z]+ [^`?]+)(?:\?([^`]*))?` \| (\w+) \|", PAGE, re.MULTILINE
    )
}
BESIDE = {"GET /v1/disks/{id}", "GET /v1/snapshots/{id}", "GET /v1/runs/{run}"}  # in the row of their list
FOR_ALL = {"region", "cursor", "limit"}  # told once, for all lists


def plain(call: str) -> str:
    """Return a call whatever the names between its braces are."""
    return re.sub(r"\{\w+\}", "{}", call)


@pytest.mark.parametrize("call", sorted(CALLS))
def test_every_call_has_its_row(call: str) -> None:
    assert plain(call) in {plain(one) for one in (*ROWS, *BESIDE)}


@pytest.mark.parametrize("call", sorted({*ROWS, *BESIDE}))
def test_every_row_has_its_call(call: str) -> None:
    assert plain(call) in {plain(one) for one in CALLS}
    assert call.partition(" ")[2] in PAGE


@pytest.mark.parametrize("call", sorted(set(ROWS) & set(CALLS)))
def test_a_row_says_the_calls_scope_and_parameters(call: str) -> None:
    query, scope = ROWS[call]
    wanted = [one for each in CALLS[call].get("security", []) for one in each["bearer"]]
    parameters = {one["name"] for one in CALLS[call].get("parameters", ()) if one["in"] == "query"}

    assert scope == "".join(wanted or ["none"])
    assert {one.rstrip("=") for one in query.split("&") if one} == parameters - FOR_ALL
