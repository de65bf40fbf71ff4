"""What happens in a case: a function of seed and number, so that any case can be had again.

The kinds come in a fixed round, each taking its own options in turn: within a few rounds every step has been
hit at both moments. What chance decides beyond that comes from the case's own seed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from random import Random
from typing import TYPE_CHECKING, Any

from tests.chaos.link import Moment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CLOUD = "cloud"
HOSTS = ("ins-a", "ins-b")
DISKS = {"ins-a": ("disk-a1", "disk-a2"), "ins-b": ("disk-b1",)}
LOOSE = "disk-c1"  # of no instance, and of a policy without a plan
TTL_S = 4
HOST_STEPS = ("hello", "check", "lease", "release")
CREATES = tuple(f"CreateSnapshot {disk}" for disks in (*DISKS.values(), (LOOSE,)) for disk in disks)
CLOUD_STEPS = (
    "DescribeDisks",
    "DescribeInstances",
    "DescribeSnapshots",
    "DescribeSnapshotOverview",
    "Invoke",
    "warm",
    "TagResources",
    *CREATES,
)
NTH = 3  # of the exchanges of a step that comes more than once, one of the first so many is hit


@dataclass(frozen=True)
class Act:
    """Something done to a part: `what` is a method of the saboteur, `whom` and `seconds` as it takes them."""

    what: str
    whom: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Strike:
    """When the `nth` exchange of a step on a link comes to a moment, these acts are done."""

    link: str
    step: str
    moment: Moment
    acts: tuple[Act, ...]
    nth: int = 1

    def __str__(self) -> str:
        """Return it as a person reads it: `after CreateSnapshot 2 (cloud): kill function`."""
        acts = ", ".join(" ".join(filter(None, (act.what, act.whom))) for act in self.acts)
        return f"{self.moment.value} {self.step} {self.nth} ({self.link}): {acts}"


@dataclass(frozen=True)
class Case:
    """One case. `ticks` timers fire at the same moment; each worker's event comes `echoes` times more."""

    seed: int
    number: int
    kind: str
    on_failure: str = "abort"
    thaw: str = "returned"
    tries: int = 2
    ticks: int = 1
    echoes: int = 0
    strikes: tuple[Strike, ...] = ()
    faults: tuple[dict[str, Any], ...] = ()

    @property
    def command(self) -> str:
        """Return the command that runs this case again."""
        return f"python -m tests.chaos --seed {self.seed} --only {self.number}"

    @property
    def peaceful(self) -> bool:
        """Whether nothing goes wrong: then everything must be taken and proved."""
        return not (self.strikes or self.faults)

    @property
    def spares_hosts(self) -> bool:
        """Whether functions, hosts and the way between them are left alone: then no lease may run out."""
        hurt = {"kill", "hang", "dark"}
        return not any(
            strike.link != CLOUD or any(act.what in hurt for act in strike.acts) for strike in self.strikes
        )

    def __str__(self) -> str:
        """Return number, kind and what is done."""
        done = [str(strike) for strike in self.strikes]
        done += [" ".join(f"{key}={value}" for key, value in fault.items()) for fault in self.faults]
        done += [f"{self.ticks} ticks"] * (self.ticks > 1) + [f"{self.echoes} echoes"] * (self.echoes > 0)
        return f"{self.number} {self.kind}: {'; '.join(done) or 'nothing'}"


def case(seed: int, number: int) -> Case:
    """Return a case of a seed."""
    dice = Random(f"{seed}/{number}")  # noqa: S311 - chance that can be had again
    rounds, place = divmod(number, len(ROUND))
    kind = ROUND[place]
    turn = seed + rounds * ROUND.count(kind) + ROUND[:place].count(kind)
    bare = Case(
        seed,
        number,
        kind,
        on_failure=dice.choice(("abort", "crash")),
        thaw=dice.choice(("returned", "returned", "visible", "normal")),
        tries=dice.choice((1, 2)),
    )
    return KINDS[kind](bare, dice, turn)


def _quiet(bare: Case, dice: Random, turn: int) -> Case:
    del dice, turn
    return bare


def _twice(bare: Case, dice: Random, turn: int) -> Case:
    del dice
    return replace(bare, ticks=2 + turn % 2)


def _echo(bare: Case, dice: Random, turn: int) -> Case:
    del dice
    return replace(bare, echoes=1 + turn % 2)


