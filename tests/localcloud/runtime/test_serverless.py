"""What a serverless.yml may say, and how its mistakes are told."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from localcloud.records import RecordError
from localcloud.runtime.catalog import Source
from localcloud.runtime.layers import LayerError, find_layers, lay_out
from localcloud.runtime.serverless import read_functions

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
component: multi-scf
name: example
inputs:
  src: .
  region: ap-singapore
  runtime: Python3.10
  namespace: backup
  memorySize: 256
  timeout: 30
  role: the-role
  environments:
    - {key: SHARED, value: "1"}
  functions:
    one:
      name: example-one
      handler: main.go
      timeout: 900
      environments:
        - key: FROM_OUTSIDE
          value: "${env:OUTSIDE}!"
      layers:
        - {name: deps, version: 3}
    two: {name: example-two, memorySize: 64}
  triggers:
    - type: timer
      function: one
      parameters: {name: often, cronExpression: "0 */5 * * * * *", enable: false, argument: now}
    - type: http
      function: two
      parameters: {authType: NONE, netConfig: {enableExtranet: false, enableIntranet: true}}
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "serverless.yml"
    file.write_text(text)
    return file


def test_reads_functions_with_what_they_share(tmp_path: Path) -> None:
    one, two = read_functions(written(tmp_path, GOOD), "1", {"OUTSIDE": "x"})

    assert one.key == ("1", "ap-singapore", "backup", "example-one")
    assert (one.latest.handler, one.latest.time_limit_s, one.latest.memory_mib) == ("main.go", 900, 256)
    assert one.latest.layers == (("deps", 3),)
    assert dict(one.latest.environment) == {"SHARED": "1", "FROM_OUTSIDE": "x!"}
    assert (two.latest.handler, two.latest.time_limit_s, two.latest.memory_mib) == (
        "index.main_handler",
        30,
        64,
    )
    assert {each.latest.role for each in (one, two)} == {"the-role"}
    assert one.url is None
    assert two.url is not None


def test_a_number_can_come_from_outside(tmp_path: Path) -> None:
    text = GOOD.replace("timeout: 900", "timeout: ${env:OUTSIDE}")

    one, _ = read_functions(written(tmp_path, text), "1", {"OUTSIDE": "120"})

    assert one.latest.time_limit_s == 120


def test_reads_timers(tmp_path: Path) -> None:
    one, two = read_functions(written(tmp_path, GOOD), "1", {"OUTSIDE": "x"})

    timer = one.timers["often"]
    assert (timer.enabled, timer.argument, timer.cron.expression) == (False, "now", "0 */5 * * * * *")
    assert not two.timers


def test_reads_the_triggers_of_other_services(tmp_path: Path) -> None:
    more = """\
    - type: cos
      function: one
      parameters: {bucket: logs-1, events: "cos:ObjectCreated:*", filter: {prefix: in/}, enable: true}
    - type: ckafka
      function: one
      parameters: {name: ckafka-1, topic: news, maxMsgNum: 10, offset: latest, retry: 3, timeout: 5}
    - type: cmq
      function: one
      parameters: {name: news, filterType: 1, filterKey: [a], enable: false}
