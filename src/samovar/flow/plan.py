"""Plan: cut the task into steps of one file or one function, and find the checks in its words.

The plan is made by code, for the person and the queue. It is not put before the writer: measured
on models up to 14B, a plan in the prompt lowers what they solve.
"""

import re
from collections.abc import Mapping, Sequence

from samovar.core.errors import SetupError, ToolError
from samovar.core.event import Planned
from samovar.core.message import Usage
from samovar.core.seams import Tree
from samovar.core.state import State
from samovar.core.task import Plan, Probe, Step, Target
from samovar.flow.examples import find
from samovar.flow.kit import Kit
from samovar.flow.localise import is_test, quoted, rank, sources, targets
from samovar.flow.source import Symbol, symbols
from samovar.flow.speak import tokens
from samovar.flow.work import red, text_of

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
    aims = about(task.text, named, red(state), kit.tree)
    wanted = not aims and "examples" not in off
    nothing: tuple[tuple[str, ...], Usage, int] = ((), Usage(), 0)
    examples, usage, calls = await find(kit, state, near) if wanted else nothing
    if named and len(small) == len(named):
        steps = tuple(
            Step(title=f"write {p}", strategy="write", targets=(Target(p),)) for p in named
        )
    else:
        steps = await _places(kit, state, named, Probe(aims[:1], examples[:1]))
    note = "; ".join(s.title for s in steps)
    return Planned(plan=Plan(steps, note, examples, aims), usage=usage, calls=calls)


def mentioned(text: str, paths: Sequence[str]) -> list[str]:
    """Return the files a task speaks of: those that exist, or new ones if none does."""
    known = set(paths)
    spoken = [m.removeprefix("./") for m in _PATH.findall(text)]
    exact = [p for p in spoken if p in known]
    ends = [k for p in spoken for k in known if k.endswith(f"/{p}")]
    found = [p for p in dict.fromkeys(exact + ends) if not is_test(p)]
    return found or [p for p in dict.fromkeys(spoken) if not is_test(p) and _inside(p)][:3]


def _inside(path: str) -> bool:
    return not path.startswith("/") and ".." not in path.split("/") and "//" not in path


def about(task: str, named: Sequence[str], failing: Sequence[str], tree: Tree) -> tuple[str, ...]:
    """Return the failing tests that the task is about.

    Where the task names files, those of the test files that use one of them, or all if none does;
    else the tests whose own code holds a name that the task quotes. Tests that fail for want of a
    package or a locale are nobody's task.
    """
    known = {t.split("::")[0] for t in failing} & set(tree.paths())
    texts = {path: text_of(tree, path) for path in known}
    if named:
        modules = {p.rsplit("/", 1)[-1].split(".")[0] for p in named}
        using = {p for p, t in texts.items() if modules & set(re.findall(r"\w+", t))}
        return tuple(t for t in failing if t.split("::")[0] in using) or tuple(failing)
    spoken = set(re.findall(r"\w+", " ".join(quoted(task))))
    packages = {part for p in tree.paths() for part in p.removesuffix(".py").split("/")}
    return tuple(t for t in failing if _holds(t, texts, spoken - packages))


def _holds(test: str, texts: Mapping[str, str], names: set[str]) -> bool:
    path, _, rest = test.partition("::")
    function = rest.split("[")[0].replace("::", ".")
    text = texts.get(path, "")
    code = next((s.text for s in symbols(path, text) if s.name == function), "")
    code = code if rest else text
    return bool(names & set(re.findall(r"\w+", code)))


def _small(kit: Kit, path: str) -> bool:
    if path not in kit.tree.paths():
        return True
    try:
        text = kit.tree.read(path)
    except ToolError as error:
        raise SetupError(f"{error}; name another file with --file") from error
    return text.count("\n") <= kit.whole and tokens(text) <= WHOLE_TOKENS


def _near(text: str, files: dict[str, str]) -> list[Symbol]:
    return [s for _, s in rank(text, files)[:5]]


async def _places(kit: Kit, state: State, named: list[str], probe: Probe) -> tuple[Step, ...]:
    files = sources(kit.tree)
    chosen = {p: files[p] for p in named if p in files} or files
    others = [p for p in named if p not in files]
    if others and len(others) == len(named):
        return tuple(Step(title=f"edit {p}", strategy="edit", targets=(Target(p),)) for p in others)
    traced = (probe.tests or probe.scripts) and "trace" not in state.task.off
    reached = await kit.checks.reach(probe, {}) if traced else {}
    ranked = rank(state.task.text, chosen, reached)
    found = targets(ranked, PLACES)
    if not found:
        path = next(iter(chosen), named[0] if named else "main.py")
        return (Step(title=f"write {path}", strategy="write", targets=(Target(path),)),)
    first = found[0]
    title = f"repair {first.path}, likely in {first.symbol}"
    return (Step(title=title, strategy="localise-repair", targets=found),)
