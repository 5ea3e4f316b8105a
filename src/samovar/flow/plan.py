"""Plan: cut the task into steps of one file or one function, and find the checks in its words.

The plan is made by code, for the person and the queue. It is not put before the writer: measured
on models up to 14B, a plan in the prompt lowers what they solve.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from samovar.core.errors import SetupError, ToolError
from samovar.core.event import Planned
from samovar.core.seams import Tree, text_of
from samovar.core.state import State
from samovar.core.task import Plan, Probe, Step, Target, Task
from samovar.flow.examples import find
from samovar.flow.kit import Kit
from samovar.flow.localise import bm25, is_test, programs, quoted, rank, sources, targets
from samovar.flow.source import Symbol, symbols, words
from samovar.flow.speak import CHARACTERS, TASK, Aside, tokens
from samovar.flow.work import red

WHOLE_LINES, WHOLE_TOKENS = 150, 1200
"""Files up to this size are written as a whole, whatever the model (docs/ablations.md)."""
PLACES = 8
"""Functions a step may try, at most."""
_PATH = re.compile(r"[\w./-]*\w\.(?:py|js|ts|rs|go|c|h|cpp|java|rb|sh|md|toml|json|html|css)\b")
_TELLS = re.compile(r"\.(md|toml|json)$")
_ORDER = r"\b(?:update|write|rewrite|edit|extend|create|change|correct|add\b[^.;]{0,60}? (?:to|in))"
"""Words before the name of a document that make it more than what tells what to do."""


async def cut(kit: Kit, state: State) -> Planned:
    """Cut the task into steps."""
    kit.live("step", "planning")
    task, off = state.task, state.task.off
    files = sources(kit.tree)
    spoken = [[p] for p in task.files] or mentioned(task.text, kit.tree.paths(), red(state))
    spoken = spoken or _meant(task.text, files, programs(kit.tree))
    named = list(dict.fromkeys(p for meant in spoken for p in meant))
    apart = _apart(kit, task, [p for p in named if [p] in spoken], files)
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


def mentioned(text: str, paths: Sequence[str], failing: Sequence[str] = ()) -> list[list[str]]:
    """Return the files a task speaks of: those that exist, or new ones if none does.

    Each comes with all others that may be meant as well. Documents and data beside a program tell
    what to do, and are left out unless the task says to write them; so are tests, unless nothing
    else is named and none of them fails.
    """
    called = dict.fromkeys(m.removeprefix("./") for m in _PATH.findall(text))
    own = [p for p in called if not is_test(p)]
    programs = [p for p in own if not _TELLS.search(p) or _ordered(p, text)]
    spoken = programs or own or _asked_for(called, failing)
    found = [[p] if p in paths else _ending(p, paths) for p in spoken]
    clear = {meant[0] for meant in found if len(meant) == 1}
    found = [f for f in found if len(f) == 1 or (f and clear.isdisjoint(f))]
    return found or [[p] for p in spoken if _inside(p)][:3]


def _ordered(path: str, text: str) -> bool:
    named = rf"{_ORDER}\s+(?:the\s+)?[`'\"]?(?:\./)?{re.escape(path)}"
    return re.search(named, text, re.I) is not None


def _ending(called: str, paths: Sequence[str]) -> list[str]:
    return [p for p in paths if p.endswith(f"/{called}") and is_test(p) == is_test(called)]


def _asked_for(tests: Iterable[str], failing: Sequence[str]) -> list[str]:
    """Return the tests a task names, none where one of them fails: it says what to mend."""
    red = {f"/{t.split('::')[0]}" for t in failing}
    return [] if any(r.endswith(f"/{p}") for r in red for p in tests) else list(tests)


def _inside(path: str) -> bool:
    return not path.startswith("/") and ".." not in path.split("/") and "//" not in path


def about(task: str, named: Sequence[str], failing: Sequence[str], tree: Tree) -> tuple[str, ...]:
    """Return the failing tests that the task is about.

    Where the task names files, those of the test files that are named or use one of them, or all
    if none does and a program is named; else the tests whose own code holds a name that the task
    quotes. Tests that fail for want of a package or a locale are nobody's task.
    """
    known = {t.split("::")[0] for t in failing} & set(tree.paths())
    texts = {path: text_of(tree, path) for path in known}
    if named:
        modules = {p.rsplit("/", 1)[-1].split(".")[0] for p in named if not is_test(p)}
        using = {p for p, t in texts.items() if p in named or modules & set(re.findall(r"\w+", t))}
        found = tuple(t for t in failing if t.split("::")[0] in using)
        return found or (tuple(failing) if modules else ())
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
    small = [p for p in named if _small(kit.tree, p)]
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
    whole = _small(kit.tree, path)
    return Step(
        title=f"{'write' if whole else 'edit'} {path}",
        strategy="write" if whole else "edit",
        targets=(Target(path),),
    )


def _meant(task: str, files: Mapping[str, str], others: Mapping[str, str]) -> list[list[str]]:
    """Return the file that is meant where a task names none: Python's, or of another language.

    None in a new project, and where the functions of several Python files are to tell.
    """
    found = likeliest(task, {**files, **others}) if others else next(iter(files), "")
    return [[found]] if found in others or len(files) == 1 else []


def likeliest(task: str, texts: Mapping[str, str]) -> str:
    """Return the file that shares most with the task.

    Raises SetupError where there are several and no word tells which is meant.
    """
    scores = bm25(words(task), [words(f"{path} {text}") for path, text in texts.items()])
    if len(texts) > 1 and not any(scores):
        few = ", ".join(list(texts)[:3])
        raise SetupError(f"which of {len(texts)} files is meant ({few}, ...)? Name it with --file")
    return max(zip(scores, texts, strict=True), key=lambda pair: pair[0])[1]


def _small(tree: Tree, path: str) -> bool:
    if path not in tree.paths():
        return True
    try:
        text = tree.read(path)
    except ToolError as error:
        raise SetupError(f"{error}; name another file with --file") from error
    return text.count("\n") <= WHOLE_LINES and tokens(text) <= WHOLE_TOKENS


def _near(text: str, files: dict[str, str]) -> list[Symbol]:
    return [s for _, s in rank(text, files)[:5]]


async def _places(kit: Kit, state: State, named: list[str], probe: Probe) -> Step:
    """Return the step that repairs the likeliest functions of the named files, or of all."""
    files = sources(kit.tree)
    if named and not any(p in files for p in named):
        return _step(kit, likeliest(state.task.text, {p: text_of(kit.tree, p) for p in named}))
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
