"""The command line's part about functions, and the runtime that it asks for."""

from __future__ import annotations

import argparse
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.runtime.functions import FunctionRuntime, Settings
from localcloud.runtime.layers import LayerError, find_layers
from localcloud.runtime.serverless import read_deployment

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.cloud import Cloud


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the function runtime."""
    group = parser.add_argument_group("functions")
    group.add_argument("--functions", type=Path, metavar="FILE", help="a serverless.yml: run its functions")
    group.add_argument(
        "--layer",
        type=_pair(Path),
        action="append",
        default=[],
        metavar="NAME=DIR",
        help="a layer's folder, in place of the one that layers/*/serverless.yml declares",
    )
    group.add_argument(
        "--env",
        type=_pair(str),
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a variable for every function; {url} in it is this server's address",
    )
    group.add_argument("--prefork", action="store_true", help="fork instances from a warm parent: for tests")
    group.add_argument("--no-timers", action="store_true", help="timers fire by hand only")
    group.add_argument(
        "--retry-interval", type=float, default=60.0, metavar="S", help="between asynchronous tries"
    )


def make_runtime(chosen: argparse.Namespace, cloud: Cloud, url: str) -> FunctionRuntime | None:
    """Make the runtime that the options ask for, None without --functions; says which layers are left out.

    Raises FileError for a mistake in a file, and LayerError for a layer that is not there.
    """
    if chosen.functions is None:
        return None
    deployment = read_deployment(chosen.functions)
    layers = find_layers(chosen.functions.parent / "layers", dict(chosen.layer))
    for name in sorted({name for function in deployment.functions.values() for name in function.layers}):
        if name not in layers:
            raise LayerError(f"layers/*/serverless.yml declares no layer {name}; --layer {name}=DIR would")
        if not layers[name].is_dir():
            sys.stderr.write(
                f"layer {name}: {layers[name]} is not built; its packages come from this Python\n"
            )
    settings = Settings(
        prefork=chosen.prefork,
        timers=not chosen.no_timers,
        retry_interval_s=chosen.retry_interval,
        layers=layers,
        extra={name: value.replace("{url}", url) for name, value in chosen.env},
        folders=(sysconfig.get_path("purelib"),),
    )
    return FunctionRuntime(cloud, deployment, settings)


def _pair(kind: type[str | Path]) -> Callable[[str], tuple[str, str | Path]]:
    def pair(text: str) -> tuple[str, str | Path]:
        name, separator, value = text.partition("=")
        if not name or not separator:
            raise argparse.ArgumentTypeError(f"{text} should be NAME=VALUE")
        return name, kind(value)

    return pair
