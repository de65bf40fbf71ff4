"""The command line: `python -m localcloud serve`."""

from __future__ import annotations

import argparse
import gc
import json
import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NoReturn, TypeVar

from localcloud import store
from localcloud.app import create_app
from localcloud.cloud import Cloud, Settings, World
from localcloud.contents import Contents
from localcloud.faults import read_faults
from localcloud.fleet import load
from localcloud.records import RecordError, text_of
from localcloud.runtime.options import add_options, make_runtime
from localcloud.server import listen, make_server
from localcloud.services import ACTIONS
from localcloud.tls import make_certificate

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from localcloud.clock import Clock

Number = TypeVar("Number", int, float)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; return the exit code."""
    chosen = _parser().parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup wants it to go on
        signal.signal(signal.SIGHUP, _hang_up)
    with ExitStack() as stack:
        own = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="localcloud-")))
        try:
            listener = stack.enter_context(listen(chosen.host, chosen.port))
        except OSError as error:
            return _refuse(f"cannot listen on {chosen.host}:{chosen.port}: {error.strerror}")
        try:
            return _serve(chosen, listener, own)
        except (RecordError, store.StoreError) as error:
            return _refuse(str(error))
        except ModuleNotFoundError as error:
            return _refuse(f"--tls needs the package {error.name}")
        except OSError as error:
            return _refuse(f"{error.filename}: {error.strerror}")


def _leave(number: int, _: object) -> NoReturn:
    """End by way of the exits: a signal's default would leave the copies of disks behind."""
    sys.exit(128 + number)


def _hang_up(_: int, __: object) -> None:
    """End as by SIGTERM, which the server answers by then: the terminal is gone, devices must not stay."""
    signal.raise_signal(signal.SIGTERM)


def _serve(chosen: argparse.Namespace, listener: socket.socket, own: Path) -> int:
    cloud = _cloud(chosen, own)
    scheme = "https" if chosen.tls else "http"
    url = f"{scheme}://{chosen.host}:{listener.getsockname()[1]}"
    runtime = make_runtime(chosen, cloud, url)
    kept = chosen.state / "world.json" if chosen.state else None
    authority, certificate = make_certificate(own / "tls", chosen.host) if chosen.tls else (None, None)
    server = make_server(create_app(cloud, runtime, kept), certificate=certificate)
    if chosen.ready_file:
        _announce(chosen.ready_file, cloud, url, authority)
    gc.freeze()  # a large fleet need not be looked through again and again for garbage
    server.run(sockets=[listener])
    return 0


def _cloud(chosen: argparse.Namespace, own: Path) -> Cloud:
    kept = chosen.state / "world.json" if chosen.state else None
    copies = chosen.disks or (chosen.state / "copies" if chosen.state else own / "copies")
    contents = Contents(copies, images=chosen.disks is not None)
    if chosen.disks and not contents.shares_blocks():
        _warn(f"{chosen.disks} cannot share blocks: a snapshot is a plain copy, and may be torn under writes")

    def found(clock: Clock) -> World:
        gc.disable()  # nothing in a new world is garbage, and a large one has millions of objects
        try:
            return load(chosen.fleet, clock)
        finally:
            gc.enable()

    settings = Settings(chosen.snapshot_seconds, chosen.operation_seconds, chosen.rate, chosen.devices)
    cloud = Cloud(found, contents, settings, chance=Random(chosen.seed))  # noqa: S311  # repeatable, not secret
    if kept and kept.exists():
        cloud.world = store.load(kept, cloud.clock)
    if chosen.faults:
        cloud.faults.add(read_faults(text_of(chosen.faults), str(chosen.faults), ACTIONS))
    return cloud


def _refuse(reason: str) -> int:
    _warn(reason)
    return 2


def _warn(reason: str) -> None:
    sys.stderr.write(f"localcloud: {reason}\n")


def _announce(ready_file: Path, cloud: Cloud, url: str, authority: Path | None) -> None:
    account = cloud.keyring.accounts[0]
    ready = {"url": url, "secret_id": account.secret_id, "secret_key": account.secret_key}
    ready["pid"] = str(os.getpid())
    if authority:
        ready["ca"] = str(authority)
    part = ready_file.with_name(ready_file.name + ".part")
    part.write_text(json.dumps(ready))
    part.replace(ready_file)


def _port(text: str) -> int:
    return _within(int(text), 65_535)


def _count(text: str) -> int:
    return _within(int(text), sys.maxsize)


def _seconds(text: str) -> float:
    return _within(float(text), 1e9)


def _within(number: Number, most: float) -> Number:
    if not 0 <= number <= most:
        raise argparse.ArgumentTypeError(f"{number} is not from 0 to {most:g}")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="localcloud", description="The cloud on one machine.")
    serve = parser.add_subparsers(required=True).add_parser("serve", help="serve the API until interrupted")
    serve.add_argument(
        "--host", default="127.0.0.1", help="only this machine by default: nothing asks who it is"
    )
    serve.add_argument("--port", type=_port, default=0, help="0 (the default) takes a free one")
    serve.add_argument("--fleet", type=Path, metavar="FILE", help="a YAML file; without it a small example")
    serve.add_argument("--rate", type=_count, metavar="N", help="calls a second of each API; 0: no limit")
    serve.add_argument("--disks", type=Path, metavar="DIR", help="keep each disk as an image here")
    serve.add_argument(
        "--devices", action="store_true", help="attached disks become block devices here; needs root"
    )
    serve.add_argument("--state", type=Path, metavar="DIR", help="keep everything here over a restart")
    serve.add_argument("--tls", action="store_true", help="https, with an authority made on the spot")
    serve.add_argument("--faults", type=Path, metavar="FILE", help="what goes wrong: a YAML list")
    serve.add_argument("--seed", type=int, metavar="N", help="the same ids and faults each time")
    serve.add_argument(
        "--snapshot-seconds", type=_seconds, default=2.0, metavar="S", help="a snapshot takes so long"
    )
    serve.add_argument(
        "--operation-seconds", type=_seconds, default=1.0, metavar="S", help="any other change does"
    )
    serve.add_argument(
        "--ready-file", type=Path, metavar="FILE", help="written as JSON once calls are answered"
    )
    add_options(serve)
    return parser


if __name__ == "__main__":
    sys.exit(main())
