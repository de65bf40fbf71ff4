"""Puts the agent on a host: the user, the file, its directories and modes, the unit. Can be run again."""

import os
import pwd
import shutil
import subprocess
import sys

from . import markers, unit
from .errors import ConfigError

USER = "cbsnap-agent"
PROGRAM = "opt/cbsnap-agent/cbsnap-agent.pyz"
UNIT = "etc/systemd/system/cbsnap-agent.service"


def install(loaded, config_path, root="/"):
    """Install under a root; return what was done, line by line. Raises ConfigError unless run packed."""
    plans = list(loaded.plans.values())
    user = "root" if unit.needs_root(plans) else USER
    account = _account(user)
    program = _copy(os.path.join(root, PROGRAM))
    keys = [loaded.agent.keys.path] if loaded.agent.keys else []
    for path in (config_path, *keys):
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
        os.chmod(path, 0o600)
    done = ["user {}".format(user), "program {}".format(program)]
    done += _markers(plans, account)
    command = "{} {}".format(sys.executable, os.path.join("/", PROGRAM))
    written = os.path.join(root, UNIT)
    os.makedirs(os.path.dirname(written), exist_ok=True)
    with open(written, "w") as target:
        target.write(unit.text(plans, user, command, config_path, loaded.agent.runtime_dir))
    return [
        *done,
        "unit {}".format(written),
        "next: systemctl daemon-reload && systemctl enable --now cbsnap-agent",
    ]


def _account(user):
    try:
        return pwd.getpwnam(user)
    except KeyError:
        shell = "/usr/sbin/nologin"
        add = ["/usr/sbin/useradd", "--system", "--no-create-home", "--shell", shell, user]
        subprocess.check_call(add)  # noqa: S603 - fixed words
        return pwd.getpwnam(user)


def _copy(target):
    source = os.path.abspath(sys.argv[0])
    if not source.endswith(".pyz"):
        raise ConfigError("install wants the packed file: python3 cbsnap-agent.pyz install")
    os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)
    if not (os.path.exists(target) and os.path.samefile(source, target)):
        fresh = target + ".new"
        shutil.copyfile(source, fresh)
        os.chmod(fresh, 0o755)  # noqa: S103 - a program that everybody may run
        os.replace(fresh, target)  # an agent that runs goes on reading the file that it was started from
    return target


def _markers(plans, account):
    """Make the files that the user itself could not make in somebody else's folder."""
    named = {place for plan in plans for place in [*plan.mounts, *plan.disks]}
    made = [path for place in sorted(filter(os.path.isdir, named)) for path in markers.create(place)]
    for path in made:
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
    return ["marker {}".format(path) for path in made]
