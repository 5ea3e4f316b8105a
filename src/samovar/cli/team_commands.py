"""The commands of a team with their options; like main, they import their work when they run."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from samovar.cli.options import AsJson

team = typer.Typer(rich_markup_mode=None)
agent = typer.Typer(help="The agents of a team.", rich_markup_mode=None, no_args_is_help=True)
queue = typer.Typer(help="The tasks of a team.", rich_markup_mode=None, no_args_is_help=True)
credits = typer.Typer(help="What agents may spend.", rich_markup_mode=None)

Home = Annotated[Path | None, typer.Option(help="The team's home.", show_default=False)]
Agent = Annotated[str, typer.Argument(metavar="AGENT", help="Name of an agent.")]
Id = Annotated[int, typer.Argument(metavar="ID", help="Number of the task.")]
Amount = Annotated[str, typer.Argument(metavar="CREDITS", help="Such as 100 or 0.5.")]
Pace = Annotated[float, typer.Option(min=0.0, help="Seconds between quiet ticks.")]
Host = Annotated[str, typer.Option(help="Address to serve on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to serve on.")]
NoSandbox = Annotated[
    bool, typer.Option("--no-sandbox", help="Run projects' code unconfined if need be.")
]
Note = Annotated[str, typer.Option(help="Why, or what to change.")]


@team.command()
def bootstrap(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="The home.")] = None,
    repo: Annotated[Path | None, typer.Option(help="The repository developers work on.")] = None,
    history: Annotated[
        bool, typer.Option("--git/--no-git", help="Keep the home's history in git.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Make a home with a team; what is there already stays as it is."""
    from samovar.cli import bootstrap as work
    from samovar.cli.end import carry_out

    carry_out(work.bootstrap(folder, repo, history, as_json))


@agent.command("new")
def agent_new(name: Agent, home: Home = None, as_json: AsJson = False) -> None:
    """Make an agent from the template."""
    from samovar.cli import bootstrap as work
    from samovar.cli.end import carry_out

    carry_out(work.new(name, home, as_json))


@team.command()
def up(
    home: Home = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    pace: Pace = 1.0,
    no_sandbox: NoSandbox = False,
    as_json: AsJson = False,
) -> None:
    """Start the team and its dashboard on this machine."""
    from samovar.cli import running
    from samovar.cli.end import carry_out

    carry_out(running.up(home, host, port, pace, running.Way(no_sandbox, as_json)))


@team.command()
def run(
    home: Home = None,
    pace: Pace = 1.0,
    ticks: Annotated[int, typer.Option(min=0, help="Ticks, at most; 0 goes on.")] = 0,
    no_sandbox: NoSandbox = False,
    as_json: AsJson = False,
) -> None:
    """Run the team until Ctrl-C."""
    from samovar.cli import running
    from samovar.cli.end import carry_out

    carry_out(running.run(home, pace, ticks, running.Way(no_sandbox, as_json)))


@team.command("run-once")
def run_once(home: Home = None, no_sandbox: NoSandbox = False, as_json: AsJson = False) -> None:
    """Run one tick."""
    from samovar.cli import running
    from samovar.cli.end import carry_out

    carry_out(running.run_once(home, running.Way(no_sandbox, as_json)))


@team.command()
def worker(
    home: Home = None,
    agents: Annotated[
        list[str] | None, typer.Option("--agent", "--agents", help="Whose tasks; repeatable.")
    ] = None,
    slots: Annotated[int, typer.Option(min=1, help="Tasks at the same time.")] = 1,
    lease: Annotated[float, typer.Option(min=3.0, help="Seconds until a dead one is missed.")] = 60,
    no_sandbox: NoSandbox = False,
) -> None:
    """Work on the queue, beside the engine or on another machine."""
    from samovar.cli import working
    from samovar.cli.end import carry_out

    named = tuple(n for each in agents or () for n in each.split(",") if n)
    carry_out(working.work(home, named, slots, lease, no_sandbox))


@team.command()
def serve(
    home: Home = None, host: Host = "127.0.0.1", port: Port = 8000, as_json: AsJson = False
) -> None:
    """Serve the dashboard and the API of a team, or of a repository and its runs."""
    from samovar.cli import running
    from samovar.cli.end import carry_out

    carry_out(running.serve(home, host, port, running.Way(as_json=as_json)))


