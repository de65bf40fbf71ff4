"""The system calls that Python does not wrap: what they are, not when to call them.

Everything raises OSError with the kernel's errno. Numbers are those of linux/fs.h and linux/time.h.
"""

import ctypes
import fcntl
import os
import signal
import time

FIFREEZE = 0xC0045877
FITHAW = 0xC0045878
CLOCK_BOOTTIME = 7  # has no name in Python 3.6
MCL_CURRENT_AND_FUTURE = 3
_CAP_SYS_ADMIN = 21
_PR_SET_PDEATHSIG = 1
_OWN_MOUNTS_PROCESSES_NETWORK = 0x00020000 | 0x20000000 | 0x40000000  # CLONE_NEWNS, _NEWPID, _NEWNET

_libc = ctypes.CDLL(None, use_errno=True)


def boottime_s():
    """Return the seconds since boot, suspension included: the clock of every deadline."""
    return time.clock_gettime(CLOCK_BOOTTIME)


def boot_id():
    """Return this boot's random id, as the kernel names it."""
    with open("/proc/sys/kernel/random/boot_id") as source:
        return source.read().strip()


def freeze(fd):
    """Freeze the filesystem of an open descriptor; EBUSY means that somebody else already has."""
    fcntl.ioctl(fd, FIFREEZE, 0)


def thaw(fd):
    """Thaw the filesystem of an open descriptor; EINVAL means that it was not frozen."""
    fcntl.ioctl(fd, FITHAW, 0)


def syncfs(fd):
    """Write out the filesystem of an open descriptor; before Linux 5.8 write-back errors stay silent."""
    _checked(_libc.syncfs(fd))


def lock_memory():
    """Keep this process, as it is and as it grows, out of swap."""
    _checked(_libc.mlockall(MCL_CURRENT_AND_FUTURE))


def die_with_parent():
    """Have the kernel kill this process, through an exec as well, when its parent ends."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))


def unshare():
    """Give this process mounts and a network, and its next child processes, of their own."""
    _checked(_libc.unshare(_OWN_MOUNTS_PROCESSES_NETWORK))


def may_administer():
    """Tell whether this process has CAP_SYS_ADMIN, which freezing and mounting want."""
    with open("/proc/self/status") as source:
        (effective,) = [line.split()[1] for line in source if line.startswith("CapEff:")]
    return bool(int(effective, 16) >> _CAP_SYS_ADMIN & 1)


def release():
    """Return the kernel's version as (major, minor)."""
    major, minor = os.uname().release.split(".")[:2]
    return int(major), int("".join(c for c in minor if c.isdigit()) or 0)


def _checked(result):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
