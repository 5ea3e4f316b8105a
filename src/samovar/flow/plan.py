"""Plan: cut the task into steps of one file or one function, and find the checks in its words.

The plan is made by code, for the person and the queue. It is not put before the writer: measured
on models up to 14B, a plan in the prompt lowers what they solve.
"""

import re
from collections.abc import Mapping, Sequence

from samovar.core.errors import SetupError, ToolError
from samovar.core.event import Planned
from samovar.core.seams import Tree, text_of
from samovar.core.state import State
from samovar.core.task import Plan, Probe, Step, Target, Task
from samovar.flow.examples import find
from samovar.flow.kit import Kit
from samovar.flow.localise import (
    INLINE,
    bm25,
    is_program,
    is_test,
    own_names,
    packages,
    programs,
    quoted,
    rank,
    sources,
    targets,
)
from samovar.flow.question import SHARE, told
from samovar.flow.source import Symbol, defined, symbols, words
from samovar.flow.speak import CHARACTERS, Aside, tokens
from samovar.flow.survey import foreign
from samovar.flow.work import red

WHOLE_LINES, WHOLE_TOKENS = 150, 1200
"""Files up to this size are written as a whole, where the model's context is not too small."""
PLACES = 12
"""Functions a step may try, at most."""
_CALL = re.compile(r"[\w.]+(?:\(.*\))?")
_WORD = re.compile(r"[\w./@+-]+\(?")
_NAME = re.compile(r"[./]\D|^[A-Z]\w*file$")
"""What a word has that names a file, where the project has one of that name."""
_PATH = re.compile(
    r"[\w./-]*\w\.(?:py|js|ts|rs|go|c|h|cpp|java|rb|sh|md|toml|json|html|css)\b(?!\()"
)
_PAGE = re.compile(r"\.(html|css)$")
_PUT = r"add|create|implement|make|move|put|write|(?:and|with) tests"
_PLACE = r"(?:(?! (?:in|into|to) )(?:[^.;]|\.(?=\w))){0,60}? (?:in|into|to)"
"""What is put somewhere, up to the first place that is named."""
_ORDER = (
    rf"\b(?:{_PUT}|change|correct|edit|extend|rewrite|update|(?:{_PUT})\b{_PLACE})\s+"
    r"(?:(?:an?|the|new|file|module|script|called|named)\s+)*"
    r"(?:[`'\"]?[\w./-]+[`'\"]?(?:,|,? and)\s+)*"
)
"""Words before the name of a document, a test or a new file that say to write it."""
_NEW = (
    rf"(?:{_ORDER}|^[ \t#>*-]*"
    r"|\b(?:(?:needs?|want)(?: an?| the)?|file|module|script|program|called|named|new)\s+)"
)
"""Words before the name of a file that is not there, by which it is no attribute or product."""
_GONE = r"\b(?:delete|move|remove|rename)\s+(?:the\s+)?(?:(?:file|module)\s+)?"
_ENDS = r"(?=[`'\"]?(?:[.,;:!]?\s*$|[.,;:!]\s|\s+(?:and|as|into|to)\b))"
"""What follows the name of a file that is spoken of as a whole."""


