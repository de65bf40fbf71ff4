from __future__ import annotations

import os

from bench import machine


def test_this_machine_is_named() -> None:
    here = machine.here()

    assert here.cores == len(os.sched_getaffinity(0))
    assert here.cpu
    assert here.kernel == os.uname().release
    assert f"{here.cores} cores, {here.cpu}, Linux {here.kernel}" in str(here)


def test_the_filesystem_is_the_innermost_one_mounted_last() -> None:
    mounts = "/dev/a / ext4 rw 0 0\nnone /tmp tmpfs rw 0 0\n/dev/b /tmp xfs rw 0 0\nnone /tmpfoo nfs rw 0 0\n"

    assert machine.filesystem("/tmp/somewhere", mounts) == "xfs"  # noqa: S108 - a name, nothing is opened
    assert machine.filesystem("/tmpfo", mounts) == "ext4"  # noqa: S108 - the same
    assert machine.filesystem("/var", mounts) == "ext4"


def test_a_processor_without_a_model_name_is_called_by_its_kind() -> None:
    assert machine.processor("processor : 0\nmodel name\t: Some   CPU  @ 2 GHz\n") == "Some CPU @ 2 GHz"
    assert machine.processor("processor : 0\n") == os.uname().machine
