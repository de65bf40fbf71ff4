"""One trial: a snapshot asked for over HTTP, restored over HTTP, mounted and examined."""

from __future__ import annotations

import secrets
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from tests.agent.driver import eventually
from tests.prove import markers
from tests.system.loops import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.prove.bed import Bed
    from tests.prove.modes import Mode
    from tests.prove.workloads import Findings, Workload

APART_S = 0.3  # how far apart the disks of one request are cut, in every mode: the network does no less
LATE_S = 1.0
_WRITTEN_BETWEEN = 60


@dataclass(frozen=True)
class Trial:
    """What came of one: the label that the snapshots earned, and what was found in the restored volumes.

    `late`: the markers in the restored volumes say that they were cut after the lease.
    """

    mode: Mode
    label: str
    found: Findings
    late: bool

    @property
    def broken(self) -> list[str]:
        """Return what was found broken."""
        return [name for name, holds in self.found.items() if holds]


def trial(bed: Bed, mode: Mode) -> Trial:
    """Take one snapshot of the mode's workload, restore and examine it."""
    workload = bed.workloads[mode.workload]
    before = workload.written()
    eventually(lambda: workload.written() > before + _WRITTEN_BETWEEN, within_s=120)
    _arm(bed, mode, workload)
    acknowledged = workload.written()
    key = secrets.token_hex(8)
    taken = _taken(bed, mode, workload, key)
    volumes = _restored(bed, {one["disk_id"]: one["id"] for one in taken})
    with _mounted(bed.folder / "restored", volumes) as (mounts, needs_recovery):
        late = any(markers.is_late(mount, key) for mount in mounts.values())
        found = {"journal": needs_recovery, **workload.examine(mounts, acknowledged, key)}
    requests.post(f"{bed.url}/_local/reset", timeout=10).raise_for_status()  # room for the next one's bytes
    (label,) = {one["label"] for one in taken}
    return Trial(mode, label, found, late)


def _arm(bed: Bed, mode: Mode, workload: Workload) -> None:
    """Let the second disk's request be slow, as in every mode; and the cut late, if the mode says so."""
    requests.delete(f"{bed.url}/_local/faults", timeout=10)
    faults: list[dict[str, Any]] = [
        {"kind": "delay", "action": "CreateSnapshot", "where": {"DiskId": disk}, "before_s": APART_S * place}
        for place, disk in enumerate(reversed(list(workload.volumes)))
        if place
    ]
    if mode.cut_late:
        late = {"kind": "late_cut", "action": "CreateSnapshot", "after_s": LATE_S, "times": 0}
        faults.append(late)
    if faults:
        requests.post(f"{bed.url}/_local/faults", json=faults, timeout=10).raise_for_status()


def _taken(bed: Bed, mode: Mode, workload: Workload, key: str) -> list[dict[str, Any]]:
    """Ask for snapshots of all the workload's disks at one moment; return them when they are NORMAL."""
    plan = {"plan": _plan_of(mode)} if mode.plan else {}
    body = {"disk_ids": list(workload.volumes), **plan}
    _api(bed, "POST", "/v1/snapshots", json=body, headers={"Idempotency-Key": key})
    found: list[dict[str, Any]] = []

    def are_done() -> bool:
        found[:] = _api(bed, "GET", f"/v1/snapshots?key={key}")["items"]
        return len(found) == len(workload.volumes) and all(
            one["state"] == "NORMAL" and one["label"] for one in found
        )

    try:
        eventually(are_done, within_s=120)
    except AssertionError as late:
        raise AssertionError(f"{mode}: {found or _reports(bed)}") from late
    return found


def _reports(bed: Bed) -> list[Any]:
    """Return what the workers said."""
    invocations = requests.get(f"{bed.url}/_local/invocations", timeout=10).json()
    return [one["result"] for one in invocations if one["function"] == "cbsnap-snapshot"][-1:]


def _plan_of(mode: Mode) -> str:
    return "full" if mode.cut_late else mode.name


def _restored(bed: Bed, snapshots: Mapping[str, str]) -> dict[str, Path]:
    """Clone the snapshots to new disks through our own restore; return each source disk's new image."""
    wish = {"kind": "clone", "snapshot_ids": sorted(snapshots.values())}
    confirm = _api(bed, "POST", "/v1/restores/plan", json=wish)["confirm"]
    key = secrets.token_hex(8)
    _api(bed, "POST", "/v1/restores", json={**wish, "confirm": confirm}, headers={"Idempotency-Key": key})
    progress: dict[str, Any] = {}

    def is_over() -> bool:
        progress.update(_api(bed, "GET", f"/v1/restores/{key}"))
        return progress["state"] in {"done", "failed", "unknown"}

    eventually(is_over, within_s=120)
    assert progress["state"] == "done", progress
    return _images(bed, snapshots, progress["disk_ids"])


def _images(bed: Bed, snapshots: Mapping[str, str], made: list[str]) -> dict[str, Path]:
    """Find the new disks' images as the cloud itself keeps them."""
    state = requests.get(f"{bed.url}/_local/state", timeout=10).json()
    disks = [one for region in state["regions"] for one in region["disks"].values() if one["id"] in made]
    by_name = {disk: one for disk, snapshot in snapshots.items() for one in disks if snapshot in one["name"]}
    return {disk: Path(one["content"]) for disk, one in by_name.items()}


def _api(bed: Bed, method: str, path: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - requests' own
    headers = {"Authorization": f"Bearer {bed.token}", **more.pop("headers", {})}
    url = f"{bed.url}/_local/url/cbsnap-gateway{path}"
    answer = requests.request(method, url, headers=headers, timeout=60, **more)
    assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
    found: dict[str, Any] = answer.json()
    return found


@contextmanager
def _mounted(folder: Path, images: Mapping[str, Path]) -> Iterator[tuple[dict[str, Path], bool]]:
    """Mount images; also tell whether a journal of theirs has to be replayed for it."""
    devices: list[str] = []
    mounts: dict[str, Path] = {}
    needs_recovery = False
    try:
        for disk, image in images.items():
            needs_recovery |= "needs_recovery" in run("dumpe2fs", "-h", str(image))
            devices.append(run("losetup", "--find", "--show", str(image)).strip())
            mount = folder / disk
            mount.mkdir(parents=True, exist_ok=True)
            run("mount", devices[-1], str(mount))
            mounts[disk] = mount
        yield mounts, needs_recovery
    finally:
        for mount in mounts.values():
            subprocess.run(["umount", str(mount)], check=False)
        for device in devices:
            run("losetup", "--detach", device)
