"""Messages and signs of life reach a real receiver, or it is said that they did not."""

from __future__ import annotations

import json
import logging
import os
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from cbsnap.errors import NotificationFailed
from cbsnap.memory import FileMemory
from cbsnap.notify import Messenger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECRET = "a-token-that-nobody-may-read"  # noqa: S105 - opens nothing


class Receiver(ThreadingHTTPServer):
    """Keeps what it is sent; answers with a status, elsewhere, in drops, or not until the test ends."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[tuple[str, str]] = []
        self.status = 200
        self.hangs = False
        self.drips = False
        self.elsewhere = ""
        self.over = threading.Event()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_GET(self) -> None:
        self._take()

    def do_POST(self) -> None:
        self._take()

    def log_message(self, *_: object) -> None:
        return

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.server.got.append((self.path, body))
        if self.server.hangs:
            self.server.over.wait(30)
        self.send_response(302 if self.server.elsewhere and self.command == "POST" else self.server.status)
        if self.server.elsewhere:
            self.send_header("Location", self.server.elsewhere)
        self.send_header("Content-Length", "1000" if self.server.drips else "0")
        self.end_headers()
        while self.server.drips and not self.server.over.wait(0.05):
            self.wfile.write(b".")
            self.wfile.flush()


@contextmanager
def receiving() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()


def test_a_message_reaches_a_webhook_with_the_secret_from_the_environment() -> None:
    with receiving() as server:
        Messenger({"CBSNAP_HOOK": SECRET}).send(f"json://{server.host}/${{CBSNAP_HOOK}}", "2 open", "New: …")

    ((path, body),) = server.got
    assert path == f"/{SECRET}"
    assert (json.loads(body)["title"], json.loads(body)["message"]) == ("2 open", "New: …")


def test_a_webhook_that_refuses_is_reported_without_the_secret() -> None:
    with receiving() as server:
        server.status = 500
        with pytest.raises(NotificationFailed) as caught:
            Messenger({"CBSNAP_HOOK": SECRET}).send(f"json://{server.host}/${{CBSNAP_HOOK}}", "t", "b")

    assert SECRET not in str(caught.value)
    assert "CBSNAP_HOOK" in str(caught.value)


def test_a_webhook_that_hangs_is_given_up() -> None:
    with receiving() as server:
        server.hangs = True
        with pytest.raises(NotificationFailed):
            Messenger({}).send(f"json://{server.host}/?rto=0.2", "t", "b")

    assert len(server.got) == 1


@pytest.mark.parametrize("what", ["hangs", "drips"])
def test_what_answers_by_drops_or_never_is_given_up_in_all(what: str) -> None:
    with receiving() as server:
        setattr(server, what, True)
        messenger = Messenger({}, patience_s=0.5)

        with pytest.raises(NotificationFailed, match=r"json://… did not answer within 0.5 s"):
            messenger.send(f"json://{server.host}/", "t", "b")
        with pytest.raises(NotificationFailed, match=r"http://… did not answer within 0.5 s"):
            messenger.beat(f"http://{server.host}/")


def test_a_webhook_that_leads_elsewhere_has_not_taken_the_message() -> None:
    with receiving() as server:
        server.elsewhere = "/sign-in"
        with pytest.raises(NotificationFailed, match="did not take"):
            Messenger({}).send(f"json://{server.host}/hook", "t", "b")

    assert [path for path, _ in server.got] == ["/hook"]


def test_what_a_service_takes_no_longer_is_sent_in_parts_and_whole() -> None:
    lines = [f"line-{number:03}" for number in range(120)]

    with receiving() as server:
        Messenger({}).send(f"rocket://{'a' * 8}/{'b' * 8}@{server.host}/#ops", "title", "\n".join(lines))

    texts = [json.loads(body)["text"] for _, body in server.got]
    assert max(map(len, texts)) <= 1000, "what Rocket.Chat takes, by apprise"
    assert [line for line in lines if not any(line in text for text in texts)] == []


@pytest.mark.parametrize("url", ["slack://{}", "dingtalk://{}", "{}", "json://u:{}@127.0.0.1:1/{}"])
def test_no_log_has_the_secret_of_an_address(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    with pytest.raises(NotificationFailed) as caught:
        Messenger({"HOOK": SECRET}).send(url.replace("{}", "${HOOK}"), "t", "b")

    assert SECRET not in caplog.text
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda one: one.send(f"json://127.0.0.1:1/{SECRET}", "t", "b"),
        lambda one: one.beat(f"http:///{SECRET}"),
    ],
)
def test_a_secret_that_stands_in_the_policy_file_itself_is_not_quoted(
    call: Callable[[Messenger], None],
) -> None:
    with pytest.raises(NotificationFailed) as caught:
        call(Messenger({}))

    assert SECRET not in str(caught.value)


def test_a_monitor_whose_name_no_host_can_have_is_reported() -> None:
    with pytest.raises(NotificationFailed, match="LocationParseError"):
        Messenger({"PING": "x" * 80}).beat("http://${PING}.example/")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("nosuchservice://x", "nosuchservice://… is no address"),
        ("${CBSNAP_UNSET}", "CBSNAP_UNSET is not set"),
    ],
)
def test_an_address_that_cannot_be_used_says_why(url: str, why: str) -> None:
    with pytest.raises(NotificationFailed, match=why):
        Messenger({}).send(url, "t", "b")


def test_a_sign_of_life_is_a_plain_call() -> None:
    with receiving() as server:
        Messenger({"PING": "abc"}).beat(f"http://{server.host}/ping/${{PING}}")

    assert server.got == [("/ping/abc", "")]


def test_a_monitor_that_does_not_answer_well_is_reported_without_the_secret() -> None:
    with receiving() as server:
        server.status = 404
        with pytest.raises(NotificationFailed) as caught:
            Messenger({"PING": SECRET}).beat(f"http://{server.host}/${{PING}}")

    assert SECRET not in str(caught.value)


def test_what_was_told_is_remembered_by_address_past_the_process(tmp_path: Path) -> None:
    FileMemory(tmp_path / "told.json").remember("ops", {"key": "line"})
    FileMemory(tmp_path / "told.json").remember("dev", {})

    assert FileMemory(tmp_path / "told.json").recall("ops") == {"key": "line"}


def test_a_memory_is_not_lost_when_it_cannot_be_written_anew(tmp_path: Path) -> None:
    memory = FileMemory(tmp_path / "told.json")
    memory.remember("ops", {"key": "line"})
    (tmp_path / f"told.json.{os.getpid()}").mkdir()  # nothing can be written there, as on a full disk

    with pytest.raises(NotificationFailed):
        memory.remember("ops", {})

    assert memory.recall("ops") == {"key": "line"}


def test_a_memory_that_cannot_be_kept_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotificationFailed, match="cannot be remembered"):
        FileMemory(tmp_path / "no-such-folder/told.json").remember("ops", {})


@pytest.mark.parametrize("text", ["", "{", "[]", '{"ops": 3}'])
def test_a_memory_that_cannot_be_read_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "told.json").write_text(text)

    assert FileMemory(tmp_path / "told.json").recall("ops") is None
