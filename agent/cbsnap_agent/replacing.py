"""Putting this file in the place of the agent that runs here, or where none is: never while a lease is held.

The host is paused, what is held may end, then program, configuration and unit are put in place and started.
What does not answer makes room for what was there before. Done again, it does what is left to do.
"""

import contextlib
import fcntl
import filecmp
import os
import shutil
import sys

from . import __version__, config, install, service
from .errors import NotDone
from .handover import FOLDER
from .pause import Pause

_REASON = "the agent is being replaced"


def replace(config_path, fresh_config, patience_s):
    """Return what was done, line by line. `fresh_config`: a file to take the configuration's place, or None.

    Raises ConfigError for a configuration that cannot be used, NotDone with everything as before.
    """
    loaded = config.load(fresh_config or config_path)
    runtime_dir = loaded.agent.runtime_dir
    with _alone():
        before = service.status(runtime_dir)
        if before and before["agent"] == __version__ and _is_there(config_path, fresh_config):
            return ["version {} is there and answers".format(__version__)]
        with _paused(runtime_dir):
            service.wait_idle(runtime_dir, patience_s)
            with _undone_unless_it_answers(config_path, runtime_dir):
                lines = _put(config_path, fresh_config)
                service.start()
                found = service.answers(runtime_dir, before)
                if found is None or found["agent"] != __version__:
                    raise NotDone("what was put here does not answer: see journalctl -u cbsnap-agent")
    return [*lines[:-1], "version {} answers".format(__version__)]


def _put(config_path, fresh_config):
    if fresh_config:
        os.makedirs(os.path.dirname(config_path), exist_ok=True)
        _copy(fresh_config, config_path)
    return install.install(config.load(config_path), config_path)


def _is_there(config_path, fresh_config):
    program = os.path.join("/", install.PROGRAM)
    mine = os.path.abspath(sys.argv[0])
    pairs = [(mine, program), *([(fresh_config, config_path)] if fresh_config else [])]
    return all(os.path.exists(two) and filecmp.cmp(one, two, shallow=False) for one, two in pairs)


@contextlib.contextmanager
def _alone():
    """Let one such command run at a time: one whose answer was lost is sent twice."""
    os.makedirs(FOLDER, mode=0o700, exist_ok=True)
    with open(os.path.join(FOLDER, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _paused(runtime_dir):
    """Keep new leases out; a pause that somebody else has set stays."""
    pause = Pause(runtime_dir)
    mine = pause.reason() in (None, _REASON)  # of one that was cut off, too
    if mine:
        pause.set(_REASON)
    try:
        yield
    finally:
        if mine:
            pause.end()


@contextlib.contextmanager
def _undone_unless_it_answers(config_path, runtime_dir):
    kept = [(path, path + ".previous") for path in _files(config_path)]
    there = [(path, previous) for path, previous in kept if os.path.exists(path)]
    for path, previous in there:
        _copy(path, previous)
    try:
        yield
    except BaseException:
        for path, previous in there:
            os.replace(previous, path)
        if there:
            now = service.status(runtime_dir)
            service.start()
            service.answers(runtime_dir, now)
        else:
            service.end()
        raise
    for _, previous in there:
        os.unlink(previous)


def _files(config_path):
    return config_path, os.path.join("/", install.PROGRAM), os.path.join("/", install.UNIT)


def _copy(source, target):
    """Copy a file with its owner and mode, whole or not at all."""
    found = os.stat(source)
    partial = target + ".partial"
    shutil.copyfile(source, partial)
    os.chown(partial, found.st_uid, found.st_gid)
    os.chmod(partial, found.st_mode & 0o777)
    os.replace(partial, target)
