"""Many cases, several at a time: each lane has a stage of its own and takes the next case that is left."""

from __future__ import annotations

import queue
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.chaos.cases import case
from tests.chaos.run import Verdict, run
from tests.chaos.stage import built

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from tests.chaos.core import Change


def campaign(
    seed: int, numbers: Iterable[int], lanes: int, changes: Iterable[Change] = ()
) -> Generator[Verdict, None, None]:
    """Yield the verdict of each case as it comes; `changes` break the core on purpose."""
    left: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in numbers:
        left.put(number)
    done: queue.SimpleQueue[Verdict | None] = queue.SimpleQueue()
    ending = threading.Event()
    building = threading.Lock()  # one after the other: side by side they are slower than their time limits

    def lane() -> None:
        try:
            with ExitStack() as stack:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
                with building:
                    stage = stack.enter_context(built(folder, *changes))
                with suppress(queue.Empty):
                    while not ending.is_set():
                        done.put(run(stage, case(seed, left.get_nowait())))
        finally:
            done.put(None)

    with ThreadPoolExecutor(lanes) as pool:
        running = [pool.submit(lane) for _ in range(lanes)]
        try:
            for _ in running:
                while (verdict := done.get()) is not None:
                    yield verdict
        finally:
            ending.set()
        for each in running:
            each.result()
