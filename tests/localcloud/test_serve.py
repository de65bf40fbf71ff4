"""The command line, as a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

if TYPE_CHECKING:
    from collections.abc import Iterator

FLEET = "regions: {ap-guangzhou: {disks: [{id: disk-a, size_gib: 10}, {id: disk-b}]}}\n"


@contextmanager
def served(folder: Path, *options: str) -> Iterator[dict[str, str]]:
    """Serve a small fleet, give what the ready file says, and end by an interrupt."""
    (folder / "fleet.yml").write_text(FLEET)
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "localcloud", "serve", "--fleet", str(folder / "fleet.yml")]
    process = subprocess.Popen(
        [*command, "--ready-file", str(ready), *options], stderr=subprocess.PIPE, text=True
    )
    try:
        until = time.monotonic() + 20
        while not ready.exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.02)  # the condition that is polled is the ready file
        assert ready.exists(), process.stderr.read() if process.stderr else ""
        yield json.loads(ready.read_text())
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


def call(ready: dict[str, str], action: str, **parameters: object) -> dict[str, Any]:
    scheme, endpoint = ready["url"].split("://")
    http = HttpProfile(protocol=scheme, endpoint=endpoint, certification=ready.get("ca"))
    credential = Credential(ready["secret_id"], ready["secret_key"])
    client = CommonClient("cbs", "2017-03-12", credential, "ap-guangzhou", ClientProfile(httpProfile=http))
    answer: dict[str, Any] = json.loads(client.call(action, parameters))["Response"]
    return answer


def local(ready: dict[str, str], path: str, body: bytes | None = None) -> dict[str, Any]:
    request = urllib.request.Request(f"{ready['url']}/_local/{path}", body)  # noqa: S310  # our own server
    with urllib.request.urlopen(request) as answer:  # noqa: S310  # as above
        found: dict[str, Any] = json.load(answer)
        return found


def refused(*options: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "localcloud", "serve", *options],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.returncode, done.stderr


def test_the_world_is_there_again_after_a_restart(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state"), "--snapshot-seconds", "0.1")

    with served(tmp_path, *state) as ready:
        made = call(ready, "CreateSnapshot", DiskId="disk-a", Tags=[{"Key": "k", "Value": "v"}])["SnapshotId"]
        local(ready, "clock", b'{"advance_s": 86400}')
    with served(tmp_path, *state) as ready:
        found = call(ready, "DescribeSnapshots", SnapshotIds=[made])["SnapshotSet"][0]
        ahead_s = local(ready, "clock")["now_s"] - time.time()
        again = call(ready, "CreateSnapshot", DiskId="disk-a")["SnapshotId"]

    assert (found["SnapshotState"], found["Tags"]) == ("NORMAL", [{"Key": "k", "Value": "v"}])
    assert 86_390 < ahead_s < 86_410
    assert again != made


def test_a_late_cut_is_still_to_come_after_a_restart(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state"), "--disks", str(tmp_path / "disks"))
    late = b'{"kind": "late_cut", "action": "CreateSnapshot", "after_s": 60}'

    with served(tmp_path, *state) as ready:
        local(ready, "faults", late)
        made = call(ready, "CreateSnapshot", DiskId="disk-a")["SnapshotId"]
        before = (tmp_path / "disks" / made).exists()
    with served(tmp_path, *state) as ready:
        local(ready, "clock", b'{"advance_s": 61}')
        state_after = call(ready, "DescribeSnapshots", SnapshotIds=[made])["SnapshotSet"][0]["SnapshotState"]

    assert (before, (tmp_path / "disks" / made).exists()) == (False, True)
    assert state_after == "NORMAL"


def test_calls_are_answered_while_the_world_is_written(tmp_path: Path) -> None:
    kept = tmp_path / "state" / "world.json"
    kept.parent.mkdir()
    os.mkfifo(kept.with_name("world.json.part"))  # writing to it waits until somebody reads

    with served(tmp_path, "--state", str(kept.parent)) as ready:
        made = call(ready, "CreateSnapshot", DiskId="disk-a")["SnapshotId"]
        during = kept.exists()
        written = kept.with_name("world.json.part").read_text()

    assert (during, made in written) == (False, False)  # what it was when the writing began
    assert '"disk-a"' in written
    assert made in kept.read_text()


def test_https_is_trusted_by_a_client_that_is_given_the_authority(tmp_path: Path) -> None:
    with served(tmp_path, "--tls") as ready:
        answer = call(ready, "DescribeDisks")
        with pytest.raises(TencentCloudSDKException) as strange:
            call({key: value for key, value in ready.items() if key != "ca"}, "DescribeDisks")

    assert ready["url"].startswith("https://")
    assert answer["TotalCount"] == 2
    assert "CERTIFICATE_VERIFY_FAILED" in str(strange.value)


def test_a_seed_gives_the_same_ids_again(tmp_path: Path) -> None:
    made = []

    for _ in range(2):
        with served(tmp_path, "--seed", "7") as ready:
            made.append(call(ready, "CreateSnapshot", DiskId="disk-a")["SnapshotId"])

    assert made[0] == made[1]


def test_faults_are_set_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "faults.yml").write_text("- {kind: error, action: DescribeDisks, code: InternalError.Made}\n")

    with (
        served(tmp_path, "--faults", str(tmp_path / "faults.yml")) as ready,
        pytest.raises(TencentCloudSDKException) as hit,
    ):
        call(ready, "DescribeDisks")

    assert hit.value.code == "InternalError.Made"


def test_a_busy_port_is_said_plainly() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        code, said = refused("--port", str(holder.getsockname()[1]))

    assert code == 2
    assert "cannot listen on 127.0.0.1" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("option", "text", "expected"),
    [
        (
            "--fleet",
            "regions: {r: {dsks: []}}",
            ":1: the whole.regions.r has no key `dsks`; did you mean `disks`?",
        ),
        ("--faults", "- {kind: rain}", ":1: there is no fault `rain`"),
    ],
)
def test_a_file_with_a_mistake_is_answered_with_its_line(
    tmp_path: Path, option: str, text: str, expected: str
) -> None:
    (tmp_path / "file.yml").write_text(text)

    code, said = refused(option, str(tmp_path / "file.yml"))

    assert code == 2
    assert f"{tmp_path / 'file.yml'}{expected}" in said
    assert "Traceback" not in said


def test_a_state_that_cannot_be_read_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text('{"format": 99}')

    code, said = refused("--state", str(tmp_path))

    assert code == 2
    assert "is of format 99" in said


@pytest.fixture
def xfs(tmp_path: Path) -> Iterator[Path]:
    """Have a filesystem that can share blocks."""
    image, folder = tmp_path / "xfs.img", tmp_path / "xfs"
    with image.open("wb") as file:
        file.truncate(512 * 1024**2)
    subprocess.run(["mkfs.xfs", "-q", "-m", "reflink=1", str(image)], check=True)
    folder.mkdir()
    subprocess.run(["mount", "-o", "loop", str(image), str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.root
@pytest.mark.skipif(not shutil.which("mkfs.xfs"), reason="needs xfsprogs")
def test_increments_share_blocks_and_each_snapshot_stays_whole_without_the_others(
    tmp_path: Path, xfs: Path
) -> None:
    block = 1024**2
    disks = ("--disks", str(xfs), "--snapshot-seconds", "0", "--rate", "0")
    made = []

    with served(tmp_path, *disks) as ready:
        for number in range(3):
            image = xfs / "disk-a.img"
            with image.open("r+b" if image.exists() else "w+b") as file:
                file.truncate(10 * 1024**3)
                file.seek(number * 8 * block)
                file.write(bytes([number + 1]) * (8 * block))
            made.append(call(ready, "CreateSnapshot", DiskId="disk-a")["SnapshotId"])
        size_mib = call(ready, "DescribeDisks", DiskIds=["disk-a"])["DiskSet"][0]["SnapshotSize"]
        call(ready, "DeleteSnapshots", SnapshotIds=made[:2])
        kept = local(ready, "state")["regions"][0]["snapshots"]
        size_after_mib = call(ready, "DescribeDisks", DiskIds=["disk-a"])["DiskSet"][0]["SnapshotSize"]
        with (xfs / made[2]).open("rb") as copy:
            held = [copy.read(8 * block)[-1] for _ in range(4)]

    assert 24 <= size_mib <= 26
    assert size_after_mib == size_mib  # what the deleted ones held is needed by the last
    assert [each["cut"] for each in kept.values()] == ["reflink"]
    assert held == [1, 2, 3, 0]


@pytest.mark.root
def test_a_hung_up_terminal_leaves_no_device_and_many_calls_make_one(tmp_path: Path) -> None:
    link = Path("/dev/disk/by-id/virtio-disk-a")

    with served(tmp_path, "--disks", str(tmp_path / "disks")) as ready:
        with ThreadPoolExecutor(4) as four:
            devices = set(four.map(lambda _: local(ready, "disks/disk-a/device", b"")["device"], range(4)))
        os.kill(int(ready["pid"]), signal.SIGHUP)
        until = time.monotonic() + 20
        while link.is_symlink() and time.monotonic() < until:
            time.sleep(0.02)  # the condition that is polled is the device's end
    left = subprocess.run(
        ["losetup", "--associated", str(tmp_path / "disks" / "disk-a.img")],
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    assert len(devices) == 1
    assert not link.is_symlink()
    assert left == ""


@pytest.mark.root
def test_the_device_of_a_disk_that_is_gone_can_be_removed(tmp_path: Path) -> None:
    link = Path("/dev/disk/by-id/virtio-disk-a")

    with served(tmp_path, "--disks", str(tmp_path / "disks")) as ready:
        local(ready, "disks/disk-a/device", b"")
        call(ready, "TerminateDisks", DiskIds=["disk-a"])
        before = link.is_symlink()
        request = urllib.request.Request(f"{ready['url']}/_local/disks/disk-a/device", method="DELETE")  # noqa: S310  # our own server
        urllib.request.urlopen(request).close()  # noqa: S310  # as above
        after = link.is_symlink()

    assert (before, after) == (True, False)


def test_a_signal_while_the_fleet_is_read_leaves_no_folder(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fleet.yml")  # reading it waits until somebody writes
    (tmp_path / "tmp").mkdir()

    process = subprocess.Popen(
        [sys.executable, "-m", "localcloud", "serve", "--fleet", str(tmp_path / "fleet.yml")],
        env=os.environ | {"TMPDIR": str(tmp_path / "tmp")},
    )
    writer = os.open(tmp_path / "fleet.yml", os.O_WRONLY)  # it is being read: the folder has been made
    made = len(list((tmp_path / "tmp").iterdir()))
    process.send_signal(signal.SIGTERM)
    code = process.wait(timeout=20)
    os.close(writer)

    assert (made, code) == (1, 128 + signal.SIGTERM)
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("option", "value"),
    [("--port", "99999"), ("--snapshot-seconds", "-5.0"), ("--operation-seconds", "nan"), ("--rate", "-1")],
)
def test_an_option_out_of_bounds_is_said_in_a_line(option: str, value: str) -> None:
    code, said = refused(option, value)

    assert code == 2
    assert f"argument {option}: {value} is not from 0 to" in said


@pytest.mark.root
def test_an_image_is_a_block_device_that_holds_a_filesystem(tmp_path: Path) -> None:
    link = Path("/dev/disk/by-id/virtio-disk-a")
    mounted = tmp_path / "mounted"
    mounted.mkdir()

    with served(tmp_path, "--disks", str(tmp_path / "disks"), "--snapshot-seconds", "0") as ready:
        device = local(ready, "disks/disk-a/device", b"")["device"]
        leads_to = str(link.resolve())
        subprocess.run(["mkfs.ext4", "-q", str(link)], check=True)
        subprocess.run(["mount", str(link), str(mounted)], check=True)
        (mounted / "file").write_text("on a disk of the cloud")
        subprocess.run(["umount", str(mounted)], check=True)
        made = call(ready, "CreateSnapshot", DiskId="disk-a")["SnapshotId"]
        subprocess.run(["mount", "-o", "loop,ro", str(tmp_path / "disks" / made), str(mounted)], check=True)
        held = (mounted / "file").read_text()
        subprocess.run(["umount", str(mounted)], check=True)

    assert leads_to == device
    assert held == "on a disk of the cloud"
    assert not link.exists()


@pytest.fixture
def in_memory() -> Iterator[Path]:
    """Have a folder on a filesystem that cannot share blocks."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def test_a_folder_that_cannot_share_blocks_is_said_at_the_start(tmp_path: Path, in_memory: Path) -> None:
    (tmp_path / "fleet.yml").write_text(FLEET)
    (tmp_path / "faults.yml").write_text("- {kind: rain}")

    _, said = refused(
        "--fleet",
        str(tmp_path / "fleet.yml"),
        "--disks",
        str(in_memory),
        "--faults",
        str(tmp_path / "faults.yml"),
    )

    assert "cannot share blocks: a snapshot is a plain copy" in said


@pytest.mark.root
def test_with_devices_an_attached_disk_is_a_block_device_until_it_is_detached(tmp_path: Path) -> None:
    link = Path("/dev/disk/by-id/virtio-disk-b")
    (tmp_path / "b.img").write_bytes(bytes(1 << 20))
    fleet = "regions: {ap-guangzhou: {instances: [{id: ins-1}], disks: [{id: disk-b, content: b.img}]}}"
    (tmp_path / "devices.yml").write_text(fleet)
    options = ("--devices", "--operation-seconds", "0", "--fleet", str(tmp_path / "devices.yml"))
    where = {"DiskIds": ["disk-b"], "InstanceId": "ins-1"}

    with served(tmp_path, *options) as ready:
        call(ready, "AttachDisks", **where)
        attached = link.exists()
        call(ready, "DetachDisks", **where)
        detached = link.is_symlink()

    assert (attached, detached) == (True, False)
