"""The rights of docs/cam are what the functions need: everything that they can do is done, and is allowed.

To change them, change release/rights.py and run `python -m release.rights`.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
import requests
from cbsnap.jobs.stopping import MARK, STOPPED_TAG

from release import rights

from .stage import Agent, Stage, cloud, lay_out, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, set[str]]]:
    """Have the functions do all that they can do; return what each called."""
    folder = tmp_path_factory.mktemp("rights")
    lay_out(folder, json.dumps(FLEET), POLICIES)
    with cloud(folder) as ready:
        url = json.loads(ready.read_text())["url"]
        stage = Stage(folder, url, 0, Path(), cast("Agent", None))
        try:
            do_everything(stage)
        finally:  # what was refused says more than what came of it
            calls = requests.get(f"{url}/_local/requests", timeout=10).json()["requests"]
            refused = {f"{one['function']} {one['service']}:{one['action']}" for one in calls if denied(one)}
            assert refused == set(), "not in docs/cam: add it to release/rights.py"
        yield {
            function: {f"{one['service']}:{one['action']}" for one in calls if one["function"] == function}
            for function in rights.CALLS
        }


def denied(call: Mapping[str, Any]) -> bool:
    return bool(call["code"] == "AuthFailure.UnauthorizedOperation")


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


def whole(stage: Stage) -> None:
    until("every snapshot is whole", lambda: all(one["state"] == "NORMAL" for one in stage.snapshots()))


@pytest.mark.parametrize("function", sorted(rights.CALLS))
def test_a_function_may_do_what_it_does_and_no_more(seen: Mapping[str, set[str]], function: str) -> None:
    allowed = rights.CALLS[function]

    assert seen[function] - allowed == set(), "called, and not in release/rights.py"
    assert allowed - seen[function] == set(), "in release/rights.py, and nothing above makes it call them"


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
