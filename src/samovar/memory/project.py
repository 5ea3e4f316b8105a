"""The state of a project: its phase and its tasks, as one Markdown file that people edit too."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args

import msgspec
from msgspec import Struct

from samovar.core.errors import SetupError, ToolError
from samovar.core.event import Phase
from samovar.core.log import now, write
from samovar.core.task import Verdict
from samovar.core.text import visible
from samovar.memory.notebook import Notebook

FILE = "project.md"
PHASES: tuple[Phase, ...] = get_args(Phase)
Status = Literal["open", "doing", "done", "dropped"]
_MARKS: dict[str, Status] = {" ": "open", "~": "doing", "x": "done", "-": "dropped"}
_BOXES = {status: mark for mark, status in _MARKS.items()}
_TASK = re.compile(r"^\s*[-*] \[(.)\] (.*\S)\s*$")
_PHASE = re.compile(r"^Phase:\s*(\w+)\s*$", re.IGNORECASE)
_BRIEF = 120
"""Characters of a line in the brief."""


class Task(Struct, frozen=True):
    """One line of the plan."""

    text: str
    status: Status = "open"


class Project(Struct, frozen=True, kw_only=True):
    """Where a project stands."""

    name: str
    phase: Phase = "planning"
    goal: str = ""
    """Free text between the phase and the tasks."""
    tasks: tuple[Task, ...] = ()
    history: tuple[str, ...] = ()
    """How each phase was left: by what proof, or on whose word."""
    rest: str = ""
    """Whatever else people wrote below; kept as it is."""


def render(project: Project) -> str:
    """Return the project as a file."""
    return _page(project, ["-"] * len(project.tasks))


def numbered(project: Project) -> str:
    """Return the file as a person reads it, each task behind its number."""
    return _page(project, [f"{n}." for n in range(1, len(project.tasks) + 1)])


def _page(project: Project, marks: Sequence[str]) -> str:
    rows = zip(marks, project.tasks, strict=True)
    tasks = [f"{mark} [{_BOXES[t.status]}] {t.text}" for mark, t in rows]
    parts = [f"# {project.name}", f"Phase: {project.phase}", project.goal.strip()]
    parts += ["## Tasks", "\n".join(tasks)]
    if project.history:
        parts += ["## History", "\n".join(f"- {row}" for row in project.history)]
    return "\n\n".join(part for part in [*parts, project.rest.strip()] if part) + "\n"


def parse(text: str) -> Project:
    """Return the project a file tells of. Raises SetupError naming the line nobody can read."""
    found: dict[str, list[str]] = {"goal": [], "tasks": [], "history": [], "rest": []}
    name, phase, part = "", "", "goal"
    for number, row in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if part == "goal" and not name and row.startswith("# "):
            name = row[2:].strip()
        elif part == "goal" and not phase and (match := _PHASE.match(row)):
            phase = _phase(match[1].lower(), number)
        elif row.strip() in ("## Tasks", "## History") and part != "rest":
            part = row.strip()[3:].lower()
        elif part in ("tasks", "history") and row.startswith("#"):
            part = "rest"
            found["rest"].append(row)
        else:
            found[part].append(row)
    tasks, loose = _tasks(found["tasks"])
    history = [row.removeprefix("- ").strip() for row in found["history"] if row.strip()]
    return Project(
        name=name or "project",
        phase=_phase(phase or "planning", 0),
        goal="\n".join(found["goal"]).strip(),
        tasks=tasks,
        history=tuple(history),
        rest="\n".join([*loose, *found["rest"]]).strip(),
    )


def standing(folder: Path) -> str:
    """Return where the project of a folder stands and what was noted last, for a prompt.

    At most seven short lines; empty where there is neither plan nor notebook. A plan that nobody
    can read is told in one of them, since no work should wait for it.
    """
    file = ProjectFile(folder)
    try:
        told = brief(file.read()) if file.path.exists() else ""
    except SetupError as error:
        told = _short(f"The plan cannot be read: {error.__cause__ or error}")
    seen = Notebook(folder).read()[-2:]
    return "\n".join(
        [*([told] if told else []), *(_short(f"Last noted by {s.by}: {s.text}") for s in seen)]
    )


def brief(project: Project) -> str:
    """Return where the project stands in at most five short lines."""
    phases = " > ".join(f"[{p}]" if p == project.phase else p for p in PHASES)
    rows = [f"Project {project.name}: {phases}"]
    if project.goal:
        rows.append(f"Goal: {project.goal}")
    if project.tasks:
        closed = sum(t.status == "done" for t in project.tasks)
        dropped = sum(t.status == "dropped" for t in project.tasks)
        left = f", {dropped} dropped" if dropped else ""
        rows.append(f"Tasks: {closed} of {len(project.tasks)} done{left}")
        now_, after = _of(project, "doing"), _of(project, "open")
        rows += [f"Now: {now_[0]}"] if now_ else []
        rows += [f"Next: {after[0]}"] if after else []
    return "\n".join(_short(row) for row in rows)


def gate(project: Project, verdict: Verdict | None) -> str:
    """Return why the project may not enter its next phase; empty when it may.

    A plan needs tasks, a review needs all of them closed, and the end needs a passed verdict.
    """
    match project.phase:
        case "planning":
            return "" if project.tasks else "the plan has no tasks yet"
        case "executing":
            left = _of(project, "doing") + _of(project, "open")
            return f"{len(left)} tasks are not closed, the first: {left[0]}" if left else ""
        case "reviewing":
            if verdict is None:
                return "no check was run"
            return "" if verdict.passed else verdict.why or "the checks are red"
        case "complete":
            return "it is complete"


def advance(project: Project, verdict: Verdict | None, at: datetime) -> Project:
    """Return the project in its next phase. Raises ToolError while its gate is closed."""
    why = gate(project, verdict)
    if why:
        raise ToolError(f"{project.phase} does not end yet: {why}")
    return _next(project, (verdict.why if verdict else "") or "its gate is open", at)


def override(project: Project, by: str, why: str, at: datetime) -> Project:
    """Return the project in its next phase on a person's word, which is written down."""
    if project.phase == "complete":
        raise SetupError("the project is complete: set 'Phase:' by hand to open it again")
    if not by.strip() or not why.strip():
        raise SetupError("a phase is passed over on somebody's word and for a reason: say both")
    closed = gate(project, None) or "nothing"
    return _next(project, f"{by} let it pass ({why}); still missing: {closed}", at)