def _crowd(bare: Case, dice: Random, turn: int) -> Case:
    """Put several workers on one group, and kill one of them."""
    steps = (*((CLOUD, step) for step in CREATES), *((host, "release") for host in HOSTS))
    link, step = _in_turn(steps, turn)
    strike = Strike(link, step, dice.choice(list(Moment)), (Act("kill", "function"),))
    return replace(bare, echoes=2, strikes=(strike,))


def _kill_function(bare: Case, dice: Random, turn: int) -> Case:
    (link, step), moment = _in_turn(FUNCTION_STEPS, turn)
    return replace(bare, strikes=(Strike(link, step, moment, (Act("kill", "function"),), _nth(step, dice)),))


def _kill_agent(bare: Case, dice: Random, turn: int) -> Case:
    host, (link, step), moment = _in_turn(HOST_MOMENTS, turn)
    act = Act("kill", f"agent {host}", dice.choice((0.0, 0.5, 2.0)))
    return replace(bare, strikes=(Strike(link, step, moment, (act,)),))


def _kill_guard(bare: Case, dice: Random, turn: int) -> Case:
    del dice
    host, (link, step), moment = _in_turn(HELD_MOMENTS, turn)
    return replace(bare, strikes=(Strike(link, step, moment, (Act("kill", f"guard {host}"),)),))


def _kill_several(bare: Case, dice: Random, turn: int) -> Case:
    victims = _in_turn(
        (("function", "agent"), ("agent", "guard"), ("function", "guard"), ("function", "agent", "guard")),
        turn,
    )
    host, (link, step), moment = dice.choice(HELD_MOMENTS)
    acts = tuple(Act("kill", one if one == "function" else f"{one} {host}", 0.5) for one in victims)
    return replace(bare, strikes=(Strike(link, step, moment, acts),))


def _hang(bare: Case, dice: Random, turn: int) -> Case:
    """Let a process stand still, for longer than the lease or for a part of it, and then go on."""
    host, (link, step), moment = _in_turn(HOST_MOMENTS, turn)
    whom = dice.choice(("function", "function", f"agent {host}"))
    act = Act("hang", whom, dice.choice((0.7, TTL_S + 1.0)))
    return replace(bare, strikes=(Strike(link, step, moment, (act,)),))


def _time_out(bare: Case, dice: Random, turn: int) -> Case:
    """Let a function stand still until the platform ends it."""
    del dice
    link, step = _in_turn(((CLOUD, CREATES[0]), ("ins-a", "release"), (CLOUD, "TagResources")), turn)
    act = Act("hang", "function", 3600.0)
    return replace(bare, strikes=(Strike(link, step, _in_turn(list(Moment), turn), (act,)),))


def _cut_host(bare: Case, dice: Random, turn: int) -> Case:
    host, step, moment, what = _in_turn(
        list(product(HOSTS, HOST_STEPS, Moment, ("cut", "silence"))), 5 * turn
    )
    return replace(bare, strikes=(Strike(host, step, moment, (_loss(what, host, dice),)),))


def _cut_cloud(bare: Case, dice: Random, turn: int) -> Case:
    step, moment, what = _in_turn(list(product(CLOUD_STEPS, Moment, ("cut", "silence"))), 5 * turn)
    strike = Strike(CLOUD, step, moment, (_loss(what, CLOUD, dice),), _nth(step, dice))
    return replace(bare, strikes=(strike,))


def _clock(bare: Case, dice: Random, turn: int) -> Case:
    """Move the cloud's clock on: past a token's end, past an event's age."""
    act = Act("jump", seconds=_in_turn((60.0, 7300.0, 90_000.0), turn))
    strike = Strike(CLOUD, dice.choice(CLOUD_STEPS), dice.choice(list(Moment)), (act,))
    return replace(bare, strikes=(strike,))


def _fault(bare: Case, dice: Random, turn: int) -> Case:
    fault = dict(_in_turn(FAULTS, turn), skip=dice.randint(0, 2), times=dice.choice((1, 1, 3)))
    # A late cut is what the thaw point NORMAL is for: with the others the label rests on an assumption.
    return replace(bare, faults=(fault,), thaw="normal" if fault["kind"] == "late_cut" else bare.thaw)


def _in_turn(options: Sequence[Any], turn: int) -> Any:  # noqa: ANN401 - one of whatever was given
    return options[turn % len(options)]


