"""The benchmarks by name, in the order in which they run."""

from __future__ import annotations

from bench import agent, cold_start, fleet, localcloud, packaged, planning, window

BENCHMARKS = {
    one.name: one
    for one in (
        window.BENCHMARK,
        cold_start.BENCHMARK,
        *packaged.BENCHMARKS,
        agent.BENCHMARK,
        localcloud.BENCHMARK,
        planning.BENCHMARK,
        fleet.BENCHMARK,
    )
}
