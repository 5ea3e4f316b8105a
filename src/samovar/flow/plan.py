"""Plan: cut the task into steps of one file or one function, and find the checks in its words.

The plan is made by code, for the person and the queue. It is not put before the writer: measured
on models up to 14B, a plan in the prompt lowers what they solve.
"""

import re
from collections.abc import Sequence

from samovar.core.event import Planned
from samovar.core.message import Usage
from samovar.core.state import State
from samovar.core.task import Plan, Step, Target
from samovar.flow.examples import find
from samovar.flow.kit import Kit
from samovar.flow.localise import is_test, rank, sources, targets
from samovar.flow.source import Symbol, symbols
from samovar.flow.speak import tokens
from samovar.flow.work import Files, goals

WHOLE_TOKENS = 1200
PLACES = 8
"""Functions a step may try, at most."""
_PATH = re.compile(r"[\w./-]*\w\.(?:py|js|ts|rs|go|c|h|cpp|java|rb|sh|md|toml|json|html|css)\b")


async def cut(kit: Kit, state: State) -> Planned:
    """Cut the task into steps."""
    kit.live("step", "planning")
    task, off = state.task, state.task.off
    files = sources(kit.tree)
    named = list(task.files) or mentioned(task.text, kit.tree.paths())
    if not named and len(files) == 1:
        named = list(files)
    small = [p for p in named if _small(kit, p)]
    near = _near(task.text, {p: files[p] for p in named if p in files} or files)
    wanted = not goals(state) and "examples" not in off
    nothing: tuple[tuple[str, ...], Usage, int] = ((), Usage(), 0)
    examples, usage, calls = await find(kit, state, near) if wanted else nothing
    if named and len(small) == len(named):
        steps = tuple(
            Step(title=f"write {p}", strategy="write", targets=(Target(p),)) for p in named
        )
    else:
        steps = await _places(kit, state, named, examples)
    note = "; ".join(s.title for s in steps)
    return Planned(plan=Plan(steps, note, examples), usage=usage, calls=calls)


def mentioned(text: str, paths: Sequence[str]) -> list[str]:
    """Return the files a task speaks of: those that exist, or new ones if none does."""
    known = set(paths)
    spoken = [m.lstrip("./") for m in _PATH.findall(text)]
    exact = [p for p in spoken if p in known]
    ends = [k for p in spoken for k in known if k.endswith(f"/{p}")]
    found = [p for p in dict.fromkeys(exact + ends) if not is_test(p)]
    return found or [p for p in dict.fromkeys(spoken) if not is_test(p) and "//" not in p][:3]


def _small(kit: Kit, path: str) -> bool:
    text = Files(kit.tree, {})[path]
    return text.count("\n") <= kit.whole and tokens(text) <= WHOLE_TOKENS


def _near(text: str, files: dict[str, str]) -> list[Symbol]:
    return [s for _, s in rank(text, files)[:5]]


async def _places(
    kit: Kit, state: State, named: list[str], examples: tuple[str, ...]
) -> tuple[Step, ...]:
    files = sources(kit.tree)
    chosen = {p: files[p] for p in named if p in files} or files
    others = [p for p in named if p not in files]
    if others and len(others) == len(named):
        return tuple(Step(title=f"edit {p}", strategy="edit", targets=(Target(p),)) for p in others)
    reached = await _reached(kit, state, examples)
    ranked = rank(state.task.text, chosen, reached)
    found = targets(ranked, PLACES)
    if not found:
        path = next(iter(chosen), named[0] if named else "main.py")
        return (Step(title=f"write {path}", strategy="write", targets=(Target(path),)),)
    first = found[0]
    title = f"repair {first.path}, likely in {first.symbol}"
    return (Step(title=title, strategy="localise-repair", targets=found),)


async def _reached(kit: Kit, state: State, examples: tuple[str, ...]) -> dict[str, dict[int, int]]:
    if "trace" in state.task.off:
        return {}
    if examples:
        return await kit.checks.reach(examples[0], {})
    failing = goals(state)
    return await kit.checks.reach(failing[:1], {}) if failing else {}


def enclosing(path: str, text: str, line: int) -> Symbol | None:
    """Return the function that holds a line."""
    return next((s for s in symbols(path, text) if s.first <= line <= s.last), None)
