"""An installation in which all is well: deployed functions, a host with its agent, a person's keys.

A test makes one mistake in it, as a person would, and looks at what `cbsnap doctor` says.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from cbsnap.clock import SystemClock
from cbsnap.entry.cli.app import main
from cbsnap.hosts.signature import host_key
from cbsnap.tencent.api import Api
from cbsnap.tencent.credentials import EnvironmentCredentials

from localcloud.pytest_plugin import localcloud_stage, make_cloud, pytest_configure
from localcloud.runtime.catalog import Catalog
from localcloud.runtime.functions import FunctionRuntime
from localcloud.runtime.settings import Settings
from tests.agent.conftest import agent_python, start_agent
from tests.agent.driver import DISK, create_orders, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from localcloud.cloud import Cloud
    from localcloud.pytest_plugin import Stage
    from localcloud.resources import Region
    from localcloud.runtime.catalog import Deployed
    from tests.agent.driver import Agent

__all__ = ["agent_python", "localcloud_stage", "pytest_configure", "start_agent"]

HERE = "ap-guangzhou"
HOST = "ins-11111111"
MASTER = "7" * 64
MUTE_IP = "127.0.78.41"
FLEET = f"""
regions:
  ap-guangzhou:
    quota: {{per_region: 500, per_disk: 64}}
    instances:
      - {{id: {HOST}, ip: 127.0.0.1}}
      - {{id: ins-mute, ip: {MUTE_IP}}}
    disks:
      - {{id: {DISK}, instance: {HOST}, tags: {{tier: db}}}}
      - {{id: disk-mute, instance: ins-mute, tags: {{tier: mute}}}}
      - {{id: disk-rest, tags: {{tier: rest}}}}
  ap-singapore: {{}}
"""
POLICIES = """
version: 1
deployment: tests
time_zone: UTC
targets: [{{region: ap-guangzhou}}]
agent: {{port: {port}}}
policies:
  orders: {{select: {{tags: {{tier: db}}}}, schedule: "0 * * * *", window: 30m, quiesce: {{plan: orders}}}}
  the-rest: {{select: {{tags: {{tier: rest}}}}, schedule: "0 * * * *", window: 30m}}
"""
HANDLER = "def main_handler(event, context):\n    return 'ok'\n"
TOKENS = f"ops:admin:{'0' * 64}:2999-12-31"


@dataclass
class Installation:
    """What a test breaks; `environment` and `policies` are the person's own."""

    cloud: Cloud
    url: str
    policies: Path
    agent: Agent
    runtime: FunctionRuntime
    capsys: pytest.CaptureFixture[str]
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Keep keys that are right, whatever the test does to the person's own."""
        self._administrator = Api(
            HERE, EnvironmentCredentials(dict(self.environment)), SystemClock(), self.url
        )

    def doctor(self) -> tuple[int, list[dict[str, str]]]:
        """Return the exit code and what every check said."""
        code = main(["--policies", str(self.policies), "doctor", "--json"], self.environment)
        stated = json.loads(self.capsys.readouterr().out)
        assert stated["check"] == code
        return code, stated["items"]

    def ill(self) -> list[tuple[str, str, str]]:
        """Return check, subject and health of all that is not well, and see that each has a cure."""
        _, found = self.doctor()
        ill = [one for one in found if one["health"] != "ok"]
        assert all(one["cure"] for one in ill), ill
        return [(one["check"], one["subject"], one["health"]) for one in ill]

    def rewrite(self, old: str, new: str, *, deployed: bool = True) -> None:
        """Change the policy file, here and, unless it is said otherwise, in the functions' layer."""
        text = self.policies.read_text()
        assert old in text
        self.policies.write_text(text.replace(old, new))
        if deployed:
            self.publish_policies()

    def publish_policies(self) -> None:
        """Publish the policy file and have all functions use it."""
        version = self.publish("cbsnap-policies", **{"policies.yml": self.policies.read_text()})
        for name in self.names():
            self.use_layers(name, {"cbsnap": 1, "cbsnap-policies": version})

    def names(self) -> list[str]:
        rows = self.ask("scf", "ListFunctions", Limit=100)["Functions"]
        return [row["FunctionName"] for row in rows]

    def publish(self, layer: str, **files: str) -> int:
        """Publish a layer's next version, and return its number."""
        content = {"ZipFile": zipped(**files)}
        answer = self.ask(
            "scf", "PublishLayerVersion", LayerName=layer, CompatibleRuntimes=["Python3.10"], Content=content
        )
        return int(answer["LayerVersion"])

    def use_layers(self, function: str, versions: dict[str, int]) -> None:
        layers = [{"LayerName": name, "LayerVersion": number} for name, number in versions.items()]
        self.ask("scf", "UpdateFunctionConfiguration", FunctionName=function, Layers=layers)

    def set_variables(self, function: str, **variables: str) -> None:
        """Set a function's whole environment."""
        pairs = [{"Key": name, "Value": value} for name, value in variables.items()]
        self.ask(
            "scf", "UpdateFunctionConfiguration", FunctionName=function, Environment={"Variables": pairs}
        )

    def ask(self, service: str, action: str, **params: object) -> dict[str, Any]:
        """Call the cloud as an administrator would."""
        return self._administrator.call(service, action, params)

    def deployed(self, name: str) -> Deployed:
        """Return what the cloud itself keeps of a function."""
        return self.runtime.catalog.named(name)[0]

    def held(self) -> Region:
        """Return what the cloud itself keeps of the region."""
        found = self.cloud.region(self.cloud.keyring.accounts[0], HERE)
        assert found is not None
        return found


