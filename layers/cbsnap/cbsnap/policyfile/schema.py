"""The keys of the policy file with their bounds and defaults, and the plan they make.

Decides what one section may say, each by itself. How the text is read and how mistakes are told is
its neighbours' business.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from cbsnap import model
from cbsnap.errors import InputError
from cbsnap.rules import names, schedule, wording

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = r"[0-9]{1,5}[smhdw]"
_LEAST_BY_COMMAND = timedelta(seconds=30)
_GROUP = r"disk|instance|all|tag:.{1,127}"
_USAGES = {"data": "DATA_DISK", "system": "SYSTEM_DISK", None: None}


def _wrong(message: str) -> PydanticCustomError:
    """Return the error of a validator of ours; the message goes to the person as it is."""
    return PydanticCustomError("cbsnap", "{message}", {"message": message})


def _checked(check: Callable[[str], None]) -> AfterValidator:
    """Make a validator of a rule that raises InputError."""

    def validate(value: str) -> str:
        try:
            check(value)
        except InputError as error:
            raise _wrong(error.message) from error
        return value

    return AfterValidator(validate)


def _like(pattern: str, example: str) -> AfterValidator:
    """Make a validator for what is published with its list only, or as a bare text."""

    def validate(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise _wrong(f"{value!r} is none; one looks like {example}")
        return value

    return AfterValidator(validate)


def _duration(value: object) -> timedelta:
    if not isinstance(value, str) or re.fullmatch(_DURATION, value) is None:
        raise _wrong(f"{value!r} is no duration: write a number and a unit, such as 30s, 90m, 2h or 30d")
    return timedelta(**{_UNITS[value[-1]]: int(value[:-1])})


def _between(least: str, most: str) -> AfterValidator:
    def validate(value: timedelta) -> timedelta:
        if not _duration(least) <= value <= _duration(most):
            raise _wrong(f"must be between {least} and {most}")
        return value

    return AfterValidator(validate)


def _listed(value: object) -> object:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list):
        raise _wrong('must be text or a list of texts: put it in quotes, as in "on" (YAML reads on as true)')
    return values


def _day(value: object) -> object:
    """Return a day that YAML has read as text."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError as error:
        raise _wrong(f'{value!r} is no day: write it as "2026-11-11"') from error


def _group(value: str) -> str:
    if re.fullmatch(_GROUP, value) is None:
        raise _wrong(f"must be disk, instance, all or tag:<key>, such as tag:app, not {value!r}")
    return value


def _placeholders(known: tuple[str, ...]) -> str:
    return ", ".join(f"{{{one}}}" for one in known)


