"""The `samovar` command: every verb and its options.

A command imports its work when it runs: `samovar --help` and the shell's completion must not pay
for what they do not use (0.15 s instead of 0.5 s).
"""

import signal
from pathlib import Path
from typing import Annotated

import typer

from samovar import __version__
from samovar.cli import mcp_commands, memory_commands, project_commands, team_commands
from samovar.cli.options import AsJson

app = typer.Typer(
    help="A self-hosted team of AI agents that develops software with open local models.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
model = typer.Typer(help="The models on this machine.", rich_markup_mode=None, no_args_is_help=True)
app.add_typer(model, name="model")
app.add_typer(memory_commands.memory, name="memory")
app.add_typer(memory_commands.skills, name="skills")
app.add_typer(memory_commands.pattern, name="pattern")
app.add_typer(mcp_commands.mcp, name="mcp")
app.add_typer(project_commands.project, name="project")
app.add_typer(team_commands.team)
app.add_typer(team_commands.agent, name="agent")
app.add_typer(team_commands.queue, name="queue")
app.add_typer(team_commands.credits, name="credits")

WELCOME = """\
Samovar works on a git repository: one task in, a tested commit on a branch of its own out.
Your files stay as they are. Start with these:

  samovar do "TASK"    work on a task; "-" reads it from standard input
  samovar show         what the last run did and what it proved (all of them: samovar runs)
  samovar doctor       what works here and what is missing

Everything else: samovar --help"""

Repo = Annotated[Path, typer.Option(help="A folder of the git repository.", show_default=False)]
AsPlain = Annotated[bool, typer.Option("--plain", help="Plain lines, nothing live.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Keep the change without asking.")]
PushYes = Annotated[bool, typer.Option("--push-yes", help="Push without asking.")]
Model = Annotated[str, typer.Option(help="Model to use; see 'samovar model list'.")]
Override = Annotated[
    bool, typer.Option("--override", help="Let phases pass unproved; it is recorded.")
]
NoSandbox = Annotated[
    bool, typer.Option("--no-sandbox", help="Run the project's code unconfined if need be.")
]
RunName = Annotated[str, typer.Argument(metavar="[RUN]", help="Begin of its name; the last one.")]


def main() -> None:
    """Run the command line."""
    try:
        app()
    except KeyboardInterrupt:
        # While commands and options were made; what a command itself does with it, it says.
        raise SystemExit(128 + signal.SIGINT) from None
    finally:
        # The work is over: Ctrl-C has nothing to stop, and Python would complain while it ends.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"samovar {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def bare(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None and not version:
        print(WELCOME)


@app.command()
def do(
    task: Annotated[str, typer.Argument(help="What to do; '-' reads standard input.")],
    repo: Repo = Path(),
    file: Annotated[list[str] | None, typer.Option(help="A file to work on; repeatable.")] = None,
    test: Annotated[str, typer.Option(help="The command that judges the work.")] = "",
    budget: Annotated[int, typer.Option(min=0, help="Generated tokens, at most; 0: as set.")] = 0,
    calls: Annotated[int, typer.Option(min=0, help="Model calls, at most; 0: as set.")] = 0,
    candidates: Annotated[int, typer.Option(min=0, help="Versions of a step; 0: as set.")] = 0,
    model: Model = "",
    yes: Yes = False,
    push: Annotated[bool, typer.Option("--push", help="Ask to push afterwards.")] = False,
    override: Override = False,
    no_sandbox: NoSandbox = False,
    as_json: AsJson = False,
    plain: AsPlain = False,
) -> None:
    """Work on a task: plan, write, check in the sandbox, commit on a branch."""
    from samovar.cli import doing
    from samovar.cli.end import carry_out

    order = doing.Order(
        text=task,
        files=tuple(file or ()),
        test=test,
        budget=budget,
        calls=calls,
        candidates=candidates,
        push=push,
        override=override,
    )
    look = doing.Look(
        repo=repo, model=model, yes=yes, no_sandbox=no_sandbox, json=as_json, plain=plain
    )
    carry_out(doing.do(order, look))


@app.command()
def chat(
    repo: Repo = Path(),
    agent: Annotated[str, typer.Option(help="Name of an agent; see its resume.json.")] = "",
    model: Model = "",
    resume: Annotated[
        str, typer.Option(metavar="RUN", help="Begin of a conversation's name, or 'last'.")
    ] = "",
    given: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="PATH", help="A file or folder to hand over; repeatable."),
    ] = None,
    no_sandbox: NoSandbox = False,
    plain: AsPlain = False,
) -> None:
    """Talk to an agent that works in a copy of the repository."""
    from samovar.cli import chat as talking
    from samovar.cli.end import carry_out

    order = talking.Order(
        repo=repo,
        agent=agent,
        model=model,
        resume=resume,
        given=tuple(given or ()),
        no_sandbox=no_sandbox,
        plain=plain,
    )
    carry_out(talking.chat(order))


@app.command()
def resume(
    run: RunName = "",
    repo: Repo = Path(),
    model: Model = "",
    yes: Yes = False,
    push_yes: PushYes = False,
    override: Override = False,
    no_sandbox: NoSandbox = False,
    as_json: AsJson = False,
    plain: AsPlain = False,
) -> None:
    """Go on with a run that was stopped or that waits for an answer."""
    from samovar.cli import doing
    from samovar.cli.end import carry_out

    look = doing.Look(
        repo=repo,
        model=model,
        yes=yes,
        push_yes=push_yes,
        no_sandbox=no_sandbox,
        json=as_json,
        plain=plain,
    )
    carry_out(doing.resume(run, look, override=override))


