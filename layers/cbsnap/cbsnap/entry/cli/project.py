"""What is deployed from a checkout: serverless.yml, the packages in dist/, and whose deployment it is.

Decides whether the packages are those of this checkout. The deployment's name is the policy file's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cbsnap import packages, policyfile, serverlessfile
from cbsnap.deployment import Wanted, WantedFunction, WantedLayer
from cbsnap.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cbsnap.packages import Package, Packages
    from cbsnap.serverlessfile import Deployable

POLICIES = "layers/policies/policies.yml"
LIKE_OURS = "cbsnap"


@dataclass(frozen=True)
class Project:
    """A checkout. `environment` fills `${env:NAME}` of `file`; None where values do not matter."""

    file: Path
    root: Path
    dist: Path
    environment: Mapping[str, str] | None

    @cached_property
    def deployment(self) -> str:
        """The name in the policy file that is deployed. Raises InputError."""
        path = self.root / POLICIES
        return policyfile.parse(_text(path, "policies"), str(path)).deployment

    @cached_property
    def deployable(self) -> Deployable:
        """What serverless.yml says. Raises InputError."""
        return serverlessfile.parse(_text(self.file, "file"), str(self.file), self.environment)

    @property
    def names(self) -> set[str]:
        """The names of all layers and functions."""
        return {*self.deployable.layers, *(one.name for one in self.deployable.functions)}

    def looks_like_ours(self, name: str) -> bool:
        """Whether somebody might take it for ours."""
        return name in self.names or name.startswith(LIKE_OURS)

    def wanted(self) -> Wanted:
        """Return what should be there. Raises InputError, also for packages older than their sources."""
        deployment = self.deployment
        layers = {name: self._package("layers", name) for name in self.deployable.layers}
        functions = {one.name: self._package("functions", one.name) for one in self.deployable.functions}
        for name, package in {**layers, **functions}.items():
            if not package.fresh(self.root):
                raise InputError("dist", f"{name} is older than {package.source}: run make package")
        return Wanted(
            deployment,
            tuple(WantedLayer(name, package.sha256) for name, package in layers.items()),
            tuple(
                WantedFunction(
                    one.name, functions[one.name].sha256, one.settings, one.layers, one.retrying, one.triggers
                )
                for one in self.deployable.functions
            ),
        )

    def content(self, kind: str, name: str) -> bytes:
        """Return a package's zip file. Raises InputError when it is not the one that was listed."""
        package = self._package(kind, name)
        try:
            content = (self.dist / package.file).read_bytes()
        except OSError as missing:
            raise InputError("dist", f"{missing}: run make package") from missing
        if packages.digest(content) != package.sha256:
            raise InputError("dist", f"{package.file} was changed after it was made: run make package")
        return content

    @cached_property
    def _packages(self) -> Packages:
        return packages.read(self.dist)

    def _package(self, kind: str, name: str) -> Package:
        package = self._packages.named(kind, name)
        if package is None:
            raise InputError("dist", f"{self.dist} has no package of {name}: run make package")
        return package


def _text(path: Path, field: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as missing:
        raise InputError(
            field, f"cannot be read: {missing}; call it in a checkout, or name --file"
        ) from missing
