"""The command line: `python -m localcloud serve`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.app import create_app
from localcloud.cloud import Cloud, Settings
from localcloud.fleet import load
from localcloud.records import RecordError
from localcloud.runtime.options import add_options, make_runtime
from localcloud.runtime.yamlfile import FileError
from localcloud.server import listen, make_server

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; return the exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        listener = listen(chosen.host, chosen.port)
        settings = Settings(snapshot_seconds=chosen.snapshot_seconds, rate=chosen.rate)
        cloud = Cloud(lambda clock: load(chosen.fleet, clock), settings)
        url = f"http://{chosen.host}:{listener.getsockname()[1]}"
        runtime = make_runtime(chosen, cloud, url)
    except (RecordError, FileError) as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"cannot listen on {chosen.host}:{chosen.port}: {error.strerror}")
    server = make_server(create_app(cloud, runtime))
    if chosen.ready_file:
        _announce(chosen.ready_file, cloud, url)
    server.run(sockets=[listener])
    return 0


def _refuse(reason: str) -> int:
    sys.stderr.write(f"localcloud: {reason}\n")
    return 2


def _announce(ready_file: Path, cloud: Cloud, url: str) -> None:
    account = cloud.keyring.accounts[0]
    ready = {"url": url, "secret_id": account.secret_id, "secret_key": account.secret_key}
    part = ready_file.with_name(ready_file.name + ".part")
    part.write_text(json.dumps(ready))
    part.replace(ready_file)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="localcloud", description="The cloud on one machine.")
    serve = parser.add_subparsers(required=True).add_parser("serve", help="serve the API until interrupted")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    serve.add_argument("--fleet", type=Path, help="a YAML file; without it a small example")
    serve.add_argument("--rate", type=int, help="calls a second of each API; 0: no limit")
    serve.add_argument("--snapshot-seconds", type=float, default=2.0, help="how long a snapshot takes")
    serve.add_argument("--ready-file", type=Path, help="written as JSON once calls are answered")
    add_options(serve)
    return parser


if __name__ == "__main__":
    sys.exit(main())
