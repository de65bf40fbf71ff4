"""A small checkout, packaged for real and deployed with the command, and what came of it in the cloud."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import requests
from cbsnap.clock import SystemClock
from cbsnap.entry.cli.app import main
from cbsnap.tencent.api import Api
from cbsnap.tencent.credentials import EnvironmentCredentials

from release.building import Build
from tests.deploy.called import BY_DEPLOYING, noted

REGION = "ap-guangzhou"
SECRET = "a-secret-that-nobody-may-see"  # noqa: S105 - opens nothing
FILES = {
    "serverless.yml": """component: multi-scf
name: small
inputs:
  region: ap-guangzhou
  runtime: Python3.10
  functions:
    one:
      name: small-one
      description: Says what it has.
      src: ./functions/one
      handler: index.main_handler
      role: a-role
      memorySize: 128
      timeout: 5
      environments: [{key: WORD, value: "${env:WORD}"}]
      layers: [{name: small-core}, {name: small-policies}]
    two:
      name: small-two
      src: ./functions/two
      memorySize: 256
      timeout: 6
      vpc: {vpcId: vpc-1, subnetId: subnet-1}
      retryNum: 1
      layers: [{name: small-core}]
  triggers:
    - {type: timer, function: one, parameters: {name: small-tick, cronExpression: "0 */5 * * * * *"}}
    - {type: http, function: one, parameters: {authType: NONE, netConfig: {enableExtranet: true}}}
""",
    "layers/core/serverless.yml": "component: layer\ninputs: {name: small-core, src: ./}\n",
    "layers/core/of_core.py": "CORE = 'core 1'\n",
    "layers/policies/serverless.yml": "component: layer\ninputs: {name: small-policies, src: ./}\n",
    "layers/policies/policies.yml": """version: 1
deployment: tests
policies: {all: {select: {tags: {a: b}}, schedule: "0 2 * * *"}}
""",
    "functions/one/index.py": """import os
from of_core import CORE


def main_handler(event, context):
    return ["one 1", CORE, bool(os.environ["WORD"]), context["function_version"]]
""",
    "functions/two/index.py": "def main_handler(event, context):\n    return 'two 1'\n",
}
CHANGES = ("Create", "Update", "Delete", "Publish", "Put")


@dataclass
class Ended:
    """How a call of the command ended."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.out)

    def actions(self, kind: str = "") -> dict[str, str]:
        """Return what would be done by name, of all kinds or of one."""
        return {one["name"]: one["action"] for one in self.value["plan"] if kind in ("", one["kind"])}


@dataclass
class Checkout:
    """A checkout below `root`, deployed to the cloud at `url`."""

    root: Path
    url: str
    environment: dict[str, str] = field(default_factory=lambda: {"WORD": SECRET})

    def write(self) -> None:
        """Write all files."""
        for name, text in FILES.items():
            file = self.root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def change(self, name: str, old: str, new: str) -> None:
        """Change a part of one file."""
        file = self.root / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def package(self) -> None:
        """Build dist/, as make package does."""
        root = self.root.resolve()
        Build(root, Path(sys.executable), root / "build").into(self.root / "dist")

    def run(self, *arguments: str) -> Ended:
        """Call the command in this process, with nobody to be asked."""
        out, err = StringIO(), StringIO()
        given = [arguments[0], "--file", str(self.root / "serverless.yml"), *arguments[1:]]
        with noted(self.url, BY_DEPLOYING), redirect_stdout(out), redirect_stderr(err):
            code = main(given, {**self.environment, **self.access()})
        return Ended(code, out.getvalue(), err.getvalue())

    def deploy(self, *arguments: str) -> Ended:
        """Deploy without asking; returns the plan as JSON."""
        ended = self.run("deploy", "--yes", "--json", *arguments)
        assert ended.code == 0, ended.err
        return ended

    def access(self) -> dict[str, str]:
        """Return the variables that give access to the cloud."""
        return {
            "TENCENTCLOUD_SECRETID": "AKIDlocalcloud",
            "TENCENTCLOUD_SECRETKEY": "localcloud",
            "CBSNAP_ENDPOINT": self.url,
        }

    def api(self) -> Api:
        """Return the core's own calls."""
        return Api(REGION, EnvironmentCredentials(self.access()), SystemClock(), self.url)

    def scf(self, action: str, **asked: Any) -> dict[str, Any]:  # noqa: ANN401 - as the API takes it
        """Ask the cloud."""
        return self.api().call("scf", action, asked)

    def deployed(self) -> dict[str, Any]:
        """Return what is deployed, as the cloud itself keeps it."""
        state = requests.get(f"{self.url}/_local/state", timeout=10).json()
        found: dict[str, Any] = state["runtime"]["deployed"]
        return found

    def answer(self) -> Any:  # noqa: ANN401 - what the function said
        """Return what the function says at its URL."""
        return requests.get(f"{self.url}/_local/url/small-one/", timeout=30).json()

    def changes(self) -> list[str]:
        """Return the actions that changed something, since the last reset, in their order."""
        calls = requests.get(f"{self.url}/_local/requests", timeout=30).json()["requests"]
        return [one["action"] for one in calls if one["action"].startswith(CHANGES)]
