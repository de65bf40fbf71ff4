"""The suite itself: it fails, and for the right reason, where the core is broken on purpose."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.chaos import breakage
from tests.chaos.campaign import campaign
from tests.chaos.cases import ROUND
from tests.chaos.core import Change, CoreChangedError, copy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SEED = 0
AT_MOST = len(ROUND)


def first_broken(changes: Sequence[Change]) -> str:
    """Run cases in their order until a promise is broken; return what was said, or nothing."""
    with closing(campaign(SEED, range(AT_MOST), lanes=1, changes=changes)) as verdicts:
        return next(("\n".join(verdict.broken) for verdict in verdicts if verdict.broken), "")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param(breakage.NO_LOOK_UP, "has 2 snapshots of", id="no look-up"),
        pytest.param(breakage.LABEL_BEFORE_PROOF, "but its lease is BROKEN", id="label before proof"),
        pytest.param(breakage.RELEASE_SKIPPED, "was not released: EXPIRED", id="release skipped"),
    ],
)
def test_a_core_that_is_broken_on_purpose_is_noticed(changes: Sequence[Change], told: str) -> None:
    assert told in first_broken(changes)


def test_a_change_that_no_longer_fits_the_product_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CoreChangedError, match="0 times"):
        copy(tmp_path, Change("jobs/bracket.py", "what was never there", ""))
