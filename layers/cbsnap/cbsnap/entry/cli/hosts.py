"""`cbsnap hosts`: the agents on hosts, put there, asked, given keys, upgraded and taken away, through TAT.

Several hosts are seen to side by side, and each is told by itself: one's failure stops no other.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cbsnap.entry.cli import options, screen
from cbsnap.entry.cli.crowd import Crowd, Member
from cbsnap.entry.cli.session import Session
from cbsnap.errors import InputError
from cbsnap.jobs import keeping
from cbsnap.model.policies import Transport
from cbsnap.ports.care import AgentProgram, CommandOutcome
from cbsnap.ports.hosts import HostStatus, PlanCheck
from cbsnap.rules import agentfile

APP = typer.Typer(no_args_is_help=True, help="Put agents on hosts, see how they are, and take them away.")
BUILT = Path("dist/cbsnap-agent.pyz")
_PATIENCE_S = 5.0
Names = Annotated[list[str], typer.Argument(metavar="INSTANCE…", help="Their ids.")]
AgentFile = Annotated[
    Path, typer.Option("--agent", metavar="FILE", help="The packed agent, as `make agent` builds it.")
]
Tell = Callable[[str], None]


@APP.command()
def enrol(  # noqa: PLR0913 - a command's options
    context: typer.Context,
    instances: Names,
    *,
    config: Annotated[Path, typer.Option(metavar="FILE", help="The plans, as an agent's configuration.")],
    plan: Annotated[
        list[str] | None, typer.Option(metavar="PLAN", help="Try these plans; all by default.")
    ] = None,
    transport: Annotated[
        Transport, typer.Option(help="How the functions will reach it; tat opens no port and needs no key.")
    ] = Transport.HTTP,
    agent: AgentFile = BUILT,
    region: options.Region = None,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Install the agent, its configuration and its key, start it, and try its plans."""
    session: Session = context.obj
    program, text = session.wiring.agent_program(agent), _text(config)
    known = agentfile.plans(text)
    plans = tuple(_chosen(plan or known, known))
    by_port = transport is Transport.HTTP
    if by_port:
        session.wiring.require_master_key()
    crowd = Crowd(session, instances, region)

    def enrolled(member: Member, tell: Tell) -> dict[str, Any]:
        listen = _listen(member, session.plan.agent_port) if by_port else None
        wanted = keeping.Enrolment(
            program,
            agentfile.completed(text, member.instance.id, listen),
            plans,
            member.disk_ids(),
            session.wiring.key_version if by_port else None,
        )
        done = keeping.enrol(member.caretaker, wanted, tell)
        return {**_agent(done.status), "plans": [_tried(name, one) for name, one in done.checks.items()]}

    _agree(session, f"Put agent {program.version} on", instances, yes=yes, shown=not json)
    items = crowd.each(enrolled, quiet=json)
    _show(items, json, ("instance", "plan", "would earn", "disks", "lacks"), _tries)
    raise typer.Exit(int(any("error" in one or _lacks(one) for one in items)))


@APP.command()
def status(
    context: typer.Context,
    instances: Annotated[
        list[str] | None, typer.Argument(metavar="[INSTANCE…]", help="Their ids; all that policies hold.")
    ] = None,
    *,
    transport: Annotated[
        Transport, typer.Option(help="Ask by command, or at the agent's port from here.")
    ] = Transport.TAT,
    region: options.Region = None,
    json: options.Json = False,
) -> None:
    """Ask the agents: version, plans, pause, what is held, which keys are valid."""
    session: Session = context.obj
    crowd = Crowd(session, instances, region)

    def asked(member: Member, _tell: Tell) -> dict[str, Any]:
        if transport is Transport.HTTP:
            found = session.wiring.agents(session.plan.agent_port).on(member.instance).status(_PATIENCE_S)
            return _agent(found)
        found, before = keeping.look(member.caretaker)
        return {**_agent(found), "last_command": _command(before)}

    items = crowd.each(asked, quiet=json)
    _show(items, json, ("instance", "agent", "plans", "paused", "lease", "keys", "last command"), _standing)
    raise typer.Exit(int(any("error" in one for one in items)))