def mark(project: Project, number: int, status: Status) -> Project:
    """Return the project with one task, counted from 1, in another state."""
    if not 1 <= number <= len(project.tasks):
        raise ToolError(f"there is no task {number}: they are 1 to {len(project.tasks)}")
    tasks = list(project.tasks)
    tasks[number - 1] = Task(tasks[number - 1].text, status)
    return msgspec.structs.replace(project, tasks=tuple(tasks))


def plan(project: Project, text: str) -> Project:
    """Return the project with one more task."""
    line = " ".join(text.split())
    if not line:
        raise ToolError("a task needs a text: say in one line what is done when it is done")
    return msgspec.structs.replace(project, tasks=(*project.tasks, Task(line)))


def project_of(home: Path) -> Path:
    """Return the folder of the project a home lies in; without one, the home itself."""
    return home.parent if home.name == ".samovar" else home


class ProjectFile:
    """The file of a project in a folder."""

    def __init__(self, folder: Path, *, clock: Callable[[], datetime] = now) -> None:
        self.path = folder / FILE
        self.clock = clock

    def read(self) -> Project:
        """Return the project; where there is no file, a new one named after its folder."""
        try:
            return parse(self.path.read_text("utf-8", "replace"))
        except FileNotFoundError:
            home = self.path.parent.resolve()
            return Project(name=project_of(home).name.lstrip(".") or "project")
        except SetupError as error:
            raise SetupError(f"{self.path}: {error}") from error

    def change(self, how: Callable[[Project], Project]) -> Project:
        """Read, change and write the project in one go."""
        project = how(self.read())
        write(self.path, render(project).encode("utf-8", "replace"))
        return project


def _next(project: Project, why: str, at: datetime) -> Project:
    after = PHASES[PHASES.index(project.phase) + 1]
    row = f"{at:%Y-%m-%d %H:%M} {project.phase} > {after}: {' '.join(why.split())}"
    return msgspec.structs.replace(project, phase=after, history=(*project.history, row))


def _tasks(rows: Sequence[str]) -> tuple[tuple[Task, ...], list[str]]:
    """Return the tasks and the lines that are none; a box with an unknown mark is open."""
    tasks, loose = [], []
    for row in rows:
        match = _TASK.match(row)
        if match:
            tasks.append(Task(match[2], _MARKS.get(match[1].lower(), "open")))
        elif row.strip():
            loose.append(row)
    return tuple(tasks), loose


def _phase(word: str, line: int) -> Phase:
    for phase in PHASES:
        if phase == word:
            return phase
    raise SetupError(f"line {line}: {word!r} is no phase; take one of {', '.join(PHASES)}")


def _of(project: Project, status: Status) -> list[str]:
    return [f"{n}. {t.text}" for n, t in enumerate(project.tasks, 1) if t.status == status]


def _short(row: str) -> str:
    line = " ".join(visible(row).split())
    return line if len(line) <= _BRIEF else f"{line[: _BRIEF - 4]} ..."
