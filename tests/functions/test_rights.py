"""The rights of docs/cam are what the functions need: all that they call in these tests, and no more.

It comes after all other tests (conftest.py), which run under the same rights and are noted, too.
To change them, change release/rights.py and run `python -m release.rights`.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
import yaml
from cbsnap.clock import SystemClock
from cbsnap.entry.events import ENDING_S
from cbsnap.jobs.inventory import Inventory
from cbsnap.jobs.restore import Agreed, AskedRollback, propose, start
from cbsnap.jobs.stopping import MARK, STOPPED_TAG
from cbsnap.model import Plan, QuotaLimits, Target
from cbsnap.tencent.functions import Keeper

from release import rights

from .stage import CALLED, REGION, Agent, Stage, cloud, lay_out, note_calls, until

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime.now(timezone.utc)
ACCOUNT = "100000000002"
ROLE = "qcs::cam::uin/100000000002:roleName/cbsnap"
POLICIES = f"""
version: 1
deployment: tests
time_zone: Etc/UTC
targets: [{{region: ap-guangzhou}}, {{region: ap-singapore}}]
quota: {{disk: 3}}
policies:
  kept:
    select: {{disks: [disk-kept]}}
    schedule: "0 0 * * *"
    window: 1d
    keep: {{last: 1}}
    make_room: true
    copy: [{{region: ap-singapore}}]
    share: [{{account: "{ACCOUNT}"}}]
  stopped:
    select: {{disks: [disk-stop]}}
    schedule: "0 0 * * *"
    window: 1d
    quiesce: {{stop: instance}}
    keep: {{last: 2}}
events:
  ill: {{match: {{type: "cvm:*"}}, disks: subject, apart: 1m}}
  called: {{match: {{type: "cbs:*"}}, disks: subject}}
