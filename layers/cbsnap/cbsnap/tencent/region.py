"""One region of one account: the port `Cloud`, over CBS, CVM and the tag service."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cbsnap.errors import CloudError, OutcomeUnknown, Refused
from cbsnap.ports.cloud import TAGGED_TOGETHER
from cbsnap.tencent import answers, codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from cbsnap.model.cloud import Disk, Instance, Snapshot, SnapshotUsage
    from cbsnap.model.plan import Target
    from cbsnap.tencent.api import Api

PAGE = 100  # the most rows or ids of a call
PAGES_AT_ONCE = 4  # of all disks: DescribeDisks may be called 100 times a second (362/15634)
DISKS_OF_A_FILTER = 10  # the most values of the filter disk-id in DescribeSnapshots
MOST_AT_ONCE = 64  # disks of one group: an instance takes 20 data disks and one system disk
WARMING_S = 10.0
_BY_TIME = {"OrderField": "CREATE_TIME"}
CLOCKS_APART = timedelta(minutes=10)  # how far the cloud's times may be from ours


class Region:
    """The CBS disks, snapshots and instances of one region; `role` is the account's, None for our own."""

    def __init__(self, api: Api, role: str | None = None) -> None:
        self.region = api.region
        self.role = role
        self._api = api
        self._local = threading.local()

    def disks(self, ids: Sequence[str] = ()) -> list[Disk]:
        """Return the named disks, or all: then several pages at once, since planning waits for them."""
        if ids:
            rows = self._some("cbs", "DescribeDisks", "DiskSet", "DiskIds", ids)
            return [answers.disk(row, self.region) for row in rows]
        first, total = self._hundred_disks(0)
        with ThreadPoolExecutor(PAGES_AT_ONCE) as pool:
            others = pool.map(lambda start: self._hundred_disks(start)[0], range(PAGE, total, PAGE))
            return [*first, *(disk for some in others for disk in some)]

    def instances(self, ids: Sequence[str]) -> list[Instance]:
        """Return the named instances."""
        rows = self._some("cvm", "DescribeInstances", "InstanceSet", "InstanceIds", ids) if ids else ()
        return [answers.instance(row, self.region) for row in rows]

    def snapshots(self, ids: Sequence[str] = ()) -> list[Snapshot]:
        """Return the named snapshots, or all."""
        rows = self._some("cbs", "DescribeSnapshots", "SnapshotSet", "SnapshotIds", ids)
        return [answers.snapshot(row, self.region) for row in rows]

    def glance(self, ids: Sequence[str], timeout_s: float) -> list[Snapshot]:
        """Return the named snapshots, a hundred at most, asking once only."""
        params = {"SnapshotIds": list(ids), "Limit": PAGE}
        answer = self._api.call("cbs", "DescribeSnapshots", params, timeout_s)
        return [answers.snapshot(row, self.region) for row in answer.get("SnapshotSet") or []]

    def snapshots_of(self, disk_ids: Sequence[str]) -> list[Snapshot]:
        """Return all snapshots of these disks."""
        rows: list[dict[str, Any]] = []
        for some in _cut(disk_ids, DISKS_OF_A_FILTER):
            filters = [{"Name": "disk-id", "Values": list(some)}]
            rows += self._pages("cbs", "DescribeSnapshots", "SnapshotSet", {"Filters": filters})
        return [answers.snapshot(row, self.region) for row in rows]

    def snapshots_since(self, moment: datetime) -> list[Snapshot]:
        """Return those made since then, read backwards from the newest, and those still being made."""
        found = self._being_made()
        newest_first = {"OrderField": "CREATE_TIME", "Order": "DESC"}
        for row in self._pages("cbs", "DescribeSnapshots", "SnapshotSet", newest_first):
            snapshot = answers.snapshot(row, self.region)
            if snapshot.created_at < moment - CLOCKS_APART:
                break
            found[snapshot.id] = snapshot
        return list(found.values())

    def disk_rows(self, offset: int) -> tuple[list[Disk], int]:
        """Return a page of disks, oldest first."""
        rows, total = self._page("DescribeDisks", "DiskSet", offset, {**_BY_TIME, "Order": "ASC"})
        return [answers.disk(row, self.region) for row in rows], total

    def snapshot_rows(self, offset: int, state: str | None = None) -> tuple[list[Snapshot], int]:
        """Return a page of snapshots, newest first, of one state if it is given."""
        params: dict[str, Any] = {**_BY_TIME, "Order": "DESC"}
        if state:
            params["Filters"] = [{"Name": "snapshot-state", "Values": [state]}]
        rows, total = self._page("DescribeSnapshots", "SnapshotSet", offset, params)
        return [answers.snapshot(row, self.region) for row in rows], total

    def usage(self) -> SnapshotUsage:
        """Return what the region's snapshots add up to."""
        return answers.usage(self._api.read("cbs", "DescribeSnapshotOverview", {}))

    def warm(self, connections: int) -> None:
        """Open a connection in each of this thread's helpers; those of larger groups before may help, too."""
        connections = self._local.helpers = max(connections, getattr(self._local, "helpers", 0))
        together = threading.Barrier(connections)

        def open_one() -> None:
            self._api.warm("cbs")
            together.wait(WARMING_S)  # so that each connection is another thread's

        done = [self._burst.submit(open_one) for _ in range(connections)]
        for each in done:
            try:
                each.result()
            except threading.BrokenBarrierError:
                continue  # one of them failed, and says why itself

    def create_snapshots(
        self,
        names: Mapping[str, str],
        tags: Mapping[str, str],
        timeout_s: float,
        own_tags: Mapping[str, Mapping[str, str]] | None = None,
        deadline: datetime | None = None,
    ) -> dict[str, str | Exception]:
        """Start one snapshot a disk at the same moment (20 requests a second, 362/15648)."""
        own = own_tags or {}
        ends = {"Deadline": deadline.isoformat(timespec="seconds")} if deadline else {}
        calls = {
            disk_id: self._burst.submit(
                self._create,
                {"DiskId": disk_id, "SnapshotName": name, **ends},
                {**own.get(disk_id, {}), **tags},
                timeout_s,
            )
            for disk_id, name in names.items()
        }
        wait(calls.values(), timeout=timeout_s)
        return {disk_id: _result(call) for disk_id, call in calls.items()}

    def tag_snapshots(self, snapshot_ids: Sequence[str], key: str, value: str) -> None:
        """Set one tag on many snapshots; the resource is named as the vendor's Terraform provider does."""
        tag(self._api, [f"qcs::cvm:{self.region}:uin/:snapshot/{one}" for one in snapshot_ids], key, value)

    def tag_instances(self, ids: Sequence[str], key: str, value: str) -> None:
        """Set one tag on instances."""
        tag(self._api, self._instances(ids), key, value)

    def untag_instances(self, ids: Sequence[str], key: str) -> None:
        """Take one tag from instances."""
        _all_done(
            self._api.read("tag", "UnTagResources", {"ResourceList": self._instances(ids), "TagKeys": [key]})
        )

    def stop_instances(self, ids: Sequence[str]) -> None:
        """Begin to stop instances softly, still paid for: so that they are there to be started."""
        params = {"InstanceIds": list(ids), "StopType": "SOFT", "StoppedMode": "KEEP_CHARGING"}
        self._api.call("cvm", "StopInstances", params)

    def start_instances(self, ids: Sequence[str]) -> None:
        """Begin to start instances."""
        self._api.call("cvm", "StartInstances", {"InstanceIds": list(ids)})

    def _instances(self, ids: Sequence[str]) -> list[str]:
        return [f"qcs::cvm:{self.region}::instance/{one}" for one in ids]

    def _being_made(self) -> dict[str, Snapshot]:
        state = {"Filters": [{"Name": "snapshot-state", "Values": ["CREATING"]}]}
        rows = self._pages("cbs", "DescribeSnapshots", "SnapshotSet", state)
        return {row["SnapshotId"]: answers.snapshot(row, self.region) for row in rows}

    @property
    def _burst(self) -> ThreadPoolExecutor:
        """Threads of this thread alone, so that no other group's calls stand before its own."""
        if not hasattr(self._local, "burst"):
            self._local.burst = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="create")
        pool: ThreadPoolExecutor = self._local.burst
        return pool

    def _create(self, wanted: Mapping[str, str], tags: Mapping[str, str], timeout_s: float) -> str:
        given = answers.given(tags)
        answer = self._api.call("cbs", "CreateSnapshot", {**wanted, "Tags": given}, timeout_s)
        snapshot_id = answer.get("SnapshotId")
        if not snapshot_id:  # documented as possible; whether one was made is not said
            raise OutcomeUnknown("NullSnapshotId", "the answer has no SnapshotId", answer.get("RequestId"))
        return str(snapshot_id)

    def _hundred_disks(self, start: int) -> tuple[list[Disk], int]:
        """Return the disks from a place on, and how many there are in all; a short page is followed up."""
        found: list[Disk] = []
        while True:
            window = {"Offset": start + len(found), "Limit": PAGE - len(found)}
            answer = self._api.read("cbs", "DescribeDisks", window)
            page = answer.get("DiskSet") or []
            found += [answers.disk(row, self.region) for row in page]
            if not page or len(found) >= PAGE or start + len(found) >= answer["TotalCount"]:
                return found, answer["TotalCount"]

    def _some(
        self, service: str, action: str, rows: str, ids_field: str, ids: Sequence[str]
    ) -> Iterator[dict[str, Any]]:
        if not ids:
            yield from self._pages(service, action, rows, {})
        for some in _cut(ids, PAGE):
            yield from self._pages(service, action, rows, {ids_field: list(some)})

    def _page(
        self, action: str, rows: str, offset: int, params: Mapping[str, Any]
    ) -> tuple[list[dict[str, Any]], int]:
        answer = self._api.read("cbs", action, {**params, "Offset": offset, "Limit": PAGE})
        return answer.get(rows) or [], int(answer["TotalCount"])

    def _pages(
        self, service: str, action: str, rows: str, params: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            answer = self._api.read(service, action, {**params, "Offset": offset, "Limit": PAGE})
            page = answer.get(rows) or []
            yield from page
            offset += len(page)
            if not page or offset >= answer["TotalCount"]:
                return


class Regions:
    """The port `Clouds`: each target's region, made when first asked for."""

    def __init__(self, api: Callable[[Target], Api]) -> None:
        self._api = api
        self._regions: dict[Target, Region] = {}

    def at(self, target: Target) -> Region:
        """Return one target's view; nothing is sent yet."""
        return self._regions.setdefault(target, Region(self._api(target), target.role))


def tag(api: Api, resources: Sequence[str], key: str, value: str) -> None:
    """Set one tag on resources, each described in its six parts; what some refuse, others still get.

    Raises CloudError, of what was refused the first.
    """
    refusals: list[Refused] = []
    for some in _cut(resources, TAGGED_TOGETHER):
        tags = {"ResourceList": list(some), "Tags": [{"TagKey": key, "TagValue": value}]}
        try:
            _all_done(api.read("tag", "TagResources", tags))
        except Refused as refused:
            refusals.append(refused)
    if refusals:
        raise refusals[0]


def _all_done(answer: Mapping[str, Any]) -> None:
    failed = answer.get("FailedResources") or []
    if failed:
        first = failed[0]
        code = first.get("Code", "FailedResources")
        raise codes.error(code, f"{first['Resource']}: {first.get('Message')}")


def _cut(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _result(call: Future[str]) -> str | Exception:
    if not call.done():
        return OutcomeUnknown("ClientTimeout", "no answer in time")
    error = call.exception()
    return call.result() if error is None else _expected(error)


def _expected(error: BaseException) -> Exception:
    if isinstance(error, CloudError):
        return error
    raise error
