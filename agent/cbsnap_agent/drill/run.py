"""One drill from the clones' devices to its report, one line of JSON; nothing of it stays on the host."""

import contextlib
import json
import os
import subprocess
import sys

from cbsnap_agent import markers
from cbsnap_agent.errors import ConfigError
from cbsnap_agent.plan import CLEAN_ENVIRONMENT

from . import Broken, Unable, apart, engine, filesystems, settings
from .checks import Checks, report, unfinished
from .room import Room, tail

_EXIT_CODES = {"passed": 0, "failed": 1, "unfinished": 3}
_CUTS = ("late", "unknown", "inside")  # the worst of several disks comes first


def main(config_path, name, run, disks):
    """Drill the clones of a run's snapshots and print the report; return the exit code."""
    try:
        drill = settings.load(config_path, name) if name else settings.FILESYSTEMS_ONLY
        with apart.alone():
            found = apart.run(lambda folder: _drilled(drill, run, disks, folder))
            for disk in disks:
                filesystems.is_freed("/dev/disk/by-id/virtio-" + disk)  # so that it can be detached
    except (Unable, ConfigError) as error:
        found = unfinished(str(error))
    sys.stdout.write(json.dumps(found) + "\n")
    return _EXIT_CODES[found["verdict"]]


def _drilled(drill, run, disks, folder):
    checks = Checks()
    mounted = [one for disk in disks for one in filesystems.mounted(disk, folder, checks)]
    roots = [one.root for one in mounted]
    cut = "unknown"
    with checks.check("markers"):
        cut = _cut(roots, run)
    if not checks.failed:
        for one in mounted:
            filesystems.make_writable(one)
        filesystems.put(drill.places, roots)
        look(drill, Room(folder, roots), checks)
    return report(checks, cut)


def look(drill, room, checks):
    """Let the engines check their data, and run the host's command while they serve."""
    with contextlib.ExitStack() as serving:
        found = {}
        for name, wanted in drill.engines:
            found.update(serving.enter_context(engine(name).checked(wanted, room, checks)))
        if drill.command:
            with checks.check("command") as said:
                said.append(_ran(drill, dict(found, CBSNAP_ROOTS=":".join(room.roots))))


def _cut(roots, run):
    """Return when the clones were cut, by the worst of their markers; what has none says nothing."""
    found = {markers.cut(place, run) for root in roots for place in _marked(root)}
    return next((one for one in _CUTS if one in found), "unknown")


def _marked(root):
    """Return the folders with markers: a plan may have them in a data directory."""
    below = [os.path.join(root, name) for name in sorted(os.listdir(root))]
    places = [root, *[path for path in below if os.path.isdir(path) and not os.path.islink(path)]]
    return [path for path in places if os.path.lexists(markers.path(path, "pre"))]


def _ran(drill, environment):
    try:
        done = subprocess.run(  # noqa: S603 - the host's own configuration
            drill.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=dict(CLEAN_ENVIRONMENT, **environment, **drill.environment),
            timeout=drill.command_limit_s,
            check=False,
        )
    except OSError as error:
        raise Unable("{}: {}".format(drill.command[0], error.strerror)) from error
    except subprocess.TimeoutExpired as error:
        raise Broken("it took longer than {:.0f} s".format(drill.command_limit_s)) from error
    said = tail(done.stdout.decode(errors="replace"))
    if done.returncode:
        raise Broken("it ended with {}: {}".format(done.returncode, said))
    return said
