"""A small project with one function file, and a local cloud that runs it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.scf.v20180416 import models
from tencentcloud.scf.v20180416.scf_client import ScfClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HANDLERS = """
import json, os, pathlib, subprocess, sys, threading, time

print("importing")
SEEN = []

def echo(event, context):
    print("handling", context["request_id"])
    SEEN.append(event)
    return {"event": event, "context": context, "environ": dict(os.environ), "path": sys.path,
            "pid": os.getpid(), "seen": len(SEEN), "file": __file__}

def http(event, context):
    if event["path"] == "/plain":
        return "hello"
    if event["path"] == "/raise":
        raise ValueError("no")
    return {"statusCode": 201, "headers": {"X-One": ["a", "b"]}, "body": json.dumps(event)}

def fail(event, context):
    print("about to fail")
    raise RuntimeError("on purpose")

def unserialisable(event, context):
    return object()

def slow(event, context):
    print("waiting", flush=True)
    child = subprocess.Popen(["sleep", "600"])
    pathlib.Path(event["note"]).write_text(str(child.pid))
    child.wait()

def wait_for(event, context):
    pathlib.Path(event["mine"]).touch()
    while not os.path.exists(event["theirs"]):
        time.sleep(0.01)
    return os.getpid()

def eat(event, context):
    held = bytearray(event["mib"] << 20)
    while event.get("for_ever"):
        time.sleep(0.01)
    return len(held)

def write_beside(event, context):
    try:
        pathlib.Path(__file__).with_name("written").write_text("")
    except OSError as error:
        return error.strerror
    return "written"

def flood(event, context):
    for _ in range(3000):
        print("x" * 1023)
    return "done"

def die(event, context):
    os._exit(3)

def fail_until(event, context):
    marks = pathlib.Path(event["marks"])
    with marks.open("a") as file:
        file.write(context["request_id"] + "\\n")
    if len(marks.read_text().splitlines()) < event["succeed_at"]:
        raise RuntimeError("not yet")
    return "done"

def large(event, context):
    return "x" * (6 << 20)
"""


def serverless(functions: dict[str, dict[str, Any]], triggers: list[dict[str, Any]]) -> str:
    """Return a serverless.yml; JSON is YAML."""
    return json.dumps({"component": "multi-scf", "inputs": {"functions": functions, "triggers": triggers}})


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "code").mkdir()
    (folder / "code/index.py").write_text(HANDLERS)
    (folder / "broken").mkdir()
    (folder / "broken/index.py").write_text("import nowhere_to_be_found\n")
    (folder / "layers/shared/out").mkdir(parents=True)
    (folder / "layers/shared/out/of_layer.py").write_text("VALUE = 1\n")
    (folder / "layers/shared/serverless.yml").write_text(
        json.dumps(
            {"component": "layer", "inputs": {"name": "shared", "src": "out", "runtimes": ["Python3.10"]}}
        )
    )
    (folder / "stillborn").mkdir()
    (folder / "stillborn/index.py").write_text("import os\nos._exit(1)\n")
    names = [line[4:].partition("(")[0] for line in HANDLERS.splitlines() if line.startswith("def ")]
    functions: dict[str, dict[str, Any]]
    functions = {name: {"name": name, "src": "code", "handler": f"index.{name}"} for name in names}
    functions["eat"] |= {"timeout": 900}
    functions["slow"] |= {"timeout": 1}
    functions["wait_long"] = functions["wait_for"] | {"name": "wait_long", "timeout": 900}
    functions["echo"] |= {
        "layers": [{"name": "shared", "version": 1}],
        "environments": [{"key": "COLOUR", "value": "blue"}],
    }
    functions["stillborn"] = {"name": "stillborn", "src": "stillborn"}
    functions["broken"] = {"name": "broken", "src": "broken"}
    triggers = [
        {"type": "http", "function": "http", "parameters": {"authType": "NONE"}},
        {
            "type": "timer",
            "function": "echo",
            "parameters": {"name": "nightly", "cronExpression": "0 0 2 * * * *", "argument": "hello"},
        },
        {
            "type": "timer",
            "function": "fail",
            "parameters": {"name": "off", "cronExpression": "* * * * * * *", "enable": False},
        },
    ]
    (folder / "serverless.yml").write_text(serverless(functions, triggers))
    return folder


@dataclass
class Running:
    """A local cloud that is up, and the ways to talk to it."""

    url: str
    process: subprocess.Popen[bytes]
    credential: Credential

    def scf(self, region: str = "ap-guangzhou") -> ScfClient:
        """Return the vendor's client."""
        return ScfClient(self.credential, region, self.profile())

    def profile(self) -> ClientProfile:
        """Return what points any client of the vendor at this cloud."""
        endpoint = self.url.removeprefix("http://")
        return ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=endpoint))

    def invoke(self, name: str, event: object = None, **more: str) -> Any:  # noqa: ANN401 - the SDK is untyped
        """Call a function, and return the SDK's Result."""
        request = models.InvokeRequest()
        request.FunctionName = name
        request.ClientContext = json.dumps(event or {})
        for key, value in more.items():
            setattr(request, key, value)
        return self.scf().Invoke(request).Result

    def result(self, name: str, event: object = None) -> Any:  # noqa: ANN401 - whatever the handler returned
        """Call a function and return what its handler returned."""
        return json.loads(self.invoke(name, event).RetMsg)

    def record(self, request_id: str) -> dict[str, Any]:
        """Return what is recorded of an invocation."""
        answer = requests.get(f"{self.url}/_local/invocations", {"request_id": request_id}, timeout=10)
        (record,) = answer.json()
        return dict(record)

    def ended(self, request_id: str) -> dict[str, Any]:
        """Return the record once the invocation has come to its end."""
        eventually(lambda: self.record(request_id)["state"] in ("succeeded", "failed", "dead"))
        return self.record(request_id)


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(true: Callable[[], object], within_s: float = 20) -> None:
    """Poll until it is true."""
    end = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)


@contextmanager
def running(folder: Path | None, ready_file: Path, *options: str) -> Iterator[Running]:
    """Start `python -m localcloud serve` with a project's functions, if any, and end it."""
    command = [sys.executable, "-m", "localcloud", "serve", "--ready-file", str(ready_file), "--rate", "0"]
    functions = ["--functions", str(folder / "serverless.yml")] if folder else []
    process = subprocess.Popen([*command, *functions, *options])
    try:
        eventually(lambda: ready_file.exists() or process.poll() is not None)
        ready = json.loads(ready_file.read_text())
        yield Running(ready["url"], process, Credential(ready["secret_id"], ready["secret_key"]))
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def cloud(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    ready_file = tmp_path_factory.mktemp("ready") / "ready.json"
    options = ("--prefork", "--no-timers", "--retry-interval", "0.05", "--env", "API={url}")
    with running(project, ready_file, *options) as cloud:
        yield cloud
