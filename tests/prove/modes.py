"""What is tried: how a host is quiesced, step by step, and what no plan at all leaves behind."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mode:
    """One way to quiesce one workload.

    `steps` are those of the plan in the host's configuration; empty for no plan. `cut_late`: the cloud cuts
    after its answer, when the host has long gone on. `earns`: the label that the plan is there to earn.
    """

    workload: str
    name: str
    steps: str = ""
    more: str = ""
    cut_late: bool = False
    earns: str = ""

    def __str__(self) -> str:
        """Return how the mode is asked for."""
        return f"{self.workload}:{self.name}"

    @property
    def plan(self) -> str | None:
        """Return the plan's name on the host; None where nothing is held."""
        return self.name if self.steps else None


MODES = (
    Mode("mariadb", "no-plan"),
    Mode("mariadb", "sync", "sync"),
    Mode("mariadb", "freeze", "sync freeze"),
    Mode("mariadb", "lock", "mysql"),
    Mode("mariadb", "lock-sync", "mysql sync"),
    Mode("mariadb", "full", "mysql sync freeze", earns="application"),
    Mode("mariadb", "backup-stage", "mysql sync freeze", "mysql.lock = backup-stage", earns="application"),
    Mode("mariadb", "late-cut", "mysql sync freeze", cut_late=True),
    Mode("postgresql", "no-plan"),
    Mode("postgresql", "sync", "sync"),
    Mode("postgresql", "full", "postgresql sync freeze", earns="application"),
    Mode("postgresql", "late-cut", "postgresql sync freeze", cut_late=True),
    Mode("files", "no-plan"),
    Mode("files", "sync", "sync"),
    Mode("files", "freeze", "sync freeze"),
    Mode("files", "unmount", "unmount", earns="clean"),
)


def chosen(names: str) -> list[Mode]:
    """Return the modes that a comma-separated list names, as `mariadb` or `mariadb:full`; empty for all.

    Raises ValueError with a name that is none.
    """
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    known = {str(mode) for mode in MODES} | {mode.workload for mode in MODES}
    for name in wanted:
        if name not in known:
            raise ValueError(f"{name} is no mode: {', '.join(sorted(known))}")
    return [mode for mode in MODES if not wanted or {str(mode), mode.workload} & set(wanted)]