def _nth(step: str, dice: Random) -> int:
    return 1 if step in (*CREATES, *HOST_STEPS) else dice.randint(1, NTH)


def _loss(what: str, link: str, dice: Random) -> Act:
    """Lose one message, or all for a while from then on."""
    return dice.choice((Act(what), Act("dark", f"{what} {link}", dice.choice((0.5, TTL_S + 1.0)))))


FUNCTION_STEPS = list(
    product(
        (*((CLOUD, step) for step in CLOUD_STEPS), *((host, step) for host in HOSTS for step in HOST_STEPS)),
        Moment,
    )
)
# When something of a host can be hurt: at its own steps, or while a snapshot of its disk is being created.
HOST_MOMENTS = [
    (host, where, moment)
    for host, disks in DISKS.items()
    for where in (
        *((host, step) for step in HOST_STEPS[1:]),
        *((CLOUD, f"CreateSnapshot {disk}") for disk in disks),
    )
    for moment in Moment
]
# The same, while the host is held: from the answer to the lease to the request of the release.
HELD_MOMENTS = [
    (host, where, moment)
    for host, where, moment in HOST_MOMENTS
    if where[0] == CLOUD or (where[1], moment) in (("lease", Moment.AFTER), ("release", Moment.BEFORE))
]
_CREATE = {"service": "cbs", "action": "CreateSnapshot"}
_LOOK = {"service": "cbs", "action": "DescribeSnapshots"}
_LABEL = {"service": "tag", "action": "TagResources"}
_HAND_OUT = {"service": "scf", "action": "Invoke"}
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "no_answer", **_CREATE},
    {"kind": "null_snapshot", **_CREATE},
    {"kind": "reset", **_CREATE},
    {"kind": "charset", **_CREATE},
    {"kind": "delay", "after_s": 1.0, **_CREATE},
    {"kind": "delay", "before_s": 1.0, **_CREATE},
    {"kind": "delay", "before_s": TTL_S + 1.0, **_CREATE},
    {"kind": "delay", "after_s": TTL_S + 1.0, **_CREATE},
    {"kind": "vanish", "at_percent": 50, **_CREATE},
    {"kind": "stuck", "at_percent": 50, **_CREATE},
    {"kind": "late_cut", "after_s": 0.5, **_CREATE},
    {"kind": "throttle", **_CREATE},
    {"kind": "skew", "by_s": 400.0, **_CREATE},
    {"kind": "error", "code": "InvalidDisk.Busy", **_CREATE},
    {"kind": "error", "code": "InvalidDisk.SnapshotCreating", **_CREATE},
    {"kind": "error", "code": "InsufficientSnapshotQuota", **_CREATE},
    {"kind": "error", "code": "InvalidDisk.NotSupportSnapshot", **_CREATE},
    {"kind": "error", "code": "ResourceUnavailable.TooManyCreatingSnapshot", **_CREATE},
    {"kind": "error", "code": "InternalError", **_CREATE},
    {"kind": "error", "code": "UnauthorizedOperation", **_CREATE},
    *({"kind": kind, **where} for kind in ("no_answer", "throttle") for where in (_LOOK, _LABEL, _HAND_OUT)),
    *({"kind": kind, **where} for kind in ("charset", "error") for where in (_LOOK, _LABEL)),
)
KINDS: dict[str, Callable[[Case, Random, int], Case]] = {
    "quiet": _quiet,
    "twice": _twice,
    "echo": _echo,
    "crowd": _crowd,
    "kill-function": _kill_function,
    "kill-agent": _kill_agent,
    "kill-guard": _kill_guard,
    "kill-several": _kill_several,
    "hang": _hang,
    "time-out": _time_out,
    "cut-host": _cut_host,
    "cut-cloud": _cut_cloud,
    "clock": _clock,
    "fault": _fault,
}
# What takes longest comes early, so that no lane waits for it in the end.
ROUND = (
    *("quiet", "kill-guard", "kill-function", "time-out", "twice", "fault", "cut-host", "kill-function"),
    *("kill-agent", "echo", "kill-function", "cut-cloud", "fault", "crowd", "hang", "kill-function"),
    *("kill-several", "fault", "cut-host", "kill-function", "clock", "kill-agent", "fault", "cut-cloud"),
    *("kill-function", "fault", "crowd", "kill-function"),
)