async def cut(kit: Kit, state: State) -> Planned:
    """Cut the task into steps."""
    kit.live("step", "planning")
    task, off = state.task, state.task.off
    files = sources(kit.tree)
    paths = kit.tree.paths()
    _none_goes(task.text, paths)
    spoken = [[p] for p in task.files] or mentioned(task.text, paths, red(state))
    spoken = spoken or _meant(task.text, files, programs(kit.tree))
    named = list(dict.fromkeys(p for meant in spoken for p in meant))
    apart = _apart(kit, task, [p for p in named if [p] in spoken], files)
    near = _near(task.text, {p: files[p] for p in named if p in files} or files)
    aims = about(task.text, named, _curable(state, kit.tree), kit.tree)
    wanted = not aims and "examples" not in off
    nothing: tuple[tuple[str, ...], Aside] = ((), Aside())
    examples, asked = await find(kit, state, near) if wanted else nothing
    steps = [_step(kit, p) for p in apart]
    rest = [p for p in named if p not in apart]
    if rest or not steps:
        steps.append(await _places(kit, state, rest, Probe(aims[:1], examples[:1])))
    aside = _unread(kit, task.text) + ([] if task.files else _left(task.text, paths, steps))
    for said in aside:
        kit.live("note", said)
    note = "; ".join([s.title for s in steps] + aside)
    return Planned(
        plan=Plan(tuple(steps), note, examples, aims, bool(examples) and not asked.calls),
        usage=asked.usage,
        calls=asked.calls,
        asked=asked.asked,
        answer=asked.answer,
    )


def mentioned(text: str, paths: Sequence[str], failing: Sequence[str] = ()) -> list[list[str]]:
    """Return the files a task speaks of: those that exist, and new ones it says to write.

    Each comes with all others that may be meant as well. Documents and data beside a program tell
    what to do, and are left out unless the task says to write them; so are tests, unless nothing
    else is named and none of them fails. In a project without programs every name is a new file;
    three new ones are taken at most.
    """
    empty = not any(map(is_program, paths))
    known = {p: [p] if p in paths else _ending(p, paths) for p in _called(text, paths)}
    called = [p for p, meant in known.items() if meant or empty or _behind(_NEW, p, text)]
    ordered = {p for p in called if _behind(_ORDER, p, text)}
    tests = _asked_for([p for p in called if is_test(p)], failing)
    own = [p for p in called if not is_test(p)]
    tested = {p for p in own if ordered & set(tests) and _behind(r"\btests? (?:for|of) ", p, text)}
    made = {p for p in own if p in ordered or is_program(p) or _PAGE.search(p)} - tested
    made |= ordered & set(tests)
    spoken = [p for p in called if p in made] or own or tests
    fresh = [p for p in spoken if not known[p]][:3]
    found = [known[p] or [p] for p in spoken if known[p] or p in fresh]
    clear = {meant[0] for meant in found if len(meant) == 1}
    return [f for f in found if len(f) == 1 or clear.isdisjoint(f)]


def _called(text: str, paths: Sequence[str]) -> list[str]:
    """Return the names of files in a text: those the project has, and what ends like one.

    No places elsewhere, such as those of web pages.
    """
    known = {p[n:] for p in paths for n in (0, *(m.end() for m in re.finditer("/", p)))}
    found: list[str] = []
    for word in _WORD.findall(text):
        name = word.removeprefix("./").rstrip("(./-")
        there = name in known and _NAME.search(name)
        found += [name] if there else [m.removeprefix("./") for m in _PATH.findall(word)]
    return [p for p in dict.fromkeys(found) if _inside(p)]


def _behind(words: str, path: str, text: str, then: str = r"(?![\w/])") -> bool:
    """Return whether a path stands behind such words in a text."""
    named = rf"{words}[`'\"]?(?:\./)?{re.escape(path)}{then}"
    return re.search(named, text, re.I | re.M) is not None


def _none_goes(text: str, paths: Sequence[str]) -> None:
    """Raise SetupError where a task wants a file of the project to go, which no step can do."""
    for path in _called(text, paths):
        if (path in paths or _ending(path, paths)) and _behind(_GONE, path, text, _ENDS):
            raise SetupError(
                f"a run writes files, it neither deletes nor renames them: do so with {path!r} by "
                "'git rm' or 'git mv', commit, and say what is left to do"
            )


def _left(text: str, paths: Sequence[str], steps: Sequence[Step]) -> list[str]:
    """Return what to say of the files that a task names and no step works on."""
    worked = {t.path for step in steps for t in step.targets}
    left = [p for p in _called(text, paths) if worked.isdisjoint((p, *_ending(p, paths)))]
    said = f"no step works on {', '.join(left)}: name what is to be changed with --file"
    return [said] if left else []


