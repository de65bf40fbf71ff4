"""The local cloud's runtime with our functions: one first call, in a process that was not there before.

Instances are started from nothing, without the runtime's warm parents, and ended after their call.
Times are the runtime's own; peak memory is the process's (VmHWM).
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from cbsnap.clock import SystemClock
from cbsnap.tencent.api import Api, EnvironmentCredentials

from bench.processes import ROOT, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bench.trials import Sample

REGION = "ap-guangzhou"
CALL_S = 60.0


class Runtime:
    """The local cloud with our functions."""

    def __init__(self, ready: Mapping[str, str]) -> None:
        self._url = ready["url"]
        self._session = requests.Session()
        keys = {"TENCENTCLOUD_SECRETID": ready["secret_id"], "TENCENTCLOUD_SECRETKEY": ready["secret_key"]}
        self._api = Api(REGION, EnvironmentCredentials(keys), SystemClock(), self._url)

    def first_call(self, function: str, event: Mapping[str, Any], done: Callable[[Any], bool]) -> Sample:
        """Call a function in a process of its own, in an untouched account, and end the process.

        Raises RuntimeError when `done` does not see in the result that the work was done.
        """
        self._session.post(f"{self._url}/_local/reset", timeout=CALL_S).raise_for_status()
        asked = {"FunctionName": function, "ClientContext": json.dumps(event)}
        result = self._api.call("scf", "Invoke", asked, CALL_S)["Result"]
        if result["ErrMsg"] or not done(json.loads(result["RetMsg"])):
            raise RuntimeError(f"{function} did not do its work: {result['ErrMsg'] or result['RetMsg']}")
        return self._measured(result["FunctionRequestId"])

    def _measured(self, request_id: str) -> Sample:
        where = f"{self._url}/_local/invocations"
        found = self._session.get(where, params={"request_id": request_id}, timeout=CALL_S).json()
        (attempt,) = found[0]["attempts"]
        if attempt["cold_start_ms"] is None:
            raise RuntimeError("the process had been there before")
        peak_mib = _peak_mib(attempt["pid"])
        os.killpg(attempt["pid"], signal.SIGKILL)
        return {
            "total": attempt["cold_start_ms"] + attempt["duration_ms"],
            "import": attempt["cold_start_ms"],
            "call": attempt["duration_ms"],
            "peak": peak_mib,
        }


@contextmanager
def cloud(folder: Path, policy_file: str, **variables: str) -> Iterator[Runtime]:
    """Start the local cloud with the functions that are laid out in a folder; `variables` are theirs too."""
    policies, ready = folder / "policies", folder / "ready.json"
    policies.mkdir()
    (policies / "policies.yml").write_text(policy_file, encoding="utf-8")
    command = [sys.executable, "-m", "localcloud", "serve", "--ready-file", str(ready), "--no-timers"]
    command += ["--functions", str(folder / "serverless.yml"), "--layer", f"cbsnap-policies={policies}"]
    command += ["--env", "CBSNAP_ENDPOINT={url}"]
    variables = {"CBSNAP_MASTER_KEY": "0" * 64, "CBSNAP_API_TOKENS": "", **variables}
    with running(command, ROOT, folder / "cloud.log", ready.exists, **variables):
        yield Runtime(json.loads(ready.read_text(encoding="utf-8")))


def _peak_mib(pid: int) -> float:
    """Return a process's peak of resident memory since its program was started."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"process {pid} has no memory any more")
    return int(found[1]) / 1024
