"""One policy: which disks, when, how they are held, how long their snapshots stay."""

from typing import Annotated, Literal

from pydantic import Field

from cbsnap.model.labels import Label
from cbsnap.model.policies import Copying, Grouping, Policy, Sharing
from cbsnap.policyfile.fields import (
    AddressName,
    Cron,
    Day,
    Duration,
    GroupName,
    Section,
    TagKey,
    Zone,
    between,
)
from cbsnap.policyfile.holding import QuiesceSection
from cbsnap.policyfile.keeping import CopySection, DrillSection, KeepSection, ShareSection
from cbsnap.policyfile.selecting import SelectSection


class PolicySection(Section):
    """Which disks, when, how they are held, how long their snapshots stay."""

    select: SelectSection
    group: GroupName = Field("disk", description="What is taken at one moment")
    schedule: Cron = Field(
        "0 2 * * *", description="Five-field cron; see docs/policies.md on daylight saving"
    )
    window: Annotated[Duration, between("10m", "7d")] = Field(
        "1h", validate_default=True, description="Nothing is begun later than this after the due time"
    )
    time_zone: Zone | None = Field(None, description="Instead of the file's")
    quiesce: QuiesceSection | None = Field(None, description="Without it, snapshots are crash-consistent")
    keep: KeepSection = Field({"last": 3, "daily": 7}, validate_default=True)
    good: Literal["clean", "application", "filesystem", "crash"] | None = Field(
        None, description="The least label that fills keep; filesystem with quiesce, crash without"
    )
    lesser_for: Annotated[Duration, between("1h", "9999w")] = Field(
        "3d", validate_default=True, description="How long snapshots of a lesser label stay"
    )
    fuse: int = Field(
        50, ge=1, le=100, description="Delete none when more than this percentage of the policy's would go"
    )
    coverage: Annotated[Duration, between("10m", "9999w")] | None = Field(
        None, description="How old the newest good snapshot may be; without it, that of the last closed run"
    )
    notify: AddressName | None = Field(None, description="Who is told, by a name in the file's notify")
    copy_to: list[CopySection] = Field(default_factory=list, alias="copy", min_length=1)
    share: list[ShareSection] = Field(default_factory=list, min_length=1, max_length=50)  # accounts (SDK)
    max_held: int | None = Field(None, ge=1, le=1000, description="Hosts of it held at the same time")
    one_at_a_time: TagKey | None = Field(
        None, description="A tag: disks that share its value are of one cluster, not held together"
    )
    jitter: Annotated[Duration, between("0s", "12h")] = Field(
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

    def policy(self, name: str, time_zone: str) -> Policy:
        """Return the policy under its name; `time_zone` is the file's."""
        return Policy(
            name=name,
            select=self.select.selection(),
            schedule=self.schedule,
            time_zone=self.time_zone or time_zone,
            window=self.window,
            keep=self.keep.keep(),
            group=Grouping(self.group.partition(":")[0]),
            group_tag=self.group.partition(":")[2] or None,
            quiesce=self.quiesce.quiesce() if self.quiesce else None,
            good=Label(self.good or ("filesystem" if self.quiesce else "crash")),
            lesser_for=self.lesser_for,
            fuse_percent=self.fuse,
            coverage=self.coverage,
            notify=self.notify,
            copy=tuple(Copying(one.region, one.keep.keep()) for one in self.copy_to),
            share=tuple(Sharing(one.account, one.lasting) for one in self.share),
            max_held=self.max_held,
            one_at_a_time=self.one_at_a_time,
            jitter=self.jitter,
            skip_dates=frozenset(self.skip_dates),
            paused=self.paused,
            make_room=self.make_room,
            drill=self.drill.drilling() if self.drill else None,
        )
