"""Two years in which every day's state is what the documentation says."""

from __future__ import annotations

import os
from random import Random
from typing import TYPE_CHECKING

import pytest

from .years import DAYS, Years, fleet

if TYPE_CHECKING:
    from .conftest import Account


DISKS = int(os.environ.get("CBSNAP_YEARS_DISKS", "8"))  # for more: python -m tests.upkeep.years


@pytest.mark.fleet(fleet(DISKS))
def test_every_day_of_two_years_ends_as_the_slow_model_says(account: Account) -> None:
    years = Years(account, Random(7))  # noqa: S311 - a simulation that can be repeated
    years.begin()

    for number in range(DAYS):
        years.day(number)

    assert years.deleted > 2000
    assert years.expired > 0
