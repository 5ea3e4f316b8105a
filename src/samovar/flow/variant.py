"""One small edit of a file."""

from dataclasses import dataclass

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

    def fits(self, source: str, start: int, end: int, margin: int) -> bool:
        """Return whether the function from `start` to `end` is still Python with the edit.

        The file then is, too. `margin` is the column the function begins at.
        """
        inner = Variant(self.start - start, self.end - start, self.text, 0)
        body = f"{' ' * margin}{inner.apply(source[start:end])}"
        return parse(f"if True:\n{body}" if margin else body) is not None


def closed(text: str) -> str:
    """Return an expression that a method or an index can follow."""
    return text if text.isidentifier() or text.endswith((")", "]")) else f"({text})"
