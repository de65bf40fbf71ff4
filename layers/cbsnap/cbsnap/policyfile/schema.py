"""The whole file: its policies, and where, for whom and on what occasion they work; the plan it makes.

Decides what may stand where, each section by itself. How the text is read and how mistakes are told is
its neighbours' business.
"""

from typing import Literal

from pydantic import Field, model_validator

from cbsnap.model.plan import Plan, QuotaLimits, Target, Wording
from cbsnap.policyfile.fields import (
    AddressName,
    CountsText,
    Deployment,
    EventName,
    ExternalId,
    FactsText,
    Limit,
    PolicyName,
    RegionName,
    RoleName,
    Section,
    WorkerName,
    Zone,
    wrong,
)
from cbsnap.policyfile.occasions import EventSection
from cbsnap.policyfile.policies import PolicySection

_USUAL = Wording()


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
            raise wrong("has an external_id and no role that would want it")
        return self

    def target(self) -> Target:
        """Return the same in the core's words."""
        return Target(self.region, self.role, self.external_id, self.worker)


class QuotaSection(Section):
    """The account's own limits of snapshots, where they differ from the documented ones."""

    region: Limit | None = Field(None, description="Per region; documented: 64, and 64 for each disk")
    disk: Limit | None = Field(None, description="Per disk; documented: 64")


class AgentSection(Section):
    """Where hosts' agents listen on their private address."""

    port: int = Field(9780, ge=1, le=65535)


class TemplateSection(Section):
    """An own wording of the messages to one address; what is left out stays as usual."""

    title: CountsText = Field(_USUAL.title)
    well: CountsText = Field(_USUAL.well)
    new: CountsText = Field(_USUAL.new)
    over: CountsText = Field(_USUAL.over)
    unchanged: CountsText = Field(_USUAL.unchanged)
    line: FactsText = Field(_USUAL.line)
    error: FactsText = Field(_USUAL.error)

    def wording(self) -> Wording:
        """Return the same in the core's words."""
        return Wording(**dict(self))


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

    def plan(self) -> Plan:
        """Return the same in the core's words, policies in the file's order."""
        return Plan(
            deployment=self.deployment,
            targets=tuple(target.target() for target in self.targets),
            time_zone=self.time_zone,
            policies=tuple(section.policy(name, self.time_zone) for name, section in self.policies.items()),
            quota=QuotaLimits(self.quota.region, self.quota.disk),
            agent_port=self.agent.port,
            notify=self.notify,
            templates={name: section.wording() for name, section in self.templates.items()},
            heartbeat=self.heartbeat,
            events=tuple(section.rule(name) for name, section in self.events.items()),
        )
