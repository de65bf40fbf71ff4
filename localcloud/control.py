"""The control calls under /_local/: what a test or a person looks at and turns, not part of the cloud's API.

They are not signed: whoever reaches the server may use them, so it listens on this machine only by default.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

from localcloud.devices import DeviceError
from localcloud.errors import ApiError
from localcloud.faults import read_faults
from localcloud.moments import LATEST_S, read_moment, utc
from localcloud.records import RecordError
from localcloud.services import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from localcloud.cloud import Cloud
    from localcloud.resources import Disk, Region
    from localcloud.service import Answer, Runtime


PAGE = Path(__file__).with_name("page.html")
FASTEST = 10**9


@dataclass(frozen=True)
class Control:
    """Shows and turns one cloud."""

    cloud: Cloud
    runtime: Runtime | None = None

    def routes(self) -> list[Route]:
        """Return the control paths."""
        return [
            Route("/_local/", self.page),
            Route("/_local/summary", self.summary),
            Route("/_local/state", self.state),
            Route("/_local/requests", self.requests),
            Route("/_local/reset", _telling(self.reset), methods=["POST"]),
            Route("/_local/clock", _telling(self.clock), methods=["GET", "POST"]),
            Route("/_local/faults", _telling(self.faults), methods=["GET", "POST", "DELETE"]),
            Route("/_local/disks/{disk}/device", _telling(self.device), methods=["POST", "DELETE"]),
            Route("/_local/faults/{id:int}", self.fault, methods=["DELETE"]),
        ]

    async def page(self, _: Request) -> Response:
        """Show a page for people."""
        return HTMLResponse(PAGE.read_text(encoding="utf-8"))

    async def summary(self, _: Request) -> Response:
        """Count what there is, for the page."""
        self.cloud.settle()
        regions = [_counted(each) for each in self.cloud.world.regions.values()]
        return JSONResponse({"clock": self._clock(), "regions": regions})

    async def state(self, request: Request) -> Response:
        """Show the world: every field of every resource; `?region=` shows one region only."""
        self.cloud.settle()
        only = request.query_params.get("region")
        regions = [asdict(each) for each in self.cloud.world.regions.values() if only in (None, each.name)]
        return JSONResponse(
            {
                "clock": self._clock(),
                "accounts": [asdict(each) for each in self.cloud.keyring.accounts],
                "regions": regions,
                "copies": str(self.cloud.contents.root),
                "devices": self.cloud.devices.attached,
                "runtime": self.runtime.state() if self.runtime else None,
            }
        )

    async def requests(self, _: Request) -> Response:
        """Show the last calls, oldest first: what was asked, by whom, and with which code it was answered."""
        return JSONResponse({"requests": list(self.cloud.requests)})

    async def reset(self, _: Request) -> Response:
        """Put the world back to how it was at the start."""
        self.cloud.reset()
        await self.cloud.errands.stop()
        if self.runtime:
            await self.runtime.reset()
        return JSONResponse({})

    async def clock(self, request: Request) -> Response:
        """Read the clock, or move it: `{"set": "2026-…Z"}`, `{"advance_s": 60}`, `{"speed": 10}`."""
        wanted = await request.json() if request.method == "POST" else {}
        for key in wanted.keys() - {"set", "advance_s", "speed"}:
            raise ValueError(f"the clock has no `{key}`; it has set, advance_s, speed")
        clock = self.cloud.clock
        speed = _number("speed", wanted.get("speed", clock.speed), 0, FASTEST)
        by_s = _number("advance_s", wanted.get("advance_s", 0), -LATEST_S, LATEST_S)
        clock.set((read_moment(wanted["set"], "set") if "set" in wanted else clock.now()) + by_s, speed)
        self.cloud.settle()
        return JSONResponse(self._clock())

    async def faults(self, request: Request) -> Response:
        """Show the faults, set some (a list, or one), or take all away."""
        if request.method == "DELETE":
            self.cloud.faults.drop()
        if request.method == "POST":
            text = (await request.body()).decode()
            wanted = read_faults(text if text.lstrip().startswith("[") else f"[{text}]", "faults", ACTIONS)
            return JSONResponse({"ids": self.cloud.faults.add(wanted)})
        return JSONResponse({"faults": self.cloud.faults.shown()})

    async def fault(self, request: Request) -> Response:
        """Take one fault away."""
        self.cloud.faults.drop(request.path_params["id"])
        return JSONResponse({})

    async def device(self, request: Request) -> Response:
        """Make a block device of a disk's image (POST), or remove it (DELETE)."""
        disk_id = request.path_params["disk"]
        if request.method == "DELETE" and disk_id in self.cloud.devices.attached:  # its disk may be gone
            await self.cloud.devices.detach(disk_id)
            return JSONResponse({})
        disk = self._disk(disk_id)
        if request.method == "DELETE":
            return JSONResponse({})
        disk.content = disk.content or self.cloud.contents.image(disk.id, disk.size_gib)
        return JSONResponse({"device": await self.cloud.devices.attach(disk.id, disk.content)})

    def _disk(self, disk_id: str) -> Disk:
        for region in self.cloud.world.regions.values():
            if disk_id in region.disks:
                return region.disks[disk_id]
        raise ValueError(f"there is no disk `{disk_id}`")

    def _clock(self) -> Answer:
        now_s = self.cloud.clock.now()
        return {"now": utc(now_s), "now_s": now_s, "speed": self.cloud.clock.speed}


def _number(name: str, value: object, least: float, most: float) -> float:
    """Return a number from `least` to `most`, or raise what is wrong with it; NaN is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise ValueError(f"`{name}` should be a number from {least:g} to {most:g}, not {value!r}")
    return value


def _counted(region: Region) -> Answer:
    return {
        "name": region.name,
        "uin": region.uin,
        "instances": len(region.instances),
        "disks": len(region.disks),
        "snapshots": len(region.snapshots),
        "creating": sum(each.state == "CREATING" for each in region.snapshots.values()),
    }


def _telling(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Answer what a control call was given wrongly with status 400 and the reason."""

    async def endpoint(request: Request) -> Response:
        try:
            return await handler(request)
        except (ValueError, TypeError, AttributeError, ApiError, RecordError, DeviceError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)

    return endpoint
