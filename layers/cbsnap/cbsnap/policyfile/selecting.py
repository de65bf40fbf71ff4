"""Which disks a policy takes."""

from dataclasses import replace
from typing import Literal

from pydantic import Field, model_validator

from cbsnap.model.policies import Selection
from cbsnap.policyfile.fields import DiskId, InstanceId, Section, TagValues, ZoneName, wrong

_USAGES = {"data": "DATA_DISK", "system": "SYSTEM_DISK", None: None}


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
        return self.conditions() != Selection()

    def conditions(self) -> Selection:
        """Return the conditions as the rules take them."""
        return Selection(
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
            raise wrong("leaves out every disk: give a condition")
        return self


class SelectSection(Conditions):
    """Disks to take: those that meet all the conditions and are not excluded."""

    all: bool = Field(default=False, description="Every disk of the targets; no other condition beside it")
    exclude: ExcludeSection | None = None

    @model_validator(mode="after")
    def _meant(self) -> "SelectSection":
        if self.all and self.given():
            raise wrong("all: true takes every disk: leave it out, or the other conditions")
        if not self.all and not self.given():
            raise wrong("has no condition: give one, such as {usage: data}, or all: true")
        return self

    def selection(self) -> Selection:
        """Return the selection as the rules take it."""
        return replace(self.conditions(), exclude=self.exclude.conditions() if self.exclude else None)