_TEXT_SCHEMA = {"type": "string"}
Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION}$", "examples": ["30s", "2h", "30d"]}),
]
Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-11-11"]}),
]
PolicyName = Annotated[str, _checked(names.check_policy_name)]
Cron = Annotated[str, _checked(lambda cron: schedule.validate(cron, "UTC"))]
Zone = Annotated[str, _checked(lambda zone: schedule.validate("0 0 * * *", zone))]
TagValues = Annotated[
    list[str],
    BeforeValidator(_listed),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [_TEXT_SCHEMA, {"type": "array", "items": _TEXT_SCHEMA, "minItems": 1}]}),
]
DiskId = Annotated[str, Field(pattern=r"^disk-[a-z0-9][a-z0-9-]*$", examples=["disk-1a2b3c4d"])]
InstanceId = Annotated[str, Field(pattern=r"^ins-[a-z0-9][a-z0-9-]*$", examples=["ins-1a2b3c4d"])]
RegionName = Annotated[str, Field(pattern=r"^[a-z]+(-[a-z0-9]+)+$", examples=["ap-guangzhou"])]
ZoneName = Annotated[str, Field(pattern=r"^[a-z]+(-[a-z0-9]+)+-[0-9]+$", examples=["ap-guangzhou-6"])]
AddressName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$", examples=["ops"])]
EventName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$", examples=["host-unreachable"])]
FieldPath = Annotated[str, Field(pattern=r"^[^.]+(\.[^.]+)*$", examples=["requestParameters.DiskId"])]
EventField = Annotated[str, _like(r"subject|data(\.[^.]+)*", "subject or data.requestParameters.DiskIds")]
Deployment = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", examples=["prod"])]
PlanName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$", examples=["mysql"])]
RoleName = Annotated[
    str,
    Field(
        pattern=r"^qcs::cam::uin/[0-9]+:role(Name)?/[A-Za-z0-9_.-]+$",
        examples=["qcs::cam::uin/100000000001:roleName/cbsnap"],
    ),
]
ExternalId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_+=,.@:/-]{2,128}$", examples=["cbsnap-prod"])]
WorkerName = Annotated[
    str,
    Field(pattern=r"^([a-z0-9-]+/)?[A-Za-z][A-Za-z0-9_-]{1,59}$", examples=["ap-singapore/cbsnap-snapshot"]),
]
GroupName = Annotated[
    str,
    AfterValidator(_group),
    WithJsonSchema({"type": "string", "pattern": f"^({_GROUP})$", "examples": ["instance", "tag:app"]}),
]
CountsText = Annotated[
    str,
    _checked(lambda text: wording.check(text, wording.COUNTS)),
    Field(min_length=1, max_length=200, description="May hold " + _placeholders(wording.COUNTS)),
]
FactsText = Annotated[
    str,
    _checked(lambda text: wording.check(text, wording.FACTS)),
    Field(min_length=1, max_length=500, description="May hold " + _placeholders(wording.FACTS)),
]
DiskType = Annotated[str, Field(pattern=r"^CLOUD_[A-Z]+$", examples=["CLOUD_PREMIUM"])]
TagKey = Annotated[str, Field(min_length=1, max_length=127, examples=["cluster"])]
Patterns = Annotated[
    list[Annotated[str, Field(min_length=1)]],
    BeforeValidator(_listed),
    Field(min_length=1),
    WithJsonSchema(
        {
            "anyOf": [_TEXT_SCHEMA, {"type": "array", "items": _TEXT_SCHEMA, "minItems": 1}],
            "examples": ["ins-*"],
        }
    ),
]
EventFields = Annotated[
    list[EventField],
    BeforeValidator(_listed),
    Field(min_length=1),
    WithJsonSchema(
        {
            "anyOf": [_TEXT_SCHEMA, {"type": "array", "items": _TEXT_SCHEMA, "minItems": 1}],
            "examples": ["subject"],
        }
    ),
]
Limit = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0, le=10_000)]


class Section(BaseModel):
    """What all sections share: no unknown keys, no conversion of types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TargetSection(Section):
    """One region whose disks are looked after, of this account or of another one's role."""

    region: RegionName
    role: RoleName | None = Field(None, description="A role of another account, which the functions assume")
    external_id: ExternalId | None = Field(None, description="What the role's account asks for beside it")
    worker: WorkerName | None = Field(
        None, description="The function that reaches these hosts; by default the deployment's"
    )

    @model_validator(mode="after")
    def _external_id_of_a_role(self) -> "TargetSection":
        if self.external_id and not self.role:
            raise _wrong("has an external_id and no role that would want it")
        return self

    def target(self) -> model.Target:
        """Return the same in the core's words."""
        return model.Target(self.region, self.role, self.external_id, self.worker)


class QuotaSection(Section):
    """The account's own limits of snapshots, where they differ from the documented ones."""

    region: Limit | None = Field(None, description="Per region; documented: 64, and 64 for each disk")
    disk: Limit | None = Field(None, description="Per disk; documented: 64")


class AgentSection(Section):
    """Where hosts' agents listen on their private address."""

    port: int = Field(9780, ge=1, le=65535)


class Conditions(Section):
    """Conditions on a disk; all that are given must hold."""

    disks: list[DiskId] = Field(default_factory=list, min_length=1)
    instances: list[InstanceId] = Field(default_factory=list, min_length=1)
    tags: dict[str, TagValues] = Field(
        default_factory=dict, min_length=1, description="Tag keys, each with the value or values accepted"
    )
    usage: Literal["data", "system"] | None = None
    zones: list[ZoneName] = Field(default_factory=list, min_length=1)
    attached: bool | None = None

    def given(self) -> bool:
        """Tell whether there is any condition."""
        return self.conditions() != model.Selection()

    def conditions(self) -> model.Selection:
        """Return the conditions as the rules take them."""
        return model.Selection(
            disks=frozenset(self.disks),
            instances=frozenset(self.instances),
            tags={key: frozenset(values) for key, values in self.tags.items()},
            usage=_USAGES[self.usage],
            zones=frozenset(self.zones),
            attached=self.attached,
        )


class ExcludeSection(Conditions):
    """Disks to leave out: those that meet all the conditions."""

    @model_validator(mode="after")
    def _not_everything(self) -> "ExcludeSection":
        if not self.given():
            raise _wrong("leaves out every disk: give a condition")
        return self


