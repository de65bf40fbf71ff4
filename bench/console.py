"""The console's page: what travels, and how soon something is to be seen, in Chromium with an empty cache.

The baseline is one heading, served by the standard library. The console comes from the gateway, a
function in the local cloud that runs already, and lists the disks of the example fleet.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
import threading
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from bench.processes import ROOT, running
from bench.trials import Benchmark, Metric, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playwright.sync_api import Browser, BrowserContext

    from bench.trials import Sample, Side

TOKEN = "bench"  # noqa: S105 - opens nothing but the benchmark's own function
BARE = "<!doctype html><html lang=en><title>bare</title><h1>Disks</h1></html>"
POLICIES = "version: 1\ntargets: [{region: ap-guangzhou}]\npolicies: {all: {select: {usage: data}}}\n"
# Bytes with headers, requests, and when the first text was painted; times count from the navigation's start.
MEASURED = """() => {
  const came = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  return {
    weight: came.reduce((sum, one) => sum + one.transferSize, 0) / 1024,
    requests: came.length,
    content: performance.getEntriesByName("first-contentful-paint")[0].startTime,
    list: performance.now(),
  };
}"""


@contextmanager
def sides() -> Iterator[Mapping[str, Side]]:
    """Yield the bare page, the console's first visit, and its second with a warm cache."""
    with tempfile.TemporaryDirectory(prefix="cbsnap-bench-") as temporary, ExitStack() as stack:
        browser = stack.enter_context(_chromium())
        bare = stack.enter_context(_bare_page(Path(temporary)))
        console = stack.enter_context(_gateway(Path(temporary)))
        yield {
            "bare page": lambda: _visited(browser, bare, "h1", before=0),
            "console": lambda: _visited(browser, console, "tbody tr", before=0),
            "console, seen before": lambda: _visited(browser, console, "tbody tr", before=1),
        }


def _visited(browser: Browser, url: str, shown: str, before: int) -> Sample:
    """Open a page until `shown` is there; measure the visit after so many others with the same cache."""
    with browser.new_context(locale="en-US") as context:
        context.add_init_script(f"sessionStorage.setItem('cbsnap.token', {TOKEN!r})")
        samples = [_opened(context, url, shown) for _ in range(before + 1)]
    return samples[-1]


def _opened(context: BrowserContext, url: str, shown: str) -> Sample:
    page = context.new_page()
    page.goto(url)
    page.locator(shown).first.wait_for()
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    sample: Sample = page.evaluate(MEASURED)
    page.close()
    return sample


@contextmanager
def _chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - a development package

    program = shutil.which("chromium")
    if program is None:
        raise Unavailable("needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])


@contextmanager
def _bare_page(folder: Path) -> Iterator[str]:
    (folder / "bare").mkdir()
    (folder / "bare/index.html").write_text(BARE)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder / "bare"))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _gateway(folder: Path) -> Iterator[str]:
    (folder / "policies").mkdir()
    (folder / "policies/policies.yml").write_text(POLICIES)
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "localcloud", "serve", "--no-timers", "--ready-file", str(ready)]
    command += ["--functions", str(ROOT / "serverless.yml"), "--env", "CBSNAP_ENDPOINT={url}"]
    command += ["--layer", f"cbsnap-policies={folder / 'policies'}"]
    entry = f"bench:read:{hashlib.sha256(TOKEN.encode()).hexdigest()}:9999-12-31"
    log = folder / "local cloud.log"
    variables = {"CBSNAP_MASTER_KEY": "0" * 64, "CBSNAP_API_TOKENS": entry}
    with running(command, ROOT, log, ready.exists, **variables):
        url = json.loads(ready.read_text())["url"]
        yield f"{url}/_local/url/cbsnap-gateway/console/"


BENCHMARK = Benchmark(
    name="console",
    claim="the console's page in Chromium, against a page with one heading",
    trials=10,
    metrics=(
        Metric("weight", "KiB", "all that travels, headers too", compared=False),
        Metric("requests", "", "requests", compared=False),
        Metric("content", "ms", "navigation to first content"),
        Metric("list", "ms", "navigation to the whole page (console: the list of disks)"),
    ),
    plotted="content",
    sides=sides,
)
