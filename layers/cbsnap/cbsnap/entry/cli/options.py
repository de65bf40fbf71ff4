"""The options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value instead of a table.")]
Region = Annotated[
    str | None,
    typer.Option("--region", help="One region of the policy file; all by default.", metavar="REGION"),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")]
DeployFile = Annotated[
    Path, typer.Option("--file", metavar="FILE", help="What is deployed; default: serverless.yml here.")
]
PolicyName = Annotated[
    str | None, typer.Option("--policy", help="One policy of the file; all by default.", metavar="POLICY")
]
