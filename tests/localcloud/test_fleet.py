from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localcloud.clock import Clock
from localcloud.fleet import load
from localcloud.records import RecordError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("regions:\n  r:\n    disks:\n      - {id: disk-a, sizegib: 5}\n", 4, "did you mean `size_gib`?"),
        ("regions:\n  r:\n    disks:\n      - {size_gib: 5}\n", 4, "needs `id`"),
        ("regions:\n  r:\n    disks:\n      - {id: disk-a, size_gib: big}\n", 4, "should be int, not `big`"),
        ("regions:\n  r:\n    disks: disk-a\n", 3, "should be a list"),
        ("regions:\n  - r\n", 2, "should be a mapping"),
        ("accounts: []\naccounts: []\n", 2, "`accounts` twice"),
        ("regions:\n  r:\n    disks:\n      - {id: d, instance: ins-x}\n", 4, "not there: `ins-x`"),
        ("regions:\n  r:\n    disks:\n      - {id: d}\n      - {id: d}\n", 5, "`d` is there twice"),
        ("regions:\n  r:\n    disks:\n      - {id: d, account: '7'}\n", 4, "no account `7`"),
        ("regions:\n  r:\n    disks:\n      - {id: d, created: soon}\n", 4, "`soon` is not a moment"),
        ("regions:\n  r:\n    disks:\n      - {id: d, deadline: 9999-12-31}\n", 4, "is not a moment"),
        ("regions:\n  r:\n    disks:\n      - {id: d, content: nowhere}\n", 4, "content that is not there"),
        ("regions:\n  r:\n    snapshots:\n      - {id: s, disk: d}\n", 4, "a disk that is not there: `d`"),
        (
            "regions:\n  r:\n    disks:\n      - {id: d, state: rollbak}\n",
            4,
            "should be one of nothing, UNATTACHED",
        ),
        ("regions:\n  r:\n    disks:\n      - {id: d, size_gib: -4}\n", 4, "should be at least 1, not `-4`"),
        (
            "regions:\n  r:\n    disks:\n      - {id: d-000001}\n      - {id: d, count: 2}\n",
            5,
            "`d-000001` is there twice",
        ),
        (
            "regions:\n  r:\n    snapshots:\n      - {id: s, from_remote: true, state: NORML}\n",
            4,
            "should be one of NORMAL",
        ),
        (
            "regions:\n  r:\n    snapshots:\n      - {id: s, from_remote: true, ready_in_s: .nan}\n",
            4,
            "should be 0 to",
        ),
        ("regions:\n  r:\n    instances:\n      - {id: i, state: RUNING}\n", 4, "should be one of PENDING"),
        (
            "regions:\n  r:\n    auto_policies:\n      - {id: p, hours: [77]}\n",
            4,
            "should be 0 to 23, not `77`",
        ),
        ("regions:\n  r:\n    auto_policies:\n      - {id: p}\n      - {id: p}\n", 5, "`p` is there twice"),
        ("regions: {}\naccounts: []\n", 2, "there is no account"),
        ("accounts:\n  - {uin: '1'}\n  - {uin: '2'}\n", 3, "two accounts have `AKIDlocalcloud`"),
        ("regions: {", 1, "expected"),
    ],
)
def test_a_mistake_is_answered_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    path = tmp_path / "fleet.yml"
    path.write_text(text)

    with pytest.raises(RecordError) as refused:
        load(path, Clock())

    assert str(refused.value).startswith(f"{path}:{line}:")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("content", "said"), [(b"a: \xff", "not UTF-8 from byte 3"), (b"a: \x01", "unacceptable")]
)
def test_a_file_that_is_not_text_is_said_plainly(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "fleet.yml").write_bytes(content)

    with pytest.raises(RecordError, match=said):
        load(tmp_path / "fleet.yml", Clock())


def test_a_file_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="No such file"):
        load(tmp_path / "none.yml", Clock())


def test_an_empty_file_is_a_cloud_with_one_account(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yml"
    path.write_text("")

    world = load(path, Clock())

    assert [each.secret_id for each in world.keyring.accounts] == ["AKIDlocalcloud"]
    assert world.regions == {}


def test_content_is_found_beside_the_fleet_file(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    path = tmp_path / "fleet.yml"
    path.write_text("regions: {r: {disks: [{id: disk-a, content: data}]}}")

    world = load(path, Clock())

    assert world.regions["100000000001", "r"].disks["disk-a"].content == str(tmp_path / "data")
