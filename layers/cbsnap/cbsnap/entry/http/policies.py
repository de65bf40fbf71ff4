"""Policies: what the file says, when they run next, what a run would do now, and starting one."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field

from cbsnap.entry import idempotency
from cbsnap.entry.http import access, places
from cbsnap.entry.http.partial import Errors, Readings
from cbsnap.entry.http.promises import Key, at_run
from cbsnap.jobs import policy_now
from cbsnap.model.cloud import Disk
from cbsnap.model.labels import Label
from cbsnap.model.policies import OnFailure, Policy
from cbsnap.model.runs import Decision, Report
from cbsnap.rules.selection import described, selected
from cbsnap.rules.tokens import Scope
from cbsnap.wiring import Wiring

NEXT_RUNS = 5
PolicyName = Annotated[str, InPath(pattern=r"^[a-z][a-z0-9-]{1,27}$", examples=["orders-db"])]


class NextRun(BaseModel):
    """A due time, and why nothing will be taken then; the note is empty when it will be."""

    due: datetime
    note: str


class Quiescing(BaseModel):
    """How hosts are held: by a plan of theirs, or stopped (`plan` is null then)."""

    plan: str | None
    on_failure: OnFailure


class PolicyShown(BaseModel):
    """A policy; `select` is a sentence, `coverage_s` null when it follows the schedule."""

    name: str
    schedule: str
    time_zone: str
    paused: bool
    select: str
    group: str
    quiesce: Quiescing | None
    good: Label
    keep: Mapping[str, int]
    coverage_s: int | None
    copy_to: list[str] = Field(serialization_alias="copy")
    next_runs: list[NextRun]
    disks: int


class Policies(BaseModel):
    """All policies, as the file has them; disks of regions under `errors` are not counted."""

    items: list[PolicyShown]
    errors: Errors


class OutcomeShown(BaseModel):
    """One disk's line of a run."""

    disk_id: str
    decision: Decision
    snapshot_id: str | None
    label: Label | None
    reason: str
    locked_ms: float | None


class DryRun(BaseModel):
    """What a run would take in one region; `quota_left` is what is left before it, null if not known."""

    run: str
    region: str
    outcomes: list[OutcomeShown]
    quota_left: int | None
    error: str | None


class DryRuns(BaseModel):
    """Every region."""

    items: list[DryRun]


class Start(BaseModel):
    """Which policy is started, in all regions or in one."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"policy": "orders-db"}]})

    policy: str = Field(max_length=28)
    region: str | None = Field(None, max_length=40)


class Started(BaseModel):
    """A run that has begun, with what was handed out to workers, or why it could not be."""

    run: str
    key: str
    items: list[DryRun]


def routes(wiring: Wiring) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["policies"])

    @router.get("/policies", **access.only(Scope.READ))
    async def policies(asked: places.ByRegion) -> Policies:
        """List the policies with their next runs and how many disks each selects."""
        readings = Readings(places.targets(wiring, asked.region))
        disks = [disk for here in readings.each(lambda one: wiring.clouds.at(one).disks()) for disk in here]
        now = wiring.clock.now()
        items = [_shown(policy, disks, now) for policy in wiring.plan.policies]
        return Policies(items=items, errors=readings.errors)

    @router.post("/policies/{name}/plan", **access.only(Scope.READ))
    async def plan(name: PolicyName) -> DryRuns:
        """Tell what a run of this policy would take now, disk by disk; nothing is sent."""
        reports = policy_now.preview(wiring.plan, name, wiring.clouds, wiring.clock)
        return DryRuns(items=[_told(report) for report in reports])

    @router.post("/runs", status_code=202, **access.only(Scope.SNAPSHOT))
    async def start(body: Start, answer: Response, key: Key = None) -> Started:
        """Start a policy now, with all its disks; the same key never takes a disk twice."""
        key = key or idempotency.fresh()
        reports = policy_now.start_now(
            wiring.plan,
            body.policy,
            key,
            wiring.clouds,
            wiring.workers,
            wiring.clock,
            region=body.region,
            lifecycles=wiring.lifecycles,
        )
        run = reports[0].run
        answer.headers["Location"] = at_run(run)
        return Started(run=run, key=key, items=[_told(report) for report in reports])

    return router


def _shown(policy: Policy, disks: Sequence[Disk], now: datetime) -> PolicyShown:
    quiesce = policy.quiesce
    keep = asdict(policy.keep)
    within = keep.pop("within")
    return PolicyShown(
        name=policy.name,
        schedule=policy.schedule,
        time_zone=policy.time_zone,
        paused=policy.paused,
        select=described(policy.select),
        group=policy.group.value,
        quiesce=Quiescing(plan=quiesce.plan or None, on_failure=quiesce.on_failure) if quiesce else None,
        good=policy.good,
        keep={**{rule: count for rule, count in keep.items() if count}, **_within(within.total_seconds())},
        coverage_s=int(policy.coverage.total_seconds()) if policy.coverage else None,
        copy_to=[one.region for one in policy.copy],
        next_runs=[NextRun(**asdict(one)) for one in policy_now.next_runs(policy, now, NEXT_RUNS)],
        disks=len(selected(disks, policy.select)),
    )


def _within(seconds: float) -> dict[str, int]:
    return {"within_s": int(seconds)} if seconds else {}


def _told(report: Report) -> DryRun:
    return DryRun(
        run=report.run,
        region=report.region,
        outcomes=[
            OutcomeShown(
                disk_id=one.disk_id,
                decision=one.decision,
                snapshot_id=one.snapshot_id,
                label=one.label,
                reason=one.reason,
                locked_ms=one.locked_ms,
            )
            for one in report.outcomes
        ],
        quota_left=report.quota_left,
        error=report.error or None,
    )
