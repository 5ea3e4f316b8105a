"""Doubles of the seams that the flow needs, in memory and without a sandbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from samovar.core.decide import decide
from samovar.core.errors import ToolError
from samovar.core.event import Event, Opened
from samovar.core.log import JsonlLog, MemoryLog
from samovar.core.loop import work
from samovar.core.message import Reply, Request
from samovar.core.state import State, replay
from samovar.core.task import Budget, Checked, Counts, Task, Trials
from samovar.flow.build import more
from samovar.flow.kit import Kit, Word
from samovar.flow.pipeline import Pipeline
from samovar.models.scripted import Rules
from samovar.repo import paths as allowed

WRONG = "def middle(values):\n    ordered = sorted(values)\n    return ordered[0]\n"
RIGHT = "def middle(values):\n    ordered = sorted(values)\n    return ordered[len(ordered) // 2]\n"
CASES = {
    "test_middle.py::test_one": "middle([4]) == 4",
    "test_middle.py::test_three": "middle([3, 1, 2]) == 2",
    "test_middle.py::test_many": "middle([9, 8, 7, 6, 5]) == 7",
}
EXAMPLES, MESSAGE, INPUTS = 1, 3, 7
"""Seeds by which the flow asks for the task's examples, a commit message and inputs."""
TASK = "`middle` in middle.py returns the smallest value; make it return the middle one."


@dataclass
class Memory:
    """A Tree of a few texts."""

    files: dict[str, str]

    def paths(self) -> Sequence[str]:
        return tuple(self.files)

    def read(self, path: str, /) -> str:
        if path not in self.files:
            raise ToolError(f"there is no file {path!r}")
        if "\0" in self.files[path]:
            raise ToolError(f"{path!r} is not a text file")
        return self.files[path]

    def write_to(self, folder: Path, changed: Mapping[str, str], /) -> None:
        for path, text in {**self.files, **changed}.items():
            allowed.check(path)
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, newline="")


@dataclass
class Cases:
    """Checks that evaluate expressions over one module, in this very process."""

    tree: Memory
    cases: Mapping[str, str]
    path: str = "middle.py"
    ran: list[str] = field(default_factory=list)

    def outcomes(self, changed: Mapping[str, str]) -> dict[str, bool]:
        for path in changed:
            allowed.check(path)
        names: dict[str, object] = {}
        try:
            exec(changed.get(self.path, self.tree.files.get(self.path, "")).encode(), names)
        except Exception:
            return dict.fromkeys(self.cases, False)
        return {name: self.holds(code, names) for name, code in self.cases.items()}

    @staticmethod
    def holds(code: str, names: dict[str, object]) -> bool:
        try:
            return bool(eval(code, names))
        except Exception:
            return False

    async def test(self, name: str, command: str, changed: Mapping[str, str]) -> Checked:
        self.ran.append(name)
        seen = self.outcomes(changed)
        failing = tuple(n for n, good in seen.items() if not good)
        passing = tuple(n for n, good in seen.items() if good)
        return Checked(
            name=name,
            command=command,
            exit=1 if failing else 0,
            seconds=0.01,
            counts=Counts(len(passing), len(failing)),
            failing=failing,
            passing=passing,
            excerpt=f"assert {self.cases[failing[0]]}" if failing else "",
        )

    async def snippet(self, name: str, code: str, changed: Mapping[str, str]) -> Checked:
        names: dict[str, object] = {}
        own = changed.get(self.path, self.tree.files.get(self.path, ""))
        kept = [li for li in code.splitlines() if not li.startswith("from ")]
        try:
            exec(own + "\n" + "\n".join(kept), names)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            return Checked(name=name, command="example", exit=1, seconds=0.0, excerpt=said)
        return Checked(name=name, command="example", exit=0, seconds=0.0)

    async def lint(self, changed):
        return None

    async def trials(self, variants, probe, changed, *, bar=1, seconds=2.0, total=60.0):
        for number, variant in enumerate(variants):
            red = list(self.outcomes({**changed, **variant}).values()).count(False)
            if red < bar:
                return Trials(number + 1, number, red)
        return Trials(len(variants))

    async def reach(self, probe, changed):
        return {}

    async def behaviours(self, versions, calls, *, seconds=2.0, total=120.0):
        seen = []
        for version in versions:
            names: dict[str, object] = {}
            exec(version[self.path], names)
            seen.append(tuple(repr(eval(c.partition(":")[2], names)) for c in calls))
        ran = Checked(
            name="agreement", command="calls", exit=0, seconds=0.01, input="\n".join(calls)
        )
        return ran, seen


