"""`make mutants`: break the modules that matter one piece at a time, and name what no test notices.

    python -m tests.mutation [--children 2] [rules/labels.py …]

Each survivor stands in `explained.yml` with the reason why it changes nothing that matters, or ends the
run with 1; so does an explanation of something that does not survive any more. mutmut wants the package
in a folder `src`, so that it works on a copy below `build/mutants`.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STAGE = ROOT / "build" / "mutants"
MUTATED = (
    "rules/labels.py",
    "rules/names.py",
    "rules/ours.py",
    "rules/quota.py",
    "rules/retention.py",
    "jobs/bracket.py",
)
TESTS = (
    "tests/unit/rules",
    "tests/unit/jobs/test_bracket.py",
    "tests/unit/jobs/test_take.py",
    "tests/unit/jobs/test_take_again.py",
    "tests/unit/jobs/test_take_groups.py",
    "tests/unit/jobs/test_take_leases.py",
    "tests/unit/jobs/test_making_room.py",
    "tests/unit/jobs/test_prune.py",
)
COPIED = ("serverless.yml", "docs", "tests", "layers/policies")
_SURVIVED = re.compile(
    r"^\s*(?P<name>\S+__mutmut_\d+): (?P<fate>survived|no tests|suspicious)$", re.MULTILINE
)


@dataclass(frozen=True)
class Mutant:
    """One change to one function: the lines that went and the lines that came."""

    function: str
    was: str
    becomes: str

    def __str__(self) -> str:
        """Show it as an entry of `explained.yml`, the reason left to be written."""
        entry = {"function": self.function, "was": self.was, "becomes": self.becomes}
        return yaml.safe_dump([entry], sort_keys=False, width=200, allow_unicode=True)


def main() -> int:
    """Run all mutants; return 1 when one survived without an explanation, or an explanation is stale."""
    asked = argparse.ArgumentParser(prog="python -m tests.mutation")
    asked.add_argument("--children", type=int, default=2, help="mutants at once")
    asked.add_argument("modules", nargs="*", metavar="MODULE", choices=(*MUTATED, []), help="all of them")
    chosen = asked.parse_args()
    modules = chosen.modules or MUTATED
    stage(modules)
    run = _mutmut("run", "--max-children", str(chosen.children), capture=False)
    if run.returncode:
        return run.returncode
    survivors = {_shown(found["name"]) for found in _SURVIVED.finditer(_mutmut("results").stdout)}
    explained = set(_explanations(modules))
    for mutant in sorted(survivors - explained, key=str):
        print(f"No test notices:\n{mutant}")  # noqa: T201 - a program for the terminal
    for mutant in sorted(explained - survivors, key=str):
        print(f"Explained, but it does not survive any more:\n{mutant}")  # noqa: T201 - the same
    print(f"{len(survivors)} survived, {len(survivors & explained)} of them are explained")  # noqa: T201 - the same
    return int(survivors != explained)


def stage(modules: Iterable[str]) -> None:
    """Copy what is broken and what looks at it, in the layout that mutmut wants."""
    shutil.rmtree(STAGE, ignore_errors=True)
    shutil.copytree(ROOT / "layers/cbsnap/cbsnap", STAGE / "src/cbsnap")
    for name in COPIED:
        put = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (STAGE / name).parent.mkdir(exist_ok=True)
        put(ROOT / name, STAGE / name)
    only = ", ".join(f'"src/cbsnap/{name}"' for name in modules)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8").replace('"layers/cbsnap"', '"src"')
    settings = [
        "[tool.mutmut]",
        'source_paths = ["src"]',
        f"only_mutate = [{only}]",
        f"also_copy = {list(COPIED)}",
        'pytest_add_cli_args = ["-p", "no:cacheprovider"]',
        f"pytest_add_cli_args_test_selection = {list(TESTS)}",
    ]
    (STAGE / "pyproject.toml").write_text("\n".join([project, *settings]), encoding="utf-8")


def _mutmut(*arguments: str, capture: bool = True) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("mutmut")), *arguments]
    return subprocess.run(command, cwd=STAGE, text=True, capture_output=capture, check=False)


def _shown(name: str) -> Mutant:
    lines = _mutmut("show", name).stdout.splitlines()
    went = [line[1:].strip() for line in lines if line.startswith("-") and not line.startswith("---")]
    came = [line[1:].strip() for line in lines if line.startswith("+") and not line.startswith("+++")]
    function = re.sub(r"x_|__mutmut_\d+$", "", name.removeprefix("cbsnap."), count=2)
    return Mutant(function, "\n".join(went), "\n".join(came))


def _explanations(modules: Iterable[str]) -> Iterator[Mutant]:
    """Yield what `explained.yml` says of these modules."""
    dotted = {name.removesuffix(".py").replace("/", ".") for name in modules}
    for entry in yaml.safe_load((HERE / "explained.yml").read_text(encoding="utf-8")):
        if entry["function"].rpartition(".")[0] in dotted:
            yield Mutant(entry["function"], entry["was"], entry["becomes"])


if __name__ == "__main__":
    sys.exit(main())
