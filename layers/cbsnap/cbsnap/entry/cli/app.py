"""The command `cbsnap`: its parts put together, and what its exit code says.

0: done, or all is well. 1: not all of it, or less than was wanted. 2: disks are without a snapshot, or
nobody can tell. 3: it could not be done or found out, with the reason. 4: not confirmed, so nothing was
done. 130: interrupted.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

import cbsnap
from cbsnap.entry.cli import (
    coverage,
    deploy,
    destroy,
    doctor,
    drill,
    hosts,
    plan,
    prune,
    restore,
    run,
    schema,
    screen,
    show,
    snapshots,
)
from cbsnap.entry.cli.session import NotConfirmed, Session
from cbsnap.errors import CbsnapError, InputError

COULD_NOT, NOT_CONFIRMED, INTERRUPTED = 3, 4, 130
# The root of what Typer says to wrong arguments; it gives a public name to some of its heirs only.
_Misused: Any = next(one for one in typer.BadParameter.__mro__ if one.__name__ == "ClickException")
APP = typer.Typer(
    name="cbsnap",
    help="Application-consistent snapshots of CBS disks: what there is, what would be done, and doing it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
APP.command()(coverage.coverage)
APP.command()(deploy.deploy)
APP.command()(destroy.destroy)
APP.command()(doctor.doctor)
APP.add_typer(drill.APP, name="drill")
APP.command()(plan.plan)
APP.command()(prune.prune)
APP.add_typer(restore.APP, name="restore")
APP.command()(run.run)
APP.command()(schema.schema)
APP.command()(show.show)
APP.add_typer(hosts.APP, name="hosts")
APP.add_typer(snapshots.APP, name="snapshots")


def _version(wanted: bool) -> None:  # noqa: FBT001 - as Typer calls it
    if wanted:
        screen.say(f"cbsnap {cbsnap.__version__}")
        raise typer.Exit


@APP.callback()
def options(
    context: typer.Context,
    *,
    policies: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The policy file; default: $CBSNAP_POLICIES, policies.yml here, or a checkout's.",
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Keys of ~/.tccli or ~/.tencentcloud, instead of the environment's."
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001 - its callback has answered
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """Keep what all commands go by; keys and files are looked for when they are needed."""
    context.obj = Session(context.obj, Path.home(), Path.cwd(), policies, profile)


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> int:
    """Run the command; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    code = _run(given, environment)
    if code == INTERRUPTED:
        screen.complain("interrupted; what was handed to functions goes on; deploy and destroy: run it again")
    return screen.finished(code)


def _run(given: list[str], environment: Mapping[str, str]) -> int:
    try:
        code = APP(given, prog_name="cbsnap", standalone_mode=False, obj=environment)
    except _Misused as wrong:
        wrong.show()
        return COULD_NOT
    except typer.Abort:
        return NOT_CONFIRMED
    except NotConfirmed as no:
        screen.complain(str(no))
        return NOT_CONFIRMED
    except CbsnapError as failed:
        _explain(failed, as_json="--json" in given)
        return COULD_NOT
    return int(code or 0)


def _explain(failed: CbsnapError, *, as_json: bool) -> None:
    if as_json:
        field = failed.field if isinstance(failed, InputError) else ""
        screen.value({"error": {"field": field, "message": str(failed)}})
    screen.complain(str(failed))
