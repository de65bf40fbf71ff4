"""The service manager's unit, as text: with the user, the capability and the hardening that the plans allow.

An option that gives the service mounts of its own is left out when a plan unmounts: it would unmount there,
and the host would keep the mount.
"""

import math

from .guard import UNDO_TRIES

_STOP_S = 15
_OF_THE_HOOK = "CAP_SETUID CAP_SETGID CAP_DAC_OVERRIDE"
_WITHOUT_MOUNTS_OF_ITS_OWN = """\
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
SystemCallArchitectures=native
UMask=0077
"""
_WITH_MOUNTS_OF_ITS_OWN = """\
ProtectSystem=full
ProtectHome=read-only
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
"""


def needs_root(plans):
    """Tell whether a plan mounts, stops services or becomes another user: capabilities do not do for that."""
    return any(plan.unmount or _becomes_another(plan) for plan in plans)


def text(plans, user, command, config_path, runtime_dir):
    """Return the unit; `command` starts the agent, without a sub-command."""
    unmounts = any(plan.unmount for plan in plans)
    # Freezing wants the first; opening a mount or a data directory that is its owner's alone, the second.
    capabilities = ["CAP_SYS_ADMIN"] * any(plan.freeze for plan in plans) + ["CAP_DAC_READ_SEARCH"]
    limits = "" if needs_root(plans) else _limits(" ".join(capabilities))
    return "".join(
        (
            "[Unit]\nDescription=Holds this host still for a snapshot\nAfter=network-online.target\n",
            "Wants=network-online.target\n\n[Service]\n",
            "User={}\n".format(user),
            "# An agent that hangs is killed, even if its guard is gone.\n",
            "Type=notify\nWatchdogSec=10\nWatchdogSignal=SIGKILL\n",
            "ExecStart={} serve --config {}\n".format(command, config_path),
            "# What a killed agent left frozen is thawed, as root, whatever state the configuration is in.\n",
            "PermissionsStartOnly=yes\n",
            "ExecStopPost={} thaw-all --runtime-dir {}\n".format(command, runtime_dir),
            "RuntimeDirectory={}\n".format(runtime_dir.rpartition("/run/")[2]),
            "RuntimeDirectoryMode=0700\nRuntimeDirectoryPreserve=yes\n",
            "Restart=always\nRestartSec=1\nTimeoutStopSec={}\n".format(_stop_s(plans)),
            "# The guard must be neither swapped out nor killed; what it starts gives this up.\n",
            "OOMScoreAdjust=-1000\nLimitMEMLOCK=infinity\n",
            limits,
            "" if unmounts else _WITH_MOUNTS_OF_ITS_OWN,
            "\n[Install]\nWantedBy=multi-user.target\n",
        )
    )


def _stop_s(plans):
    """Return how long the end may take: killed earlier, the agent would leave half undone what it held."""
    return _STOP_S + math.ceil(UNDO_TRIES * max([0, *map(_undo_s, plans)]))


def _undo_s(plan):
    if plan.unmount:
        return plan.unmount.timeout_s * (len(plan.unmount.services) + len(plan.mounts))
    return plan.command.timeout_s if plan.command else 0


def _limits(capabilities):
    # The stop hook, as root, becomes the service's user to run what that user's agent has left to run.
    granted = "CapabilityBoundingSet={0} {1}\nAmbientCapabilities={0}\n".format(capabilities, _OF_THE_HOOK)
    return granted + _WITHOUT_MOUNTS_OF_ITS_OWN


def _becomes_another(plan):
    return any(getattr(settings, "os_user", "") for _, settings in plan.engines)
