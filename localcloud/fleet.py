"""From a fleet file to the world at the start: accounts, regions, instances, disks and snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.accounts import Account, Keyring, Role
from localcloud.cloud import World
from localcloud.errors import ApiError
from localcloud.fleetfile import FleetSpec, RegionSpec
from localcloud.moments import read_moment
from localcloud.records import Found, read, text_of
from localcloud.resources import UNNAMED, AutoPolicy, Disk, Instance, Quota, Region, Snapshot

if TYPE_CHECKING:
    from localcloud.clock import Clock
    from localcloud.fleetfile import AccountSpec, DiskSpec, InstanceSpec, PolicySpec, SnapshotSpec

EXAMPLE = Path(__file__).with_name("example.yml")


def load(path: Path | None, clock: Clock) -> World:
    """Make the world that a file describes, or the example; raises RecordError."""
    file = _read(path or EXAMPLE)
    _check_accounts(file)
    accounts = [_account(each) for each in file.record.accounts]
    world = World(Keyring(accounts))
    for name, spec in file.record.regions.items():
        _Region(path or EXAMPLE, file, world, name, spec, clock.now()).settle()
    for (uin, _), region in world.regions.items():
        _share(world, region)
        for things in (region.instances, region.disks, region.snapshots):
            for thing in things.values():
                if thing.tags:
                    world.tags_of(uin).enter(thing.tags)
    return world


def _share(world: World, region: Region) -> None:
    """Let the accounts that a region's snapshots are shared with know of them."""
    for snapshot in region.snapshots.values():
        for other in snapshot.shared_with:
            if theirs := world.regions.get((other, region.name)):
                theirs.shared_here[snapshot.id] = region.uin


def _account(spec: AccountSpec) -> Account:
    roles = tuple(Role(each.name, each.id, each.external_id, tuple(each.trusts)) for each in spec.roles)
    return Account(spec.uin, spec.appid, spec.secret_id, spec.secret_key, roles)


def _check_accounts(file: Found[FleetSpec]) -> None:
    """Raise a mistake where there is no account, or two with the same number or key."""
    if not file.record.accounts:
        raise file.mistake(file.record, "there is no account in `accounts`", "accounts")
    seen: set[str] = set()
    for spec in file.record.accounts:
        for key in (spec.uin, spec.secret_id):
            if key in seen:
                raise file.mistake(spec, f"two accounts have `{key}`")
        seen |= {spec.uin, spec.secret_id}


def _read(path: Path) -> Found[FleetSpec]:
    return read(FleetSpec, text_of(path), str(path))


def _ids(spec: DiskSpec) -> list[str]:
    """Return the ids that a disk stands for: its own, or numbered ones where there are several of it."""
    return [spec.id] if spec.count == 1 else [f"{spec.id}-{number:06}" for number in range(spec.count)]


