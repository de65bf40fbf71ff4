"""What the demo asks of the local cloud and of our HTTP API."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.stage import Stage

RUN_S = 30.0
OVER = {"succeeded", "failed", "dead"}


class Cloud:
    """The cloud on this machine."""

    def __init__(self, stage: Stage) -> None:
        self._url = stage.url
        self._session = requests.Session()
        self._headers = {"Authorization": f"Bearer {stage.token}"}

    def fire(self, timer: str) -> list[dict[str, Any]]:
        """Fire a timer of serverless.yml; return the invocations that came of it, when all are over."""
        before = {one["request_id"] for one in self._invocations()}
        self.start(timer)
        return self._when_over(before)

    def start(self, timer: str) -> None:
        """Fire a timer and wait for nothing."""
        self._post(f"/_local/timers/{timer}/fire", {})

    def snapshots(self) -> list[dict[str, Any]]:
        """Return all snapshots of all regions, as the cloud itself keeps them."""
        state = self._get("/_local/state")
        return [
            {**one, "region": region["name"]}
            for region in state["regions"]
            for one in _values(region["snapshots"])
        ]

    def api(self, method: str, path: str, **more: Any) -> requests.Response:  # noqa: ANN401 - as requests has it
        """Call our HTTP API at its function URL."""
        headers = {**self._headers, **more.pop("headers", {})}
        url = f"{self._url}/_local/url/cbsnap-gateway{path}"
        return self._session.request(method, url, headers=headers, timeout=60, **more)

    def follow(self, region: str, key: str) -> Iterator[dict[str, Any] | None]:
        """Yield a request's snapshot until it is NORMAL; None while it is not there yet."""
        end = time.monotonic() + RUN_S
        while time.monotonic() < end:
            answer = self.api("GET", "/v1/snapshots", params={"region": region, "key": key}).json()
            found = answer["items"][0] if answer["items"] else None
            yield found
            if found and found["state"] == "NORMAL" and found["label"]:
                return
            time.sleep(0.3)

    def _when_over(self, before: set[str]) -> list[dict[str, Any]]:
        end = time.monotonic() + RUN_S
        while time.monotonic() < end:
            news = [one for one in self._invocations() if one["request_id"] not in before]
            if news and all(one["state"] in OVER for one in news):
                return news
            time.sleep(0.1)
        raise TimeoutError(f"the run was not over within {RUN_S:.0f} s")

    def _invocations(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._get("/_local/invocations")
        return found

    def _get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        answer = self._session.get(self._url + path, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def _post(self, path: str, body: dict[str, Any]) -> None:
        self._session.post(self._url + path, json=body, timeout=30).raise_for_status()


def _values(rows: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    return list(rows.values()) if isinstance(rows, dict) else list(rows)
