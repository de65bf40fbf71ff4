"""The parts of the build, each by itself: what is packed, what is left out, what ends the build."""

from __future__ import annotations

import base64
import importlib.util
import json
import marshal
import os
import sys
import zipfile
from pathlib import Path

import pytest
from cbsnap import packages

from localcloud.wire import MAX_BODY
from release import archive, bytecode, contents, wheels
from release.building import Build
from release.failure import BuildError

ROOT = Path(__file__).parents[2]
UNCHECKED_HASH = 0b01  # PEP 552: a hash, and nobody checks it


def tree(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        file = folder / name.replace("__", "/").replace("_py", ".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def wheel(folder: Path, name: str, **files: str) -> None:
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / name, "w") as made:
        for place, text in files.items():
            made.writestr(place, text)


def test_the_layers_and_functions_of_this_checkout_are_found() -> None:
    layers = {one.name: one for one in contents.layers(ROOT)}
    functions = {one.name: one for one in contents.functions(ROOT)}

    assert set(layers) == {"cbsnap", "cbsnap-deps", "cbsnap-http", "cbsnap-notify", "cbsnap-policies"}
    assert layers["cbsnap-deps"].requirements == ROOT / "layers/deps/requirements.txt"
    assert layers["cbsnap"].folder == ROOT / "layers/cbsnap"
    assert functions["cbsnap-gateway"].folder == ROOT / "functions/gateway"
    assert all(set(one.layers) <= set(layers) for one in functions.values())


def test_the_same_content_makes_the_same_bytes(tmp_path: Path) -> None:
    first = tree(tmp_path / "first", b_py="b = 1", package__a_py="a = 1")
    second = tree(tmp_path / "second", package__a_py="a = 1", b_py="b = 1")
    (second / "b.py").chmod(0o600)

    made = [archive.pack("x", one, tmp_path / f"{one.name}.zip") for one in (first, second)]

    assert made[0].sha256 == made[1].sha256
    assert zipfile.ZipFile(made[0].file).namelist() == ["b.py", "package/a.py"]


def test_another_content_makes_other_bytes(tmp_path: Path) -> None:
    first = archive.pack("x", tree(tmp_path / "first", a_py="a = 1"), tmp_path / "1.zip")
    second = archive.pack("x", tree(tmp_path / "second", a_py="a = 2"), tmp_path / "2.zip")

    assert first.sha256 != second.sha256


def test_what_is_unpacked_can_be_read_by_everybody(tmp_path: Path) -> None:
    made = archive.pack("x", tree(tmp_path / "first", a_py="a = 1"), tmp_path / "1.zip")

    (entry,) = zipfile.ZipFile(made.file).infolist()
    assert oct(entry.external_attr >> 16) == oct(0o100644)


def test_a_function_that_is_too_large_with_its_layers_ends_the_build(tmp_path: Path) -> None:
    large = archive.Archive("deps", tmp_path / "deps.zip", archive.UNZIPPED_BYTES)
    small = archive.Archive("x", tmp_path / "x.zip", 1)

    archive.check_together("cbsnap-x", [large])
    with pytest.raises(BuildError, match=r"cbsnap-x with its layers, unpacked, has 500\.0 MiB"):
        archive.check_together("cbsnap-x", [large, small])


def test_a_zip_file_that_is_too_large_ends_the_build(tmp_path: Path) -> None:
    folder = tmp_path / "random"
    folder.mkdir()
    with Path("/dev/urandom").open("rb") as noise:
        (folder / "noise").write_bytes(noise.read(archive.ZIPPED_BYTES))

    with pytest.raises(BuildError, match=r"x: its zip file has 7\.5 MiB, and a call of the API takes 7\.5"):
        archive.pack("x", folder, tmp_path / "x.zip")


def test_the_largest_zip_file_fits_into_a_call_of_the_api() -> None:
    content = {"ZipFile": base64.b64encode(bytes(archive.ZIPPED_BYTES)).decode()}
    asked = {"LayerName": "x" * 64, "Description": "x" * 1000, "Content": content}

    assert len(json.dumps(asked).encode()) < MAX_BODY["POST"]


def test_nothing_is_built_again_where_nothing_has_changed(checkout: Path, tmp_path: Path) -> None:
    first = Build(checkout, Path(sys.executable), tmp_path / "wheels").into(tmp_path / "dist")
    for one in first:
        one.file.touch()
        os.utime(one.file, (1, 1))
    (checkout / "layers/policies/policies.yml").write_text("version: 2")

    again = Build(checkout, Path(sys.executable), tmp_path / "wheels").into(tmp_path / "dist")

    assert [one.name for one in again if one.file.stat().st_mtime != 1] == ["policies"]
    assert [one.unzipped_bytes for one in again] == [one.unzipped_bytes for one in first]


def test_a_zip_file_that_was_touched_is_built_again(checkout: Path, tmp_path: Path) -> None:
    build = Build(checkout, Path(sys.executable), tmp_path / "wheels")
    digest = build.into(tmp_path / "dist")[0].sha256
    (tmp_path / "dist/layers/policies.zip").write_bytes(b"something else")

    assert build.into(tmp_path / "dist")[0].sha256 == digest


def test_the_list_of_packages_tells_when_a_source_has_changed(checkout: Path, tmp_path: Path) -> None:
    Build(checkout, Path(sys.executable), tmp_path / "wheels").into(tmp_path / "dist")
    before = packages.read(tmp_path / "dist")

    (checkout / "functions/one/index.py").write_text("a = 2")

    assert [one.name for one in before.packages if not one.fresh(checkout)] == ["one"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    files = {
        "serverless.yml": """inputs:
  functions: {one: {name: one, src: ./functions/one, layers: [{name: policies}]}}
""",
        "layers/policies/serverless.yml": "inputs: {name: policies, src: ./}",
        "layers/policies/policies.yml": "version: 1",
        "functions/one/index.py": "a = 1",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root.resolve()


def test_bytecode_is_checked_by_nobody_and_names_the_files_of_the_platform(tmp_path: Path) -> None:
    folder = tree(tmp_path / "one", package__module_py="def function(): return {'b', 'a'} == {'c'}")

    bytecode.compile_all(folder, "/opt", Path(sys.executable))

    content = Path(importlib.util.cache_from_source(str(folder / "package/module.py"))).read_bytes()
    assert int.from_bytes(content[4:8], "little") == UNCHECKED_HASH
    assert marshal.loads(content[16:]).co_filename == "/opt/package/module.py"  # noqa: S302 - just compiled


def test_bytecode_is_the_same_wherever_it_was_made(tmp_path: Path) -> None:
    text = "NAMES = [name for name in [] if name in {'a', 'b', 'c', 'd', 'e', 'f'}]"
    folders = [tree(tmp_path / name, module_py=text) for name in ("one", "another-place")]

    for folder in folders:
        bytecode.compile_all(folder, "/opt", Path(sys.executable))

    one, other = (next(folder.rglob("*.pyc")).read_bytes() for folder in folders)
    assert one == other


def test_what_does_not_compile_ends_the_build(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="not all of it compiles"):
        bytecode.compile_all(tree(tmp_path, broken_py="def"), "/opt", Path(sys.executable))


def test_without_the_platforms_python_the_build_says_how_to_come_by_it(tmp_path: Path) -> None:
    script = tree(tmp_path, **{".ci__python": "#!/bin/sh\n"}) / ".ci/python"
    script.chmod(0o755)

    with pytest.raises(BuildError, match=r"there is no Python 3\.10 here"):
        bytecode.interpreter(tmp_path)


def test_wheels_are_unpacked_without_what_nobody_needs(tmp_path: Path) -> None:
    sdk = "tencentcloud_sdk_python_"
    wheel(
        tmp_path / "wheels",
        f"{sdk}cbs-3.1.1.whl",
        **{
            "tencentcloud/__init__.py": "cbs",
            "tencentcloud/cbs/v20170312/cbs_client.py": "",
            "tencentcloud/cbs/v20170312/cbs_client_async.py": "",
            f"{sdk}cbs-3.1.1.dist-info/RECORD": "",
            f"{sdk}cbs-3.1.1.dist-info/METADATA": "",
        },
    )
    wheel(tmp_path / "wheels", f"{sdk}common-3.1.2.whl", **{"tencentcloud/__init__.py": "common"})
    wheel(
        tmp_path / "wheels",
        "other-1.whl",
        **{"other-1.data/platlib/other/a.py": "", "other-1.data/scripts/tool": "", "own_async.py": ""},
    )

    wheels.unpack(tmp_path / "wheels", tmp_path / "out")

    files = sorted(one.relative_to(tmp_path / "out").as_posix() for one in (tmp_path / "out").rglob("*.*"))
    assert [one for one in files if (tmp_path / "out" / one).is_file()] == [
        "other/a.py",
        "own_async.py",
        "tencentcloud/__init__.py",
        "tencentcloud/cbs/v20170312/cbs_client.py",
    ]
    assert (tmp_path / "out/tencentcloud/__init__.py").read_text() == "common"
    assert (tmp_path / f"out/{sdk}cbs-3.1.1.dist-info/METADATA").exists()


def test_two_wheels_that_bring_different_files_end_the_build(tmp_path: Path) -> None:
    wheel(tmp_path / "wheels", "a-1.whl", **{"shared.py": "1"})
    wheel(tmp_path / "wheels", "b-1.whl", **{"shared.py": "2"})

    with pytest.raises(BuildError, match=r"b-1\.whl brings another shared\.py"):
        wheels.unpack(tmp_path / "wheels", tmp_path / "out")


def test_packages_that_cannot_be_fetched_end_the_build_and_leave_nothing(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text(f"{tmp_path}/nowhere-1-py3-none-any.whl --hash=sha256:" + "0" * 64 + "\n")

    for _ in range(2):
        with pytest.raises(BuildError, match="could not be fetched"):
            wheels.fetched(lock, Path(sys.executable), tmp_path / "cache")


def test_wheels_of_an_unchanged_lock_are_not_fetched_again(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text("# nothing\n")

    first = wheels.fetched(lock, Path(sys.executable), tmp_path / "cache")
    (first / "kept").touch()

    assert (wheels.fetched(lock, Path("/nowhere/python"), tmp_path / "cache") / "kept").exists()
