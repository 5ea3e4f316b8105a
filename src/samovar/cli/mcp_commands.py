"""The commands of MCP with their options; like main, they import their work when they run."""

from pathlib import Path
from typing import Annotated

import typer

from samovar.cli.options import AsJson

mcp = typer.Typer(
    help="MCP: samovar for other programs, and their tools for agents.",
    rich_markup_mode=None,
    no_args_is_help=True,
)
Repo = Annotated[Path, typer.Option(help="A folder of the git repository.", show_default=False)]
NoSandbox = Annotated[
    bool, typer.Option("--no-sandbox", help="Run the project's code unconfined if need be.")
]


@mcp.command()
def serve(
    repo: Repo = Path(),
    http: Annotated[bool, typer.Option("--http", help="HTTP instead of standard input.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8765,
    model: Annotated[str, typer.Option(help="Model to use; see 'samovar model list'.")] = "",
    no_sandbox: NoSandbox = False,
) -> None:
    """Offer runs, approvals and agents to an MCP client."""
    from samovar.cli import mcp as work
    from samovar.cli.end import carry_out

    carry_out(work.serve(work.Wanted(repo, http, port, model, no_sandbox)))


@mcp.command("list")
def list_(repo: Repo = Path(), no_sandbox: NoSandbox = False, as_json: AsJson = False) -> None:
    """Connect to the MCP servers of samovar.toml and list their tools."""
    from samovar.cli import mcp as work
    from samovar.cli.end import carry_out

    carry_out(work.list_servers(repo, no_sandbox, as_json))
