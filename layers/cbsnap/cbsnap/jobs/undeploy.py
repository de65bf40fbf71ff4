"""Going back to the version before, and removing all that was deployed; both can be done again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.deployment import DEFAULT
from cbsnap.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cbsnap.ports.clock import Clock
    from cbsnap.ports.platform import Platform
    from cbsnap.rules.undeploying import Removal, Step

WAIT_S, LOOK_EVERY_S = 120.0, 1.0
GONE = "ResourceNotFound"


def go_back(steps: Iterable[Step], platform: Platform, tell: Callable[[str], None]) -> None:
    """Let everybody call the version before. Raises CloudError."""
    for step in steps:
        tell(f"function {step.function}: version {step.previous} is called")
        platform.point(step.function, DEFAULT, step.previous, exists=True)


def remove(removal: Removal, platform: Platform, clock: Clock, tell: Callable[[str], None]) -> list[str]:
    """Remove what was made, triggers first; returns what could not be, with the reason. Raises CloudError."""
    for function in removal.functions:
        for trigger in function.triggers:
            tell(f"{trigger.trigger.kind} {trigger.trigger.name} of {function.name}: deleting")
            platform.delete_trigger(function.name, trigger)
    for function in removal.functions:
        tell(f"function {function.name}: deleting")
        platform.delete_function(function.name)
    for function in removal.functions:
        _wait_until_gone(function.name, platform, clock)
    left = []
    for layer, version in removal.layers:
        tell(f"layer {layer}: deleting version {version}")
        try:
            platform.delete_layer(layer, version)
        except Refused as used:
            left.append(f"layer {layer}: version {version} stays: {used}")
    return left


def _wait_until_gone(function: str, platform: Platform, clock: Clock) -> None:
    """Wait for the end of a deletion: a layer cannot go before it."""
    until_s = clock.monotonic() + WAIT_S
    while clock.monotonic() < until_s:
        try:
            platform.status(function)
        except Refused as refused:
            if refused.code.startswith(GONE):
                return
            raise
        clock.sleep(LOOK_EVERY_S)
