"""The commands of a project's plan with their options; like main, they import their work late."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from samovar.cli.options import AsJson

project = typer.Typer(help="The project's plan: its phase and its tasks.", rich_markup_mode=None)

Home = Annotated[
    Path | None,
    typer.Option("--home", "--repo", help="A home, or its repository.", show_default=False),
]
Status = Literal["open", "doing", "done", "dropped"]


@project.callback(invoke_without_command=True)
def project_bare(context: typer.Context, home: Home = None, as_json: AsJson = False) -> None:
    if context.invoked_subcommand is None:
        project_show(home, as_json)


@project.command("show")
def project_show(home: Home = None, as_json: AsJson = False) -> None:
    """Show where the project stands."""
    from samovar.cli import project as work
    from samovar.cli.end import carry_out

    carry_out(work.show(home, as_json))


@project.command("edit")
def project_edit(home: Home = None, as_json: AsJson = False) -> None:
    """Open the plan in your editor."""
    from samovar.cli import project as work
    from samovar.cli.end import carry_out

    carry_out(work.edit(home, as_json))


@project.command("add")
def project_add(
    task: Annotated[list[str], typer.Argument(help="What is done when it is done; one or more.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Add tasks to the plan."""
    from samovar.cli import project as work
    from samovar.cli.end import carry_out

    carry_out(work.add(home, task, as_json))


@project.command("done")
def project_done(
    number: Annotated[int, typer.Argument(help="Number of the task, from 1.")],
    status: Annotated[Status, typer.Option("--as", help="The state it is in now.")] = "done",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Tick a task off, or put it into another state."""
    from samovar.cli import project as work
    from samovar.cli.end import carry_out

    carry_out(work.mark(home, number, status, as_json))


@project.command("notebook")
def project_notebook(
    add: Annotated[str, typer.Option(metavar="TEXT", help="Note this first.")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show the project's lab notebook, what agents and you noted."""
    from samovar.cli import project as work
    from samovar.cli.end import carry_out

    carry_out(work.noted(home, add, as_json))


@project.command("phase")
def project_phase(
    override: Annotated[
        str, typer.Option(metavar="WHY", help="Let it pass unproved; who and why is recorded.")
    ] = "",
    test: Annotated[str, typer.Option(help="The command that judges a review.")] = "",
    no_sandbox: Annotated[
        bool, typer.Option("--no-sandbox", help="Run the tests unconfined if need be.")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Enter the next phase; a review ends with the project's tests."""
    from samovar.cli import project as work
    from samovar.cli.end import carry_out

    step = work.Step(override=override, test=test, no_sandbox=no_sandbox)
    carry_out(work.phase(home, step, as_json))
