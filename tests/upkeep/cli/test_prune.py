"""`cbsnap prune`: nothing goes unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cbsnap.jobs import cost

from localcloud.faults import Fault

from .conftest import FLEET

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Command

pytestmark = pytest.mark.fleet(FLEET)


def test_prune_shows_the_plan_and_does_nothing_where_nobody_can_be_asked(command: Command) -> None:
    old, new = command.taken(9), command.taken(1)

    code, printed = command.run("prune")

    assert code == 4
    assert old in printed
    assert "1 go, 1 stay" in printed
    assert "--yes" in printed
    assert command.left() == sorted([old, new])


def test_prune_deletes_what_was_agreed_to(command: Command) -> None:
    old, new = command.taken(9), command.taken(1)

    dry, _ = command.run("prune", "--dry-run")
    there = command.left()
    code, stated = command.json("prune", "--yes")

    assert (dry, there) == (0, sorted([old, new]))
    assert code == 0
    assert command.left() == [new]
    assert [(one["snapshot_id"], one["stays"]) for one in stated["plan"]] == [(new, True), (old, False)]
    assert [change["subject"] for one in stated["done"] for change in one.get("changes", [])] == [old]


def test_prune_exits_with_1_when_the_cloud_refuses_one(command: Command) -> None:
    old, _ = command.taken(9), command.taken(1)
    command.account.local.cloud.faults.add(
        [Fault("error", action="DeleteSnapshots", code="UnsupportedOperation.SnapHasShared", times=0)]
    )

    code, printed = command.run("prune", "--yes")

    assert code == 1
    assert f"{old}: could not be deleted" in printed


def test_what_another_retention_would_keep_and_free_is_told_before(command: Command, tmp_path: Path) -> None:
    content = tmp_path / "bytes"
    content.write_bytes(b"x" * (96 << 20))
    command.account.held().disks["disk-a"].content = str(content)
    old, new = command.taken(9), command.taken(1)
    more = command.policies.with_name("more.yml")
    more.write_text(command.policies.read_text().replace("last: 1", "last: 2"))

    _, now = command.json("prune", "--dry-run")
    _, printed = command.run("prune", "--dry-run")
    command.policies.write_text(more.read_text())
    _, changed = command.json("prune", "--dry-run")

    by_disk_gib = cost.cost(command.account.inventory()).by_disk["disk-a"]
    assert now["frees_gib"] == pytest.approx(by_disk_gib / 2, abs=0.001)
    assert now["frees_gib"] > 0
    assert f"1 go, 1 stay, which frees about {now['frees_gib']:g} GiB" in printed
    assert (changed["frees_gib"], [one["stays"] for one in changed["plan"]]) == (0, [True, True])
    assert command.left() == sorted([old, new])