class SelectSection(Conditions):
    """Disks to take: those that meet all the conditions and are not excluded."""

    all: bool = Field(default=False, description="Every disk of the targets; no other condition beside it")
    exclude: ExcludeSection | None = None

    @model_validator(mode="after")
    def _meant(self) -> "SelectSection":
        if self.all and self.given():
            raise _wrong("all: true takes every disk: leave it out, or the other conditions")
        if not self.all and not self.given():
            raise _wrong("has no condition: give one, such as {usage: data}, or all: true")
        return self

    def selection(self) -> model.Selection:
        """Return the selection as the rules take it."""
        return replace(self.conditions(), exclude=self.exclude.conditions() if self.exclude else None)


class QuiesceSection(Section):
    """How hosts are held still while their disks are taken: by a plan of theirs, or by stopping them."""

    plan: PlanName | None = Field(None, description="A plan that the hosts' own configuration knows")
    stop: Literal["instance"] | None = Field(
        None, description="Stop the instance softly, take its disks, start it again; wants no agent"
    )
    on_failure: Literal["abort", "crash"] = Field(
        "abort", description="Take no snapshot, or one that is crash-consistent only"
    )
    tries: int = Field(2, ge=1, le=10)
    ttl: Annotated[Duration, _between("10s", "60s")] | None = Field(
        None,
        description="The host frees itself after this, whatever happens; 30s, and 60s over tat",
    )
    budget: Annotated[Duration, _between("1s", "10m")] = Field(
        "90s", validate_default=True, description="The most that all steps up to being held may take"
    )
    thaw: Literal["returned", "visible", "normal"] = Field(
        "returned", description="When CreateSnapshot has returned, its row is visible, or its state is NORMAL"
    )

    transport: Literal["http", "tat"] = Field(
        "http", description="To the agent's port, or by the cloud's command channel (TAT), with no port open"
    )

    @model_validator(mode="after")
    def _one_way(self) -> "QuiesceSection":
        if (self.plan is None) == (self.stop is None):
            raise _wrong("needs a plan of the hosts, such as {plan: mysql}, or else {stop: instance}")
        return self

    @model_validator(mode="after")
    def _long_enough(self) -> "QuiesceSection":
        if self.transport == "tat" and self.ttl and self.ttl < _LEAST_BY_COMMAND:
            raise _wrong(
                "ttl must be 30s at least with transport: tat, whose commands take seconds to arrive"
            )
        return self

    def quiesce(self) -> model.Quiesce:
        """Return the same in the core's words."""
        transport = model.Transport(self.transport)
        return model.Quiesce(
            plan=self.plan or "",
            on_failure=model.OnFailure(self.on_failure),
            tries=self.tries,
            ttl_s=int(self.ttl.total_seconds()) if self.ttl else model.TTL_S[transport],
            budget_s=int(self.budget.total_seconds()),
            thaw=model.Thaw(self.thaw),
            transport=transport,
        )


class KeepSection(Section):
    """How long good snapshots stay; one that any rule keeps, stays."""

    last: Count = 0
    hourly: Count = 0
    daily: Count = 0
    weekly: Count = 0
    monthly: Count = 0
    yearly: Count = 0
    within: Annotated[Duration, _between("0s", "9999w")] = Field("0s", validate_default=True)

    @model_validator(mode="after")
    def _something(self) -> "KeepSection":
        if self.keep() == model.Keep():
            raise _wrong("keeps nothing: set a rule above 0, such as {last: 3, daily: 7}")
        return self

    def keep(self) -> model.Keep:
        """Return the same in the core's words."""
        return model.Keep(**dict(self))


class CopySection(Section):
    """Where good snapshots are copied to."""

    region: RegionName
    keep: KeepSection = Field({"daily": 7}, validate_default=True, description="How long copies stay there")


class ShareSection(Section):
    """Whom good snapshots are shared with."""

    account: str = Field(pattern=r"^[0-9]{5,20}$", examples=["100000000002"])
    lasting: Annotated[Duration, _between("1h", "9999w")] = Field(
        "7d", validate_default=True, description="How long, before it is taken back"
    )


