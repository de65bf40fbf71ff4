from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from tencentcloud.cbs.v20170312.cbs_client import CbsClient

from localcloud import cbs, faults, fleetfile
from localcloud.services import SERVICES

TEXT = (Path(__file__).parents[2] / "docs" / "localcloud.md").read_text(encoding="utf-8")


def named(text: str) -> list[str]:
    return re.findall(r"`(\w+)`", text)


def test_every_emulated_action_is_documented_and_no_other() -> None:
    for service in SERVICES:
        if service.name != "scf":  # the function runtime has a page of its own
            row = next(
                line for line in TEXT.splitlines() if line.startswith(f"| {service.name} {service.version} ")
            )
            assert named(row) == sorted(service.actions)


def test_every_action_of_cbs_that_is_not_emulated_is_listed() -> None:
    section = TEXT.split("Of CBS these are:")[1].split("And besides:")[0]
    every = {name for name in vars(CbsClient) if name[0].isupper()}

    assert set(named(section)) == every - cbs.SERVICE.actions.keys()


def test_every_kind_of_fault_is_documented() -> None:
    section = TEXT.split("## Faults")[1].split("## Control calls")[0]

    assert {
        line.split("`")[1] for line in section.splitlines() if line.startswith("| `")
    } == faults.KINDS.keys()


def test_every_key_of_the_fleet_file_is_documented() -> None:
    rows = {
        "account": fleetfile.AccountSpec,
        "role": fleetfile.RoleSpec,
        "instance": fleetfile.InstanceSpec,
        "disk": fleetfile.DiskSpec,
        "snapshot": fleetfile.SnapshotSpec,
        "auto policy": fleetfile.PolicySpec,
    }
    for name, record in rows.items():
        row = next(line for line in TEXT.splitlines() if line.startswith(f"| {name} |"))
        assert set(named(row)) >= {each.name for each in fields(record)}
