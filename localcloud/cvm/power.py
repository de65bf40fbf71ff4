"""Starting and stopping instances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from localcloud.cvm import errors
from localcloud.cvm.service import SERVICE
from localcloud.errors import ApiError, InvalidParameter
from localcloud.parameters import Between, OneOf
from localcloud.power import start, stop

if TYPE_CHECKING:
    from localcloud.resources import Instance, Region
    from localcloud.service import Answer, Call

Instances = Annotated[list[str], Between(1, 100)]
REFUSED: dict[str, type[ApiError]] = {
    "PENDING": errors.InstanceStatePending,
    "LAUNCH_FAILED": errors.InstanceStateLaunchFailed,
    "REBOOTING": errors.InstanceStateRebooting,
    "SHUTDOWN": errors.InstanceStateShutdown,
    "TERMINATING": errors.InstanceStateTerminating,
    "RUNNING": errors.InstanceStateRunning,
    "STARTING": errors.InstanceStateStarting,
    "STOPPED": errors.InstanceStateStopped,
    "STOPPING": errors.InstanceStateStopping,
}


def _found(region: Region, ids: list[str], state: str) -> list[Instance]:
    """Return the instances named, all of them in `state`, or raise what forbids it for all."""
    found = []
    for instance_id in dict.fromkeys(ids):
        if instance_id not in region.instances:
            raise errors.InvalidInstanceIdNotFound(instance=instance_id)
        instance = region.instances[instance_id]
        if instance.state != state:
            raise REFUSED[instance.state](instance=instance_id)
        found.append(instance)
    return found


@SERVICE.rated(10)  # 213/15735 [inferred from the page's number for both]
@dataclass(frozen=True)
class StartInstances:
    """Start stopped instances, all of them or none."""

    instance_ids: Instances

    def answer(self, call: Call) -> Answer:
        """Answer with nothing but the request's id."""
        for instance in _found(call.here, self.instance_ids, "STOPPED"):
            start(call, instance)
        return {}


@SERVICE.rated(10)  # as above
@dataclass(frozen=True)
class StopInstances:
    """Stop running instances, all of them or none; here a stop of any type succeeds."""

    instance_ids: Instances
    force_stop: bool | None = None
    stop_type: Annotated[str, OneOf("SOFT", "HARD", "SOFT_FIRST")] | None = None
    stopped_mode: Annotated[str, OneOf("KEEP_CHARGING", "STOP_CHARGING")] = "KEEP_CHARGING"

    def answer(self, call: Call) -> Answer:
        """Answer with nothing but the request's id."""
        if self.force_stop is not None and self.stop_type is not None:
            raise InvalidParameter(name="ForceStop", reason="not together with StopType")
        for instance in _found(call.here, self.instance_ids, "RUNNING"):
            stop(call, instance, self.stopped_mode)
        return {}