class DrillSection(Section):
    """How the policy's snapshots are tried: cloned to a scratch instance, checked, and removed."""

    instance: InstanceId = Field(description="A running instance that holds none of the policy's disks")
    region: RegionName | None = Field(
        None, description="The instance's; needed where there are several targets"
    )
    role: RoleName | None = Field(
        None, description="The instance's account's; needed where all targets in its region have one"
    )
    checks: PlanName | None = Field(
        None, description="A [drill:…] section of that host's configuration; without it, filesystems only"
    )
    schedule: Cron = Field("0 5 * * 0", description="Five-field cron in the policy's zone")
    window: Annotated[Duration, _between("30m", "7d")] = Field(
        "4h", validate_default=True, description="Clones live no longer, and nothing is begun later"
    )
    max_gib: int = Field(500, ge=10, le=640_000, description="The most that a drill's clones add up to")
    type: DiskType | None = Field(None, description="The clones' type; without it, the source disk's")

    def drilling(self) -> model.Drilling:
        """Return the same in the core's words."""
        return model.Drilling(**dict(self))


class PolicySection(Section):
    """Which disks, when, how they are held, how long their snapshots stay."""

    select: SelectSection
    group: GroupName = Field("disk", description="What is taken at one moment")
    schedule: Cron = Field(
        "0 2 * * *", description="Five-field cron; see docs/policies.md on daylight saving"
    )
    window: Annotated[Duration, _between("10m", "7d")] = Field(
        "1h", validate_default=True, description="Nothing is begun later than this after the due time"
    )
    time_zone: Zone | None = Field(None, description="Instead of the file's")
    quiesce: QuiesceSection | None = Field(None, description="Without it, snapshots are crash-consistent")
    keep: KeepSection = Field({"last": 3, "daily": 7}, validate_default=True)
    good: Literal["clean", "application", "filesystem", "crash"] | None = Field(
        None, description="The least label that fills keep; filesystem with quiesce, crash without"
    )
    lesser_for: Annotated[Duration, _between("1h", "9999w")] = Field(
        "3d", validate_default=True, description="How long snapshots of a lesser label stay"
    )
    fuse: int = Field(
        50, ge=1, le=100, description="Delete none when more than this percentage of the policy's would go"
    )
    coverage: Annotated[Duration, _between("10m", "9999w")] | None = Field(
        None, description="How old the newest good snapshot may be; without it, that of the last closed run"
    )
    notify: AddressName | None = Field(None, description="Who is told, by a name in the file's notify")
    copy_to: list[CopySection] = Field(default_factory=list, alias="copy", min_length=1)
    share: list[ShareSection] = Field(default_factory=list, min_length=1, max_length=50)  # accounts (SDK)
    max_held: int | None = Field(None, ge=1, le=1000, description="Hosts of it held at the same time")
    one_at_a_time: TagKey | None = Field(
        None, description="A tag: disks that share its value are of one cluster, not held together"
    )
    jitter: Annotated[Duration, _between("0s", "12h")] = Field(
        "0s", validate_default=True, description="Spreads the starts over this time after the due one"
    )
    skip_dates: list[Day] = Field(
        default_factory=list, description="Days of the policy's zone on which nothing is due"
    )
    paused: bool = Field(default=False, description="Nothing is due while it is true")
    make_room: bool = Field(
        default=False, description="Before a run that lacks room, delete what keep would delete anyway"
    )
    drill: DrillSection | None = Field(None, description="How its snapshots are tried; see docs/drills.md")

    def policy(self, name: str, time_zone: str) -> model.Policy:
        """Return the policy under its name; `time_zone` is the file's."""
        return model.Policy(
            name=name,
            select=self.select.selection(),
            schedule=self.schedule,
            time_zone=self.time_zone or time_zone,
            window=self.window,
            keep=self.keep.keep(),
            group=model.Grouping(self.group.partition(":")[0]),
            group_tag=self.group.partition(":")[2] or None,
            quiesce=self.quiesce.quiesce() if self.quiesce else None,
            good=model.Label(self.good or ("filesystem" if self.quiesce else "crash")),
            lesser_for=self.lesser_for,
            fuse_percent=self.fuse,
            coverage=self.coverage,
            notify=self.notify,
            copy=tuple(model.Copying(one.region, one.keep.keep()) for one in self.copy_to),
            share=tuple(model.Sharing(one.account, one.lasting) for one in self.share),
            max_held=self.max_held,
            one_at_a_time=self.one_at_a_time,
            jitter=self.jitter,
            skip_dates=frozenset(self.skip_dates),
            paused=self.paused,
            make_room=self.make_room,
            drill=self.drill.drilling() if self.drill else None,
        )


_USUAL = model.Wording()


