"""The options that several commands share."""

import re
from typing import Annotated

import typer

from cbsnap.entry import idempotency
from cbsnap.entry.cli import completion


def _key(value: str | None) -> str | None:
    if value is not None and re.fullmatch(idempotency.PATTERN, value) is None:
        raise typer.BadParameter("1 to 100 printable characters, without spaces and %")
    return value


Json = Annotated[bool, typer.Option("--json", help="Print one JSON value instead of a table.")]
Region = Annotated[
    str | None,
    typer.Option(
        "--region",
        help="One region of the policy file; all by default.",
        metavar="REGION",
        autocompletion=completion.regions,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")]
PolicyName = Annotated[
    str | None,
    typer.Option(
        "--policy",
        help="One policy of the file; all by default.",
        metavar="POLICY",
        autocompletion=completion.policies,
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        help="The same key never does it twice: asked again, it is only looked at.",
        metavar="KEY",
        callback=_key,
    ),
]
Wait = Annotated[bool, typer.Option("--wait", help="Follow it to its end; the exit code says how it ended.")]
