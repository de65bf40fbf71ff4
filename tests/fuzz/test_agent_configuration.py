"""Any text as an agent's configuration or key file: read, or one error that names the file."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import pytest
from cbsnap_agent import config, values
from cbsnap_agent.drill import settings as drill
from cbsnap_agent.errors import ConfigError
from cbsnap_agent.keys import KeyFile
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz.effort import effort

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """[agent]
listen = 127.0.0.1:9780
instance_id = ins-1
key_file = {folder}/keys
runtime_dir = {folder}/run
metadata = off
allow = 10.0.0.0/8 127.0.0.1
metrics = yes
# a comment
[plan:all]
steps = postgresql redis sqlite command sync freeze
sqlite.databases = /data/a.db
    "/data/b c.db"
command.shell = yes
command.pre = true
command.post = echo "done"
command.environment = A=b
command.timeout_s = 5
mounts = /data
disks = /data=disk-a1
max_ttl_s = 30
attests = application
[plan:off]
steps = unmount
mounts = /data
unmount.services = a b
[drill:orders]
engines = sqlite
sqlite.databases = orders.db
command = /bin/true
"""
TOKENS = re.split(r"([ \n=.:/]|\[|\])", GOOD)
ODD = st.sampled_from(
    ["", "nan", "inf", "-1", "9" * 5000, "1e400", "'", '"', "\\", "\x00", "\x85", "\u2028", "²", "٣", "[",
     "]", "[]",
     "[agent]", "=", "#", ";", "\n ", "\n", "%", "${x}", "../..", "/", "disk-", "disk-a1", "/data", "yes",
     "no", "::1",
     "0.0.0.0/99", "http://x:y/", "steps", "sync", "freeze", "sqlite", "\ud800"]
)  # fmt: skip


@st.composite
def nearly_good(draw: st.DrawFn) -> str:
    tokens = list(TOKENS)
    for _ in range(draw(st.integers(0, 3))):
        odd = draw(ODD | st.sampled_from(TOKENS) | st.text(max_size=5))
        tokens[draw(st.integers(0, len(tokens) - 1))] = odd
    return "".join(tokens)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("configured")
    (folder / "keys").touch(mode=0o600)
    (folder / "keys").write_text(f"1 {'0' * 64}\n")
    return folder


def _agent(path: str) -> None:
    config.load(path)


def _drill(path: str) -> None:
    drill.load(path, "orders")


@effort(150)
@given(nearly_good() | st.text(max_size=40))
@example("\ud800")  # no UTF-8: an error of the interpreter's
def test_any_text_is_a_configuration_or_an_error_that_names_the_file(folder: Path, text: str) -> None:
    path = folder / "agent.ini"
    path.write_bytes(text.replace("{folder}", str(folder)).encode(errors="surrogatepass"))

    for read in (_agent, _drill):
        try:
            read(str(path))
        except ConfigError as error:
            assert str(path) in str(error)  # noqa: PT017 - it is read, or this


PARSERS = [
    values.word, values.yes_no, values.path, values.paths, values.command, values.shell, values.environment,
    values.disk_map, values.seconds(0, 60), values.one_of("a"), values.words_of("a", "b"), values.networks,
    values.address,
]  # fmt: skip


@effort(150)
@given(st.sampled_from(PARSERS), st.lists(ODD | st.text(max_size=5), max_size=4).map("".join))
def test_a_single_value_is_parsed_or_said_to_be_wrong(parse: object, text: str) -> None:
    with contextlib.suppress(ValueError):
        parse(text)  # type: ignore[operator] # any of the list


@effort(80)
@given(
    st.binary(max_size=80)
    | st.lists(ODD, max_size=3).map(lambda odd: f"1 {'ab' * 32}\n{''.join(odd)}".encode("utf-8", "replace"))
)
def test_a_key_file_holds_keys_or_says_that_it_does_not_and_shows_none(folder: Path, content: bytes) -> None:
    path = folder / "fuzzed keys"
    path.touch(mode=0o600)
    path.write_bytes(content)
    keys = KeyFile(str(path))

    try:
        keys.load()
    except ValueError as error:
        assert "ab" * 32 not in str(error)  # noqa: PT017 - it is read, or this
    else:
        assert all(re.fullmatch("[0-9a-f]{64}", key) for key in keys.current().values())