class TemplateSection(Section):
    """An own wording of the messages to one address; what is left out stays as usual."""

    title: CountsText = Field(_USUAL.title)
    well: CountsText = Field(_USUAL.well)
    new: CountsText = Field(_USUAL.new)
    over: CountsText = Field(_USUAL.over)
    unchanged: CountsText = Field(_USUAL.unchanged)
    line: FactsText = Field(_USUAL.line)
    error: FactsText = Field(_USUAL.error)

    def wording(self) -> model.Wording:
        """Return the same in the core's words."""
        return model.Wording(**dict(self))


class MatchSection(Section):
    """Conditions on an event, each a pattern or several; all that are given must hold."""

    source: Patterns = Field(default_factory=list)
    type: Patterns = Field(default_factory=list)
    subject: Patterns = Field(default_factory=list)
    tags: dict[str, Patterns] = Field(default_factory=dict, min_length=1, description="Tags of the event")
    data: dict[FieldPath, Patterns] = Field(
        default_factory=dict, min_length=1, description="Fields of its data, by their dotted path"
    )

    @model_validator(mode="after")
    def _meant(self) -> "MatchSection":
        if not any(dict(self).values()):
            raise _wrong('has no condition: give one, such as {type: "cvm:ErrorEvent:*"}')
        return self


class EventSection(Section):
    """What is done when something happens."""

    match: MatchSection
    policy: PolicyName | None = Field(None, description="Whose disks are taken, in its way; under its name")
    disks: EventFields | None = Field(
        None, description="Take only what the event names in these fields: disks, or those of instances"
    )
    region: RegionName | None = Field(None, description="Instead of the event's own")
    apart: Annotated[Duration, _between("1m", "9999w")] = Field(
        "1h", validate_default=True, description="The least time between two such snapshots of a disk"
    )

    @model_validator(mode="after")
    def _something(self) -> "EventSection":
        if self.policy is None and self.disks is None:
            raise _wrong("takes nothing: name a policy, or the fields with disks, such as {disks: subject}")
        return self

    def rule(self, name: str) -> model.EventRule:
        """Return the rule under its name."""
        return model.EventRule(
            name=name,
            source=tuple(self.match.source),
            type=tuple(self.match.type),
            subject=tuple(self.match.subject),
            tags={key: tuple(patterns) for key, patterns in self.match.tags.items()},
            data={path: tuple(patterns) for path, patterns in self.match.data.items()},
            policy=self.policy,
            disks=tuple(self.disks or ()),
            region=self.region,
            apart=self.apart,
        )


class PolicyFile(Section):
    """The whole file."""

    version: Literal[1] = 1
    deployment: Deployment = Field("default", description="Marks which snapshots are ours, in a tag")
    time_zone: Zone = Field("Asia/Shanghai", description="Where the wall clock of the schedules hangs")
    targets: list[TargetSection] = Field(
        default_factory=list, min_length=1, description="Without it, the region that the function runs in"
    )
    quota: QuotaSection = Field({}, validate_default=True)
    agent: AgentSection = Field({}, validate_default=True)
    notify: dict[AddressName, str] = Field(
        default_factory=dict, description="Who can be told: names, each with a URL of apprise"
    )
    templates: dict[AddressName, TemplateSection] = Field(
        default_factory=dict, description="An own wording for names in notify"
    )
    heartbeat: str | None = Field(None, description="Called after each healthy pass of maintain")
    policies: dict[PolicyName, PolicySection] = Field(min_length=1)
    events: dict[EventName, EventSection] = Field(
        default_factory=dict, min_length=1, description="What is done when something happens, by name"
    )

    def plan(self) -> model.Plan:
        """Return the same in the core's words, policies in the file's order."""
        return model.Plan(
            deployment=self.deployment,
            targets=tuple(target.target() for target in self.targets),
            time_zone=self.time_zone,
            policies=tuple(section.policy(name, self.time_zone) for name, section in self.policies.items()),
            quota=model.QuotaLimits(self.quota.region, self.quota.disk),
            agent_port=self.agent.port,
            notify=self.notify,
            templates={name: section.wording() for name, section in self.templates.items()},
            heartbeat=self.heartbeat,
            events=tuple(section.rule(name) for name, section in self.events.items()),
        )


class Published(GenerateJsonSchema):
    """Without titles that repeat the key, and without null: a default, but nothing that can be written."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 the parent's signature
        """Say no: the key is title enough."""
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Publish what can be written."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Leave out a default of null."""
        published = super().default_schema(schema)
        if published.get("default", ...) is None:
            del published["default"]
        return published


def json_schema() -> dict[str, Any]:
    """Return the file's JSON Schema, for editors."""
    return {"$schema": _DIALECT, **PolicyFile.model_json_schema(schema_generator=Published)}
