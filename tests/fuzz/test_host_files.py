"""What lies in a host's folders and in its clones, broken or prepared by somebody: no thaw waits for it."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbsnap_agent import journal, kernel, markers, owed
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz.effort import effort
from tests.fuzz.json_values import ANY, nearly

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND: dict[str, Any] = {
    "kind": "command",
    "pre": ["/bin/true"],
    "post": ["/bin/true"],
    "environment": {"PATH": "/bin"},
    "timeout_s": 5,
    "output": "/dev/null",
    "boot": kernel.boot_id(),
}
FREEZE = {"kind": "freeze", "mount": "/nowhere/at/all", "device": "0:0", "boot": kernel.boot_id()}
RECORD = {
    "lease_id": "a" * 32,
    "operation": "orders@20261122T0200Z/ins-1",
    "boot_id": kernel.boot_id(),
    "answered": {"disk-a": "snap-1"},
    "state": "RELEASED",
}


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _link(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _folder(path: Path) -> None:
    path.mkdir()


def _of(content: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


def files(*good: dict[str, Any]) -> st.SearchStrategy[Callable[[Path], None]]:
    """Return what makes one file, or what is none, nearly like one of these."""
    nearly_good = st.sampled_from(good).flatmap(nearly).map(json.dumps).map(str.encode)
    content = nearly_good | ANY.map(json.dumps).map(str.encode) | st.binary(max_size=40)
    return st.sampled_from([_pipe, _link, _folder, _of(b"[" * 50_000)]) | content.map(_of)


@effort(60)
@given(st.lists(files(COMMAND, FREEZE), max_size=4))
@example([_pipe])  # was waited for, for ever
@example([_of(b"[" * 50_000)])  # stopped everything
@example([_of(json.dumps({**COMMAND, "timeout_s": "5"}).encode())])  # the same
@example([_of(json.dumps({"kind": "freeze", "boot": kernel.boot_id()}).encode())])  # had no end
def test_what_is_owed_is_undone_whatever_lies_beside_it(made: list[Callable[[Path], None]]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        listed, done = owed.OwedList(temporary, "m"), Path(temporary, "done")
        listed.add(0, {**COMMAND, "post": ["/bin/touch", str(done)]})
        for number, make in enumerate(made):
            make(Path(temporary, "owed", f"{'az'[number % 2]}-{number:03d}.json"))

        listed.undo_all()
        listed.listed()

        assert done.exists()
        assert not listed.has(0)


@effort(100)
@given(st.lists(files({"ended_s": 1.0e9, "record": RECORD}), max_size=4))
@example([_of(b"{}")])  # the agent did not start
@example([_of(b"\xff")])  # the same
@example([_pipe])  # the same
def test_a_journal_is_read_whatever_lies_in_it(made: list[Callable[[Path], None]]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        journal.Journal(temporary).put(RECORD)
        for number, make in enumerate(made):
            make(Path(temporary, "journal", f"{number:032x}"))

        found = journal.Journal(temporary)

        assert found.find("a" * 32) == RECORD
        assert found.of_snapshot("snap-1") == found.of_operation(str(RECORD["operation"])) == [RECORD]


MARKERS = files(
    {"lease_id": "a", "boot_id": "b", "operation": "orders@20261122T0200Z/ins-1"}, {"lease_id": "a"}
)


@effort(100)
@given(MARKERS | st.none(), MARKERS | st.none())
@example(_pipe, None)  # was waited for, for ever
@example(_of(b'{"lease_id": "a"}'), _of(b"[1]"))  # ended the drill
@example(_of(b"{}"), None)  # the same
def test_markers_tell_when_a_copy_was_cut_or_that_it_is_not_known(
    pre: Callable[[Path], None] | None, post: Callable[[Path], None] | None
) -> None:
    with tempfile.TemporaryDirectory() as place:
        for name, make in (("pre", pre), ("post", post)):
            if make is not None:
                make(Path(markers.path(place, name)))

        found, marker = markers.verdict(place)

        assert markers.cut(place, "orders@20261122T0200Z") in (found, "unknown")
        if found != "unknown":
            assert marker == json.loads(Path(markers.path(place, "pre")).read_text())
            assert isinstance(marker["lease_id"], str)
