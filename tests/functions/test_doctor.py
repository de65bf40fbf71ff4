"""What `cbsnap doctor` reads in the log of functions that run: refusals, and passes that ended well."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cbsnap.entry.cli.app import main

from .stage import REGION

if TYPE_CHECKING:
    import pytest

    from .stage import Stage


def doctor(stage: Stage, capsys: pytest.CaptureFixture[str]) -> dict[tuple[str, str], dict[str, str]]:
    """Return what every check said, by check and subject."""
    environment = {
        "TENCENTCLOUD_SECRETID": "AKIDlocalcloud",
        "TENCENTCLOUD_SECRETKEY": "localcloud",
        "TENCENTCLOUD_REGION": REGION,
        "CBSNAP_ENDPOINT": stage.url,
    }
    policies = stage.folder / "policies/policies.yml"
    main(["--policies", str(policies), "doctor", "--json"], environment)
    items = json.loads(capsys.readouterr().out)["items"]
    return {(one["check"], one["subject"]): one for one in items}


def test_a_right_that_a_function_lacks_is_seen_in_its_log(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.set_fault(kind="error", action="CreateSnapshot", code="UnauthorizedOperation", times=0)
    stage.fire()

    found = doctor(stage, capsys)

    refused = found["rights", "cbsnap-snapshot"]
    assert refused["health"] == "bad"
    assert "was refused CreateSnapshot in ap-guangzhou" in refused["said"]
    assert "docs/cam/cbsnap-snapshot.json" in refused["cure"]


def test_functions_that_work_have_nothing_in_their_log(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.fire()
    stage.look_after()

    found = doctor(stage, capsys)

    assert found["rights", "of the functions"]["health"] == "ok"
    assert found["host", "ins-db"]["health"] == "ok"
    assert found["policy file", "cbsnap-policies 1"]["health"] == "ok"
    assert {one["health"] for (check, _), one in found.items() if check in {"timers", "layers"}} == {"ok"}
