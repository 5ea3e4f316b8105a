"""The project's own linter: which one it is, and what it says. Pure."""

import re
from collections import Counter
from collections.abc import Callable, Sequence

RUFF = ("-m", "ruff", "check", "--no-cache", "--no-fix", "--quiet", "--output-format", "concise")
FLAKE8 = ("-m", "flake8")
_FINDING = re.compile(r"^(?:\./)?(?P<path>[^:\n]+):\d+:(?:\d+:)? (?P<text>.+)$", re.M)


def find_linter(paths: Sequence[str], read: Callable[[str], str]) -> tuple[str, ...]:
    """Return the arguments for Python that run the linter a project is set up for, if any.

    `read` returns the text of a file, empty where it is none.
    """

    def holds(path: str, *words: str) -> bool:
        return path in paths and any(w in read(path) for w in words)

    if "ruff.toml" in paths or ".ruff.toml" in paths or holds("pyproject.toml", "[tool.ruff"):
        return RUFF
    sections = ("[flake8]",)
    if ".flake8" in paths or holds("setup.cfg", *sections) or holds("tox.ini", *sections):
        return FLAKE8
    return ()


def findings(output: str) -> Counter[str]:
    """Return what a linter found, without line numbers: they move when code above changes."""
    return Counter(f"{m['path']}: {m['text'].strip()}" for m in _FINDING.finditer(output))
