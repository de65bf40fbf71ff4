"""The port `Deployment`: functions and layers as SCF has them, in use; nothing is changed here."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import requests

from cbsnap.deployment import DEFAULT, LATEST
from cbsnap.errors import OutcomeUnknown, Refused
from cbsnap.ports.platform import DeployedFunction, Timer
from cbsnap.tencent import scf
from cbsnap.tencent.answers import moment
from cbsnap.tencent.scf import Scf

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cbsnap.tencent.api import Api

NAMESPACE = "default"
DOWNLOAD_S = 30.0


class RegionDeployment:
    """What is deployed in one region, in the namespace `default`."""

    def __init__(self, api: Api) -> None:
        self.region = api.region
        self._scf = Scf(api, NAMESPACE)

    def functions(self, prefix: str) -> list[DeployedFunction]:
        """Return the functions by name, each with its settings and timers."""
        names = sorted(str(row["FunctionName"]) for row in self._scf.functions(prefix))
        return [self._function(name) for name in names]

    def _function(self, name: str) -> DeployedFunction:
        told = self._scf.read("GetFunction", name, {"Qualifier": self._in_use(name)})
        return DeployedFunction(
            name=name,
            status=str(told["Status"]),
            reason=_reason(told),
            added_at=moment(told["AddTime"]) if told.get("AddTime") else None,
            log_topic=str(told.get("ClsTopicId") or ""),
            environment=scf.environment(told),
            layers=dict(scf.layers(told)),
            timers=tuple(_timers(self._scf.triggers(name))),
        )

    def _in_use(self, name: str) -> str:
        """Return the version that everybody calls, which `$DEFAULT` stands for."""
        try:
            alias = self._scf.read("GetAlias", name, {"Name": DEFAULT})
        except Refused:
            return LATEST
        return str(alias["FunctionVersion"])

    def newest_layer(self, name: str) -> int:
        """Return the newest version of a layer."""
        return max((int(one["LayerVersion"]) for one in self._scf.layer_versions(name)), default=0)

    def file_of_layer(self, name: str, version: int, path: str) -> bytes | None:
        """Fetch a layer's zip file from its Location, and return one of its files."""
        told = self._scf.layer_version(name, version)
        try:
            fetched = requests.get(str(told["Location"]), timeout=DOWNLOAD_S)
            fetched.raise_for_status()
            with zipfile.ZipFile(io.BytesIO(fetched.content)) as archive:
                return archive.read(path) if path in archive.namelist() else None
        except (requests.RequestException, zipfile.BadZipFile) as failed:
            raise OutcomeUnknown("LayerNotFetched", f"{name} {version}: {failed}") from failed


def _reason(told: Mapping[str, Any]) -> str:
    reasons = [str(one.get("ErrorMessage")) for one in told.get("StatusReasons") or ()]
    return "; ".join(reasons) or str(told.get("StatusDesc") or "")


def _timers(rows: Iterable[Mapping[str, Any]]) -> Iterator[Timer]:
    for row in rows:
        one = scf.trigger(row)
        if one.kind == "timer":
            usable = row.get("AvailableStatus") in {None, "", "Available"}
            yield Timer(one.name, one.cron, one.enabled, usable)