@app.command()
def runs(repo: Repo = Path(), as_json: AsJson = False) -> None:
    """List the runs of this repository, or of the team whose home this is."""
    from samovar.cli import listing
    from samovar.cli.end import carry_out

    carry_out(listing.runs(repo, as_json))


@app.command()
def show(
    run: RunName = "",
    repo: Repo = Path(),
    as_json: AsJson = False,
    diff: Annotated[bool, typer.Option("--diff", help="Only the difference.")] = False,
) -> None:
    """Show a run: timeline, candidates, receipt."""
    from samovar.cli import reading
    from samovar.cli.end import carry_out

    carry_out(reading.show(repo, run, as_json, diff))


@app.command()
def undo(
    run: Annotated[str, typer.Argument(help="Begin of its name.")],
    repo: Repo = Path(),
    as_json: AsJson = False,
) -> None:
    """Take back what a run committed."""
    from samovar.cli import reading
    from samovar.cli.end import carry_out

    carry_out(reading.undo(repo, run, as_json))


@app.command()
def doctor(
    repo: Repo = Path(),
    as_json: AsJson = False,
    probe: Annotated[bool, typer.Option("--probe", help="Measure the model, for minutes.")] = False,
) -> None:
    """Say what works here and what is missing."""
    from samovar.cli import health
    from samovar.cli.end import carry_out

    carry_out(health.doctor(repo, as_json, probe))


@model.command("list")
def model_list(repo: Repo = Path(), as_json: AsJson = False) -> None:
    """List the models that answer and those that can be fetched."""
    from samovar.cli import models
    from samovar.cli.end import carry_out

    carry_out(models.show_list(repo, as_json))


@model.command("pull")
def model_pull(
    name: Annotated[str, typer.Argument(metavar="[NAME]")] = "", plain: AsPlain = False
) -> None:
    """Fetch weights and verify them."""
    from samovar.cli import models
    from samovar.cli.end import carry_out

    carry_out(models.pull(name, plain))


@model.command("probe")
def model_probe(
    name: Annotated[str, typer.Argument(metavar="[NAME]")] = "", repo: Repo = Path()
) -> None:
    """Measure a model: context, speed, what it obeys."""
    from samovar.cli import models
    from samovar.cli.end import carry_out

    carry_out(models.probe_one(repo, name))


@model.command("serve")
def model_serve(
    name: Annotated[str, typer.Argument(metavar="[NAME]")] = "",
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8000,
    key: Annotated[str, typer.Option(help="Token that clients must send.")] = "",
    upstream: Annotated[str, typer.Option(help="Address of a server to stand before.")] = "",
    upstream_key: Annotated[
        str, typer.Option(metavar="NAME", help="Variable (of .env) that holds its key.")
    ] = "",
    transformers: Annotated[
        bool, typer.Option("--transformers", help="NAME is a model of Transformers, or its folder.")
    ] = False,
    model: Model = "",
    repo: Repo = Path(),
) -> None:
    """Serve a model for other programs: OpenAI's API with tool calls that can be relied on."""
    from samovar.cli import serving
    from samovar.cli.end import carry_out

    wanted = serving.Wanted(
        model=name or model,
        host=host,
        port=port,
        key=key,
        upstream=upstream,
        upstream_key=upstream_key,
        transformers=transformers,
    )
    carry_out(serving.run(repo, wanted))


@app.command()
def bench(
    name: Annotated[str, typer.Argument(metavar="SET")],
    sets: Annotated[Path | None, typer.Option(help="Folder of the sets.")] = None,
    harness: Annotated[list[str] | None, typer.Option(help="samovar, raw, ...")] = None,
    peer: Annotated[list[str] | None, typer.Option(help="NAME=LINE, a program of others.")] = None,
    mode: Annotated[str, typer.Option(help="vis or hid: the tests are visible or not.")] = "vis",
    limit: Annotated[int, typer.Option(min=0, help="Tasks, at most; 0 takes all.")] = 0,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each task.")] = 1,
    scale: Annotated[float, typer.Option(min=0.1, help="Times the budget.")] = 1.0,
    half: Annotated[int | None, typer.Option(min=0, max=1, help="Every second task.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="A task by name; repeat it.")] = None,
    ablate: Annotated[list[str] | None, typer.Option(help="A mechanism to switch off.")] = None,
    out: Annotated[Path | None, typer.Option(help="File of the rows, the report beside.")] = None,
    lanes: Annotated[int, typer.Option(min=0, help="Tasks at once; 0: as many as pay.")] = 0,
    again: Annotated[bool, typer.Option(help="Also what another commit measured.")] = False,
    keep: Annotated[Path | None, typer.Option(help="Folder for the logs of the runs.")] = None,
    model: Model = "",
    url: Annotated[str, typer.Option(help="Address of a running server.")] = "",
    no_sandbox: NoSandbox = False,
) -> None:
    """Measure harnesses on a set of tasks."""
    from samovar.cli.end import carry_out
    from samovar.cli.measuring import measure

    tasks: dict[str, object] = {"set": name, "sets": sets, "half": half, "limit": limit}
    given = {"harnesses": harness, "peers": peer, "only": only, "ablate": ablate}
    options = {
        **tasks,
        **{key: tuple(words or ()) for key, words in given.items()},
        "mode": mode,
        "seeds": tuple(range(seeds)),
        "scale": scale,
        "lanes": lanes,
        "again": again,
        "keep": keep,
        "model": model,
        "url": url,
        "no_sandbox": no_sandbox,
    }
    carry_out(measure(options | ({"out": out} if out else {})))