"""

    one, _ = read_functions(written(tmp_path, GOOD + more), "1", {"OUTSIDE": "x"})

    assert one.sources == [
        Source("cos", "logs-1", enabled=True),
        Source("ckafka", "ckafka-1-news", enabled=False),
        Source("cmq", "news", enabled=False),
    ]


@pytest.mark.parametrize(
    ("instead_of", "written_as", "line", "told"),
    [
        ("component: multi-scf", "component: scf", 1, "multi-scf"),
        ("name: example\n", "nome: example\n", 2, "has no key `nome`; did you mean `name`?"),
        ("      timeout: 900", "      timeout: 901", 17, "timeout should be from 1 to 900"),
        ("      timeout: 900", "      timeOut: 900", 17, "has no key `timeOut`; did you mean `timeout`?"),
        ("      timeout: 900", "      timeout: long", 17, "timeout should be int, not `long`"),
        ("      timeout: 900", "      handler: again", 17, "has `handler` twice"),
        ("memorySize: 64", "memorySize: 100", 23, "memorySize should be 64, or a multiple of 128"),
        ("      name: example-one\n", "", 15, "needs `name`"),
        ("key: SHARED", "key: SCF_SHARED", 12, "SCF_SHARED is reserved"),
        ('value: "1"', 'value: "' + "x" * 4096 + '"', 18, "environments are larger than 4096 bytes"),
        ("${env:OUTSIDE}", "${env:NOWHERE}", 20, "${env:NOWHERE} has no value"),
        (
            "      function: one",
            "      function: three",
            26,
            "function three does not exist; there are one, two",
        ),
        ("type: http", "type: mqtt", 28, "type mqtt is not emulated"),
        ("type: http", "type: cos", 30, "authType belongs to another type of trigger"),
        (
            "    - type: http",
            "    - {type: ckafka, function: one, parameters: {name: a}}\n    - type: http",
            28,
            "a trigger of type ckafka needs `name` and `topic`",
        ),
        ("authType: NONE", "authType: CAM", 30, "authType should be NONE"),
        ("0 */5 * * * * *", "*/5 * * * *", 27, "has 5 fields, and needs 7"),
        ("enable: false", 'enable: "no"', 27, "enable should be bool"),
        ("argument: now", "argument: now, authType: NONE", 27, "authType belongs to another type of trigger"),
        (", argument: now", ", cronExpresion: now", 27, "did you mean `cronExpression`?"),
        ("name: often, ", "", 27, "a trigger of type timer needs `name` and `cronExpression`"),
        ("runtime: Python3.10", "runtime: Nodejs18.15", 6, "Nodejs18.15 is not emulated"),
        ("  src: .", "  src: nowhere", 4, "is not a folder"),
        ("    two: {", "    two: [", 23, "expected"),
        ("    - {key: SHARED", "    - [key: SHARED", 12, "expected"),
    ],
)
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, instead_of: str, written_as: str, line: int, told: str
) -> None:
    assert instead_of in GOOD
    file = written(tmp_path, GOOD.replace(instead_of, written_as, 1))

    with pytest.raises(RecordError) as caught:
        read_functions(file, "1", {"OUTSIDE": "x"})

    assert told in str(caught.value)
    assert str(caught.value).startswith(f"{file}:{line}:")


def test_a_missing_file_is_told() -> None:
    command = [sys.executable, "-m", "localcloud", "serve", "--functions", "/nowhere/serverless.yml"]

    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    assert ended.returncode == 2
    assert ended.stderr == "localcloud: /nowhere/serverless.yml: No such file or directory\n"


def layer(folder: Path, name: str, src: str) -> None:
    folder.mkdir(parents=True)
    text = f"component: layer\ninputs: {{name: {name}, src: {src}, runtimes: [Python3.10]}}\n"
    (folder / "serverless.yml").write_text(text)


def test_layers_are_found_by_name_and_can_be_replaced(tmp_path: Path) -> None:
    layer(tmp_path / "first", "core", ".")
    layer(tmp_path / "second", "deps", "build")

    found = find_layers(tmp_path, {"core": tmp_path / "elsewhere"})

    assert found == {"core": tmp_path / "elsewhere", "deps": tmp_path / "second/build"}


def test_layers_that_share_a_folder_are_merged(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "shared/deep").mkdir(parents=True)
        (tmp_path / name / f"shared/deep/{name}.py").touch()

    lay_out(tmp_path / "root", tmp_path, [tmp_path / "a", tmp_path / "b"])

    assert {file.name for file in (tmp_path / "root/opt/shared/deep").iterdir()} == {"a.py", "b.py"}
    assert [file.name for file in (tmp_path / "a/shared/deep").iterdir()] == ["a.py"]


def test_layers_that_share_a_file_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same.py").touch()

    with pytest.raises(LayerError, match=r"two layers hold same\.py"):
        lay_out(tmp_path / "root", tmp_path, [tmp_path / "a", tmp_path / "b"])
