"""The console's files: their types, their tags, and that nothing else can be had."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from cbsnap.entry.http import console, problems
from cbsnap.entry.http.edge import Edge
from fastapi import FastAPI

from tests.unit.entry.http.calls import KEYS, Caller, Clock

if TYPE_CHECKING:
    from pathlib import Path

PNG = b"\x89PNG\r\n\x1a\n\xff"


@pytest.fixture
def caller(tmp_path: Path) -> Caller:
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "console"
    (folder / "parts").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>磁盘</title>", encoding="utf-8")
    (folder / "parts/app.mjs").write_text("export const a = 1;")
    (folder / "icon.png").write_bytes(PNG)
    app = FastAPI()
    app.include_router(console.routes(folder))
    problems.tell(app)
    app.add_middleware(Edge, keyring=KEYS, clock=Clock())
    return Caller(app, secret=None)


def test_a_browser_is_sent_to_the_console_below_the_functions_own_path(caller: Caller) -> None:
    answer = caller.call("GET", "/")

    assert (answer.status, answer.headers["location"]) == (302, "console/")


@pytest.mark.parametrize(
    ("path", "kind", "text"),
    [
        ("/console/", "text/html; charset=utf-8", "<!doctype html><title>磁盘</title>"),
        ("/console/index.html", "text/html; charset=utf-8", "<!doctype html><title>磁盘</title>"),
        ("/console/parts/app.mjs", "text/javascript; charset=utf-8", "export const a = 1;"),
    ],
)
def test_files_have_their_type_and_the_page_may_call_nobody_else(
    caller: Caller, path: str, kind: str, text: str
) -> None:
    answer = caller.call("GET", path)

    assert (answer.status, answer.headers["content-type"], answer.text) == (200, kind, text)
    rules = answer.headers["content-security-policy"]
    assert "script-src 'self'" in rules
    assert "unsafe" not in rules
    assert "*" not in rules


def test_what_is_no_text_goes_through_the_function_unharmed(caller: Caller) -> None:
    answer = caller.call("GET", "/console/icon.png")

    assert (answer.is_base64, base64.b64decode(answer.text)) == (True, PNG)
    assert answer.headers["content-type"] == "image/png"


def test_a_file_that_is_still_the_same_is_not_sent_again(caller: Caller) -> None:
    tag = caller.call("GET", "/console/").headers["etag"]

    answer = caller.call("GET", "/console/", if_none_match=tag)

    assert (answer.status, answer.text, answer.headers["etag"]) == (304, "", tag)
    assert caller.call("GET", "/console/", if_none_match='"other"').status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/console/../secret.txt",
        "/console/%2e%2e/secret.txt",
        "/console/%252e%252e%252fsecret.txt",
        "/console/parts/../../secret.txt",
        "/console//etc/passwd",
        "/console/parts",
        "/console/parts/",
        "/console/.",
        "/console/index.html%00",
    ],
)
def test_nothing_outside_can_be_had(caller: Caller, path: str) -> None:
    assert caller.call("GET", path).status == 404
