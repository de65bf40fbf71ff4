"""The command line's part about functions, and the runtime that it asks for."""

from __future__ import annotations

import argparse
import sys
import sysconfig
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.runtime.catalog import Catalog, Layer
from localcloud.runtime.functions import FunctionRuntime
from localcloud.runtime.layers import LayerError, find_layers
from localcloud.runtime.rights import read_rights
from localcloud.runtime.serverless import read_functions
from localcloud.runtime.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

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
    group.add_argument(
        "--concurrency", type=int, default=128_000, metavar="MB", help="memory of all busy instances"
    )
    group.add_argument("--burst", type=int, default=500, metavar="N", help="new instances a minute")
    group.add_argument(
        "--rights",
        type=Path,
        metavar="DIR",
        help="hold each function to its role's policy, DIR/<function>.json",
    )
    group.add_argument("--prefork", action="store_true", help="fork instances from a warm parent: for tests")
    group.add_argument("--no-timers", action="store_true", help="timers fire by hand only")
    group.add_argument(
        "--deploy-seconds", type=float, default=0.0, metavar="S", help="a change of a function takes so long"
    )
    group.add_argument(
        "--retry-interval", type=float, default=60.0, metavar="S", help="between asynchronous tries"
    )


def make_runtime(chosen: argparse.Namespace, cloud: Cloud, url: str) -> FunctionRuntime:
    """Make the runtime that the options ask for; says which layers are not built.

    Raises RecordError for a mistake in a file, and LayerError for a layer that is not there.
    """
    settings = Settings(
        prefork=chosen.prefork,
        timers=not chosen.no_timers,
        retry_interval_s=chosen.retry_interval,
        concurrency_mib=chosen.concurrency,
        burst_per_minute=chosen.burst,
        deploy_s=chosen.deploy_seconds,
        extra={name: value.replace("{url}", url) for name, value in chosen.env},
        packages=sysconfig.get_path("purelib"),
        rights=read_rights(chosen.rights) if chosen.rights else None,
        url=url,
    )
    uin = cloud.keyring.accounts[0].uin
    found = partial(read_catalog, chosen.functions, uin, dict(chosen.layer)) if chosen.functions else Catalog
    runtime = FunctionRuntime(cloud, found, settings)
    for layer in _layers(runtime.catalog):
        if not layer.folder.is_dir():
            sys.stderr.write(
                f"layer {layer.ref.name}: {layer.folder} is not built; its packages come from this Python\n"
            )
    return runtime


def read_catalog(file: Path, uin: str, chosen: Mapping[str, Path]) -> Catalog:
    """Read what a serverless.yml deploys, with the layers beside it or `chosen` by name."""
    catalog = Catalog()
    folders = find_layers(file.parent / "layers", chosen)
    for deployed in read_functions(file, uin):
        catalog.add(deployed)
        layers = catalog.layers_of(uin, deployed.key.region)
        for ref in deployed.latest.layers:
            if ref.name not in folders:
                raise LayerError(
                    f"no layers/*/serverless.yml declares {ref.name}; --layer {ref.name}=DIR would"
                )
            layers[ref] = Layer(ref, folders[ref.name])
    return catalog


def _layers(catalog: Catalog) -> Iterator[Layer]:
    for layers in catalog.layers.values():
        yield from layers.values()


def _pair(kind: type[str | Path]) -> Callable[[str], tuple[str, str | Path]]:
    def pair(text: str) -> tuple[str, str | Path]:
        name, separator, value = text.partition("=")
        if not name or not separator:
            raise argparse.ArgumentTypeError(f"{text} should be NAME=VALUE")
        return name, kind(value)

    return pair
