"""The benchmarks by name, in the order in which they run."""

from __future__ import annotations

from bench import agent, cold_start, localcloud, packaged, window

BENCHMARKS = {
    one.name: one
    for one in (
        window.BENCHMARK,
        cold_start.BENCHMARK,
        *packaged.BENCHMARKS,
        agent.BENCHMARK,
        localcloud.BENCHMARK,
    )
}
