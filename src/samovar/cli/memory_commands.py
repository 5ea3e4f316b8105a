"""The commands `memory`, `skills` and `pattern` with their options; like main, they import late."""

from pathlib import Path
from typing import Annotated

import typer

from samovar.cli.options import AsJson

memory = typer.Typer(help="What agents remember.", rich_markup_mode=None, no_args_is_help=True)
skills = typer.Typer(help="Tools agents made.", rich_markup_mode=None, no_args_is_help=True)
pattern = typer.Typer(help="Prompts with a name.", rich_markup_mode=None, no_args_is_help=True)

Home = Annotated[
    Path | None,
    typer.Option("--home", "--repo", help="A home, or its repository.", show_default=False),
]
Agent = Annotated[str, typer.Option(help="Whose notes.")]
Name = Annotated[str, typer.Argument(help="Its name.")]


@memory.command("list")
def memory_list(agent: Agent = "samovar", home: Home = None, as_json: AsJson = False) -> None:
    """List notes, the latest first."""
    from samovar.cli import memory as work
    from samovar.cli.end import carry_out

    carry_out(work.show_list(home, agent, as_json))


@memory.command("search")
def memory_search(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    agent: Agent = "samovar",
    limit: Annotated[int, typer.Option(min=1, help="Notes, at most.")] = 5,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Find notes by words and meaning."""
    from samovar.cli import memory as work
    from samovar.cli.end import carry_out

    carry_out(work.search(home, agent, question, limit, as_json))


@memory.command("show")
def memory_show(id: Name, agent: Agent = "samovar", home: Home = None) -> None:
    """Show one note."""
    from samovar.cli import memory as work
    from samovar.cli.end import carry_out

    carry_out(work.show(home, agent, id))


@memory.command("add")
def memory_add(
    text: Annotated[str, typer.Argument(help="What to remember.")],
    tag: Annotated[list[str] | None, typer.Option(help="A word to file it under.")] = None,
    agent: Agent = "samovar",
    home: Home = None,
) -> None:
    """Keep a note; it counts as said by the owner."""
    from samovar.cli import memory as work
    from samovar.cli.end import carry_out

    carry_out(work.add(home, agent, text, tag or []))


@memory.command("forget")
def memory_forget(id: Name, agent: Agent = "samovar", home: Home = None) -> None:
    """Delete one note."""
    from samovar.cli import memory as work
    from samovar.cli.end import carry_out

    carry_out(work.forget(home, agent, id))


@memory.command("pull")
def memory_pull(
    agent: Annotated[list[str] | None, typer.Option(help="Whose notes; all of them.")] = None,
    home: Home = None,
) -> None:
    """Fetch the embedding model (83 MB) and embed the notes."""
    from samovar.cli import memory as work
    from samovar.cli.end import carry_out

    carry_out(work.pull(home, agent or []))


@skills.command("list")
def skills_list(home: Home = None, as_json: AsJson = False) -> None:
    """List skills and their state."""
    from samovar.cli import skills as work
    from samovar.cli.end import carry_out

    carry_out(work.show_list(home, as_json))


@skills.command("show")
def skills_show(name: Name, home: Home = None) -> None:
    """Show a skill, its origin and its source."""
    from samovar.cli import skills as work
    from samovar.cli.end import carry_out

    carry_out(work.show(home, name))


@skills.command("disable")
def skills_disable(name: Name, home: Home = None) -> None:
    """Offer a skill no longer."""
    from samovar.cli import skills as work
    from samovar.cli.end import carry_out

    carry_out(work.switch(home, name, False))


@skills.command("enable")
def skills_enable(name: Name, home: Home = None) -> None:
    """Offer a skill again."""
    from samovar.cli import skills as work
    from samovar.cli.end import carry_out

    carry_out(work.switch(home, name, True))


@skills.command("rollback")
def skills_rollback(
    name: Name,
    to: Annotated[int, typer.Option(min=0, help="Version; the one before.")] = 0,
    home: Home = None,
) -> None:
    """Go back to an earlier version."""
    from samovar.cli import skills as work
    from samovar.cli.end import carry_out

    carry_out(work.roll_back(home, name, to))


@skills.command("test")
def skills_test(
    name: Name,
    home: Home = None,
    no_sandbox: Annotated[bool, typer.Option("--no-sandbox", help="Unconfined.")] = False,
) -> None:
    """Run a skill's tests in the sandbox."""
    from samovar.cli import skills as work
    from samovar.cli.end import carry_out

    carry_out(work.test(home, name, no_sandbox))


@pattern.command("list")
def pattern_list(home: Home = None, as_json: AsJson = False) -> None:
    """List patterns: the home's, yours, Fabric's, ours."""
    from samovar.cli import patterns as work
    from samovar.cli.end import carry_out

    carry_out(work.show_list(home, as_json))


@pattern.command("show")
def pattern_show(name: Name, home: Home = None) -> None:
    """Show a pattern."""
    from samovar.cli import patterns as work
    from samovar.cli.end import carry_out

    carry_out(work.show(home, name))


@pattern.command("run")
def pattern_run(
    name: Name,
    model: Annotated[str, typer.Option(help="Model; see 'samovar model list'.")] = "",
    variable: Annotated[list[str] | None, typer.Option("-v", help="key=value")] = None,
    choice: Annotated[str, typer.Option(help="Options between commas; one is answered.")] = "",
    json_schema: Annotated[Path | None, typer.Option(help="A file the answer must fit.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Tokens of the answer, at most.")] = 2_000,
    outlines: Annotated[bool, typer.Option("--outlines", help="Constrain by outlines.")] = False,
    home: Home = None,
) -> None:
    """Answer standard input by a pattern."""
    from samovar.cli import patterns as work
    from samovar.cli.end import carry_out

    wanted = work.Wanted(model, tuple(variable or ()), choice, json_schema, limit, outlines)
    carry_out(work.run(home, name, wanted))
