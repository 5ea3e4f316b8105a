"""Options that many commands have; the commands import it, so it stays light."""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="JSON for machines.")]
