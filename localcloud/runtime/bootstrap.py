"""What runs inside an instance: load the handler once, then take one event at a time from a socket.

Started by path with the runtime's own interpreter, with nothing but the standard library, so that a
function finds on its path what it would find in the cloud and no more. It decides nothing about time,
retries or memory: the server does, and kills the process group when it has to.

Usage: bootstrap.py '{"mode": "instance" or "warm", "channel": <descriptor>, "handler": "module.function",
"packages": [<more folders for the path>], "read_only": [<folders>]}'

Frames on the channel: four bytes of length, then JSON. Out, first: {"failure", "read_only"}; then in:
{"environ", "event", "context"} and out: {"result", "failure", "memory_bytes"}, where a result is JSON text,
and a failure a stack trace.
"""

import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

Handler = Callable[[Any, Any], Any]
LENGTH = struct.Struct(">I")
NEW_MOUNTS = 0x00020000  # unshare(2): CLONE_NEWNS
READ_ONLY, CHANGE, BIND, MOUNTS_BELOW, FOLLOW_THE_HOST = 1, 1 << 5, 1 << 12, 1 << 14, 1 << 19  # mount(2)


def main(asked: str) -> None:
    """Load the handler and serve it on the channel, itself or through forks."""
    program = json.loads(asked)
    sys.path.remove(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - pathlib costs 5 ms a start
    sys.path.extend(program["packages"])
    channel = socket.socket(fileno=program["channel"])
    channel.set_inheritable(False)
    first = {"read_only": make_read_only(program["read_only"])}
    if program["mode"] == "warm":
        keep_forking(channel, first, *load(program["handler"]))
    else:
        serve(channel, first, lambda: load(program["handler"]))


def make_read_only(folders: list[str]) -> bool:
    """Mount the folders read-only for this process and its children, where it may; whether they are so.

    Writing there fails as in the cloud: "Read-only file system".
    """
    if os.geteuid() == 0:
        import ctypes  # noqa: PLC0415 - costs 5 ms, and only root has a use for it

        system = ctypes.CDLL(None)
        if system.unshare(NEW_MOUNTS) == 0:
            system.mount(None, b"/", None, MOUNTS_BELOW | FOLLOW_THE_HOST, None)
            for folder in folders:
                system.mount(folder.encode(), folder.encode(), None, BIND, None)
                system.mount(None, folder.encode(), None, BIND | CHANGE | READ_ONLY, None)
    return not any(os.access(folder, os.W_OK) for folder in folders)


def load(handler_name: str) -> tuple[Handler | None, str | None]:
    """Import `module.function`: the handler, or the stack trace that says why there is none."""
    module_name, _, function_name = handler_name.rpartition(".")
    try:
        return getattr(importlib.import_module(module_name), function_name), None
    except Exception:  # noqa: BLE001 - the function's own code may raise anything
        return None, traceback.format_exc()


def keep_forking(
    channel: socket.socket, first: dict[str, bool], handler: Handler | None, failure: str | None
) -> None:
    """Fork an instance for each request on the channel; the module has been imported already."""
    send(channel, {"failure": failure})
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system reaps the instances
    while True:
        request, descriptors, _, _ = socket.recv_fds(channel, len(b"fork"), 2)
        if not request:
            return
        pid = os.fork()
        if pid == 0:
            channel.close()
            become_instance(*descriptors)
            serve(socket.socket(fileno=descriptors[0]), first, lambda: (handler, failure))
            return
        for descriptor in descriptors:
            os.close(descriptor)
        send(channel, {"pid": pid})


def become_instance(channel: int, output: int) -> None:
    """Give a fork what a fresh process has: its own group and output."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.set_inheritable(channel, False)  # noqa: FBT003 - the name of the call says it
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)


def serve(
    channel: socket.socket, first: dict[str, bool], loading: Callable[[], tuple[Handler | None, str | None]]
) -> None:
    """Answer events one by one until the server hangs up."""
    threading.Thread(target=end_with, args=(channel.fileno(),), daemon=True).start()
    for stream in (sys.stdout, sys.stderr):
        # What was printed before a kill is not lost.
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # it is a real text stream
    handler, failure = loading()
    send(channel, {"failure": failure} | first)
    while handler and (call := receive(channel)):
        os.environ.update(call["environ"])
        answer = run(handler, call["event"], call["context"])
        sys.stdout.flush()
        sys.stderr.flush()
        send(channel, answer)


def end_with(channel: int) -> None:
    """End the whole process group when the server is gone, even in the middle of an event."""
    hang_up = select.poll()
    hang_up.register(channel, 0)
    hang_up.poll()
    os.killpg(0, signal.SIGKILL)


def run(handler: Handler, event: object, context: object) -> dict[str, object]:
    """Call the handler; SystemExit passes, and ends the process as it does in the cloud."""
    result = failure = None
    try:
        result = json.dumps(handler(event, context), ensure_ascii=False, allow_nan=False)
    except Exception as error:  # noqa: BLE001 - the function's own code may raise anything
        beyond_this_file = error.__traceback__ and error.__traceback__.tb_next
        failure = "".join(traceback.format_exception(type(error), error, beyond_this_file))
    return {"result": result, "failure": failure, "memory_bytes": peak_memory_bytes()}


def peak_memory_bytes() -> int:
    """Return the most that this process has held; ru_maxrss would count what its parent held before exec."""
    with open("/proc/self/status") as status:  # noqa: PTH123 - pathlib costs 5 ms a start
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def send(channel: socket.socket, frame: object) -> None:
    """Write one frame."""
    body = json.dumps(frame).encode()
    channel.sendall(LENGTH.pack(len(body)) + body)


def receive(channel: socket.socket) -> Any:  # noqa: ANN401 - a frame is whatever JSON it carries
    """Read one frame; None when the other side is gone."""
    head = exactly(channel, LENGTH.size)
    return head and json.loads(exactly(channel, *LENGTH.unpack(head)))


def exactly(channel: socket.socket, size: int) -> bytes:
    """Read so many bytes; fewer only when the other side is gone."""
    return channel.recv(size, socket.MSG_WAITALL)


if __name__ == "__main__":
    main(sys.argv[1])
