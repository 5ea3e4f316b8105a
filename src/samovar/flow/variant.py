"""One small edit of a file, and where the nodes of its syntax tree stand."""

import ast
import keyword
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from itertools import accumulate

from samovar.core.task import lines
from samovar.flow.source import parse

_WORD = re.compile(r"[A-Za-z_]\w*")
_KEYWORDS = frozenset(keyword.kwlist)
NEAREST = 10
"""Names of a function around a place that cost nothing more there."""
FAR = 10
"""Names further away at which an edit costs one more."""
FARTHEST = 2.5
UNSEEN = 5.0
"""What an edit costs more of a line where the failing check did not come by."""
NAMED = 1.0
"""What an edit costs less that brings in a name of which the task speaks."""


@dataclass(frozen=True)
class Variant:
    """A replacement of some characters of a file."""

    start: int
    end: int
    text: str
    cost: float
    """How unlikely it is; the search goes from low to high."""

    def apply(self, source: str) -> str:
        """Return the file with this edit."""
        return source[: self.start] + self.text + source[self.end :]


class Places:
    """Where nodes stand in a source, in characters; the syntax tree counts UTF-8 bytes."""

    def __init__(self, source: str, named: Set[str] = frozenset()) -> None:
        """`named` are the names that the task speaks of."""
        self.source = source
        self.named = named
        self.rows = lines(source)
        self.words: dict[ast.AST, dict[str, list[int]]] = {}
        self.near: dict[tuple[ast.AST, int], dict[str, int]] = {}
        self.starts = list(accumulate(map(len, self.rows), initial=0))

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Return where a node begins and ends."""
        return (
            self._at(getattr(node, "lineno", 1), getattr(node, "col_offset", 0)),
            self._at(getattr(node, "end_lineno", 1), getattr(node, "end_col_offset", 0)),
        )

    def text(self, first: ast.AST, last: ast.AST | None = None) -> str:
        """Return a node as it is written, or all from one to another."""
        return self.source[self.span(first)[0] : self.span(last or first)[1]]

    def fits(self, function: ast.AST, variant: Variant) -> bool:
        """Return whether a function, and with it the file, is still Python with an edit in it."""
        start, end = self.span(function)
        margin = getattr(function, "col_offset", 0)
        inner = Variant(variant.start - start, variant.end - start, variant.text, 0)
        body = f"{' ' * margin}{inner.apply(self.source[start:end])}"
        return parse(f"if True:\n{body}" if margin else body) is not None

    def away(self, function: ast.AST, node: ast.AST, text: str) -> float:
        """Return what an edit of a function costs more, or less, for the names that it brings.

        What is compared, or taken for another, stands near in most of what people mend; and what
        the task speaks of, but the place does not, may be what is amiss there.
        """
        near = self._nearest(function, getattr(node, "lineno", 1))
        new = set(_WORD.findall(text)) - set(_WORD.findall(self.text(node)))
        if new & self.named:
            return -NAMED
        last = max((near[w] for w in new if w in near), default=0)
        return min(FARTHEST, max(0, last - NEAREST) / FAR)

    def _nearest(self, function: ast.AST, line: int) -> dict[str, int]:
        """Return the names of a function with their places among all by how near they stand."""
        if (function, line) not in self.near:
            words = self._words(function)
            away = {w: min(abs(line - n) for n in found) for w, found in words.items()}
            order = sorted(words, key=lambda w: away[w])
            self.near[function, line] = {w: n for n, w in enumerate(order)}
        return self.near[function, line]

    def _words(self, function: ast.AST) -> dict[str, list[int]]:
        """Return the lines of a function in which each name stands."""
        if function not in self.words:
            first, last = getattr(function, "lineno", 1), getattr(function, "end_lineno", 1)
            found: dict[str, list[int]] = {}
            for number in range(first, last + 1):
                for word in set(_WORD.findall(self.rows[number - 1])) - _KEYWORDS:
                    found.setdefault(word, []).append(number)
            self.words[function] = found
        return self.words[function]

    def _at(self, line: int, column: int) -> int:
        row = self.rows[line - 1]
        return self.starts[line - 1] + (
            column if row.isascii() else len(row.encode()[:column].decode())
        )


def unseen(node: ast.AST, reached: Mapping[int, int]) -> float:
    """Return what an edit costs more where the failing check did not come by, if that is known."""
    return 0.0 if not reached or reached.get(getattr(node, "lineno", 0)) else UNSEEN


def closed(text: str) -> str:
    """Return an expression that a method or an index can follow."""
    return text if text.isidentifier() or text.endswith((")", "]")) else f"({text})"
