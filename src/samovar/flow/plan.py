"""Plan: cut the task into steps of one file or one function, and find the checks in its words.

The plan is made by code, for the person and the queue. It is not put before the writer: measured
on models up to 14B, a plan in the prompt lowers what they solve.
"""

import re
from collections.abc import Mapping, Sequence

from samovar.core.errors import SetupError, ToolError
from samovar.core.event import Planned
from samovar.core.seams import Tree
from samovar.core.state import State
from samovar.core.task import Plan, Probe, Step, Target, Task
from samovar.flow.examples import find
from samovar.flow.kit import Kit
from samovar.flow.localise import bm25, is_test, programs, quoted, rank, sources, targets
from samovar.flow.source import Symbol, symbols, words
from samovar.flow.speak import CHARACTERS, TASK, Aside, tokens
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
    if not named:
        named = list(files) if len(files) == 1 else [] if files else _foreign(kit, task.text)
    apart = _apart(kit, task, named, files)
    near = _near(task.text, {p: files[p] for p in named if p in files} or files)
    aims = about(task.text, named, red(state), kit.tree)
    wanted = not aims and "examples" not in off
    nothing: tuple[tuple[str, ...], Aside] = ((), Aside())
    examples, told = await find(kit, state, near) if wanted else nothing
    steps = [_step(kit, p) for p in apart]
    rest = [p for p in named if p not in apart]
    if rest or not steps:
        steps.append(await _places(kit, state, rest, Probe(aims[:1], examples[:1])))
    unread = _unread(task.text)
    for said in unread:
        kit.live("note", said)
    note = "; ".join([s.title for s in steps] + unread)
    return Planned(
        plan=Plan(tuple(steps), note, examples, aims),
        usage=told.usage,
        calls=told.calls,
        asked=told.asked,
        answer=told.answer,
    )


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


def _apart(kit: Kit, task: Task, named: Sequence[str], files: Mapping[str, str]) -> list[str]:
    """Return the files that get a step of their own, in place of one for the likeliest functions.

    All where all are small, or none is Python; else those that a person named one by one.
    """
    small = [p for p in named if _small(kit, p)]
    others = [p for p in named if p not in files]
    if len(named) in (len(small), len(others)):
        return list(named)
    return [p for p in task.files if p in small or p in others]


def _unread(text: str) -> list[str]:
    """Return what to say of a task that is longer than what a writer is shown."""
    most = int(TASK * CHARACTERS)
    said = f"the model reads the first {most:,} of {len(text):,} characters of the task"
    return [said] if len(text) > most else []


def _step(kit: Kit, path: str) -> Step:
    whole = _small(kit, path)
    return Step(
        title=f"{'write' if whole else 'edit'} {path}",
        strategy="write" if whole else "edit",
        targets=(Target(path),),
    )


def _foreign(kit: Kit, task: str) -> list[str]:
    """Return the file of another language that shares most with the task; none in a new project.

    Raises SetupError where there are several and no word tells which is meant.
    """
    texts = programs(kit.tree)
    scores = bm25(words(task), [words(f"{path} {text}") for path, text in texts.items()])
    if len(texts) > 1 and not any(scores):
        few = ", ".join(list(texts)[:3])
        raise SetupError(f"which of {len(texts)} files is meant ({few}, ...)? Name it with --file")
    return [max(zip(scores, texts, strict=True), key=lambda pair: pair[0])[1]] if texts else []


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


async def _places(kit: Kit, state: State, named: list[str], probe: Probe) -> Step:
    """Return the step that repairs the likeliest functions of the named files, or of all."""
    files = sources(kit.tree)
    chosen = {p: files[p] for p in named if p in files} or files
    traced = (probe.tests or probe.scripts) and "trace" not in state.task.off
    reached = await kit.checks.reach(probe, {}) if traced else {}
    ranked = rank(state.task.text, chosen, reached)
    if "localise" in state.task.off:
        ranked.sort(key=lambda pair: (pair[1].path, pair[1].first))
    found = targets(ranked, PLACES)
    if not found:
        path = next(iter(chosen), named[0] if named else "main.py")
        return _step(kit, path)
    first = found[0]
    title = f"repair {first.path}, likely in {first.symbol}"
    return Step(title=title, strategy="localise-repair", targets=found)
