"""Whether a file can still be read by those it is for. Pure."""

import ast
import tomllib
from collections.abc import Callable, Mapping

from samovar.core.errors import ToolError
from samovar.core.text import letters

PARSERS: Mapping[str, Callable[[str], object]] = {
    ".py": ast.parse,
    ".pyi": ast.parse,
    ".toml": tomllib.loads,
}
"""By the end of a file's name."""


def complaint(path: str, text: str) -> str:
    """Return in one line why a file cannot be parsed; nothing where it can, or nobody knows."""
    parser = next((p for end, p in PARSERS.items() if path.lower().endswith(end)), None)
    if parser is None:
        return ""
    try:
        parser(text)
    except SyntaxError as error:
        row = (text.splitlines() or [""])[min(error.lineno or 1, text.count("\n") + 1) - 1 :]
        near = f": {row[0].strip()[:120]}" if row else ""
        return letters(f"line {error.lineno}: {error.msg}{near}")
    except (ValueError, RecursionError, MemoryError) as error:
        return letters((str(error) or type(error).__name__).splitlines()[0])
    return ""


def check(path: str, new: str, old: str | None = None) -> str:
    """Return a note about a file that was broken before and still is, else nothing.

    Raises ToolError when the new text does not parse though the old did, or there was none.
    """
    said = complaint(path, new)
    if not said:
        return ""
    if old is None or not complaint(path, old):
        raise ToolError(f"nothing was written, for {path} would not parse: {said}")
    return f"; it did not parse before and does not yet: {said}"