def _ending(called: str, paths: Sequence[str]) -> list[str]:
    return [p for p in paths if p.endswith(f"/{called}") and is_test(p) == is_test(called)]


def _asked_for(tests: Sequence[str], failing: Sequence[str]) -> list[str]:
    """Return the tests a task names, none where one of them fails: it says what to mend."""
    red = {f"/{t.split('::')[0]}" for t in failing}
    return [] if any(r.endswith(f"/{p}") for r in red for p in tests) else list(tests)


def _inside(path: str) -> bool:
    return not path.startswith("/") and ".." not in path.split("/") and "//" not in path


def _curable(state: State, tree: Tree) -> list[str]:
    """Return the failing tests but those for want of a package: these are nobody's task."""
    checks = state.surveyed.verdict.checks if state.surveyed else ()
    lacks = {test: module for check in checks for test, module in check.lacking.items()}
    away = {t for t, module in lacks.items() if foreign(module, state.task, tree)}
    return [test for test in red(state) if test not in away]


def about(task: str, named: Sequence[str], failing: Sequence[str], tree: Tree) -> tuple[str, ...]:
    """Return the failing tests that the task is about.

    Where the task names files, those of the test files that are named or use one of them, or all
    if none does and a program is named; else the tests whose own code holds a name that the task
    quotes.
    """
    known = {t.split("::")[0] for t in failing} & set(tree.paths())
    texts = {path: text_of(tree, path) for path in known}
    if named:
        modules = {p.rsplit("/", 1)[-1].split(".")[0] for p in named if not is_test(p)}
        using = {p for p, t in texts.items() if p in named or modules & set(re.findall(r"\w+", t))}
        found = tuple(t for t in failing if t.split("::")[0] in using)
        return found or (tuple(failing) if modules else ())
    spoken = _spoken(task, tree) if failing else set()
    return tuple(t for t in failing if _holds(t, texts, spoken))


def _spoken(task: str, tree: Tree) -> set[str]:
    """Return the names a task speaks of that can tell one test from another.

    Those it quotes within a sentence, as a name or a call; of its examples and of what else it
    quotes only those that the project defines, as any test may hold an `n` or an `expected`.
    """
    said = own_names(" ".join(filter(_CALL.fullmatch, INLINE.findall(task))))
    shown = own_names(" ".join(quoted(task))) - said
    for path, text in sources(tree).items() if shown else ():
        here = {s.name.rsplit(".", 1)[-1] for s in symbols(path, text)} | defined(text)
        said |= shown & here
    return said - packages(tree.paths())


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


def _unread(kit: Kit, text: str) -> list[str]:
    """Return what to say of a task that is longer than what a writer is shown."""
    most = int(told(kit.context) * CHARACTERS)
    said = f"the model reads the first {most:,} of {len(text):,} characters of the task"
    return [said] if len(text) > most else []


def _step(kit: Kit, path: str) -> Step:
    whole = _small(kit, path)
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


def _small(kit: Kit, path: str) -> bool:
    """Return whether a file can be written as a whole: by its size and the model's context."""
    if path not in kit.tree.paths():
        return True
    try:
        text = kit.tree.read(path)
    except ToolError as error:
        raise SetupError(f"{error}; name another file with --file") from error
    return is_short(text, kit.context)


def is_short(text: str, context: int) -> bool:
    """Return whether a model with so much context writes a file anew as a whole."""
    most = min(WHOLE_TOKENS, context // SHARE)
    return text.count("\n") <= WHOLE_LINES and tokens(text) <= most


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
    found = targets(ranked, PLACES, state.task.budget.reply)
    if not found:
        path = next(iter(chosen), named[0] if named else "main.py")
        return _step(kit, path)
    first = found[0]
    title = f"repair {first.path}, likely in {first.symbol}"
    return Step(title=title, strategy="localise-repair", targets=found)