"""


def snapshot(number: int, policy: str, disk: str, age: timedelta, label: str) -> dict[str, Any]:
    """Return a snapshot of ours for the fleet file."""
    taken = NOW - age
    return {
        "id": f"snap-{policy}{number}",
        "disk": f"disk-{disk}",
        "name": f"{policy}.{taken:%Y%m%dT%H%MZ}.{disk}",
        "created": f"{taken:%Y-%m-%dT%H:%M:%SZ}",
        "tags": {"cbsnap:deployment": "tests", "cbsnap:policy": policy, "cbsnap:label": label},
    }


FLEET = {
    "accounts": [{"uin": "100000000001"}, {"uin": ACCOUNT, "secret_id": "AKIDtwo", "secret_key": "two"}],
    "regions": {
        "ap-guangzhou": {
            "instances": [
                {"id": "ins-stop"},
                {
                    "id": "ins-left",
                    "state": "STOPPED",
                    "tags": {STOPPED_TAG: f"{NOW - timedelta(hours=1):{MARK}}"},
                },
            ],
            "disks": [
                {"id": "disk-kept"},
                {"id": "disk-stop", "instance": "ins-stop"},
                {"id": "disk-left", "instance": "ins-left"},
            ],
            "snapshots": [
                *(snapshot(age, "kept", "kept", timedelta(days=age), "crash") for age in (3, 4, 5)),
                snapshot(1, "stopped", "stop", timedelta(days=2), "crash"),
                snapshot(2, "stopped", "stop", timedelta(days=1), "clean"),
            ],
        },
        "ap-singapore": {"disks": []},
    },
}


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, set[str]]:
    """Have the functions do what no other test has them do; return all that each has called."""
    folder = tmp_path_factory.mktemp("rights")
    lay_out(folder, json.dumps(FLEET), POLICIES)
    hurry(folder / "serverless.yml")
    with cloud(folder) as ready:
        stage = Stage(folder, json.loads(ready.read_text())["url"], 0, Path(), cast("Agent", None))
        try:
            do_everything(stage)
        finally:  # what was refused says more than what came of it
            assert note_calls(stage.url) == set(), "add it to release/rights.py, python -m release.rights"
    return CALLED


def hurry(serverless: Path) -> None:
    """Give `maintain` so little time that it has to hand a restore over."""
    told = yaml.safe_load(serverless.read_text())
    told["inputs"]["functions"]["maintain"]["timeout"] = int(ENDING_S) + 1
    serverless.write_text(yaml.safe_dump(told))


def do_everything(stage: Stage) -> None:
    """Make room, stop and start, copy, share, delete, wake: whatever takes a right of its own."""
    assert {one["decision"] for one in stage.fire().values()} == {"taken"}
    ill = {"source": "cvm.cloud.tencent", "type": "cvm:ErrorEvent:ping_unreachable"}
    whole(stage)
    _, taken = stage.deliver("eventbus", ill | {"subject": "disk-kept"})
    assert taken["disk-kept"]["decision"] == "taken"
    stage.deliver("eventbus", {"source": "cbs", "type": "cbs:CloudEvent:ApiCall", "subject": "disk-left"})
    for path in ("/v1/disks", "/v1/snapshots", "/v1/quota"):
        assert stage.api("GET", path).status_code == 200
    assert stage.api("POST", "/v1/snapshots", json={"disk_ids": ["disk-left"]}).status_code == 202
    stage.settle()
    whole(stage)
    for _ in range(2):  # the second pass finds the copy finished
        assert not any("error" in region for region in stage.look_after())
        whole(stage)
    roll_back(stage)


def roll_back(stage: Stage) -> None:
    """Have `maintain` roll a disk back, which takes it more than one invocation."""
    here = Inventory(stage.region(), "tests")
    asked = AskedRollback(stage.region().snapshots_of(["disk-kept"])[0].id)
    shown = propose(asked, here, QuotaLimits())
    keeper = Keeper(lambda _: stage.own_api(), REGION, "cbsnap-maintain")
    agreed = Agreed("back", shown.confirm, shown.disk_id or "")
    start(asked, agreed, Plan("tests", (Target(REGION),), ()), Target(REGION), here, keeper, SystemClock())
    stage.settle()


def whole(stage: Stage) -> None:
    until("every snapshot is whole", lambda: all(one["state"] == "NORMAL" for one in stage.snapshots()))


@pytest.mark.parametrize("function", sorted(rights.CALLS))
def test_a_function_may_do_what_it_does(called: Mapping[str, set[str]], function: str) -> None:
    assert called[function] - rights.CALLS[function] == set(), "called, and not in release/rights.py"


@pytest.mark.parametrize("function", sorted(rights.CALLS))
def test_a_function_may_do_no_more(
    called: Mapping[str, set[str]], function: str, request: pytest.FixtureRequest
) -> None:
    ran = {Path(item.path) for item in request.session.items}
    if left_out := sorted(file.name for file in set(Path(__file__).parent.glob("test_*.py")) - ran):
        pytest.skip(f"only all of tests/functions shows it: {', '.join(left_out)} did not run")

    unused = rights.CALLS[function] - called[function]
    assert unused == set(), (
        "in release/rights.py, and no test of tests/functions makes the function call them"
    )


def test_every_function_that_is_deployed_has_its_rights() -> None:
    from release import contents  # noqa: PLC0415 - the only test that asks

    assert set(rights.CALLS) == {one.name for one in contents.functions(rights.ROOT)}


def test_what_is_published_is_what_the_table_says(tmp_path: Path) -> None:
    rights.write(tmp_path)

    assert {file.name: file.read_text() for file in rights.FOLDER.glob("*.json")} == {
        file.name: file.read_text() for file in tmp_path.glob("*.json")
    }, "run python -m release.rights"


def test_roles_of_other_accounts_may_be_assumed_where_the_policy_file_names_them(tmp_path: Path) -> None:
    (tmp_path / "policies.yml").write_text(f"targets: [{{region: a}}, {{region: b, role: '{ROLE}'}}]\n")

    rights.main(["--policies", str(tmp_path / "policies.yml"), "--out", str(tmp_path)])

    policy = json.loads((tmp_path / "cbsnap-maintain.json").read_text())
    assert policy["statement"][-1] == {"effect": "allow", "action": ["sts:AssumeRole"], "resource": [ROLE]}
    assert "sts:AssumeRole" not in json.dumps(rights.policy("cbsnap-maintain"))


@pytest.mark.parametrize(("transport", "may"), [("tat", True), ("http", False)])
def test_the_worker_may_run_commands_only_where_a_policy_asks_hosts_by_them(
    tmp_path: Path,
    transport: str,
    may: bool,  # noqa: FBT001 - a case
) -> None:
    policies = tmp_path / "policies.yml"
    policies.write_text(
        f"policies: {{a: {{select: {{all: true}}, quiesce: {{plan: b, transport: {transport}}}}}}}"
    )

    rights.main(["--policies", str(policies), "--out", str(tmp_path)])

    assert ("tat:RunCommand" in (tmp_path / "cbsnap-snapshot.json").read_text()) is may
