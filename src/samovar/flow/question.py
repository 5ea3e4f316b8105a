"""Question: what a writer is told and shown, and where its answer is cut off."""

import re

from samovar.core.message import Message
from samovar.core.seams import text_of
from samovar.core.state import Attempt, State
from samovar.core.task import Strategy, Target, Task, lines
from samovar.flow.docstrings import short
from samovar.flow.idea import Idea
from samovar.flow.kit import Kit
from samovar.flow.passages import passages
from samovar.flow.reports import is_quoted
from samovar.flow.source import bodiless, own_imports
from samovar.flow.speak import FRONT, TASK, cut, language, messages, plain, prompt
from samovar.flow.work import Files, examples, goals, manner, off

STOPS = 4
"""Stop sequences a request may have; servers take no more."""
TOLD = 700
"""Characters of failed examples that are told together."""
SHARE = 4
"""Part of the context that a task, and the passages of a long file, may take."""
ANSWERED = 400
"""Tokens of an answer of edits that is shown when it is asked for again."""
_IMPORT = re.compile(r"(from|import)\b")
PROMPTS = {"write": "write", "edit": "edit", "localise-repair": "function"}
_REPAIRS = {"write": "repair_file", "edit": "repair_edit", "localise-repair": "repair_function"}


def question(
    kit: Kit, state: State, target: Target, idea: Idea, files: Files
) -> tuple[tuple[Message, ...], str]:
    """Return what to say to the model, and the code it is to rewrite."""
    step = state.step
    assert step is not None, "a question belongs to a step"
    fields = {
        "task": _told(kit, state.task),
        "path": target.path,
        "place": place(target.path, target.symbol),
        "name": target.symbol.rsplit(".", 1)[-1],
        "language": language(target.path),
        "context": context(kit, state, target),
    }
    way = manner(step, target)
    brief = bool(target.symbol) and "docstrings" not in off(state)
    part = "".join(lines(files[target.path])[target.first - 1 : target.last])
    part = short(part) if brief else part
    if way == "edit":
        part = passages(part, state.task.text, kit.context // SHARE)
    elif idea.way == "anew":
        part = bodiless(part)
    parts = [prompt(PROMPTS[way], text=part.rstrip("\n"), **fields)]
    attempt = next((a for a in state.attempts if a.candidate.id == idea.parent), None)
    if attempt is not None:
        again = idea.way == "repair" or way == "edit"
        kind = _REPAIRS[way] if again else "hint"
        wrong = _wrong(way, attempt)
        wrong = short(wrong) if brief else wrong
        parts.append(prompt(kind, text=wrong.rstrip("\n"), failure=failure(attempt), **fields))
    # Writing a whole file, the model does better without being told what it is (docs/ablations.md).
    said = plain("".join(parts)) if way == "write" else messages(*parts)
    return said, part


def place(path: str, symbol: str) -> str:
    """Return how a prompt calls a file, or a function of one."""
    return f"`{symbol}` of the file `{path}`" if symbol else f"The file `{path}`"


def _wrong(way: Strategy, attempt: Attempt) -> str:
    """Return what an attempt wrote: its code, or its edits as it put them."""
    if way == "edit":
        return cut(attempt.answer, ANSWERED)
    return attempt.candidate.edits[0].text if attempt.candidate.edits else ""


def told(context: int) -> int:
    """Return how many tokens of a task a model with so much context is shown."""
    return min(TASK, context // SHARE)


def _told(kit: Kit, task: Task) -> str:
    """Return a task as a writer is shown it."""
    text = cut(task.text, told(kit.context))
    return f"{cut(task.front, FRONT).rstrip()}\n\n{text}" if task.front else text


def context(kit: Kit, state: State, target: Target) -> str:
    """Return the tests and examples the work is judged by, as part of a prompt."""
    room = max(500, min(2200, kit.context // 5))
    parts = []
    if examples(state):
        # In no block of code: a small model takes the nearest one for its answer.
        own = [e for e in examples(state) if not is_quoted(e)]
        rows = (row for e in own[:3] for row in e.splitlines())
        shown = "\n".join(f"- `{row}`" for row in rows if row and not _IMPORT.match(row))
        parts += [f"These must hold:\n\n{cut(shown, 300)}\n\n"] if own else []
    surveyed, path = state.surveyed, _tests(kit, state)
    if path and target.symbol:
        note = surveyed.verdict.checks[0].excerpt if surveyed else ""
        parts.append(f"A test fails:\n\n{note}\n\n")
    elif path:
        shown = cut(text_of(kit.tree, path).rstrip(), room)
        parts.append(f"The tests, `{path}`:\n\n```python\n{shown}\n```\n\n")
    return "".join(parts)


def _tests(kit: Kit, state: State) -> str:
    """Return the file of the tests that are to turn green, the first of several, or nothing."""
    paths, there = (t.split("::")[0] for t in goals(state)), kit.tree.paths()
    return next((path for path in paths if path in there), "")


def copies(kit: Kit, state: State, target: Target) -> tuple[str, ...]:
    """Return how an answer begins that copies the tests or the task: it is ended there.

    No file imports itself, so where the tests' import of it comes, the tests are being copied.
    """
    if "stops" in state.task.off or target.symbol:
        return ()
    path = _tests(kit, state)
    own = own_imports(text_of(kit.tree, path) if path else "", target.path)
    found = [f"\n{said}" if said.startswith("from") else f"\n{said}\n" for said in own]
    first = state.task.text.strip().split("\n", 1)[0]
    if first.startswith("#"):
        found.append(f"```{language(target.path)}\n{first}\n")
    return tuple(found[:STOPS])


def failure(attempt: Attempt) -> str:
    """Return why an attempt was judged wrong, in a few lines."""
    if attempt.verdict is None:
        return attempt.candidate.complaint
    red = [c for c in attempt.verdict.checks if c.excerpt]
    alike = [c.excerpt for c in red if c.name.split()[0] == red[0].name.split()[0]]
    few = (alike[:n] for n in range(len(alike), 0, -1))
    told = next((f for f in few if sum(map(len, f)) <= TOLD), alike[:1])
    return "\n\n".join(told) or attempt.verdict.why
