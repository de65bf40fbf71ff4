"""The local cloud's runtime with our functions: one first call, in a process that was not there before.

Instances are started from nothing, without the runtime's warm parents, and ended before the next call.
Times are the runtime's own; peak memory is the process's (VmHWM).
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.scf.v20180416.scf_client import ScfClient

from bench.processes import ROOT, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bench.trials import Sample

REGION = "ap-guangzhou"
CALL_S = 60
LOOK_AGAIN_S = 0.002


class Runtime:
    """The local cloud with our functions."""

    def __init__(self, ready: Mapping[str, str]) -> None:
        self._url = ready["url"]
        self._session = requests.Session()
        keys = Credential(ready["secret_id"], ready["secret_key"])
        address = HttpProfile(protocol="http", endpoint=urlsplit(self._url).netloc, reqTimeout=CALL_S)
        self._scf = ScfClient(keys, REGION, ClientProfile(httpProfile=address))

    def first_call(self, function: str, event: Mapping[str, Any], done: Callable[[Any], bool]) -> Sample:
        """Call a function in a process that is new, in an untouched account.

        Raises RuntimeError when `done` does not see in the result that the work was done.
        """
        self._start_over()
        answer = self._invoke(function, event)
        if answer["ErrMsg"] or not done(json.loads(answer["RetMsg"])):
            raise RuntimeError(f"{function} did not do its work: {answer['ErrMsg'] or answer['RetMsg']}")
        (attempt,) = self._read("invocations", request_id=answer["FunctionRequestId"])[0]["attempts"]
        return _measured(attempt)

    def handed_on(self, function: str, event: Mapping[str, Any], to: str) -> Mapping[str, Any]:
        """Return the event that a function sends to another one; raises RuntimeError if it sends none."""
        self._start_over()
        answer = self._invoke(function, event)
        sent = self._read("invocations", function=to)
        if not sent:
            raise RuntimeError(f"{function} sent nothing to {to}: {answer['ErrMsg'] or answer['RetMsg']}")
        handed: Mapping[str, Any] = sent[0]["event"]
        return handed

    def _start_over(self) -> None:
        """Put the account back to its beginning, and end every process of a function."""
        self._session.post(f"{self._url}/_local/reset", timeout=CALL_S).raise_for_status()
        for version in self._read("state")["runtime"]["instances"]:
            for pid in (*version["idle"], *version["busy"]):
                _end(pid)

    def _invoke(self, function: str, event: Mapping[str, Any]) -> dict[str, Any]:
        asked = {"FunctionName": function, "ClientContext": json.dumps(event)}
        result: dict[str, Any] = self._scf.call_json("Invoke", asked)["Response"]["Result"]
        return result

    def _read(self, what: str, **query: str) -> Any:  # noqa: ANN401 - JSON
        return self._session.get(f"{self._url}/_local/{what}", params=query, timeout=CALL_S).json()


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


def _measured(attempt: Mapping[str, Any]) -> Sample:
    if attempt["cold_start_ms"] is None:
        raise RuntimeError("the process had been there before")
    return {
        "total": attempt["cold_start_ms"] + attempt["duration_ms"],
        "import": attempt["cold_start_ms"],
        "call": attempt["duration_ms"],
        "peak": _peak_mib(attempt["pid"]),
    }


def _peak_mib(pid: int) -> float:
    """Return a process's peak of resident memory since its program was started."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"process {pid} has no memory any more")
    return int(found[1]) / 1024


def _end(pid: int) -> None:
    """End an instance, whose process leads a group, and wait until it is no more."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
        while True:
            os.killpg(pid, 0)
            time.sleep(LOOK_AGAIN_S)
