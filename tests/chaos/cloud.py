"""The local cloud's control calls, and the one call of the API that a repeated delivery needs."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import requests
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.scf.v20180416.scf_client import ScfClient

REGION = "ap-guangzhou"
TICK = "cbsnap-tick"
UPKEEP = "cbsnap-upkeep"
SCHEDULE = "cbsnap-schedule"
MAINTAIN = "cbsnap-maintain"
WORKER = "cbsnap-snapshot"
OVER = {"succeeded", "failed", "dead"}
_CALL_S = 30.0


class LocalCloud:
    """One local cloud; `url` is known once it serves."""

    def __init__(self) -> None:
        self.url = ""
        self._jumped = False

    def reset(self) -> None:
        """Make the world anew, with no faults and the clock right."""
        if self._jumped:
            now = datetime.now(timezone.utc).isoformat(timespec="microseconds")
            self._ask("POST", "/_local/clock", {"set": now.replace("+00:00", "Z")})
        self._jumped = False
        self._ask("POST", "/_local/reset")

    def jump(self, seconds: float) -> None:
        """Move the clock on."""
        self._jumped = True
        self._ask("POST", "/_local/clock", {"advance_s": seconds})

    def fail(self, faults: list[dict[str, Any]]) -> None:
        """Set faults."""
        if faults:
            self._ask("POST", "/_local/faults", faults)

    def stop_failing(self) -> list[dict[str, Any]]:
        """Take all faults away; return them as they were, with how often each has hit."""
        faults: list[dict[str, Any]] = self._ask("GET", "/_local/faults")["faults"]
        self._ask("DELETE", "/_local/faults")
        return faults

    def fire(self, timer: str = TICK) -> None:
        """Let a timer fire."""
        self._ask("POST", f"/_local/timers/{timer}/fire")

    def repeat(self, event: dict[str, Any]) -> None:
        """Deliver an event to the worker once more."""
        http = HttpProfile(protocol="http", endpoint=self.url.removeprefix("http://"))
        client = ScfClient(
            Credential("AKIDlocalcloud", "localcloud"), REGION, ClientProfile(httpProfile=http)
        )
        asked = {"FunctionName": WORKER, "InvocationType": "Event", "ClientContext": json.dumps(event)}
        client.call_json("Invoke", asked)

    def invocations(self) -> list[dict[str, Any]]:
        """Return every invocation since the reset."""
        found: list[dict[str, Any]] = self._ask("GET", "/_local/invocations")
        return found

    def state(self) -> dict[str, Any]:
        """Return the world."""
        found: dict[str, Any] = self._ask("GET", "/_local/state")
        return found

    def requests(self) -> list[dict[str, Any]]:
        """Return the calls since the reset."""
        found: list[dict[str, Any]] = self._ask("GET", "/_local/requests")["requests"]
        return found

    def quiet(self) -> bool:
        """Tell whether nothing is under way."""
        return all(one["state"] in OVER for one in self.invocations())

    def busy(self) -> list[int]:
        """Return the processes of functions that are at work."""
        return [pid for pool in self._pools() for pid in pool["busy"]]

    def idle(self, *functions: str) -> list[int]:
        """Return the processes of these functions that wait for work."""
        return [pid for pool in self._pools() if pool["function"] in functions for pid in pool["idle"]]

    def _pools(self) -> list[dict[str, Any]]:
        pools: list[dict[str, Any]] = self.state()["runtime"]["instances"]
        return pools

    def _ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        answer = requests.request(method, self.url + path, json=body, timeout=_CALL_S)
        answer.raise_for_status()
        return answer.json()
