"""What is done when something happens."""

from typing import Annotated

from pydantic import Field, model_validator

from cbsnap.model.plan import EventRule
from cbsnap.policyfile.fields import (
    Duration,
    EventFields,
    FieldPath,
    Patterns,
    PolicyName,
    RegionName,
    Section,
    between,
    wrong,
)


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
            raise wrong('has no condition: give one, such as {type: "cvm:ErrorEvent:*"}')
        return self


class EventSection(Section):
    """What is done when something happens."""

    match: MatchSection
    policy: PolicyName | None = Field(None, description="Whose disks are taken, in its way; under its name")
    disks: EventFields | None = Field(
        None, description="Take only what the event names in these fields: disks, or those of instances"
    )
    region: RegionName | None = Field(None, description="Instead of the event's own")
    apart: Annotated[Duration, between("1m", "9999w")] = Field(
        "1h", validate_default=True, description="The least time between two such snapshots of a disk"
    )

    @model_validator(mode="after")
    def _something(self) -> "EventSection":
        if self.policy is None and self.disks is None:
            raise wrong("takes nothing: name a policy, or the fields with disks, such as {disks: subject}")
        return self

    def rule(self, name: str) -> EventRule:
        """Return the rule under its name."""
        return EventRule(
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
