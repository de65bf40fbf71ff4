"""Runs: what was taken, what was not and why, and how long hosts were held."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from cbsnap.entry import sightings
from cbsnap.entry.http import access, paging, places
from cbsnap.entry.http.partial import Readings
from cbsnap.entry.http.times import Moment
from cbsnap.jobs import runs
from cbsnap.jobs.runs import Seen
from cbsnap.model.cloud import Snapshot
from cbsnap.model.labels import Label
from cbsnap.model.plan import Target
from cbsnap.model.runs import Proof, Run
from cbsnap.ports.logs import LoggedReport
from cbsnap.rules.tokens import Scope
from cbsnap.wiring import Wiring

LOOK_BACK = timedelta(days=7)
BEFORE, AFTER = timedelta(hours=1), timedelta(days=2)  # round a run's due time, for its reports
RunName = Annotated[str, InPath(max_length=300, examples=["manual@20261122T0200Z#release-7"])]


class RunShown(BaseModel):
    """A run in one region; `failed` is null when no report is known, `key` its digest then."""

    run: str
    policy: str
    due: datetime
    key: str | None
    region: str
    disks: int
    taken: int
    failed: int | None
    labels: Mapping[str, int]
    locked_ms_max: float | None
    done: bool


class DiskOfRun(BaseModel):
    """What became of one disk; `decision` is null when no report is known."""

    disk_id: str
    decision: str | None
    snapshot_id: str | None
    state: str | None
    percent: int | None
    label: Label | None
    reason: str
    locked_ms: float | None


class ProofShown(BaseModel):
    """What a host said of a lease; `steps` are names with milliseconds, `cut` what is known of its moment."""

    group: str
    lease_id: str
    verdict: str
    reason: str
    locked_ms: float | None
    frozen_ms: float | None
    covers: list[str]
    caveats: list[str]
    positions: Mapping[str, Any]
    steps: list[tuple[str, float]]
    cut: str


class RunInFull(RunShown):
    """The same, disk by disk, with the hosts' proofs; of several regions all disks."""

    outcomes: list[DiskOfRun]
    proofs: list[ProofShown]
    error: str | None


class RunQuery(paging.Paged):
    """Which runs are wanted."""

    policy: Annotated[str | None, Query(max_length=28, examples=["orders-db"])] = None
    since: Annotated[Moment | None, Query(description="a week ago by default")] = None


def routes(wiring: Wiring) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1/runs", tags=["runs"])

    @router.get("", **access.only(Scope.READ))
    async def listed(asked: Annotated[RunQuery, Query()]) -> paging.Page[RunShown]:
        """List runs, newest first; one line a region."""
        since = asked.since or wiring.clock.now() - LOOK_BACK
        readings = Readings(places.targets(wiring, asked.region))
        snapshots = [
            one for here in readings.each(lambda target: _made(wiring, target, since)) for one in here
        ]
        seen = _seen(wiring, asked.region, snapshots, since)
        rows = [RunShown(**sightings.summary(one)) for one in seen if asked.policy in {None, one.run.policy}]
        return paging.Page[RunShown](**paging.cut(rows, asked), errors=readings.errors)

    @router.get("/{run:path}", **access.only(Scope.READ))
    async def one(run: RunName, asked: places.ByRegion) -> RunInFull:
        """Tell what became of a run, disk by disk; one that has just been asked for may be empty yet."""
        wanted = runs.parse(run)
        found = _of(wiring, wanted, asked.region)
        if not found:
            raise HTTPException(404, f"nothing can be seen of {run}")
        return _whole(found)

    return router


def proof_of(wiring: Wiring, snapshot_id: str, disk_id: str, made: datetime) -> ProofShown | None:
    """Return the proof of the lease that a snapshot was taken under, when its report can be read."""
    for logged in _reports(wiring, made - BEFORE, made + BEFORE):
        if any(one.snapshot_id == snapshot_id for one in logged.report.outcomes):
            for proof in logged.report.proofs:
                if any(cover.split(" ", 1)[0] == disk_id for cover in proof.covers):
                    return _proof(proof)
    return None


def _of(wiring: Wiring, wanted: Run, region: str | None) -> list[Seen]:
    since = wanted.due - BEFORE
    targets = places.targets(wiring, region)
    snapshots = [one for target in targets for one in _made(wiring, target, since)]
    found = _seen(wiring, region, snapshots, since, wanted.due + AFTER)
    mine = [one for one in found if runs.is_meant(wanted, one.run)]
    if mine:
        return mine
    soon = runs.nothing_yet(wanted, places.first(wiring, region).region, wiring.clock.now())
    return [soon] if soon else []


def _made(wiring: Wiring, target: Target, since: datetime) -> list[Snapshot]:
    return [one for one in wiring.clouds.at(target).snapshots_since(since) if one.created_at >= since]


def _seen(
    wiring: Wiring,
    region: str | None,
    snapshots: Sequence[Snapshot],
    since: datetime,
    until: datetime | None = None,
) -> list[Seen]:
    now = wiring.clock.now()
    regions = {target.region for target in places.targets(wiring, region)}
    reports = [
        one
        for one in _reports(wiring, since, min(until or now, now) + BEFORE)
        if one.report.region.partition(" as ")[0] in regions
    ]
    return runs.seen(reports, snapshots)


def _reports(wiring: Wiring, since: datetime, until: datetime) -> Sequence[LoggedReport]:
    return wiring.reports.reports(since, until) if wiring.reports else ()


def _whole(found: Sequence[Seen]) -> RunInFull:
    """Return a run with the disks of all its regions."""
    return RunInFull(
        **_summed(found),
        outcomes=[DiskOfRun(**disk) for one in found for disk in sightings.disks(one)],
        proofs=[_proof(proof) for one in found for proof in one.proofs],
        error="; ".join(one.error for one in found if one.error) or None,
    )


def _summed(found: Sequence[Seen]) -> dict[str, Any]:
    """Return what a run's regions come to together."""
    failed = [one.failed for one in found if one.failed is not None]
    times = [one.locked_ms_max for one in found if one.locked_ms_max is not None]
    labels = sum((Counter(one.labels) for one in found), Counter[str]())
    return {
        **sightings.summary(found[0]),
        "region": ", ".join(one.region for one in found),
        "disks": sum(len(one.disk_ids) for one in found),
        "taken": sum(one.taken for one in found),
        "failed": sum(failed) if failed else None,
        "labels": dict(labels),
        "locked_ms_max": max(times, default=None),
        "done": all(one.done for one in found),
    }


def _proof(proof: Proof) -> ProofShown:
    return ProofShown(
        group=proof.group,
        lease_id=proof.lease_id,
        verdict=proof.verdict,
        reason=proof.reason,
        locked_ms=proof.locked_ms,
        frozen_ms=proof.frozen_ms,
        covers=list(proof.covers),
        caveats=list(proof.caveats),
        positions=proof.positions,
        steps=list(proof.steps),
        cut=proof.cut,
    )
