"""The benchmarks by name, in the order in which they run."""

from __future__ import annotations

from bench import (
    agent,
    cold_start,
    console,
    fleet,
    gateway,
    localcloud,
    packaged,
    planning,
    published,
    retention,
    window,
)

BENCHMARKS = {
    one.name: one
    for one in (
        window.BENCHMARK,
        published.BENCHMARK,
        cold_start.BENCHMARK,
        *packaged.BENCHMARKS,
        agent.BENCHMARK,
        localcloud.BENCHMARK,
        retention.BENCHMARK,
        planning.BENCHMARK,
        fleet.BENCHMARK,
        gateway.START,
        gateway.LIST,
        console.BENCHMARK,
    )
}