@team.command()
def validate(
    home: Home = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print a resume's JSON Schema.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check every file of the home: what is wrong, where, and how to mend it."""
    from samovar.cli import team as work
    from samovar.cli.end import carry_out

    carry_out(work.validate(home, schema, as_json))


@team.command()
def status(home: Home = None, as_json: AsJson = False) -> None:
    """Show what the team does."""
    from samovar.cli import status as work
    from samovar.cli.end import carry_out

    carry_out(work.status(home, as_json))


@team.command()
def logs(
    name: Agent,
    lines: Annotated[int, typer.Option(min=1, help="Lines, at most.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show new lines, too.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show the end of an agent's log."""
    from samovar.cli import agents
    from samovar.cli.end import carry_out

    carry_out(agents.logs(name, lines, follow, home, as_json))


@team.command()
def inspect(name: Agent, home: Home = None, as_json: AsJson = False) -> None:
    """Show everything about one agent."""
    from samovar.cli import agents
    from samovar.cli.end import carry_out

    carry_out(agents.inspect(name, home, as_json))


@team.command()
def send(
    name: Annotated[str, typer.Argument(metavar="AGENT", help="An agent, or 'all'.")],
    text: Annotated[str, typer.Argument(help="What to say.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Write to an agent, or to all of them."""
    from samovar.cli import team as work
    from samovar.cli.end import carry_out

    carry_out(work.send(name, text, home, as_json))


@team.command()
def approve(
    id: Annotated[int, typer.Argument(metavar="[ID]", help="Which; without it, list them.")] = 0,
    note: Note = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Say yes to what an agent asked."""
    from samovar.cli import team as work
    from samovar.cli.end import carry_out

    carry_out(work.answer(id, True, note, home, as_json) if id else work.waiting(home, as_json))


@team.command()
def refuse(
    id: Annotated[int, typer.Argument(metavar="ID", help="Which.")],
    note: Note = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Say no to what an agent asked."""
    from samovar.cli import team as work
    from samovar.cli.end import carry_out

    carry_out(work.answer(id, False, note, home, as_json))


@queue.command("list")
def queue_list(
    name: Annotated[str, typer.Option("--agent", help="Only this agent's.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Ended ones, too.")] = False,
    states: Annotated[
        list[str] | None,
        typer.Option("--state", help="Only those in a state, such as dead; repeatable."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=0, help="Tasks, at most: 100 as lines, all as JSON; 0: all.")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List tasks: those not over in the order of the work, others the latest first."""
    from samovar.cli import tasks as work
    from samovar.cli.end import carry_out

    named = tuple(s for each in states or () for s in each.split(",") if s)
    live = () if every else ("ready", "running", "waiting")
    most = (0 if as_json else 100) if limit is None else limit
    carry_out(work.queue_list(name, named or live, most, home, as_json))


@queue.command("show")
def queue_show(id: Id, home: Home = None, as_json: AsJson = False) -> None:
    """Show a task: its words, what came of it, its run, and what it was handed out as."""
    from samovar.cli import tasks as work
    from samovar.cli.end import carry_out

    carry_out(work.queue_show(id, home, as_json))


@queue.command("add")
def queue_add(
    text: Annotated[str, typer.Argument(help="What to do.")],
    name: Annotated[str, typer.Option("--agent", help="Who; else who hands out work.")] = "",
    repo: Annotated[Path | None, typer.Option(help="The repository it is about.")] = None,
    push: Annotated[bool, typer.Option("--push", help="Ask to push afterwards.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """File a task."""
    from samovar.cli import tasks as work
    from samovar.cli.end import carry_out

    carry_out(work.queue_add(text, name, repo, push, home, as_json))


def _change(verb: str, id: int, value: str, home: Path | None, as_json: bool) -> None:
    from samovar.cli import tasks as work
    from samovar.cli.end import carry_out

    carry_out(work.queue_change(verb, id, value, home, as_json))


@queue.command("move")
def queue_move(id: Id, name: Agent, home: Home = None, as_json: AsJson = False) -> None:
    """Give a task to another agent."""
    _change("move", id, name, home, as_json)


@queue.command("reorder")
def queue_reorder(
    id: Id,
    before: Annotated[int, typer.Argument(help="The task it goes before; 0: last.")] = 0,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Put a task before another one of the same agent."""
    _change("reorder", id, str(before), home, as_json)


@queue.command("edit")
def queue_edit(
    id: Id,
    text: Annotated[str, typer.Argument(help="What is to be done instead.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Change the words of a task that nobody began with."""
    _change("edit", id, text, home, as_json)


@queue.command("cancel")
def queue_cancel(id: Id, note: Note = "", home: Home = None, as_json: AsJson = False) -> None:
    """End a task."""
    _change("cancel", id, note, home, as_json)


@queue.command("revive")
def queue_revive(id: Id, home: Home = None, as_json: AsJson = False) -> None:
    """Make a failed, dead or cancelled task ready again."""
    _change("revive", id, "", home, as_json)


@credits.callback(invoke_without_command=True)
def credits_show(
    context: typer.Context,
    by: Annotated[
        Literal["agent", "task", "model"], typer.Option(help="What spending is added up by.")
    ] = "agent",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show what every agent has left and has spent, or what each task or model took."""
    if context.invoked_subcommand is not None:
        return
    from samovar.cli import team as work
    from samovar.cli.end import carry_out

    carry_out(work.credits(by, home, as_json))


@credits.command("add", context_settings={"ignore_unknown_options": True})
def credits_add(name: Agent, amount: Amount, home: Home = None, as_json: AsJson = False) -> None:
    """Give an agent credits."""
    from samovar.cli import team as work
    from samovar.cli.end import carry_out

    carry_out(work.credits_add(name, amount, home, as_json))


@credits.command("take", context_settings={"ignore_unknown_options": True})
def credits_take(name: Agent, amount: Amount, home: Home = None, as_json: AsJson = False) -> None:
    """Take credits back from an agent, as far as it has them."""
    from samovar.cli import team as work
    from samovar.cli.end import carry_out

    carry_out(work.credits_take(name, amount, home, as_json))


@credits.command("limit", context_settings={"ignore_unknown_options": True})
def credits_limit(
    name: Agent,
    per_day: Annotated[str, typer.Argument(metavar="CREDITS", help="Such as 5; or 'none'.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Change what an agent may spend a day (UTC)."""
    from samovar.cli import team as work
    from samovar.cli.end import carry_out

    carry_out(work.credits_limit(name, per_day, home, as_json))
