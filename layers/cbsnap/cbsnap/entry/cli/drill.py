"""`cbsnap drill`: policies' newest good runs tried now, as their drills would be; and how drills stand."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from cbsnap.entry import idempotency
from cbsnap.entry.cli import completion, drilling, options, screen
from cbsnap.entry.cli.drilling import Turn
from cbsnap.errors import InputError
from cbsnap.jobs import standings
from cbsnap.jobs.standings import Standing

if TYPE_CHECKING:
    from cbsnap.entry.cli.session import Session

PLANNED = ("region", "policy", "snapshot", "disk", "GiB", "on", "checks")
HEADINGS = ("region", "policy", "run due (UTC)", "snapshot", "verdict", "reason")
NO_LOG = "reasons and checks are in the functions' log: name its topic in CBSNAP_LOG_TOPIC to read them here"


class _StartsByItself(TyperGroup):
    """`cbsnap drill orders-db` is `cbsnap drill start orders-db`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Click's own class
        """Read the arguments, with `start` put before what is no other command."""
        meant = args if args and args[0] in {*self.commands, "--help"} else ["start", *args]
        return super().parse_args(ctx, meant)


APP = typer.Typer(cls=_StartsByItself, help="Try policies' newest good runs on their scratch instances.")


@APP.command()
def start(  # noqa: PLR0913 - a command's options
    context: typer.Context,
    policies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="POLICY", help="All that have a `drill` by default.", autocompletion=completion.drilled
        ),
    ] = None,
    *,
    key: options.Key = None,
    wait: options.Wait = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Drill policies' newest good runs now: shows which snapshots, asks, and has `maintain` do it."""
    session: Session = context.obj
    turns = drilling.turns(session, policies or [], key or idempotency.fresh())
    if not json:
        screen.table(PLANNED, (row for turn in turns for row in _planned(turn)))
    _require_turns(turns, wait=wait)
    clones = screen.counted(sum(len(turn.choice.snapshots) for turn in turns), "disk")
    question = f"Make {clones} for it, paid by the hour until removed?"
    session.confirm(question, yes=yes, shown=not json)
    ends = [turn.followed() if wait else turn.begun() for turn in turns]
    code = drilling.code(ends) if wait else 0
    if json:
        screen.value({"check": code, "items": [asdict(one) for one in ends]})
    else:
        _tell(ends)
    raise typer.Exit(code)


@APP.command("list")
def list_all(
    context: typer.Context,
    *,
    region: options.Region = None,
    json: options.Json = False,
) -> None:
    """List how each policy's newest drill stands; exits with 1 when one has failed or was cut late."""
    session: Session = context.obj
    wiring = session.wiring
    stands = standings.drills(session.plan, (here for _, here in session.inventories(region)))
    told = standings.explained(stands, wiring.reports, wiring.clock.now())
    if json:
        screen.value({"items": [drilling.values(one) for one in told]})
    else:
        screen.table(HEADINGS, map(_row, told))
        if not told:
            screen.say("nothing has been drilled yet")
        if told and wiring.reports is None:
            screen.say(NO_LOG)
    raise typer.Exit(int(any(drilling.is_bad(one.verdict) for one in told)))


def _require_turns(turns: list[Turn], *, wait: bool) -> None:
    """Refuse two drills on one instance that nobody waits for: the second would not begin."""
    instances = [turn.instance for turn in turns]
    twice = next((one for one in instances if instances.count(one) > 1), None)
    if twice and not wait:
        raise InputError("--wait", f"{twice} takes one drill at a time: say --wait, or start one policy")


def _planned(turn: Turn) -> Iterator[tuple[str, ...]]:
    for one in turn.choice.snapshots:
        size, checks = str(one.snapshot.size_gib), turn.checks or "filesystems and markers"
        yield turn.region, turn.policy, one.snapshot.id, one.name.disk_id, size, turn.instance, checks


def _tell(ends: Sequence[drilling.Ended]) -> None:
    for one in ends:
        screen.say(f"{one.policy}: {one.verdict or 'started'}" + (f": {one.reason}" if one.reason else ""))
        _checks(one)


def _checks(one: drilling.Ended) -> None:
    for check in one.checks:
        words = f"{check['name']}  {check['detail']}".rstrip()
        screen.say(f"  {'ok    ' if check['ok'] else 'failed'} {words}")


def _row(one: Standing) -> tuple[str, ...]:
    verdict = one.verdict.value if one.verdict else "under way"
    reason = one.tried.reason if one.tried else ""
    return one.region, one.policy, f"{one.run_due:%Y-%m-%d %H:%M}", one.snapshot_id, verdict, reason