@dataclass(frozen=True)
class _Region:
    """Settles one region: each account has its own part of it, even an empty one."""

    path: Path
    file: Found[FleetSpec]
    world: World
    name: str
    spec: RegionSpec
    now_s: float

    def settle(self) -> None:
        quota = Quota(self.spec.quota.per_region, self.spec.quota.per_disk)
        for account in self.world.keyring.accounts:
            self.world.regions[account.uin, self.name] = Region(self.name, account.uin, quota)
        for instance in self.spec.instances:
            self.add_instance(instance)
        for disk in self.spec.disks:
            for disk_id in _ids(disk):
                self.add_disk(disk, disk_id)
        for snapshot in self.spec.snapshots:
            self.add_snapshot(snapshot)
        for policy in self.spec.auto_policies:
            self.add_policy(policy)

    def add_policy(self, spec: PolicySpec) -> None:
        part = self.part(spec)
        part.policies[spec.id] = AutoPolicy(
            id=spec.id,
            created_s=self.now_s,
            name=spec.name,
            activated=spec.activated,
            hours=list(spec.hours),
            days_of_week=list(spec.days_of_week),
            retention_days=spec.retention_days,
            tags=dict(spec.tags),
        )
        for disk_id in spec.disks:
            if disk_id not in part.disks:
                raise self.file.mistake(
                    spec, f"policy `{spec.id}` is of a disk that is not there: `{disk_id}`"
                )
            part.disks[disk_id].policies.append(spec.id)

    def part(self, record: InstanceSpec | DiskSpec | SnapshotSpec | PolicySpec, thing_id: str = "") -> Region:
        """Return the part of the account that a record names; the first account's where it names none.

        `thing_id` is the id of the thing to be added, where it is not the record's own.
        """
        uin = record.account or self.world.keyring.accounts[0].uin
        part = self.world.regions.get((uin, self.name))
        if part is None:
            raise self.file.mistake(record, f"there is no account `{uin}`")
        thing_id = thing_id or record.id
        if any(thing_id in kind for kind in (part.instances, part.disks, part.snapshots, part.policies)):
            raise self.file.mistake(record, f"`{thing_id}` is there twice")
        return part

    def moment(self, record: object, text: str) -> float:
        try:
            return read_moment(text, text) if text else self.now_s
        except ApiError as error:
            raise self.file.mistake(
                record, f"`{text}` is not a moment in ISO 8601 of 1970 to 8999"
            ) from error

    def add_instance(self, spec: InstanceSpec) -> None:
        self.part(spec).instances[spec.id] = Instance(
            id=spec.id,
            zone=spec.zone or f"{self.name}-1",
            created_s=self.moment(spec, spec.created),
            ip=spec.ip,
            name=spec.name or "Unnamed",
            agent_url=spec.agent_url,
            shows=dict(spec.shows),
            command_agent=spec.command_agent,
            env=dict(spec.env),
            state=spec.state,
            tags=dict(spec.tags),
        )

    def add_disk(self, spec: DiskSpec, disk_id: str) -> None:
        part = self.part(spec, disk_id)
        instances = [*spec.instances, *([spec.instance] if spec.instance else [])]
        for missing in set(instances) - part.instances.keys():
            raise self.file.mistake(
                spec, f"disk `{spec.id}` is on an instance that is not there: `{missing}`"
            )
        disk = Disk(
            id=disk_id,
            zone=spec.zone or f"{self.name}-1",
            created_s=self.moment(spec, spec.created),
            size_gib=spec.size_gib,
            name=spec.name or "Unnamed",
            usage=spec.usage,
            kind=spec.type,
            charge=spec.charge,
            deadline_s=self.moment(spec, spec.deadline) if spec.deadline else None,
            project_id=spec.project_id,
            instances=instances,
            state=spec.state or ("ATTACHED" if instances else "UNATTACHED"),
            portable=spec.portable,
            shareable=spec.shareable,
            encrypt=spec.encrypt,
            migrating=spec.migrating,
            snapshot_ability=spec.snapshot_ability,
            tags=dict(spec.tags),
            content=str(self.content(spec)) if spec.content else "",
        )
        part.add_disk(disk)
        for number in range(spec.existing_snapshots):
            part.add_snapshot(self.finished(disk, f"{disk_id.replace('disk-', 'snap-')}-{number:02}"))

    def content(self, spec: DiskSpec) -> Path:
        """Return a disk's content; a relative path starts at the fleet file's folder."""
        path = self.path.parent / spec.content
        if not path.exists():
            raise self.file.mistake(spec, f"disk `{spec.id}` has content that is not there: {path}")
        return path.resolve()

    def finished(self, disk: Disk, snapshot_id: str) -> Snapshot:
        return Snapshot(
            id=snapshot_id,
            disk_id=disk.id,
            zone=disk.zone,
            created_s=disk.created_s,
            size_gib=disk.size_gib,
            usage=disk.usage,
            state="NORMAL",
        )

    def add_snapshot(self, spec: SnapshotSpec) -> None:
        part = self.part(spec)
        disk = part.disks.get(spec.disk)
        if disk is None and not spec.from_remote:
            raise self.file.mistake(
                spec, f"snapshot `{spec.id}` is of a disk that is not there: `{spec.disk}`"
            )
        created_s = self.moment(spec, spec.created)
        part.add_snapshot(
            Snapshot(
                id=spec.id,
                disk_id=spec.disk,
                zone=spec.zone or (disk.zone if disk else f"{self.name}-1"),
                created_s=created_s,
                size_gib=spec.size_gib or (disk.size_gib if disk else 50),
                name=spec.name or UNNAMED,
                usage=spec.usage or (disk.usage if disk else "DATA_DISK"),
                state=spec.state,
                progress_from_s=self.now_s,
                progress_to_s=self.now_s + spec.ready_in_s,
                deadline_s=self.moment(spec, spec.deadline) if spec.deadline else None,
                project_id=spec.project_id,
                encrypt=spec.encrypt,
                from_remote=spec.from_remote,
                locked=spec.locked,
                images=list(spec.images),
                shared_with=dict.fromkeys(spec.shared_with, created_s),
                tags=dict(spec.tags),
            )
        )
        self.plan(spec, part.snapshots[spec.id])

    def plan(self, spec: SnapshotSpec, snapshot: Snapshot) -> None:
        """Enter what the snapshot will do by itself."""
        where = (self.part_uin(spec), self.name, spec.id)
        if snapshot.state == "CREATING":
            self.world.agenda.add(snapshot.progress_to_s, "finish_snapshot", *where)
        if snapshot.deadline_s is not None:
            self.world.agenda.add(snapshot.deadline_s, "expire_snapshot", *where)

    def part_uin(self, spec: SnapshotSpec) -> str:
        return spec.account or self.world.keyring.accounts[0].uin
