#!/usr/bin/env python3
"""A `systemctl` for one unit, where no service manager runs: it starts what the unit says, with its rights.

Not emulated: restarts, watchdogs, limits, and every option that keeps the service from the host.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

UNIT = Path("/etc/systemd/system/cbsnap-agent.service")
PID = Path("/run/launcher.pid")
ENABLED = Path("/etc/systemd/system/enabled")


def line(name: str) -> str:
    found = re.search(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)
    return found.group(1) if found else ""


def start() -> None:
    user = line("User")
    folder = Path("/run") / line("RuntimeDirectory")
    folder.mkdir(mode=0o700, exist_ok=True)
    shutil.chown(folder, user)
    names = [f"+{name[4:].lower()}" for name in line("AmbientCapabilities").split()]
    sets = [f"--{kind}-caps=-all,{','.join(names)}" for kind in ("inh", "ambient")]
    rights = [f"--bounding-set=-all,{','.join(names)}", *sets] if names else []
    with Path("/run/launcher.log").open("ab") as log:
        process = subprocess.Popen(
            ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *rights,
             *line("ExecStart").split()],
            cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    PID.write_text(str(process.pid))


def stop() -> None:
    if not PID.exists():
        return
    pid = int(PID.read_text())
    try:
        os.kill(pid, signal.SIGTERM)
        while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
            time.sleep(0.02)
    except (ProcessLookupError, FileNotFoundError):
        pass
    PID.unlink()
    subprocess.run(line("ExecStopPost").split(), check=True)


def main(verb: str, options: list[str]) -> None:
    if verb == "enable":
        ENABLED.touch()
    if verb == "disable":
        ENABLED.unlink(missing_ok=True)
    if verb in {"stop", "restart"} or (verb == "disable" and "--now" in options):
        stop()
    if verb in {"start", "restart"}:
        start()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
