"""The state of a project: its phase and its tasks, as one Markdown file that people edit too."""

import re
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Literal, TypeVar, get_args

import msgspec
from msgspec import Struct

from samovar.core.errors import SetupError, ToolError
from samovar.core.event import Phase
from samovar.core.log import write
from samovar.core.task import Verdict
from samovar.core.text import one_line, visible
from samovar.memory.notebook import Notebook

FILE = "project.md"
PHASES: tuple[Phase, ...] = get_args(Phase)
Status = Literal["open", "doing", "done", "dropped"]
Part = Literal["goal", "tasks", "history", "rest"]
Kind = Literal["name", "phase", "section", "task", "words"]
_MARKS: dict[str, Status] = {" ": "open", "~": "doing", "x": "done", "-": "dropped"}
_BOXES = {status: mark for mark, status in _MARKS.items()}
_TASK = re.compile(r"\s*(?P<bullet>[-*+]|\d+[.)])\s+\[(?P<mark>[ ~xX-])\]\s+(?P<text>\S|\S.*\S)\s*")
_BOX = re.compile(r"\s*(?:[-*+]|\d+[.)])\s*\[\s*\S?\s*\](?![(\[])")
"""How a line begins that is meant as a task; `[x](address)` and `[x][name]` are links."""
_PHASE = re.compile(r"Phase:\s*(\S.*\S|\S)\s*", re.IGNORECASE)
_MEANT = re.compile(r"\W*phase\W*:", re.IGNORECASE)
"""How a line begins that is meant as the phase."""
_SECTION = re.compile(r"##\s+(Tasks|History)\s*", re.IGNORECASE)
_NEW = "# {name}\n\nPhase: planning\n\n## Tasks\n"
_BRIEF = 120
"""Characters of a line in the brief."""
T = TypeVar("T")


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
    """Whatever else people wrote between and below the tasks."""


class Row(Struct, frozen=True):
    """One line of the file, and what it is."""

    text: str
    part: Part
    kind: Kind = "words"


def parse(text: str) -> Project:
    """Return the project a file tells of. Raises SetupError naming the line nobody can read."""
    rows = _rows(text)

    def words(part: Part) -> list[str]:
        return [row.text for row in rows if (row.part, row.kind) == (part, "words")]

    names = [row.text[2:].strip() for row in rows if row.kind == "name"]
    phases = [_phase(row.text) for row in rows if row.kind == "phase"]
    loose = [row for row in words("tasks") if row.strip()]
    return Project(
        name=(*names, "project")[0],
        phase=(*phases, PHASES[0])[0],
        goal="\n".join(words("goal")).strip(),
        tasks=tuple(_task(row.text) for row in rows if row.kind == "task"),
        history=tuple(row.removeprefix("- ").strip() for row in words("history") if row.strip()),
        rest="\n".join([*loose, *words("rest")]).strip(),
    )


def numbered(text: str) -> str:
    """Return the file as a person reads it, each task behind its number. Raises SetupError."""
    number = count(1)
    return "\n".join(
        _with(row.text, "bullet", f"{next(number)}.") if row.kind == "task" else row.text
        for row in _rows(text)
    )


def rewritten(text: str, before: Project, after: Project) -> str:
    """Return a file with what changed since it was read; every other line stays as it is.

    What can change: the phase, the states of the tasks, and more at the end of tasks and history.
    """
    plain = text.replace("\r\n", "\n")
    if after.phase != before.phase:
        plain = _phased(plain, after.phase)
    plain = _marked(plain, after.tasks)
    more = [f"- [{_BOXES[task.status]}] {task.text}" for task in after.tasks[len(before.tasks) :]]
    plain = _longer(plain, "Tasks", more)
    told = [f"- {row}" for row in after.history[len(before.history) :]]
    plain = _longer(plain, "History", told)
    return plain.replace("\n", "\r\n") if "\r\n" in text else plain


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

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def read(self) -> Project:
        """Return the project; where there is no file, a new one named after its folder."""
        return self._read(parse)

    def shown(self) -> str:
        """Return the file as a person reads it, each task behind its number."""
        return self._read(numbered)

    def change(self, how: Callable[[Project], Project]) -> Project:
        """Read, change and write the project in one go."""
        text, before = self._read(lambda text: (text, parse(text)))
        after = how(before)
        write(self.path, rewritten(text, before, after).encode("utf-8", "replace"))
        return after

    def _read(self, how: Callable[[str], T]) -> T:
        """Return what a function makes of the file. Raises SetupError where nobody can read it."""
        try:
            return how(self._text())
        except SetupError as error:
            raise SetupError(f"{self.path}: {error}") from error

    def _text(self) -> str:
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            home = self.path.parent.resolve()
            return _NEW.format(name=project_of(home).name.lstrip(".") or "project")
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise SetupError(f"line {line}: this is no UTF-8; save the file as UTF-8") from error


