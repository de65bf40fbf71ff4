"""Does what a case says, at the moment that it says: hears every message of the links, and acts.

Knows how things are hurt and not what that should lead to. What was done, and what never came to be done,
can be asked for afterwards.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tests.chaos import processes
from tests.chaos.link import Fate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.chaos.cases import Act, Strike
    from tests.chaos.host import Host
    from tests.chaos.link import Exchange, Moment


class Cloud(Protocol):
    """What is needed of the cloud's control calls."""

    def busy(self) -> list[int]:
        """Return the processes of functions that are at work."""

    def jump(self, seconds: float) -> None:
        """Move its clock on."""


@dataclass
class _Armed:
    strike: Strike
    seen: int = 0
    done: bool = False


@dataclass
class Saboteur:
    """Strikes while it is armed; `judge` is what links ask."""

    hosts: Mapping[str, Host]
    cloud: Cloud
    _armed: list[_Armed] = field(default_factory=list)
    _dark: dict[str, tuple[Fate, float]] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def arm(self, strikes: Sequence[Strike]) -> None:
        """Wait for the moments of these."""
        with self._turn:
            self._armed = [_Armed(strike) for strike in strikes]

    def disarm(self) -> tuple[list[Strike], list[Strike]]:
        """Let everything through from now on; return what was done, and what never had its moment."""
        with self._turn:
            done = [one.strike for one in self._armed if one.done]
            missed = [one.strike for one in self._armed if not one.done]
            self._armed = []
            self._dark = {}
        return done, missed

    def judge(self, exchange: Exchange, moment: Moment) -> Fate:
        """Act if this is the moment, and say what becomes of the message."""
        fate = Fate.PASS
        for strike in self._due(exchange, moment):
            for act in strike.acts:
                fate = self._do(act, exchange) or fate
        return fate if fate is not Fate.PASS else self._darkness(exchange.link)

    def _due(self, exchange: Exchange, moment: Moment) -> list[Strike]:
        due = []
        with self._turn:
            for one in self._armed:
                said = (one.strike.link, one.strike.step, one.strike.moment)
                if one.done or said != (exchange.link, exchange.step, moment):
                    continue
                one.seen += 1
                if one.seen == one.strike.nth:
                    one.done = True
                    due.append(one.strike)
        return due

    def _darkness(self, link: str) -> Fate:
        fate, until = self._dark.get(link, (Fate.PASS, 0.0))
        return fate if time.monotonic() < until else Fate.PASS

    def _do(self, act: Act, exchange: Exchange) -> Fate | None:
        """Do one act; return what it makes of the message, or None."""
        if act.what == "jump":
            self.cloud.jump(act.seconds)
        elif act.what == "dark":
            kind, link = act.whom.split()
            self._dark[link] = (Fate(kind), time.monotonic() + act.seconds)
        elif act.what in ("cut", "silence"):
            return Fate(act.what)
        elif act.whom == "function":
            return self._hurt_function(act, exchange)
        else:
            self._hurt_host(act)
        return None

    def _hurt_function(self, act: Act, exchange: Exchange) -> Fate | None:
        pid = processes.at_the_other_end(exchange.peer, self.cloud.busy())
        if pid is None:
            return None  # it has given this connection up, or has ended by itself
        if act.what == "kill":
            _signal(pid, signal.SIGKILL)
            return Fate.CUT
        _signal(pid, signal.SIGSTOP)
        later = threading.Timer(act.seconds, _signal, (pid, signal.SIGCONT))
        later.daemon = True
        later.start()
        return None

    def _hurt_host(self, act: Act) -> None:
        whom, name = act.whom.split()
        host = self.hosts[name]
        if act.what == "hang":
            host.stop_agent(act.seconds)
        elif whom == "agent":
            host.kill_agent(act.seconds)
        else:
            host.kill_guard()


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
        os.kill(pid, number)
