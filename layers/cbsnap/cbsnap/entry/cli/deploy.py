"""`cbsnap deploy`: what serverless.yml and dist/ say is shown against what is there, and made so."""

from pathlib import Path
from typing import Annotated

import typer

from cbsnap.entry.cli import options, screen
from cbsnap.entry.cli.deployed import Place, rows_of, show
from cbsnap.entry.cli.session import Session
from cbsnap.jobs import undeploy
from cbsnap.jobs.deploy import Deployer
from cbsnap.rules import deploying, undeploying
from cbsnap.wiring import Wiring

MASTER_KEY = "CBSNAP_MASTER_KEY"


def deploy(  # noqa: PLR0913 - a command's options
    context: typer.Context,
    *,
    file: options.DeployFile = Path("serverless.yml"),
    dist: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="What make package wrote; default: dist beside the file."),
    ] = None,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Call the versions again that the last deployment replaced.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and end.")] = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Deploy layers, functions, triggers and URL; shows what would change, and asks."""
    session: Session = context.obj
    place = Place.of(session, file, dist, quiet=json, values=not rollback)
    if rollback:
        _go_back(session, place, dry_run=dry_run, yes=yes, json=json)
    else:
        _deploy(session, place, dry_run=dry_run, yes=yes, json=json)


def _deploy(session: Session, place: Place, *, dry_run: bool, yes: bool, json: bool) -> None:
    wanted = place.project.wanted()
    for one in wanted.functions:
        if key := one.settings.environment.get(MASTER_KEY):
            Wiring({MASTER_KEY: key}).require_master_key()
    deployer = Deployer(place.platform, place.clock, place.project.content, place.tell)
    plan = deploying.plan(wanted, place.found())
    if not json:
        show(place, plan.rows)
    if plan.changes and not dry_run:
        session.confirm(f"Make {screen.counted(plan.changes, 'change')}?", yes=yes, shown=not json)
        deployer.carry_out(wanted, plan)
        deployer.tidy(wanted, place.found())
    if json:
        screen.value({**place.told(), "plan": rows_of(plan.rows), "done": bool(plan.changes) and not dry_run})


def _go_back(session: Session, place: Place, *, dry_run: bool, yes: bool, json: bool) -> None:
    steps = undeploying.back(place.found(), place.project.deployment)
    rows = [step.row for step in steps]
    if not json:
        show(place, rows)
    if steps and not dry_run:
        session.confirm(f"Call the versions before of {len(steps)} functions?", yes=yes, shown=not json)
        undeploy.go_back(steps, place.platform, place.tell)
    if json:
        screen.value({**place.told(), "plan": rows_of(rows), "done": bool(steps) and not dry_run})
    elif not steps:
        screen.say("There is nothing to go back to.")
