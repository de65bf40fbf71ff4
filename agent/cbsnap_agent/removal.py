"""Taking the agent off a host, with all that `install` made: never while a lease is held.

What somebody else has put beside it (a password file, a certificate) stays, and is told.
"""

import contextlib
import os
import pwd
import shutil
import subprocess

from . import actions, config, install, markers, owed, service, specs
from .errors import ConfigError, NotDone
from .handover import FOLDER
from .pause import Pause


def remove(config_path, patience_s):
    """Return what was removed and what stays, line by line. Raises NotDone, with the agent still there."""
    loaded = _loaded(config_path)
    runtime_dir = loaded.agent.runtime_dir if loaded else config.RUNTIME_DIR
    pause = Pause(runtime_dir)
    was_paused = pause.reason() is not None
    pause.set("the agent is being removed")
    try:
        service.wait_idle(runtime_dir, patience_s)
    except NotDone:
        if not was_paused:
            pause.end()
        raise
    if os.path.exists(os.path.join("/", install.UNIT)):
        service.end()
    _undo_owed(runtime_dir)
    return [*_files(loaded, config_path, runtime_dir), *_user(), *_program()]


def _loaded(config_path):
    """Return the configuration; None where there is none, or one that cannot be read any more."""
    try:
        return config.load(config_path)
    except ConfigError:
        return None


def _undo_owed(runtime_dir):
    """Undo what a dead agent had left; what cannot be undone is told, and the agent stays to be asked."""
    for spec, status in owed.OwedList(runtime_dir).undo_all():
        if status not in (0, actions.NOT_FROZEN):
            raise NotDone("{}: {}".format(specs.name(spec), specs.explain(spec, status)))


def _files(loaded, config_path, runtime_dir):
    """Remove all but user and program, which go last: until then what was cut off can be repeated."""
    unit = os.path.join("/", install.UNIT)
    gone = [path for path in [*_markers(loaded), unit] if _unlinked(path)]
    service.forget()
    gone += [folder for folder in (runtime_dir, FOLDER) if _felled(folder)]
    keys = [loaded.agent.keys.path] if loaded and loaded.agent.keys else []
    gone += [path for path in [*keys, config_path] if _unlinked(path)]
    return ["removed {}".format(path) for path in gone] + _left(os.path.dirname(config_path))


def _program():
    folder = os.path.dirname(os.path.join("/", install.PROGRAM))
    return ["removed {}".format(folder)] if _felled(folder) else []


def _felled(folder):
    if not os.path.isdir(folder):
        return False
    shutil.rmtree(folder)
    return True


def _markers(loaded):
    places = (
        {place for plan in loaded.plans.values() for place in [*plan.mounts, *plan.disks]} if loaded else ()
    )
    return [markers.path(place, name) for place in sorted(places) for name in markers.NAMES]


def _unlinked(path):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
        return True
    return False


def _left(folder):
    """Remove the configuration's folder, or tell what is in it that is not ours."""
    with contextlib.suppress(OSError):
        os.rmdir(folder)
    return ["stays {}".format(os.path.join(folder, name)) for name in sorted(_names(folder))]


def _names(folder):
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def _user():
    """Remove the service's user, whom nothing else is meant to use."""
    try:
        pwd.getpwnam(install.USER)
    except KeyError:
        return []
    subprocess.check_call(["/usr/sbin/userdel", install.USER])  # noqa: S603 - fixed words
    return ["removed user {}".format(install.USER)]