class Desk:
    """A Repo that keeps its commits in a list."""

    def __init__(self) -> None:
        self.commits: list[tuple[str, str, dict[str, str]]] = []
        self.pushes: list[str] = []
        self.notes: dict[str, str] = {}

    async def commit(self, deed, /) -> str:
        self.commits.append((deed.branch, deed.message, dict(deed.changed)))
        return f"{len(self.commits):040d}"

    async def find(self, branch: str, marker: str, /) -> str:
        for number, (where, message, _) in enumerate(self.commits, 1):
            if where == branch and marker in message.splitlines():
                return f"{number:040d}"
        return ""

    async def note(self, commit: str, text: str, /) -> None:
        self.notes[commit] = text

    async def diff(self, base: str, changed: Mapping[str, str], /) -> str:
        return "".join(f"+++ {p}\n{t}" for p, t in sorted(changed.items()))

    async def push(self, branch: str, /) -> str:
        self.pushes.append(branch)
        return f"origin/{branch}"

    async def pushed(self, branch: str, /) -> str:
        return f"origin/{branch}" if branch in self.pushes else ""


def report(passing=(), failing=(), exit=None, name="tests") -> Checked:
    """What a command showed, by the names of its tests."""
    code = (1 if failing else 0) if exit is None else exit
    counts = Counts(len(passing), len(failing))
    return Checked(
        name=name,
        command="t",
        exit=code,
        seconds=0,
        counts=counts,
        passing=tuple(passing),
        failing=tuple(failing),
    )


def fenced(code: str) -> str:
    return f"Here it is:\n\n```python\n{code}```\n"


def answering(*codes: str) -> Rules:
    """A model without a memory: which answer it gives is told by the seed of the request."""

    def rule(request: Request) -> Reply | str:
        seed = request.sampling.seed or 0
        if seed == MESSAGE:
            return "Return the middle value"
        if seed < 1000:
            return "nothing"
        return codes[(seed - 1000) % len(codes)]

    return Rules(rule)


class Heard:
    """A model that keeps what it was asked."""

    def __init__(self, *codes: str) -> None:
        self.inner = answering(*codes)
        self.asked: list[Request] = []

    async def reply(self, request: Request, /):
        self.asked.append(request)
        return await self.inner.reply(request)


def always(answer: bool | None):
    """Somebody who always says the same, and remembers what was asked."""
    asked = []

    async def ask(question, text, /):
        asked.append((question, text))
        return None if answer is None else Word(answer)

    ask.asked = asked
    return ask


def kit(model, files=None, cases=None, **more_fields) -> Kit:
    """A kit over the small project, all in memory."""
    tree = Memory(dict(files if files is not None else {"middle.py": WRONG}))
    fields = {
        "checks": Cases(tree, CASES if cases is None else cases),
        "repo": Desk(),
        "ask": always(True),
        "command": "pytest -q",
    }
    fields |= more_fields
    return Kit(model=model, tree=tree, live=lambda _kind, _text: None, **fields)


def opened(run: str = "r1", base: str = "", text: str = TASK, **fields) -> Opened:
    budget = fields.pop("budget", Budget())
    task = Task(id=run, text=text, budget=budget, **fields)
    return Opened(run=run, task=task, base=base, branch=f"samovar/{run}", model="scripted")


async def drive(kit: Kit, log: MemoryLog | JsonlLog) -> State:
    """Go on where the log ends, and return where the run stands then."""
    state = replay(e.event for e in log.read())
    async for event in work(state, Pipeline(kit), more):
        log.append(event)
    return replay(e.event for e in log.read())


def names(log: MemoryLog | JsonlLog) -> list[str]:
    return [type(e.event).__name__ for e in log.read()]


def events(log: MemoryLog | JsonlLog) -> list[Event]:
    return [e.event for e in log.read()]


def next_move(state: State) -> str:
    return type(decide(state, more=more(state))).__name__
