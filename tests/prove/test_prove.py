"""The proof proves something: it fails on a broken promise, and when the weak modes show nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.prove.__main__ import TOOLS, main
from tests.prove.modes import MODES, chosen
from tests.prove.tally import Tally
from tests.prove.trials import Trial
from tests.system.loops import missing

BY_NAME = {str(mode): mode for mode in MODES}
WEAK = Trial(BY_NAME["files:no-plan"], "crash", {"journal": True, "lost": True}, late=False)
WHOLE = Trial(BY_NAME["mariadb:full"], "application", {"journal": False, "tables": False}, late=False)
LATE = Trial(BY_NAME["mariadb:late-cut"], "application", {"tables": True}, late=True)


def failures(*trials: Trial) -> list[str]:
    return list(Tally(list(trials)).failures())


def test_kept_promises_and_broken_weak_modes_are_a_proof() -> None:
    assert failures(WEAK, WHOLE, LATE) == []


def test_a_broken_promise_is_named() -> None:
    torn = replace(WHOLE, found={"tables": True})

    assert failures(WEAK, torn) == ["mariadb:full: labelled application, and broken: tables"]


def test_a_journal_to_replay_breaks_no_application() -> None:
    assert failures(WEAK, replace(WHOLE, found={"journal": True})) == []


def test_a_plan_that_does_not_earn_its_label_is_named() -> None:
    (failure,) = failures(WEAK, WHOLE, replace(WHOLE, label="filesystem", found={"journal": False}))

    assert failure == "mariadb:full: labelled filesystem, where the plan was to earn application"


def test_a_late_cut_that_no_marker_shows_is_named() -> None:
    assert failures(WEAK, replace(LATE, late=False, found={})) == [
        "mariadb:late-cut: its markers say that it was cut inside the lease"
    ]


def test_weak_modes_that_break_nothing_show_nothing() -> None:
    assert failures(replace(WEAK, found={"journal": False})) == [
        "files: 1 trials of weak modes broke nothing, which shows nothing"
    ]


def test_modes_are_chosen_by_workload_or_name() -> None:
    assert [str(mode) for mode in chosen("files:unmount, postgresql:full")] == [
        "postgresql:full",
        "files:unmount",
    ]
    assert len(chosen("files")) == 4
    with pytest.raises(ValueError, match="oracle is no mode"):
        chosen("oracle")


@pytest.mark.root
def test_one_trial_of_some_modes_holds() -> None:
    for tool in missing(*TOOLS):
        pytest.skip(f"{tool} is not installed")

    assert main(["--trials", "1", "--modes", "files,mariadb:no-plan,mariadb:full,postgresql:no-plan"]) == 0
