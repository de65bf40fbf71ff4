"""The installed agent: its unit verified offline, its lines run by a launcher with the rights that it gives.

No service manager runs where these tests do; what one does with the unit's lines is done here by hand.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.agent.driver import DISK, KEY, Client, eventually, free_port
from tests.system.loops import Loop, missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.root

PYTHON = "/usr/bin/python3"
USER = "cbsnap-agent"


class Installed:
    """An agent that `install` has put under a root of its own."""

    def __init__(self, root: Path, packed: Path, plans: str) -> None:
        self.root = root
        self.port = free_port()
        self.runtime_dir = Path(f"/run/cbsnap-agent-{root.name}")
        self.config = root / "agent.ini"
        (root / "keys").write_text(f"1 {KEY}\n")
        (root / "keys").chmod(0o600)
        self.config.write_text(
            f"[agent]\nlisten = 127.0.0.1:{self.port}\ninstance_id = ins-11111111\nmetadata = off\n"
            f"key_file = {root}/keys\nruntime_dir = {self.runtime_dir}\n\n{plans}\n"
        )
        install = [PYTHON, str(packed), "install", "--config", str(self.config), "--root", str(root)]
        subprocess.run(install, check=True, capture_output=True)
        self.unit = (root / "etc/systemd/system/cbsnap-agent.service").read_text()

    def line(self, name: str) -> str:
        """Return the value of a line of the unit."""
        found = re.search(rf"^{name}=(.*)$", self.unit, re.MULTILINE)
        return found.group(1) if found else ""

    def command(self, name: str) -> list[str]:
        """Return a command of the unit, under this root."""
        return [word.replace("/opt/", f"{self.root}/opt/") for word in self.line(name).split()]

    def start(self) -> subprocess.Popen[bytes]:
        """Start the agent with the user and the capabilities of the unit."""
        user = self.line("User")
        self.runtime_dir.mkdir(mode=0o700, exist_ok=True)
        shutil.chown(self.runtime_dir, user)
        names = [f"+{name[4:].lower()}" for name in self.line("AmbientCapabilities").split()]
        sets = [f"--{kind}-caps=-all,{','.join(names)}" for kind in ("inh", "ambient")]
        rights = [f"--bounding-set=-all,{','.join(names)}", *sets] if names else []
        process = subprocess.Popen(
            ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *rights,
             *self.command("ExecStart")],
            cwd="/",
        )  # fmt: skip
        eventually(lambda: process.poll() is not None or self._answers())
        assert process.poll() is None
        return process

    def stop_post(self) -> int:
        """Run what the unit wants run after the end, as root."""
        return subprocess.run(self.command("ExecStopPost"), check=False).returncode

    def _answers(self) -> bool:
        client = Client(self.port)
        try:
            return client.send("GET", "/v1/hello").status == 200
        except OSError:
            return False
        finally:
            client.connection.close()


@pytest.fixture
def loop(make_loop: Callable[..., Loop]) -> Loop:
    """Make a filesystem that only root may look into."""
    made = make_loop("data")
    made.mount.chmod(0o700)
    return made


@pytest.fixture
def installed(reachable: Path, packed_agent: Path, loop: Loop) -> Iterator[Installed]:
    """Install an agent that freezes."""
    plans = f"[plan:orders]\nsteps = sync freeze\nmounts = {loop.mount}\ndisks = {loop.mount}={DISK}\n"
    agent = Installed(reachable, packed_agent, plans)
    yield agent
    shutil.rmtree(agent.runtime_dir, ignore_errors=True)


def test_the_unit_passes_the_service_managers_own_check(installed: Installed) -> None:
    for tool in missing("systemd-analyze"):
        pytest.skip(f"{tool} is not installed")
    unit = installed.root / "cbsnap-agent.service"
    unit.write_text(installed.unit.replace("/opt/", f"{installed.root}/opt/"))

    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )

    assert str(unit) not in done.stderr
    assert done.returncode == 0


def test_a_freezing_plan_needs_no_root(installed: Installed, loop: Loop) -> None:
    process = installed.start()
    client = Client(installed.port)

    lease_id = client.held()
    frozen = not loop.is_writable()
    record = client.release(lease_id, {DISK: "snap-1"})
    client.connection.close()
    process.terminate()

    assert installed.line("User") == USER
    assert frozen
    assert (record["verdict"], record["covers"][0]["label"]) == ("whole", "filesystem")
    assert not any("no marker" in caveat for caveat in record["caveats"])
    assert process.wait(10) == 0


def test_the_stop_hook_thaws_what_a_killed_service_left(installed: Installed, loop: Loop) -> None:
    process = installed.start()
    client = Client(installed.port)
    client.held()
    guards = Path(f"/proc/{process.pid}/task").glob("*/children")
    pids = [int(pid) for children in guards for pid in children.read_text().split()]

    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    process.kill()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    process.wait()
    client.connection.close()
    frozen = not loop.is_writable()
    code = installed.stop_post()

    assert frozen
    assert code == 0
    assert loop.is_writable()


def test_an_unmounting_plan_gets_a_unit_without_mounts_of_its_own(
    reachable: Path, packed_agent: Path, loop: Loop
) -> None:
    plans = f"[plan:cold]\nsteps = unmount\nmounts = {loop.mount}\ndisks = {loop.mount}={DISK}\n"

    agent = Installed(reachable, packed_agent, plans)

    assert agent.line("User") == "root"
    assert not re.search("^(Protect|Private)", agent.unit, re.MULTILINE)


def test_the_keys_and_the_configuration_are_the_users_alone(installed: Installed) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in (installed.root / "keys", installed.config)}

    assert modes == {"keys": 0o600, "agent.ini": 0o600}
    assert (installed.root / "keys").owner() == USER
