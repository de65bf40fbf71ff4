"""The local cloud against a bare Starlette endpoint that returns a page of the same size.

Both are processes of their own behind the same server; one client asks over one kept connection. What the
bare endpoint does not do: verify a signature, read parameters, find the rows, make the page. Memory is what
the process holds for each disk of a large fleet, beyond what it holds for a small one.
"""

from __future__ import annotations

import http.client
import json
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from bench.processes import ROOT, running
from bench.trials import Benchmark, Metric
from localcloud.server import listen, make_server
from localcloud.signature import SignedRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.trials import Sample, Side

DISKS, SNAPSHOTS_A_DISK = 20_000, 5
REQUESTS = 300
PAGE = json.dumps({"Limit": 100}).encode()


@dataclass(frozen=True)
class Server:
    """A process that answers: where, and as whom it may be asked."""

    ready: Mapping[str, str]

    def rate(self) -> Sample:
        """Ask for the same page again and again; return how many were answered a second."""
        where = urlsplit(self.ready["url"])
        connection = http.client.HTTPConnection(where.hostname or "", where.port)
        headers = self._signed(where.netloc)
        began = time.perf_counter()
        for _ in range(REQUESTS):
            connection.request("POST", "/", PAGE, headers)
            answer = connection.getresponse()
            if b'"Error"' in answer.read()[:40]:
                raise RuntimeError("the page was refused")
        took_s = time.perf_counter() - began
        connection.close()
        return {"rate": REQUESTS / took_s}

    def page(self) -> bytes:
        """Return the page itself."""
        where = urlsplit(self.ready["url"])
        connection = http.client.HTTPConnection(where.hostname or "", where.port)
        connection.request("POST", "/", PAGE, self._signed(where.netloc))
        body = connection.getresponse().read()
        connection.close()
        return body

    def memory_bytes(self) -> int:
        """Return what the process holds in memory."""
        status = Path("/proc", self.ready["pid"], "status").read_text()
        line = next(each for each in status.splitlines() if each.startswith("VmRSS"))
        return int(line.split()[1]) * 1024

    def _signed(self, host: str) -> dict[str, str]:
        now = int(time.time())
        day = time.strftime("%Y-%m-%d", time.gmtime(now))
        scope = f"{self.ready['secret_id']}/{day}/cbs/tc3_request"
        unsigned = (
            f"TC3-HMAC-SHA256 Credential={scope}, SignedHeaders=content-type;host, Signature={'0' * 64}"
        )
        headers = {
            "content-type": "application/json",
            "host": host,
            "x-tc-timestamp": str(now),
            "x-tc-action": "DescribeSnapshots",
            "x-tc-version": "2017-03-12",
            "x-tc-region": "ap-guangzhou",
            "authorization": unsigned,
        }
        request = SignedRequest("POST", "", headers, PAGE)
        signature = request.signature(request.authorization(), self.ready["secret_key"])
        return headers | {"authorization": unsigned.replace("0" * 64, signature)}


@contextmanager
def _cloud(folder: Path, disks: int) -> Iterator[Server]:
    fleet, ready = folder / f"{disks}.yml", folder / f"{disks}.json"
    fleet.write_text(
        "regions: {ap-guangzhou: {disks: "
        f"[{{id: disk-bench, count: {disks}, existing_snapshots: {SNAPSHOTS_A_DISK}}}]}}}}\n"
    )
    command = [sys.executable, "-m", "localcloud", "serve", "--rate", "0"]
    command += ["--fleet", str(fleet), "--ready-file", str(ready)]
    with running(command, ROOT, folder / f"{disks}.log", ready.exists):
        yield Server(json.loads(ready.read_text()))


@contextmanager
def _bare(folder: Path, page: bytes) -> Iterator[Server]:
    body, ready = folder / "page", folder / "bare.json"
    body.write_bytes(page)
    command = [sys.executable, "-m", "bench.localcloud", str(body), str(ready)]
    with running(command, ROOT, folder / "bare.log", ready.exists):
        yield Server(json.loads(ready.read_text()))


@contextmanager
def _sides() -> Iterator[Mapping[str, Side]]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with (
            _cloud(folder, 100) as small,
            _cloud(folder, DISKS) as large,
            _bare(folder, small.page()) as bare,
        ):
            held = (large.memory_bytes() - small.memory_bytes()) / (DISKS - 100)
            yield {
                "bare Starlette": bare.rate,
                "500 snapshots": small.rate,
                f"{DISKS * SNAPSHOTS_A_DISK:,} snapshots": lambda: (
                    dict(large.rate()) | {"memory": held / 1024}
                ),
            }


BENCHMARK = Benchmark(
    name="localcloud",
    claim="A page of 100 snapshots costs the same whether there are hundreds or hundreds of thousands.",
    trials=10,
    metrics=(
        Metric("rate", "/s", "pages of 100 snapshots a second", more_is_better=True),
        Metric("memory", "KiB", "memory a disk with its five snapshots", compared=False),
    ),
    plotted="rate",
    sides=_sides,
)


def main(page: Path, ready: Path) -> None:
    """Serve one page, whatever is asked."""
    body = page.read_bytes()

    async def endpoint(_: object) -> Response:
        return Response(body, media_type="application/json")

    listener = listen("127.0.0.1", 0)
    server = make_server(Starlette(routes=[Route("/", endpoint, methods=["POST"])]))
    part = ready.with_suffix(".part")
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    part.write_text(json.dumps({"url": url, "secret_id": "AKIDbare", "secret_key": "bare"}))
    part.replace(ready)
    server.run(sockets=[listener])


if __name__ == "__main__":
    main(*(Path(each) for each in sys.argv[1:3]))