def zipped(**files: str) -> str:
    """Return a zip file as the API takes it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return base64.b64encode(packed.getvalue()).decode()


@pytest.fixture
def plans(tmp_path: Path) -> str:
    """Return the plans of the host's agent; another module may have others."""
    return create_orders(tmp_path / "data").plan()


@pytest.fixture
def installation(
    localcloud_stage: Stage,
    start_agent: Callable[..., Agent],
    plans: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Installation]:
    (tmp_path / "fleet.yml").write_text(FLEET)
    cloud = make_cloud(tmp_path / "fleet.yml", tmp_path / "copies")
    runtime = FunctionRuntime(cloud, Catalog, Settings(url=localcloud_stage.url))
    agent = start_agent(plans, keys=f"1 {host_key(MASTER, 1, HOST).hex()}\n", port=free_port())
    (tmp_path / "policies.yml").write_text(POLICIES.format(port=agent.port))
    keys = cloud.keyring.accounts[0]
    environment = {
        "TENCENTCLOUD_SECRETID": keys.secret_id,
        "TENCENTCLOUD_SECRETKEY": keys.secret_key,
        "CBSNAP_ENDPOINT": localcloud_stage.url,
    }
    with localcloud_stage.showing(cloud, runtime):
        made = Installation(
            cloud, localcloud_stage.url, tmp_path / "policies.yml", agent, runtime, capsys, environment
        )
        _deploy(made)
        yield made
    asyncio.run(runtime.stop())


def _deploy(made: Installation) -> None:
    made.publish("cbsnap", **{"cbsnap/__init__.py": ""})
    made.publish("cbsnap-policies", **{"policies.yml": made.policies.read_text()})
    layers = [{"LayerName": name, "LayerVersion": 1} for name in ("cbsnap", "cbsnap-policies")]
    variables = {
        "cbsnap-schedule": {"CBSNAP_WORKER": "cbsnap-snapshot"},
        "cbsnap-snapshot": {"CBSNAP_MASTER_KEY": MASTER},
        "cbsnap-maintain": {"CBSNAP_MASTER_KEY": MASTER},
        "cbsnap-gateway": {"CBSNAP_API_TOKENS": TOKENS},
    }
    for name, given in variables.items():
        code = {"ZipFile": zipped(**{"index.py": HANDLER})}
        pairs = [{"Key": key, "Value": value} for key, value in given.items()]
        made.ask(
            "scf",
            "CreateFunction",
            FunctionName=name,
            Runtime="Python3.10",
            Handler="index.main_handler",
            Code=code,
            ClsTopicId="topic-tests",
            Layers=layers,
            Environment={"Variables": pairs},
        )
    for name, timer in (("cbsnap-schedule", "cbsnap-tick"), ("cbsnap-maintain", "cbsnap-upkeep")):
        made.ask(
            "scf",
            "CreateTrigger",
            FunctionName=name,
            TriggerName=timer,
            Type="timer",
            TriggerDesc="0 */5 * * * * *",
            Enable="OPEN",
        )
