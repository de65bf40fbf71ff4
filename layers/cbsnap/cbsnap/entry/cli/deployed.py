"""Where `deploy` and `destroy` work, one region and namespace, and how they tell what changes there."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cbsnap.entry.cli import screen
from cbsnap.entry.cli.project import Project

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cbsnap.deployment import Found, Row
    from cbsnap.entry.cli.session import Session
    from cbsnap.ports.clock import Clock
    from cbsnap.ports.platform import Platform

HEADINGS = ("what", "name", "", "why")


@dataclass(frozen=True)
class Place:
    """One region and namespace of an account, and the checkout that is deployed there."""

    project: Project
    platform: Platform
    clock: Clock
    quiet: bool

    @classmethod
    def of(
        cls, session: Session, file: Path, dist: Path | None, *, quiet: bool, values: bool = False
    ) -> Place:
        """Return the place that a file names; with `values`, what it says is meant to be deployed.

        Raises InputError.
        """
        path = session.here / file
        root = next((one for one in path.resolve().parents if (one / "layers").is_dir()), path.parent)
        packages = session.here / dist if dist else root / "dist"
        project = Project(path, root, packages, session.environment if values else None)
        deployable = project.deployable
        wiring = session.wiring_in(deployable.region)
        return cls(project, wiring.platform(deployable.region, deployable.namespace), wiring.clock, quiet)

    def found(self) -> Found:
        """Return what is there, ours and what looks like it."""
        return self.platform.found(self.project.deployment, self.project.looks_like_ours)

    def tell(self, line: str) -> None:
        """Say what is being done, unless a program is reading."""
        if not self.quiet:
            screen.say(line)

    def told(self) -> dict[str, Any]:
        """Return what place it is, for a program."""
        deployable = self.project.deployable
        return {
            "deployment": self.project.deployment,
            "region": deployable.region,
            "namespace": deployable.namespace,
        }


def show(place: Place, rows: Sequence[Row]) -> None:
    """Print what would change, and where."""
    screen.table(HEADINGS, [(row.kind, row.name, row.action, row.why) for row in rows])
    changes = sum(row.action not in {"same", "left"} for row in rows)
    deployable = place.project.deployable
    where = f"{deployable.region}, {deployable.namespace}"
    number = screen.counted(changes, "change") if changes else "no changes"
    screen.say(f"{number} to the deployment {place.project.deployment} in {where}")


def rows_of(rows: Sequence[Row]) -> list[dict[str, str]]:
    """Return the plan for a program."""
    return [asdict(row) for row in rows]
