"""The port `Deployment`: functions and layers as SCF has them (2018-04-16); nothing is changed here."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import requests

from cbsnap.deployment import DEFAULT, LATEST
from cbsnap.errors import OutcomeUnknown, Refused
from cbsnap.surroundings import DeployedFunction, Timer
from cbsnap.tencent.answers import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbsnap.tencent.api import Api

PAGE = 100  # the local cloud's most; the SDK names none
DOWNLOAD_S = 30.0


class RegionDeployment:
    """What is deployed in one region, in the namespace `default`."""

    def __init__(self, api: Api) -> None:
        self.region = api.region
        self._api = api

    def functions(self, prefix: str) -> list[DeployedFunction]:
        """Return the functions by name, each with its settings and timers."""
        answer = self._api.read("scf", "ListFunctions", {"SearchKey": prefix, "Limit": PAGE})
        names = sorted(str(row["FunctionName"]) for row in answer.get("Functions") or ())
        return [self._function(name) for name in names if name.startswith(prefix)]

    def _function(self, name: str) -> DeployedFunction:
        version = self._in_use(name)
        told = self._api.read("scf", "GetFunction", {"FunctionName": name, "Qualifier": version})
        triggers = self._api.read("scf", "ListTriggers", {"FunctionName": name, "Limit": PAGE})
        variables = (told.get("Environment") or {}).get("Variables") or ()
        reasons = [str(one.get("ErrorMessage")) for one in told.get("StatusReasons") or ()]
        return DeployedFunction(
            name=name,
            status=str(told["Status"]),
            reason="; ".join(reasons) or str(told.get("StatusDesc") or ""),
            added_at=moment(told["AddTime"]) if told.get("AddTime") else None,
            log_topic=str(told.get("ClsTopicId") or ""),
            environment={str(one["Key"]): str(one.get("Value") or "") for one in variables},
            layers={str(one["LayerName"]): int(one["LayerVersion"]) for one in told.get("Layers") or ()},
            timers=tuple(_timer(row) for row in triggers.get("Triggers") or () if row["Type"] == "timer"),
        )

    def _in_use(self, name: str) -> str:
        """Return the version that everybody calls, which `$DEFAULT` stands for."""
        try:
            alias = self._api.read("scf", "GetAlias", {"FunctionName": name, "Name": DEFAULT})
        except Refused:
            return LATEST
        return str(alias["FunctionVersion"])

    def newest_layer(self, name: str) -> int:
        """Return the newest version of a layer."""
        answer = self._api.read("scf", "ListLayerVersions", {"LayerName": name})
        return max((int(one["LayerVersion"]) for one in answer.get("LayerVersions") or ()), default=0)

    def file_of_layer(self, name: str, version: int, path: str) -> bytes | None:
        """Fetch a layer's zip file from its Location, and return one of its files."""
        told = self._api.read("scf", "GetLayerVersion", {"LayerName": name, "LayerVersion": version})
        try:
            fetched = requests.get(str(told["Location"]), timeout=DOWNLOAD_S)
            fetched.raise_for_status()
            with zipfile.ZipFile(io.BytesIO(fetched.content)) as archive:
                return archive.read(path) if path in archive.namelist() else None
        except (requests.RequestException, zipfile.BadZipFile) as failed:
            raise OutcomeUnknown("LayerNotFetched", f"{name} {version}: {failed}") from failed


def _timer(row: Mapping[str, Any]) -> Timer:
    """Read a row of ListTriggers; its TriggerDesc is JSON with `cron`, or the bare expression [inferred]."""
    described = str(row.get("TriggerDesc") or "")
    try:
        told = json.loads(described)
    except ValueError:
        told = described
    cron = str(told.get("cron")) if isinstance(told, dict) else str(told)
    usable = row.get("AvailableStatus") in {None, "", "Available"}
    return Timer(str(row["TriggerName"]), cron, bool(row["Enable"]), usable)
