"""Where the work is: functions ranked by the words of the task and by what the failure reached.

BM25 (Robertson and Zaragoza, 2009) over the words of each function, with a bonus for names the
task quotes. No model is asked: on 57 real repository tasks the right function came first in
28 and among the first ten in 48.
"""

import builtins
import keyword
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from samovar.core.errors import ToolError
from samovar.core.seams import Tree
from samovar.core.task import Target
from samovar.flow.docstrings import short
from samovar.flow.source import Symbol, symbols, words
from samovar.flow.speak import tokens

INLINE = re.compile(r"`([^`\n]+)`")
"""Code within a sentence."""
_TEXT = re.compile(r"([\"'])(?:\\.|(?!\1)[^\\\n])*\1")
_OPERATORS = {
    **{"+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod"},
    **{"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"},
    **{"|": "or", "&": "and", "^": "xor", "in": "contains", "[]": "getitem"},
    **{"+=": "iadd", "-=": "isub", "*=": "imul", "|=": "ior", "&=": "iand"},
}
"""The methods behind the signs, without their underscores."""
LARGEST = 2_000_000
"""Bytes: no source file beyond this is read."""
_ASIDE = ("docs/", "doc/", "examples/", "benchmarks/")
_PROGRAM = re.compile(
    r"\.([cm]?[jt]sx?|vue|svelte|rs|go|c|h|cc|cpp|cxx|hh|hpp|cs|java|kts?|scala|swift|m|rb|php|pl|lua"
    r"|r|jl|ex|exs|erl|hs|ml|clj|dart|zig|nim|sh|bash|sql)$"
)
_TEST = re.compile(
    r"(^|/)(tests?|testing|__tests__|spec)/|(^|/)(test_[^/]*|(conftest|tests?)\.py)$|_test\.[a-z]+$"
    r"|\.(test|spec)\.\w+$|_spec\.rb$|Tests?\.(java|kt|cs|swift|php)$"
)


def is_test(path: str) -> bool:
    """Return whether a path belongs to the tests."""
    return bool(_TEST.search(path))


def is_program(path: str) -> bool:
    """Return whether a path ends as code does, in Python or another language."""
    return path.endswith(".py") or bool(_PROGRAM.search(path))


def packages(paths: Iterable[str]) -> set[str]:
    """Return the names that the modules and packages of some paths have."""
    return {part for path in paths for part in path.removesuffix(".py").split("/")}


def sources(tree: Tree) -> dict[str, str]:
    """Return the Python files of a project that are not tests, with their text."""
    found = (p for p in tree.paths() if p.endswith(".py") and not p.startswith("setup.py"))
    return _texts(tree, found)


def programs(tree: Tree) -> dict[str, str]:
    """Return the files of other languages that are not tests, with their text."""
    return _texts(tree, (p for p in tree.paths() if _PROGRAM.search(p)))


def _texts(tree: Tree, paths: Iterable[str]) -> dict[str, str]:
    """Return the text of the files that belong to the program, tests and examples left out."""
    kept = (p for p in paths if not is_test(p) and not p.startswith(_ASIDE))
    found = {p: _text(tree, p) for p in kept}
    return {p: t for p, t in found.items() if t is not None and len(t) <= LARGEST}


def _text(tree: Tree, path: str) -> str | None:
    """Return a file's text, or None when it is not UTF-8; samovar leaves such a file alone."""
    try:
        return tree.read(path)
    except ToolError:
        return None


def rank(
    task: str,
    files: Mapping[str, str],
    reached: Mapping[str, Mapping[int, int]] = {},
) -> list[tuple[float, Symbol]]:
    """Return the functions of the files, the likeliest place first.

    `reached` counts how often the failing check ran each line of each file.
    """
    found = [s for path, text in files.items() for s in symbols(path, text)]
    scores = bm25(words(task), [words(s.name.replace(".", " ") + " " + s.text) for s in found])
    spoken = set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", " ".join(quoted(task)))) | _special(task)
    ranked = []
    for symbol, score in zip(found, scores, strict=True):
        names = symbol.name.split(".")
        score += 6.0 * (names[-1] in spoken) + 2.0 * (names[0] in spoken and len(names) > 1)
        score += 3.0 * (symbol.path.rsplit("/", 1)[-1].removesuffix(".py") in spoken)
        if reached:
            inside = any(symbol.body <= n <= symbol.last for n in reached.get(symbol.path, {}))
            score = score + 10.0 if inside else score * 0.3
        ranked.append((score, symbol))
    return sorted(ranked, key=lambda pair: -pair[0])


def _special(task: str) -> set[str]:
    """Return the methods that a class has for the operators and functions that a task names."""
    named = (span.removesuffix("()") for span in INLINE.findall(task))
    return {f"__{_OPERATORS.get(name, name)}__" for name in named}


def targets(ranked: Sequence[tuple[float, Symbol]], limit: int, reply: int) -> tuple[Target, ...]:
    """Return the first few ranked functions as targets.

    Those are long that an answer of `reply` tokens would hardly hold.
    """
    first, most = [s for _, s in ranked[:limit]], reply * 3 // 4
    return tuple(
        Target(s.path, s.name, s.first, s.last, tokens(short(s.text)) > most) for s in first
    )


def bm25(query: Sequence[str], documents: Sequence[Sequence[str]]) -> list[float]:
    """Return one score for each document (k1 = 1.5, b = 0.75)."""
    if not documents:
        return []
    counts = [Counter(d) for d in documents]
    sizes = [len(d) or 1 for d in documents]
    mean = sum(sizes) / len(sizes)
    holding = Counter(w for c in counts for w in c)
    scores = [0.0] * len(documents)
    for word in set(query):
        if word not in holding:
            continue
        weight = math.log(1 + (len(documents) - holding[word] + 0.5) / (holding[word] + 0.5))
        for n, count in enumerate(counts):
            often = count.get(word, 0)
            scores[n] += weight * often * 2.5 / (often + 1.5 * (0.25 + 0.75 * sizes[n] / mean))
    return scores


def own_names(code: str) -> set[str]:
    """Return the names in a piece of code that are not Python's own, of three letters or more.

    What stands in a text there names nothing.
    """
    found = set(re.findall(r"\b[A-Za-z_]\w\w+", _TEXT.sub(" ", code)))
    return found - set(dir(builtins)) - set(keyword.kwlist)


def quoted(text: str) -> list[str]:
    """Return the parts of a task that are code: in backquotes, indented, or after `>>>`."""
    spans = re.findall(r"```.*?```|`[^`]+`", text, re.S)
    return spans + [li for li in text.splitlines() if li.startswith(("    ", "\t", ">>>"))]
