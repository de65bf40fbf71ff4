"""The stop hook runs as root over a list that the service's user writes: it must lend that user nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.agent.driver import AGENT_HOME

if TYPE_CHECKING:
    from tests.agent.driver import Json

pytestmark = pytest.mark.root

NOBODY = 65534


def plant(runtime_dir: Path, spec: Json) -> None:
    """Write an entry as the service's user."""
    entry = runtime_dir / "owed" / "x-000.json"
    entry.parent.mkdir()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    entry.write_text(json.dumps({**spec, "boot": boot}))
    for path in (runtime_dir, entry.parent, entry):
        os.chown(path, NOBODY, NOBODY)


def thaw_all(runtime_dir: Path) -> int:
    command = [sys.executable, "-m", "cbsnap_agent", "thaw-all", "--runtime-dir", str(runtime_dir)]
    environment = {"PYTHONPATH": str(AGENT_HOME)}
    return subprocess.run(command, env=environment, check=False, capture_output=True, timeout=20).returncode


def test_a_command_runs_as_the_user_who_wrote_the_entry(reachable: Path) -> None:
    how = {"environment": {}, "timeout_s": 5, "output": str(reachable / "out")}
    plant(reachable, {"kind": "command", "pre": [], "post": ["/usr/bin/id"], **how})

    code = thaw_all(reachable)

    assert code == 0
    assert (reachable / "out").read_text().startswith(f"uid={NOBODY}")
    assert "groups=0" not in (reachable / "out").read_text()


def test_its_output_goes_only_where_that_user_may_write(reachable: Path) -> None:
    victim = reachable.parent / f"{reachable.name}-victim"
    victim.write_text("precious")
    how = {"environment": {}, "timeout_s": 5, "output": str(victim)}
    plant(reachable, {"kind": "command", "pre": [], "post": ["/usr/bin/id"], **how})

    thaw_all(reachable)
    left = victim.read_text()
    victim.unlink()

    assert left == "precious"


def test_root_mounts_nothing_for_another_user(reachable: Path) -> None:
    place = reachable / "place"
    place.mkdir()
    how = {"environment": {}, "timeout_s": 5, "output": str(reachable / "out")}
    where = {"mount": str(place), "source": "tmpfs", "fstype": "tmpfs", "options": "rw"}
    plant(reachable, {"kind": "unmount", **where, **how})

    thaw_all(reachable)

    assert not place.is_mount()


def test_an_entry_that_is_none_does_not_keep_the_others_from_being_undone(reachable: Path) -> None:
    how = {"environment": {}, "timeout_s": 5, "output": str(reachable / "out")}
    plant(reachable, {"kind": "command", "pre": [], "post": ["/usr/bin/id"], **how})
    (reachable / "owed" / "y-000.json").write_text("no entry")
    (reachable / "owed" / "z-000.json").symlink_to("/etc/passwd")

    assert thaw_all(reachable) == 0
    assert "uid=" in (reachable / "out").read_text()
