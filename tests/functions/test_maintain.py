"""What was taken is looked after: the function `maintain` as a process, a real agent's journal."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from cbsnap.clock import SystemClock
from cbsnap.hosts.agent import Agents
from cbsnap.hosts.ways import Ways
from cbsnap.jobs.bracket import Wish, held
from cbsnap.jobs.inventory import Inventory
from cbsnap.jobs.proofs import settled
from cbsnap.model.policies import Quiesce
from cbsnap.policyfile import parse

from .stage import MASTER

if TYPE_CHECKING:
    from .stage import Stage

TAGS = {"cbsnap:policy": "databases", "cbsnap:deployment": "tests"}
LATER = timedelta(minutes=30)


def taken_without_a_label(stage: Stage, answered: dict[str, str] | None = None) -> str:
    """Take a snapshot under a real lease as a worker does that dies before it writes the label."""
    clock, cloud = SystemClock(), stage.region()
    host = Agents(MASTER, 1, stage.port, clock).on(cloud.instances(["ins-db"])[0])
    midnight = datetime.now(timezone.utc).replace(hour=0, minute=0)
    name = f"databases.{midnight:%Y%m%dT%H%MZ}.db"
    with held([Wish(host, ("disk-db",))], "databases@test/ins-db", Quiesce("sqlite"), clock) as hold:
        made = cloud.create_snapshots({"disk-db": name}, TAGS, 10)["disk-db"]
        hold.answered.update({"disk-db": str(made)} if answered is None else answered)
    host.close()
    return str(made)


def label_after_settling(stage: Stage, snapshot_id: str) -> str | None:
    policies = (stage.folder / "policies/policies.yml").read_text()
    journals = Ways(Agents(MASTER, 1, stage.port, SystemClock()), stage.commands, SystemClock())
    inventory = Inventory(stage.region(), "tests")
    list(settled(parse(policies, "policies.yml"), inventory, journals, datetime.now(timezone.utc) + LATER))
    (one,) = [one for one in stage.snapshots() if one["id"] == snapshot_id]
    label: str | None = one["tags"].get("cbsnap:label")
    return label


def test_a_worker_that_died_before_labelling_is_made_up_for_from_the_hosts_journal(stage: Stage) -> None:
    made = taken_without_a_label(stage)

    assert label_after_settling(stage, made) == "application"


def test_what_the_release_had_not_carried_ends_as_crash(stage: Stage) -> None:
    made = taken_without_a_label(stage, answered={})

    assert label_after_settling(stage, made) == "crash"


def test_a_journal_lost_with_a_reboot_proves_nothing(stage: Stage) -> None:
    made = taken_without_a_label(stage)
    stage.agent.restart_without_memory()

    assert label_after_settling(stage, made) == "crash"


def test_a_pass_leaves_fresh_snapshots_to_their_workers_and_reports_every_region(stage: Stage) -> None:
    made = taken_without_a_label(stage)

    regions = stage.look_after()

    assert [one["region"] for one in regions] == ["ap-guangzhou", "ap-singapore"]
    assert not any("error" in one for one in regions)
    (one,) = [one for one in stage.snapshots() if one["id"] == made]
    assert one["tags"] == TAGS


def test_a_pass_is_a_line_of_the_functions_log(stage: Stage) -> None:
    stage.look_after()

    lines = [
        line for one in stage.invocations() if one["function"] == "cbsnap-maintain" for line in one["log"]
    ]
    assert sum('"cbsnap": "upkeep"' in line for line in lines) == 2


def test_a_worker_that_is_asked_to_settle_reads_the_region_and_reports_it(stage: Stage) -> None:
    taken_without_a_label(stage)

    (done,) = stage.invoke_together({"cbsnap": "settle", "region": "ap-guangzhou", "role": None}, 1)

    assert (done["state"], done["result"]) == ("succeeded", [{"region": "ap-guangzhou"}])
    assert any('"cbsnap": "upkeep"' in line for line in done["log"])


def test_a_worker_settles_no_region_that_the_policy_file_does_not_name(stage: Stage) -> None:
    invocations = stage.invoke_together({"cbsnap": "settle", "region": "eu-frankfurt"}, 1)

    assert {one["state"] for one in invocations} == {"dead"}
    assert "no target of the policy file" in json.dumps(invocations)