def _next(project: Project, why: str, at: datetime) -> Project:
    after = PHASES[PHASES.index(project.phase) + 1]
    row = f"{at:%Y-%m-%d %H:%M} {project.phase} > {after}: {' '.join(why.split())}"
    return msgspec.structs.replace(project, phase=after, history=(*project.history, row))


def _rows(text: str) -> list[Row]:
    """Return the lines of a file. Raises SetupError naming the one nobody can read."""
    rows: list[Row] = []
    part: Part = "goal"
    known: set[Kind] = set()
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        part = _part(line, part)
        try:
            kind = _kind(line, part, known)
        except SetupError as error:
            raise SetupError(f"line {number}: {error}") from error
        known.add(kind)
        rows.append(Row(line, part, kind))
    return rows


def _part(line: str, before: Part) -> Part:
    """Return the part of the file a line is in; headings below the second level end none."""
    match = _SECTION.fullmatch(line)
    if match:
        return "tasks" if match[1].lower() == "tasks" else "history"
    return "rest" if before != "goal" and re.match(r"##?\s", line) else before


def _kind(line: str, part: Part, known: Collection[Kind]) -> Kind:
    """Return what a line is. Raises SetupError for one that is meant as more than words."""
    if _SECTION.fullmatch(line):
        return "section"
    if part == "goal" and "name" not in known and line.startswith("# "):
        return "name"
    if part == "goal" and "phase" not in known and _MEANT.match(line):
        _phase(line)
        return "phase"
    if part == "tasks" and _BOX.match(line):
        _task(line)
        return "task"
    return "words"


def _phase(line: str) -> Phase:
    match = _PHASE.fullmatch(line)
    said = match[1] if match else line.strip()
    for phase in PHASES:
        if match and phase == said.lower():
            return phase
    one = ", ".join(PHASES)
    raise SetupError(f"{said!r} is no phase; take one of {one}, as in 'Phase: planning'")


def _task(line: str) -> Task:
    match = _TASK.fullmatch(line)
    if match:
        return Task(match["text"], _MARKS[match["mark"].lower()])
    raise SetupError(f"{line.strip()!r} is no task; write '- [ ] text', or [~], [x], [-]")


def _phased(text: str, phase: Phase) -> str:
    """Return a file with another phase; the first one stands below the name."""
    rows, said = _rows(text), f"Phase: {phase}"
    lines = [said if row.kind == "phase" else row.text for row in rows]
    if not any(row.kind == "phase" for row in rows):
        below = next((place for place, row in enumerate(rows, 1) if row.kind == "name"), 0)
        lines[below:below] = ["", said] if below else [said, ""]
    return "\n".join(lines)


def _marked(text: str, tasks: Sequence[Task]) -> str:
    """Return a file with the states of its tasks; a mark that says the same is kept."""
    left = iter(tasks)

    def marked(line: str) -> str:
        status = next(left).status
        return line if _task(line).status == status else _with(line, "mark", _BOXES[status])

    return "\n".join(marked(r.text) if r.kind == "task" else r.text for r in _rows(text))


def _longer(text: str, heading: str, more: Sequence[str]) -> str:
    """Return a file with more lines at the end of a section, which is made where none is."""
    if not more:
        return text
    rows = _rows(text)
    lines = [row.text for row in rows]
    part = heading.lower()
    own = [n for n, row in enumerate(rows, 1) if row.part == part and row.text.strip()]
    if not own:
        return "\n".join([text.rstrip("\n"), "", f"## {heading}", "", *more, ""]).lstrip("\n")
    last = own[-1]
    lines[last:last] = [*([""] if rows[last - 1].kind == "section" else []), *more]
    return "\n".join(lines)


def _with(line: str, name: str, said: str) -> str:
    """Return the line of a task with one part of it in other words."""
    match = _TASK.fullmatch(line)
    assert match, "a task"
    return line[: match.start(name)] + said + line[match.end(name) :]


def _of(project: Project, status: Status) -> list[str]:
    return [f"{n}. {t.text}" for n, t in enumerate(project.tasks, 1) if t.status == status]


def _short(row: str) -> str:
    return one_line(visible(row), _BRIEF)
