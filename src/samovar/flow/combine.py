"""Combine: take each function of a file from the candidate whose version of it is right.

A candidate is often right in one function and wrong in another. Putting functions of several
candidates together costs no token; the tests say whether it helped (crossover, as in GenProg,
Le Goues et al. 2012).
"""

import ast
from collections.abc import Iterator, Sequence
from itertools import combinations, islice, product

from samovar.core.task import lines
from samovar.flow.source import Symbol, parse, shape, symbols

MOST = 400
"""Combinations made in one go."""


def combined(text: str, others: Sequence[str]) -> Iterator[str]:
    """Yield versions of a file with functions out of the others, those with fewest first.

    What comes to one of the others as a whole is left out: it was judged as it is.
    """
    known = [(_code(other), set(_imports(other))) for other in others]
    swaps = _swaps(text, others)
    chosen = (c for size in range(1, len(swaps) + 1) for c in combinations(swaps, size))
    wished = (versions for c in chosen for versions in product(*c))
    for versions in islice(wished, MOST):
        made = _swapped(text, versions)
        code, needed = _code(made), set(_imports(made))
        if not any(code == theirs and needed <= had for theirs, had in known):
            yield made


def _code(text: str) -> list[str]:
    """Return the statements of a file, in any order, without its imports."""
    tree = parse(text)
    kinds = (ast.Import, ast.ImportFrom)
    try:
        return sorted(ast.dump(n) for n in tree.body if not isinstance(n, kinds)) if tree else []
    except RecursionError:
        return [text]


def _swaps(text: str, others: Sequence[str]) -> list[list[tuple[Symbol, str, str]]]:
    """Return, for each function of the text, the other versions of it and where they are from."""
    theirs = [(other, {s.name: s.text for s in symbols("", other)}) for other in others]
    found = []
    for mine in symbols("", text):
        seen = {shape(mine.text.lstrip())}
        versions = []
        for other, known in theirs:
            version = known.get(mine.name)
            if version is None or shape(version.lstrip()) in seen:
                continue
            seen.add(shape(version.lstrip()))
            versions.append((mine, version, other))
        if versions:
            found.append(versions)
    return found


def _swapped(text: str, versions: Sequence[tuple[Symbol, str, str]]) -> str:
    rows = lines(text)
    for mine, version, _ in sorted(versions, key=lambda v: v[0].first, reverse=True):
        rows[mine.first - 1 : mine.last] = [version if version.endswith("\n") else version + "\n"]
    needed = dict.fromkeys(i for _, _, other in versions for i in _imports(other))
    missing = [i for i in needed if i not in _imports(text)]
    at = _after_future(text)
    return "".join([*rows[:at], *(f"{i}\n" for i in missing), *rows[at:]])


def _imports(text: str) -> list[str]:
    tree = parse(text)
    kinds = (ast.Import, ast.ImportFrom)
    return [ast.unparse(n) for n in tree.body if isinstance(n, kinds)] if tree else []


def _after_future(text: str) -> int:
    """Return after how many lines an import may stand: the docstring and __future__ come first."""
    tree = parse(text)
    last = 0
    for node in tree.body if tree else ():
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        words = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not future and not words:
            break
        last = node.end_lineno or last
    return last
