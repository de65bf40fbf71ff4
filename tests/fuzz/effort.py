"""How hard a target tries: a little and always the same in the tests, anew and far more in `make fuzz`.

`make fuzz` sets FUZZ_TIMES: so many times the examples, other ones each time, and what fails is kept in
`.hypothesis/fuzz`, from where the next run takes it first.
"""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

TIMES = int(os.environ.get("FUZZ_TIMES", "0"))
KEPT = Path(__file__).parents[2] / ".hypothesis/fuzz"
# Fixtures are servers, which may be the same for all examples; a loaded machine is slow.
_UNCHECKED = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large)


def effort(examples: int, steps: int = 50) -> settings:
    """Return the settings of a target: `examples` in the tests, of so many `steps` in a state machine."""
    return settings(
        max_examples=examples * max(1, TIMES),
        stateful_step_count=steps,
        derandomize=not TIMES,
        database=DirectoryBasedExampleDatabase(KEPT) if TIMES else None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=_UNCHECKED,
    )
