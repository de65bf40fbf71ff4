"""All that is deployed, built for real: the same bytes twice, and every function can be imported from it."""

from __future__ import annotations

import json
import subprocess
import zipfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from release import bytecode, contents
from release.building import Build

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).parents[2]
FUNCTIONS = {one.name: one for one in contents.functions(ROOT)}
LAYERS = tuple(one.name for one in contents.layers(ROOT))
HANDLER = """
import json, sys
import index
assert callable(index.main_handler)
"""
ALL = """
import importlib, pkgutil
import cbsnap
left_out = ("cbsnap.entry.cli",)  # Typer and Rich are in no layer
for one in pkgutil.walk_packages(cbsnap.__path__, "cbsnap."):
    if not one.name.startswith(left_out):
        importlib.import_module(one.name)
for name in ("apprise", "tencentcloud.cbs.v20170312.cbs_client", "tencentcloud.cvm.v20170312.cvm_client",
             "tencentcloud.scf.v20180416.scf_client", "tencentcloud.sts.v20180813.sts_client",
             "tencentcloud.tag.v20180813.tag_client"):
    importlib.import_module(name)
"""
TELL = """
origins = {name: getattr(module.__spec__, "origin", None) for name, module in sys.modules.items()
           if getattr(module, "__spec__", None)}
print(json.dumps({"version": sys.version_info[:2], "origins": origins}))
"""


@pytest.fixture(scope="session")
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Build everything once; returns the zip files by name."""
    if not request.config.getoption("--root"):
        pytest.skip("fetches packages and compiles them for half a minute: make test-all")
    return build(tmp_path_factory.mktemp("dist"))


def build(out: Path) -> dict[str, Path]:
    archives = Build(ROOT, bytecode.interpreter(ROOT), ROOT / "build/wheels").into(out)
    return {one.name: one.file for one in archives}


def test_a_second_build_has_the_same_bytes(built: Mapping[str, Path], tmp_path: Path) -> None:
    again = build(tmp_path)

    assert {name: file.read_bytes() for name, file in again.items()} == {
        name: file.read_bytes() for name, file in built.items()
    }


@pytest.fixture(scope="session")
def opt(
    built: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[tuple[str, ...]], Path]:
    """Return what unpacks some layers, the sources spoilt: what is imported is bytecode."""

    @cache
    def unpacked(layers: tuple[str, ...]) -> Path:
        folder = tmp_path_factory.mktemp("opt")
        for layer in layers:
            unpack(built[layer], folder)
        return folder

    return unpacked


def unpack(zipped: Path, folder: Path) -> None:
    zipfile.ZipFile(zipped).extractall(folder)
    for source in folder.rglob("*.py"):
        source.write_text("raise SystemExit('the source was read')")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_handler_is_imported_from_its_own_zip_files_alone_and_compiled(
    built: Mapping[str, Path], opt: Callable[[tuple[str, ...]], Path], tmp_path: Path, name: str
) -> None:
    unpack(built[name], tmp_path)
    layers = opt(FUNCTIONS[name].layers)

    origins = imported(HANDLER, tmp_path, layers)

    assert origins["index"] == str(tmp_path / "index.py")
    assert elsewhere(origins, tmp_path, layers) == []


def test_all_that_a_handler_may_import_later_is_there_too(
    built: Mapping[str, Path], opt: Callable[[tuple[str, ...]], Path], tmp_path: Path
) -> None:
    unpack(built["cbsnap-schedule"], tmp_path)
    layers = opt(LAYERS)

    origins = imported(HANDLER + ALL, tmp_path, layers)

    assert {"cbsnap.tencent.region", "cbsnap.entry.http", "pydantic", "fastapi", "apprise"} <= set(origins)
    assert elsewhere(origins, tmp_path, layers) == []
    assert (layers / "policies.yml").exists()


def test_the_function_that_notifies_has_what_that_takes(
    built: Mapping[str, Path], opt: Callable[[tuple[str, ...]], Path], tmp_path: Path
) -> None:
    unpack(built["cbsnap-maintain"], tmp_path)
    layers = opt(FUNCTIONS["cbsnap-maintain"].layers)

    origins = imported(HANDLER + "import cbsnap.notify, apprise\n", tmp_path, layers)

    assert elsewhere(origins, tmp_path, layers) == []


def elsewhere(origins: Mapping[str, str | None], *folders: Path) -> list[str]:
    """Return the modules that come from neither these folders nor the standard library."""
    ours = tuple(map(str, folders))
    return [
        name
        for name, origin in origins.items()
        if origin and origin.endswith((".py", ".so")) and not origin.startswith(ours)
        if "site-packages" in origin or "/python3.10/" not in origin
    ]


def imported(program: str, user: Path, opt: Path) -> dict[str, str | None]:
    """Run it as the platform does: /var/user and /opt on the path, no site-packages, nothing else set."""
    ended = subprocess.run(
        [bytecode.interpreter(ROOT), "-S", "-c", program + TELL],
        env={
            "PYTHONPATH": f"{user}:{opt}",
            "PYTHONDONTWRITEBYTECODE": "x",
            "TENCENTCLOUD_RUNENV": "SCF",
            "TENCENTCLOUD_REGION": "ap-guangzhou",
        },
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout.splitlines()[-1])
    assert told["version"] == [3, 10]
    origins: dict[str, str | None] = told["origins"]
    return origins
