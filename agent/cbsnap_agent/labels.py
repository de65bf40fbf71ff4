"""What a held plan earns for each disk. Pure; nothing is held here.

An engine is satisfied by its lock with a flush of its volumes; with a freeze too if its data lies on several
disks or if the engine says so. An unmount that was proved makes it `clean`. Commands earn nothing, unless the
plan's configuration attests for them.
"""


def covers(plan, layout, needs_freeze):
    """Return the record's `covers`: one entry for each volume and disk.

    `needs_freeze` has a bool for each engine of the plan, in its order.
    """
    locked = {volume for volumes in layout.of for volume in volumes}
    how = [step for step in ("sync", "freeze", "unmount") if getattr(plan, step)]
    return [
        {
            "disk_id": disk,
            "mount": volume.place,
            "fstype": volume.mount.fstype,
            "how": "+".join(["lock"] * (volume in locked) + how),
            "label": label(plan, layout, needs_freeze, disk),
        }
        for volume in layout.volumes
        for disk in volume.disks
    ]


def label(plan, layout, needs_freeze, disk):
    """Return what one disk earns."""
    if plan.unmount:
        return "clean"
    concerned = [index for index, volumes in enumerate(layout.of) if disk in _disks(volumes)]
    satisfied = all(_is_satisfied(plan, layout.of[index], needs_freeze[index]) for index in concerned)
    if (concerned or plan.attests) and satisfied and (plan.sync or plan.freeze):
        return "application"
    return "filesystem" if plan.freeze else "crash"


def _is_satisfied(plan, volumes, needs_freeze):
    if plan.freeze:
        return True
    return plan.sync and not needs_freeze and len(_disks(volumes)) == 1


def _disks(volumes):
    return {disk for volume in volumes for disk in volume.disks}
