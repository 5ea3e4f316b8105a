"""The cases of the tool-call bench, and how an answer to one is graded."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from samovar.core.errors import UNREADABLE, SetupError
from samovar.core.tool import Said
from samovar.models.dialects import schemas
from samovar.models.dialects.offered import Outline
from samovar.models.dialects.rescue import rescue

Half = Literal["dev", "held-out"]


class Check(Struct, frozen=True, forbid_unknown_fields=True):
    """What one argument must be; paths may begin with `./`."""

    exact: Any = None
    contains: tuple[str, ...] = ()
    regex: str = ""
    among: tuple[Any, ...] = ()
    """Values that are as good; texts are compared without case, blanks and marks."""
    optional: bool = False

    def holds(self, value: Any) -> bool:
        """Say whether a value passes."""
        if self.among:
            return any(_same(value, good) for good in self.among)
        if self.exact is not None:
            plain = value.removeprefix("./") if isinstance(value, str) else value
            return bool(plain == self.exact)
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        found = not self.regex or re.search(self.regex, text) is not None
        return found and all(part in text for part in self.contains)


class Expect(Struct, frozen=True):
    """One good next step: a tool and checks of its arguments; no tool stands for an answer."""

    tool: str | None
    arguments: dict[str, Check] = {}
    only: bool = False
    """Whether there may be no other arguments than these."""


class Step(Struct, frozen=True):
    """What should come next, and how the conversation goes on from there whatever came."""

    expect: tuple[Expect, ...]
    call: dict[str, Any] = {}
    """Arguments of a good call."""
    result: str = ""


class Case(Struct, frozen=True):
    """What a person asks, the tools at hand, the steps to take."""

    id: str
    ask: str
    tools: tuple[str, ...] = ()
    expect: tuple[Expect, ...] = ()
    steps: tuple[Step, ...] = ()
    own: tuple[Outline, ...] = ()
    """Tools of this case alone; in place of `tools`."""

    def offered(self, known: dict[str, Outline]) -> list[Outline]:
        """Return the tools at hand."""
        return list(self.own) or [known[name] for name in self.tools]

    @property
    def half(self) -> Half:
        """Which half it is in; the name decides, so that new cases move no old ones."""
        return "held-out" if hashlib.sha256(self.id.encode()).digest()[0] % 2 else "dev"

    @property
    def asked(self) -> tuple[Step, ...]:
        """Every step; a single-step case has one."""
        return self.steps or (Step(self.expect),)


class Grade(Struct, frozen=True):
    """How good a step was; each grade includes those before it."""

    tool: bool
    """The right tool, or rightly none."""
    valid: bool
    """Its arguments fit its schema."""
    right: bool
    """They are what was asked for."""


WRONG = Grade(False, False, False)


def load(folder: Path) -> tuple[list[Case], dict[str, Outline]]:
    """Return the cases of a folder and the tools by name. Raises SetupError when there are none."""
    cases: list[Case] = []
    try:
        named = folder / "tools.json"
        listed = msgspec.json.decode(
            named.read_bytes() if named.exists() else "[]", type=list[Outline]
        )
        for path in sorted(folder.glob("*.jsonl")):
            cases += msgspec.json.Decoder(Case).decode_lines(path.read_bytes())
    except (OSError, *UNREADABLE) as error:
        raise SetupError(f"cannot read the cases in {folder}: {error}") from error
    if not cases:
        raise SetupError(f"no cases in {folder}: name the folder with tools.json and *.jsonl")
    closed = {"additionalProperties": False}
    tools = {t.name: replace(t, parameters={**t.parameters, **closed}) for t in listed}
    return cases, tools


def grade(said: Said, step: Step, tools: Sequence[Outline]) -> Grade:
    """Grade the first call of an answer, or the answer where none is expected.

    A call that was printed as text is no answer: the person would get to read it.
    """
    grades = [_grade(said, expect, tools) for expect in step.expect]
    return max(grades, key=lambda g: g.tool + g.valid + g.right, default=WRONG)


def _grade(said: Said, expect: Expect, tools: Sequence[Outline]) -> Grade:
    if expect.tool is None:
        spoke = bool(said.text.strip()) and not said.calls and not rescue(said.text, tools).calls
        checks = expect.arguments.values()
        return Grade(spoke, spoke, spoke and all(check.holds(said.text) for check in checks))
    tool = next((t for t in tools if t.name == expect.tool), None)
    if tool is None or not said.calls or said.calls[0].tool != expect.tool:
        return WRONG
    given = said.calls[0].arguments
    valid = not schemas.complaint(given, schemas.flat(tool.parameters))
    held = all(c.holds(given[n]) if n in given else c.optional for n, c in expect.arguments.items())
    known = not expect.only or all(name in expect.arguments for name in given)
    return Grade(True, valid, valid and held and known)


def _same(value: Any, good: Any) -> bool:
    if isinstance(value, str) and isinstance(good, str):
        return _plain(value) == _plain(good)
    if isinstance(value, list) and isinstance(good, list):
        pairs = zip(value, good, strict=False)
        return len(value) == len(good) and all(_same(v, g) for v, g in pairs)
    return isinstance(value, bool) == isinstance(good, bool) and bool(value == good)


def _plain(text: str) -> str:
    return re.sub(r"[ ,./\-_*^'\"]", "", text.lower())
