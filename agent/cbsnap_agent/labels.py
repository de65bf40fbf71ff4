"""What a held plan earns for each disk. Pure; nothing is held here.

An engine is satisfied by its lock with a flush of its volumes; with a freeze too if its data lies on several
disks or if the engine says so; by nothing if some of its data may lie where nobody looked. An unmount that
was proved makes it `clean`. Commands earn nothing, unless the plan's configuration attests for them; on
several disks, not without a freeze. A disk with a mounted filesystem that is not the plan's earns nothing.
"""


def covers(plan, layout, sessions):
    """Return the record's `covers`: one for each volume and disk; `sessions` are the engines', in order."""
    locked = {volume for volumes, session in zip(layout.of, sessions) if session.locks for volume in volumes}
    how = [step for step in ("sync", "freeze", "unmount") if getattr(plan, step)]
    earned = {disk: label(plan, layout, sessions, disk) for disk in layout.disks()}
    return [
        {
            "disk_id": disk,
            "mount": volume.place,
            "fstype": volume.mount.fstype,
            "how": "+".join(["lock"] * (volume in locked) + how),
            "label": earned[disk],
        }
        for volume in layout.volumes
        for disk in volume.disks
    ]


def label(plan, layout, sessions, disk):
    """Return what one disk earns."""
    if layout.outside(disk):
        return "crash"
    if plan.unmount:
        return "clean"
    if (plan.sync or plan.freeze) and _is_application(plan, layout, sessions, disk):
        return "application"
    return "filesystem" if plan.freeze else "crash"


def _is_application(plan, layout, sessions, disk):
    concerned = [index for index, volumes in enumerate(layout.of) if disk in _disks(volumes)]
    attested = bool(plan.attests) and (plan.freeze or len(layout.disks()) == 1)
    satisfied = all(_is_satisfied(plan, layout, index, sessions[index]) for index in concerned)
    return bool(concerned or attested) and satisfied


def _is_satisfied(plan, layout, index, session):
    if layout.unseen[index] or session.doubts():
        return False
    if plan.freeze:
        return True
    return plan.sync and not session.needs_freeze and len(_disks(layout.of[index])) == 1


def _disks(volumes):
    return {disk for volume in volumes for disk in volume.disks}
