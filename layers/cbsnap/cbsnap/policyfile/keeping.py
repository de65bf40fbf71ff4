"""What becomes of snapshots: how long they stay, where else they go, how they are tried."""

from typing import Annotated

from pydantic import Field, model_validator

from cbsnap.model.policies import Drilling, Keep
from cbsnap.policyfile.fields import (
    Count,
    Cron,
    DiskType,
    Duration,
    InstanceId,
    PlanName,
    RegionName,
    RoleName,
    Section,
    between,
    wrong,
)


class KeepSection(Section):
    """How long good snapshots stay; one that any rule keeps, stays."""

    last: Count = 0
    hourly: Count = 0
    daily: Count = 0
    weekly: Count = 0
    monthly: Count = 0
    yearly: Count = 0
    within: Annotated[Duration, between("0s", "9999w")] = Field("0s", validate_default=True)

    @model_validator(mode="after")
    def _something(self) -> "KeepSection":
        if self.keep() == Keep():
            raise wrong("keeps nothing: set a rule above 0, such as {last: 3, daily: 7}")
        return self

    def keep(self) -> Keep:
        """Return the same in the core's words."""
        return Keep(**dict(self))


class CopySection(Section):
    """Where good snapshots are copied to."""

    region: RegionName
    keep: KeepSection = Field({"daily": 7}, validate_default=True, description="How long copies stay there")


class ShareSection(Section):
    """Whom good snapshots are shared with."""

    account: str = Field(pattern=r"^[0-9]{5,20}$", examples=["100000000002"])
    lasting: Annotated[Duration, between("1h", "9999w")] = Field(
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
    window: Annotated[Duration, between("30m", "7d")] = Field(
        "4h", validate_default=True, description="Clones live no longer, and nothing is begun later"
    )
    max_gib: int = Field(500, ge=10, le=640_000, description="The most that a drill's clones add up to")
    type: DiskType | None = Field(None, description="The clones' type; without it, the source disk's")

    def drilling(self) -> Drilling:
        """Return the same in the core's words."""
        return Drilling(**dict(self))
