"""How hosts are held still while their disks are taken."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from cbsnap.model.policies import TTL_S, OnFailure, Quiesce, Thaw, Transport
from cbsnap.policyfile.fields import Duration, PlanName, Section, between, wrong

_LEAST_BY_COMMAND = timedelta(seconds=30)


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
    ttl: Annotated[Duration, between("10s", "60s")] | None = Field(
        None,
        description="The host frees itself after this, whatever happens; 30s, and 60s over tat",
    )
    budget: Annotated[Duration, between("1s", "10m")] = Field(
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
            raise wrong("needs a plan of the hosts, such as {plan: mysql}, or else {stop: instance}")
        return self

    @model_validator(mode="after")
    def _long_enough(self) -> "QuiesceSection":
        if self.transport == "tat" and self.ttl and self.ttl < _LEAST_BY_COMMAND:
            raise wrong("ttl must be 30s at least with transport: tat, whose commands take seconds to arrive")
        return self

    def quiesce(self) -> Quiesce:
        """Return the same in the core's words."""
        transport = Transport(self.transport)
        return Quiesce(
            plan=self.plan or "",
            on_failure=OnFailure(self.on_failure),
            tries=self.tries,
            ttl_s=int(self.ttl.total_seconds()) if self.ttl else TTL_S[transport],
            budget_s=int(self.budget.total_seconds()),
            thaw=Thaw(self.thaw),
            transport=transport,
        )