@APP.command("rotate-key")
def rotate_key(  # noqa: PLR0913 - a command's options
    context: typer.Context,
    instances: Names,
    *,
    version: Annotated[
        int | None,
        typer.Option(
            "--to",
            metavar="VERSION",
            help="By default the one after $CBSNAP_KEY_VERSION; to finish, that one.",
        ),
    ] = None,
    finish: Annotated[
        bool, typer.Option("--finish", help="Take the others out, once the deployment signs with it.")
    ] = False,
    region: options.Region = None,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Add a new version of each host's key, beside the old one; with --finish, leave only the new one."""
    session: Session = context.obj
    to = version if version is not None else session.wiring.key_version + (not finish)
    crowd = Crowd(session, instances, region)
    step = keeping.finish_rotation if finish else keeping.rotate
    if not finish:
        session.wiring.require_master_key()

    def rotated(member: Member, tell: Tell) -> dict[str, Any]:
        return {"key_versions": list(step(member.caretaker, to, tell))}

    what = f"Leave only version {to} of the key" if finish else f"Add version {to} of the key"
    _agree(session, f"{what} on", instances, yes=yes, shown=not json)
    items = crowd.each(rotated, quiet=json)
    _show(items, json, ("instance", "valid keys"), lambda one: [(", ".join(one["key_versions"]),)])
    if not (json or finish):
        screen.say(f"next: CBSNAP_KEY_VERSION={to} for the functions, then rotate-key --finish --to {to}")
    raise typer.Exit(int(any("error" in one for one in items)))


@APP.command()
def upgrade(  # noqa: PLR0913 - a command's options
    context: typer.Context,
    instances: Names,
    *,
    agent: AgentFile = BUILT,
    region: options.Region = None,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Put another version of the agent in place, between leases; the old one comes back if it fails."""
    session: Session = context.obj
    program: AgentProgram = session.wiring.agent_program(agent)
    crowd = Crowd(session, instances, region)

    def upgraded(member: Member, tell: Tell) -> dict[str, Any]:
        return _agent(keeping.upgrade(member.caretaker, program, tell))

    _agree(session, f"Put agent {program.version} on", instances, yes=yes, shown=not json)
    items = crowd.each(upgraded, quiet=json)
    _show(items, json, ("instance", "agent"), lambda one: [(one["version"],)])
    raise typer.Exit(int(any("error" in one for one in items)))


@APP.command()
def remove(
    context: typer.Context,
    instances: Names,
    *,
    region: options.Region = None,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Take the agent away, with all that enrol made; whatever is held may end first."""
    session: Session = context.obj
    crowd = Crowd(session, instances, region)

    def removed(member: Member, _tell: Tell) -> dict[str, Any]:
        return {"done": keeping.remove(member.caretaker)}

    _agree(session, "Remove the agent from", instances, yes=yes, shown=not json)
    items = crowd.each(removed, quiet=json)
    _show(items, json, ("instance", "what"), lambda one: [(line,) for line in one["done"]])
    raise typer.Exit(int(any("error" in one for one in items)))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise InputError("config", f"{path} cannot be read: {wrong}") from wrong


def _chosen(wanted: Sequence[str], known: Sequence[str]) -> Sequence[str]:
    for name in wanted:
        if name not in known:
            raise InputError("plan", f"there is no {name}; the configuration has {', '.join(known)}")
    return wanted


def _listen(member: Member, port: int) -> tuple[str, int]:
    if not member.instance.private_ips:
        raise InputError(member.instance.id, "has no private address to listen on")
    return member.instance.private_ips[0], port


def _agree(session: Session, what: str, instances: Sequence[str], *, yes: bool, shown: bool) -> None:
    session.confirm(f"{what} {', '.join(instances)}?", yes=yes, shown=shown)


def _agent(found: HostStatus) -> dict[str, Any]:
    return {
        "version": found.version,
        "plans": list(found.plans),
        "paused": found.paused,
        "lease": found.lease.state if found.lease else None,
        "key_versions": list(found.key_versions),
    }


def _command(last: CommandOutcome | None) -> dict[str, Any] | None:
    if last is None:
        return None
    return {"name": last.name, "at": last.at, "exit_code": last.exit_code, "error": last.error}


def _tried(name: str, check: PlanCheck) -> dict[str, Any]:
    return {
        "plan": name,
        "label": check.label,
        "disk_ids": sorted(check.disk_ids),
        "problems": list(check.problems),
    }


def _lacks(item: dict[str, Any]) -> bool:
    return any(one["problems"] for one in item.get("plans", ()))


def _tries(item: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (one["plan"], one["label"], ", ".join(one["disk_ids"]), "; ".join(one["problems"]) or "nothing")
        for one in item["plans"]
    ]


def _standing(item: dict[str, Any]) -> list[tuple[str, ...]]:
    last = item.get("last_command") or {}
    return [
        (
            item["version"],
            ", ".join(item["plans"]),
            "paused" if item["paused"] else "",
            item["lease"] or "",
            ", ".join(item["key_versions"]),
            " ".join(str(last[name]) for name in ("name", "at") if last),
        )
    ]


def _show(
    items: Sequence[dict[str, Any]],
    as_json: bool,  # noqa: FBT001 - the option
    headings: tuple[str, ...],
    rows: Callable[[dict[str, Any]], list[tuple[str, ...]]],
) -> None:
    if as_json:
        screen.value({"items": list(items)})
        return
    if not items:
        screen.say("no policy holds a host by a plan: name instances")
    done = [one for one in items if "error" not in one]
    if done:
        screen.table(headings, [(one["instance_id"], *row) for one in done for row in rows(one)])
    for one in items:
        if "error" in one:
            screen.complain(f"{one['instance_id']}: {one['error']}")
