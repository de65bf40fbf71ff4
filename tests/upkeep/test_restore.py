"""Bytes come back: rolled back in place, or in new disks, and what the cloud forbids is refused before."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cbsnap.errors import CloudError, InputError
from cbsnap.jobs.restore import Means, clone, planned_rollback, roll_back
from cbsnap.model import Instance, Target
from cbsnap.rules.restoring import Wish, one_moment
from cbsnap.rules.restoring import clone as planned_clone
from cbsnap.tencent.restoring import RegionRestorer

from localcloud.faults import Fault

from .conftest import HERE

if TYPE_CHECKING:
    from cbsnap.model import Snapshot

    from .conftest import Account

FLEET = """
regions:
  ap-guangzhou:
    instances: [{id: ins-1}, {id: ins-2}]
    disks:
      - {id: disk-a, instance: ins-1, size_gib: 20}
      - {id: disk-b, instance: ins-1}
      - {id: disk-sys, usage: SYSTEM_DISK, instance: ins-1}
      - {id: disk-loose}
"""
pytestmark = pytest.mark.fleet(FLEET)


def means(account: Account) -> Means:
    target = Target(HERE)
    return Means("prod", account.regions.at(target), RegionRestorer(account.api(target)), account)


def taken(account: Account, disk_id: str = "disk-a") -> Snapshot:
    made = account.take(disk_id=disk_id)
    return account.inventory().snapshots[made]


def with_bytes(account: Account, path: Path, disk_id: str, text: str) -> Path:
    content = path / disk_id
    content.write_text(text)
    account.held().disks[disk_id].content = str(content)
    return content


def back(account: Account, snapshot_id: str, typed: str, *, power: bool = False) -> list[str]:
    """Roll back; with `power`, running instances are stopped for it and started again."""
    plan = planned_rollback(account.inventory(), snapshot_id, stop=power, start=power)
    return list(roll_back(plan, typed, means(account)))


def instance(account: Account, instance_id: str = "ins-2") -> Instance:
    return account.regions.at(Target(HERE)).instances([instance_id])[0]


def test_a_rollback_brings_the_bytes_back_and_keeps_those_that_it_overwrote(
    account: Account, tmp_path: Path
) -> None:
    content = with_bytes(account, tmp_path, "disk-loose", "monday")
    monday = account.take(disk_id="disk-loose")
    content.write_text("tuesday")

    told = back(account, monday, typed="disk-loose")

    assert content.read_text() == "monday"
    (safety_id,) = re.findall(r"safety snapshot (\S+) is NORMAL", told[0])
    safety = account.held().snapshots[safety_id]
    assert Path(safety.copy).read_text() == "tuesday"
    assert safety.name.startswith("safety.")
    assert safety.tags["cbsnap:label"] == "crash"
    assert told[-1] == f"disk-loose is back at {monday}"


def test_the_plan_says_all_that_will_be_done_before_anything_is(account: Account) -> None:
    made = account.take()
    before = set(account.held().snapshots)

    plan = planned_rollback(account.inventory(), made, stop=True, start=True)

    steps = list(plan.steps())
    assert [step.split()[0] for step in steps] == ["take", "stop", "roll", "start"]
    assert set(account.held().snapshots) == before


def test_an_attached_disks_instance_is_stopped_and_started_only_when_told_to(account: Account) -> None:
    made = account.take()

    with pytest.raises(InputError, match="ins-1 must be stopped"):
        back(account, made, typed="disk-a")
    back(account, made, typed="disk-a", power=True)
    account.advance(timedelta(minutes=5))

    assert account.held().disks["disk-a"].state == "ATTACHED"
    assert account.held().instances["ins-1"].state == "RUNNING"


@pytest.mark.parametrize("typed", ["", "yes", "disk-loose", "DISK-A"])
def test_nothing_is_done_unless_the_disks_own_id_is_typed(account: Account, typed: str) -> None:
    made = account.take()
    account.held().instances["ins-1"].state = "STOPPED"

    with pytest.raises(InputError, match="type disk-a"):
        back(account, made, typed=typed)

    assert list(account.held().snapshots) == [made]


def test_nothing_is_overwritten_when_the_safety_snapshot_fails(account: Account, tmp_path: Path) -> None:
    content = with_bytes(account, tmp_path, "disk-loose", "monday")
    monday = account.take(disk_id="disk-loose")
    content.write_text("tuesday")
    account.local.cloud.faults.add([Fault("error", action="CreateSnapshot")])

    with pytest.raises(CloudError):
        back(account, monday, typed="disk-loose")

    assert content.read_text() == "tuesday"


def test_the_safety_snapshot_is_whole_before_anything_is_overwritten(account: Account) -> None:
    seen: list[str] = []

    class Watching(RegionRestorer):
        def roll_back(self, snapshot_id: str, disk_id: str, *, stop: bool, start: bool) -> None:
            account.local.cloud.settle()
            safety = [one for one in account.held().snapshots.values() if one.name.startswith("safety.")]
            seen.extend(one.state for one in safety)
            super().roll_back(snapshot_id, disk_id, stop=stop, start=start)

    monday = account.take(disk_id="disk-loose")
    plan = planned_rollback(account.inventory(), monday, stop=False, start=False)
    watched = replace(means(account), restorer=Watching(account.api(Target(HERE))))

    list(roll_back(plan, "disk-loose", watched))

    assert seen == ["NORMAL"]


def test_a_lost_answer_to_the_rollback_is_settled_by_looking(account: Account, tmp_path: Path) -> None:
    content = with_bytes(account, tmp_path, "disk-loose", "monday")
    monday = account.take(disk_id="disk-loose")
    content.write_text("tuesday")
    account.local.cloud.faults.add([Fault("no_answer", action="ApplySnapshot")])

    told = back(account, monday, typed="disk-loose")

    assert told[-1] == f"disk-loose is back at {monday}"
    assert content.read_text() == "monday"


def test_a_disk_whose_snapshot_is_being_made_is_left_alone(account: Account) -> None:
    made = account.take(disk_id="disk-loose")
    account.local.cloud.faults.add([Fault("stuck", action="CreateSnapshot")])
    account.take(disk_id="disk-loose")

    with pytest.raises(InputError, match="still being made"):
        back(account, made, typed="disk-loose")


def test_a_snapshot_without_its_disk_can_only_be_cloned(account: Account) -> None:
    made = account.take(disk_id="disk-loose")
    account.api(Target(HERE)).call("cbs", "TerminateDisks", {"DiskIds": ["disk-loose"]})

    with pytest.raises(InputError, match="clone it instead"):
        back(account, made, typed="disk-loose")
    with pytest.raises(InputError, match="there is no snapshot"):
        back(account, "snap-nosuch", typed="disk-loose")


def test_clones_carry_the_bytes_and_are_attached(account: Account, tmp_path: Path) -> None:
    for disk_id in ("disk-a", "disk-b"):
        with_bytes(account, tmp_path, disk_id, f"bytes of {disk_id}")
    made = [taken(account, one) for one in ("disk-a", "disk-b")]
    plan = planned_clone(made, account.inventory().disks, Wish(instance(account)))

    told = list(clone(plan, "tuesday", means(account)))

    new = [one for one in account.held().disks.values() if one.name.startswith("restored-")]
    assert sorted(Path(one.content).read_text() for one in new) == ["bytes of disk-a", "bytes of disk-b"]
    assert {(one.state, tuple(one.instances)) for one in new} == {("ATTACHED", ("ins-2",))}
    assert told[-1].endswith("are attached to ins-2")
    assert sorted(one.size_gib for one in new) == [20, 50]


def test_the_same_key_again_makes_and_attaches_nothing_twice(account: Account) -> None:
    made = [taken(account)]
    plan = planned_clone(made, account.inventory().disks, Wish(instance(account)))
    before = len(account.held().disks)

    for _ in range(2):
        list(clone(plan, "tuesday", means(account)))

    assert len(account.held().disks) == before + 1


@pytest.mark.parametrize(
    ("disk_id", "wish", "why"),
    [
        ("disk-sys", Wish(), "system disk"),
        ("disk-a", Wish(size_gib=10), "20 GiB at least"),
        (
            "disk-a",
            Wish(zone="ap-guangzhou-9", instance=Instance("ins-2", HERE, "ap-guangzhou-3", "", "RUNNING")),
            "is in",
        ),
    ],
)
def test_what_the_cloud_forbids_is_refused_before_any_call(
    account: Account, disk_id: str, wish: Wish, why: str
) -> None:
    made = [taken(account, disk_id)]

    with pytest.raises(InputError, match=why):
        planned_clone(made, account.inventory().disks, wish)


def test_a_clone_of_a_disk_that_is_gone_needs_a_type(account: Account) -> None:
    made = taken(account, "disk-loose")

    with pytest.raises(InputError, match="which type"):
        planned_clone([made], {}, Wish(zone="ap-guangzhou-3"))
    plan = planned_clone([replace(made, copied=True)], {}, Wish(zone="ap-guangzhou-3", type="CLOUD_SSD"))

    assert list(plan.steps()) == [
        f"make restored-{made.id}, 50 GiB CLOUD_SSD in ap-guangzhou-3, of {made.id}"
    ]


def test_an_instance_as_of_a_time_is_the_latest_run_that_has_all_its_disks(account: Account) -> None:
    whole = [account.take(disk_id=one, due=hour(2)) for one in ("disk-a", "disk-b")]
    account.take(disk_id="disk-a", due=hour(3))
    for one in ("disk-a", "disk-b"):
        account.take(disk_id=one, due=hour(5))

    found = one_moment(account.inventory().ours(), ["disk-a", "disk-b"], hour(4))

    assert [one.snapshot.id for one in found] == whole


def test_a_time_without_a_whole_run_names_the_disks_that_lack(account: Account) -> None:
    account.take(disk_id="disk-a", due=hour(3))

    with pytest.raises(InputError, match="none of disk-b"):
        one_moment(account.inventory().ours(), ["disk-a", "disk-b"], hour(4))


def hour(at: int) -> datetime:
    return datetime(2026, 11, 17, at, tzinfo=timezone.utc)
