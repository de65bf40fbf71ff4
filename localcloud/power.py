"""Starting and stopping instances, for every service that does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.resources import Instance
    from localcloud.service import Call


def stop(call: Call, instance: Instance, mode: str = "KEEP_CHARGING") -> None:
    """Begin to stop an instance; one that is stopped stays so. The `mode` shows when it is (recorded)."""
    if instance.state in ("STOPPED", "STOPPING"):
        return
    _operate(call, instance, "StopInstances")
    instance.state = "STOPPING"
    _end(call, instance, call.now_s, "STOPPED", mode)


def start(call: Call, instance: Instance, from_s: float | None = None) -> None:
    """Begin to start an instance, now or at `from_s`; one that runs stays so."""
    if instance.state in ("RUNNING", "STARTING"):
        return
    _operate(call, instance, "StartInstances")
    instance.state, instance.stopped_mode = "STARTING", "NOT_APPLICABLE"
    _end(call, instance, call.now_s if from_s is None else from_s, "RUNNING", "NOT_APPLICABLE")


def _operate(call: Call, instance: Instance, operation: str) -> None:
    instance.operation, instance.operation_state = operation, "SUCCESS"  # recorded while it was STOPPING
    instance.operation_request = call.request_id


def _end(call: Call, instance: Instance, from_s: float, state: str, mode: str) -> None:
    due_s = from_s + call.cloud.settings.operation_seconds
    call.cloud.world.agenda.add(due_s, "finish_instance", *call.here.at(instance.id), state, mode)
