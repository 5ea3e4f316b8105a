"""One small edit of a file, and where the nodes of its syntax tree stand."""

import ast
from dataclasses import dataclass
from itertools import accumulate

from samovar.core.task import lines
from samovar.flow.source import parse


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

    def __init__(self, source: str) -> None:
        self.source = source
        self.rows = lines(source)
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

    def _at(self, line: int, column: int) -> int:
        row = self.rows[line - 1]
        return self.starts[line - 1] + (
            column if row.isascii() else len(row.encode()[:column].decode())
        )


def closed(text: str) -> str:
    """Return an expression that a method or an index can follow."""
    return text if text.isidentifier() or text.endswith((")", "]")) else f"({text})"
