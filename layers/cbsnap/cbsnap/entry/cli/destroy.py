"""`cbsnap destroy`: what a deployment made is shown, and removed when somebody types its name."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cbsnap.entry.cli import options, screen
from cbsnap.entry.cli.deployed import Place, rows_of, show
from cbsnap.jobs import undeploy
from cbsnap.rules import undeploying

if TYPE_CHECKING:
    from cbsnap.entry.cli.session import Session


def destroy(
    context: typer.Context,
    *,
    file: options.DeployFile = Path("serverless.yml"),
    confirm: Annotated[
        str | None,
        typer.Option(metavar="DEPLOYMENT", help="The deployment's name, where nobody can type it."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and end.")] = False,
    json: options.Json = False,
) -> None:
    """Remove the functions, triggers and layers of the deployment; snapshots stay."""
    session: Session = context.obj
    place = Place.of(session, file, None, quiet=json)
    removal = undeploying.removal(place.found(), place.project.deployment)
    there = bool(removal.functions or removal.layers)
    if not json:
        show(place, removal.rows)
    left: list[str] = []
    if there and not dry_run:
        session.confirm_by_name(place.project.deployment, confirm, shown=not json)
        left = undeploy.remove(removal, place.platform, place.clock, place.tell)
    if json:
        done = there and not dry_run
        screen.value({**place.told(), "plan": rows_of(removal.rows), "done": done, "left": left})
    for line in left:
        screen.complain(line)
    raise typer.Exit(int(bool(left)))
