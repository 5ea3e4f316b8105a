"""What is asked, how it is cut into steps, what is tried, and how it is judged."""

from collections.abc import Mapping
from io import StringIO
from typing import Literal

from msgspec import Struct

Proof = Literal["project tests", "issue examples", "generated inputs", "runs", "none"]
"""How much a verdict proves, strongest first."""
PROOFS: tuple[Proof, ...] = ("project tests", "issue examples", "generated inputs", "runs", "none")
Way = Literal["fresh", "hint", "repair", "anew"]
"""How a model is asked: from nothing, with a failure seen before, with the code that failed, or
from the file without what its functions do."""
MECHANISMS = (
    *("agreement", "anew", "beside", "climb", "diversity", "docstrings", "duplicates"),
    *("examples", "grafts", "guards", "hint", "imports", "localise", "message", "repair"),
    *("search", "stops", "trace"),
)
"""What a run can do without, by name; docs/reference/mechanisms.md says what each does."""


class Budget(Struct, frozen=True, kw_only=True):
    """What a run may spend on model calls."""

    calls: int = 8
    generated: int = 2500
    """Generated tokens over all calls."""
    reply: int = 1200
    """Generated tokens of one call."""


class Task(Struct, frozen=True, kw_only=True):
    """What a person, an issue or a teammate asks for."""

    id: str
    text: str
    front: str = ""
    """What a writer of code is told before the text, such as an agent's instructions; nothing else
    reads it."""
    files: tuple[str, ...] = ()
    """Paths the person named; empty means that samovar finds them."""
    test: str = ""
    """The command that judges the work; empty means that samovar finds it."""
    budget: Budget = Budget()
    candidates: int = 8
    """At most this many versions are tried for one step."""
    off: tuple[str, ...] = ()
    """Those of MECHANISMS that are switched off, for ablations."""


Strategy = Literal["write", "edit", "localise-repair"]
"""How code is asked for: a whole file, edits of lines, or one function anew."""


class Target(Struct, frozen=True):
    """The place a step works on: a whole file, or the lines of one function or class in it."""

    path: str
    symbol: str = ""
    first: int = 1
    last: int | None = None
    """The last line, counted from 1; None means the end of the file."""
    long: bool = False
    """Whether a function is too long to be written anew in one answer: its lines are edited."""


class Step(Struct, frozen=True, kw_only=True):
    """One sub-task: one file or one function."""

    title: str
    strategy: Strategy
    targets: tuple[Target, ...]
    """Where the work may happen, the likeliest first."""


class Plan(Struct, frozen=True):
    """The sub-tasks in the order they are done; made for the person and the queue."""

    steps: tuple[Step, ...]
    note: str = ""
    examples: tuple[str, ...] = ()
    """Python that fails now and must run through afterwards, taken from the task's own words."""
    goals: tuple[str, ...] = ()
    """Tests that fail now and belong to the task; other red tests only must not get worse."""
    stated: bool = False
    """Whether the task states the examples itself; a model that read them may be mistaken."""


class Edit(Struct, frozen=True):
    """Lines `first` to `last` of a file become `text`; by default the whole file does."""

    path: str
    text: str
    first: int = 1
    last: int | None = None


def lines(text: str) -> list[str]:
    """Return the lines of a text with their ends, counted as Python and editors count them.

    `str.splitlines` would also cut at form feeds and at other rare characters.
    """
    return StringIO(text, newline="").readlines()


def apply(edits: tuple[Edit, ...], files: Mapping[str, str]) -> dict[str, str]:
    """Return the new text of every edited file.

    Edits of one file are applied from the bottom up, so their line numbers are those of `files`.
    """
    changed: dict[str, str] = {}
    for edit in sorted(edits, key=lambda e: e.first, reverse=True):
        old = changed.get(edit.path, files.get(edit.path, ""))
        rows = lines(old)
        end = len(rows) if edit.last is None else edit.last
        changed[edit.path] = "".join(rows[: edit.first - 1]) + edit.text + "".join(rows[end:])
    return changed


class Candidate(Struct, frozen=True, kw_only=True):
    """One version somebody wrote for one step."""

    id: int
    step: int
    origin: Literal["model", "search"]
    """Written by a model, or found by trying small edits of an earlier candidate."""
    edits: tuple[Edit, ...] = ()
    """Empty when the answer held nothing usable; then `complaint` says why."""
    complaint: str = ""
    target: int = 0
    """Which of the step's targets it works on."""
    parent: int | None = None
    """The candidate it repairs or varies, or whose failure the model was told."""
    way: Way = "fresh"


class Counts(Struct, frozen=True):
    """Tests by outcome."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def said(self) -> str:
        """The counts in words."""
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


NO_TESTS = "no tests ran"
"""The excerpt of a command by which pytest found nothing to run."""


class Checked(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One command that was run in the sandbox, and what it showed."""

    name: str
    command: str
    """What was run; what samovar looked at by itself begins with its name."""
    exit: int
    seconds: float
    input: str = ""
    """What the command was given on its standard input, where that is what was run."""
    counts: Counts = Counts()
    failing: tuple[str, ...] = ()
    """Names of the tests that failed."""
    passing: tuple[str, ...] = ()
    """Names of the tests that passed."""
    lacking: dict[str, str] = {}
    """Tests that failed for want of a module, and its name."""
    excerpt: str = ""
    """The one failure worth telling a model: at most some 200 tokens."""

    @property
    def named(self) -> bool:
        """Whether tests by name say why it ended as it did; else only exit code and output do."""
        return bool(self.failing) or (self.exit == 0 and self.counts != Counts())

    @property
    def said(self) -> str:
        """What it showed in words: its tests, and how the command ended where they do not tell."""
        tests = [self.counts.said] if self.counts != Counts() else []
        return ", ".join(tests if self.named else [*tests, f"ends with {self.exit}"])


class Probe(Struct, frozen=True):
    """What tells a good version from a bad one; all tests of the project where it is empty."""

    tests: tuple[str, ...] = ()
    """By the names the test runner gives them."""
    scripts: tuple[str, ...] = ()
    """Python that ends without an exception."""


class Trials(Struct, frozen=True):
    """What became of many versions tried one after the other."""

    tried: int
    index: int | None = None
    """The first version that left less of the probe red than the bar."""
    red: int = 0
    """How many it left red."""


class Verdict(Struct, frozen=True, kw_only=True):
    """A judgement of one candidate, or of a phase."""

    passed: bool
    proof: Proof = "none"
    why: str = ""
    score: float = 0.0
    """0 to 1, to rank candidates that did not pass."""
    checks: tuple[Checked, ...] = ()
