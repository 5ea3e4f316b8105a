"""The plan of a project: `samovar project show | edit | add | done | phase | notebook`."""

import asyncio
import getpass
import os
import shlex
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
from msgspec import Struct

from samovar.boot import scratch, surroundings
from samovar.checks.environment import find_command
from samovar.checks.project import Project as Checks
from samovar.cli.end import printable, say
from samovar.cli.home import find_home_or_place
from samovar.core.errors import SetupError, ToolError
from samovar.core.log import now
from samovar.core.seams import text_of
from samovar.core.task import Verdict
from samovar.memory import project
from samovar.memory.notebook import Notebook, latest
from samovar.memory.project import Project, ProjectFile
from samovar.repo import git
from samovar.sandboxes.find import find_sandbox
from samovar.settings import load

_PAGE = 20_000
"""Characters of the notebook that are shown, the latest."""


class Step(Struct, frozen=True, kw_only=True):
    """How a phase is to be left."""

    override: str = ""
    """Why a person lets it pass unproved; empty where the proof decides."""
    test: str = ""
    """The command that judges a review; empty takes the project's own tests."""
    no_sandbox: bool = False


async def show(folder: Path | None, as_json: bool) -> int:
    """Show where the project stands."""
    return _tell(await _file(folder), as_json)


async def edit(folder: Path | None, as_json: bool) -> int:
    """Open the plan in the person's editor; a plan that cannot be read is told and kept."""
    file = await _file(folder)
    if not file.path.exists():
        file.change(lambda plan: plan)
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise SetupError(f"set EDITOR to the name of your editor, or edit {file.path} with any")
    ended = await asyncio.to_thread(_opened, editor, file.path)
    if ended:
        raise SetupError(f"the editor {editor!r} ended with {ended}; the plan is in {file.path}")
    return _tell(file, as_json)


async def add(folder: Path | None, texts: list[str], as_json: bool) -> int:
    """Put tasks at the end of the plan."""

    def added(plan: Project) -> Project:
        for text in texts:
            plan = project.plan(plan, text)
        return plan

    return _changed(await _file(folder), added, as_json)


async def mark(folder: Path | None, number: int, status: project.Status, as_json: bool) -> int:
    """Put one task into another state."""
    return _changed(await _file(folder), lambda p: project.mark(p, number, status), as_json)


async def phase(folder: Path | None, step: Step, as_json: bool) -> int:
    """Enter the next phase when the present one has proved itself, or on a person's word."""
    file = await _file(folder)
    if step.override:
        by = f"person:{getpass.getuser()}"
        return _changed(file, lambda p: project.override(p, by, step.override, _at()), as_json)
    reviewing = file.read().phase == "reviewing"
    verdict = await _review(folder, file.path.parent, step) if reviewing else None
    return _changed(file, lambda p: project.advance(p, verdict, _at()), as_json)


async def noted(folder: Path | None, text: str, as_json: bool) -> int:
    """Show the lab notebook, after noting a text in it; of a long one the latest."""
    book = Notebook((await _file(folder)).path.parent)
    if text:
        try:
            book.add(text, f"person:{getpass.getuser()}")
        except ToolError as error:
            raise SetupError(str(error)) from error
    seen = book.read()
    if as_json:
        rows = msgspec.to_builtins(seen)
        print(msgspec.json.encode({"file": str(book.path), "observations": rows}).decode())
        return 0
    print(printable(latest(seen, _PAGE) or "nothing is noted yet"))
    say(f"file: {book.path}")
    return 0


def _opened(editor: str, path: Path) -> int:
    """Let a person edit a file; return how the editor ended."""
    try:
        return subprocess.run([*shlex.split(editor), str(path)], check=False).returncode
    except (OSError, ValueError) as error:
        raise SetupError(f"the editor {editor!r} does not start: {error}") from error


async def _review(folder: Path | None, home: Path, step: Step) -> Verdict:
    """Run the project's tests, as they stand in its last commit, in the sandbox."""
    repo = await git.open(folder or Path())
    if repo.place.home.resolve() != home.resolve():
        raise SetupError(
            f"the plan in {home} is not that of {repo.place.root}: "
            "name the repository with --repo, or --override WHY"
        )
    tree = await repo.tree(await repo.head())
    settings = load(home)
    environment = surroundings(repo.place.trees, settings, home, tree.paths())
    read = partial(text_of, tree)
    command = step.test or find_command(tree.paths(), read, environment.python)
    if not command:
        return Verdict(passed=False, why="no tests were found: name some with --test")
    say(f"samovar: running {command}")
    async with scratch() as place:
        checks = Checks(
            tree=tree,
            sandbox=await find_sandbox(step.no_sandbox),
            environment=environment,
            folder=place,
            seconds=settings.check_seconds,
            test_seconds=settings.test_seconds,
        )
        found = await checks.test("project tests", command, {})
    shown = f"{found.counts.passed} passed, {found.counts.failed} failed"
    why = f"{command} ended with {found.exit} ({shown})"
    return Verdict(passed=found.exit == 0, proof="project tests", why=why, checks=(found,))


def _changed(file: ProjectFile, how: Callable[[Project], Project], as_json: bool) -> int:
    try:
        file.change(how)
    except ToolError as error:
        raise SetupError(str(error)) from error
    return _tell(file, as_json)


def _tell(file: ProjectFile, as_json: bool) -> int:
    plan = file.read()
    if as_json:
        facts = {"file": str(file.path), **msgspec.to_builtins(plan)}
        print(msgspec.json.encode(facts).decode())
        return 0
    print(printable(file.shown().rstrip()))
    gate = project.gate(plan, None)
    if plan.phase not in ("complete", "reviewing"):
        say(f"next phase: {gate or 'open; samovar project phase'}")
    say(f"file: {file.path}")
    return 0


async def _file(folder: Path | None) -> ProjectFile:
    return ProjectFile(await find_home_or_place(folder))


def _at() -> datetime:
    return now().astimezone(UTC)
