"""The ports `Hosts` and `Journals` of one target: each agent over the way that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.hosts.channel import Channel
from cbsnap.model.policies import Transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from cbsnap.hosts.agent import Agents
    from cbsnap.hosts.verbs import Verbs
    from cbsnap.model.cloud import Instance
    from cbsnap.ports.care import Commands
    from cbsnap.ports.clock import Clock


class Ways:
    """Both ways; the command channel is made when it is first needed."""

    def __init__(self, agents: Agents, commands: Callable[[], Commands], clock: Clock) -> None:
        self._agents = agents
        self._commands = commands
        self._clock = clock

    def on(self, instance: Instance, transport: Transport) -> Verbs:
        """Return the agent of one instance; nothing is sent yet."""
        if transport is Transport.TAT:
            return Channel(instance.id, self._commands(), self._clock)
        return self._agents.on(instance)
