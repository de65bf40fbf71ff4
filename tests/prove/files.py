"""Files that are written, and listed in a manifest once they are whole: an application without a database."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.agent.driver import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.prove.workloads import Findings
    from tests.system.loops import Loop

DISK = "disk-files000"
HOST_PYTHON = "/usr/bin/python3"  # nobody may not be able to reach a virtual environment
_RECENT = 4000  # lines by each restored manifest whose files are looked at


@dataclass
class Files:
    """The application; its process writes as nobody, who cannot write below an unmounted folder."""

    loop: Loop
    name: str = "files"
    writer: subprocess.Popen[bytes] = field(init=False)

    @property
    def volumes(self) -> Mapping[str, Loop]:
        """Return the one filesystem that is written to."""
        return {DISK: self.loop}

    def plan(self, steps: str) -> str:
        """Return the plan over the one filesystem."""
        return f"steps = {steps}\nmounts = {self.loop.mount}\ndisks = {self.loop.mount}={DISK}\n"

    def start(self) -> None:
        """Start to write."""
        self.loop.mount.chmod(0o777)
        script = Path(__file__).with_name("files_writer.py")
        command = [HOST_PYTHON, "-", str(self.loop.mount)]
        with script.open("rb") as source:  # read by root: nobody may not see where the script lies
            self.writer = subprocess.Popen(command, stdin=source, cwd="/", user="nobody")
        eventually(lambda: self.written() > 0)

    def written(self) -> int:
        """Return how many lines the manifest has; an unmounted folder waits."""
        try:
            return len((self.loop.mount / "manifest").read_bytes().splitlines())
        except OSError:
            return 0

    def examine(self, mounts: Mapping[str, Path], acknowledged: int, key: str) -> Findings:
        """Tell which lines are lost, and whether a line's file is not what the line says."""
        folder = mounts[DISK]
        manifest = folder / "manifest"
        lines = manifest.read_bytes().split(b"\n")[:-1] if manifest.exists() else []
        damaged = any(not _agrees(folder, line) for line in lines[-_RECENT:])
        return {"lost": len(lines) < acknowledged, "damaged": damaged}

    def stop(self) -> None:
        """End the writer."""
        self.writer.kill()
        self.writer.wait()


def _agrees(folder: Path, line: bytes) -> bool:
    """Tell whether a file holds what its line says; a line that cannot be read does not."""
    name, _, digest = line.decode("ascii", "replace").partition(" ")
    path = folder / "data" / name
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == digest
    except (OSError, ValueError):
        return False
