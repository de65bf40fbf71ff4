"""What a plan asks of the guard, as the specs of its actions, in the order in which they are applied."""

import os

from . import actions
from .plan import CLEAN_ENVIRONMENT


def of_plan(plan, superblocks, runtime_dir):
    """Return the specs; `superblocks` are (mount, open descriptor), innermost first."""
    output = os.path.join(runtime_dir, "command.out")
    superblocks = list(superblocks)
    if plan.unmount:
        return [
            *[_service(name, plan.unmount, output, superblocks) for name in plan.unmount.services],
            *[spec for mount, _ in superblocks for spec in _unmount(mount, plan.unmount, output)],
        ]
    commands = [dict(plan.command._asdict(), kind="command", output=output)] if plan.command else []
    freezes = [_freeze(mount, fd) for mount, fd in superblocks] if plan.freeze else []
    return commands + freezes


def slow(specs):
    """Return the indices of those whose undoing may take as long as its `timeout_s`."""
    return {index for index, spec in enumerate(specs) if "timeout_s" in spec}


def name(spec):
    """Return what a spec is called in reasons and caveats."""
    if spec["kind"] in ("command", "service"):
        return "`{}`".format(" ".join(spec["pre"]))
    return "{} of {}".format(spec["kind"], spec.get("mount") or spec["source"])


def explain(spec, status):
    """Return what a status says: an errno of the kernel's, or a command's exit status."""
    return os.strerror(status) if spec["kind"] in ("freeze", "exclusive") else "exit status {}".format(status)


def undone(spec, status):
    """Return what a failed undoing leaves, and who tries it again if it is still owed."""
    text = "undoing {} ended with {}".format(name(spec), status)
    if actions.from_spec(spec).is_settled(status):
        return text
    return text + "; it stays owed: see cbsnap-agent thaw-all"


def _freeze(mount, fd):
    return {"kind": "freeze", "mount": mount.point, "device": mount.device, "fd": fd}


def _service(service, step, output, superblocks):
    pre, post = ([step.control, verb, service] for verb in ("stop", "start"))
    how = {"environment": CLEAN_ENVIRONMENT, "timeout_s": step.timeout_s, "output": output}
    needed = [{"mount": mount.point, "source": mount.source} for mount, _ in superblocks]
    return dict(how, kind="service", pre=pre, post=post, mounts=needed)


def _unmount(mount, step, output):
    how = {"environment": CLEAN_ENVIRONMENT, "timeout_s": step.timeout_s, "output": output}
    fields = {"mount": mount.point, "fstype": mount.fstype, "source": mount.source, "options": mount.options}
    return [dict(how, kind="unmount", **fields), {"kind": "exclusive", "source": mount.source}]
