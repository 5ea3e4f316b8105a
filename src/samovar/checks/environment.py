"""Which interpreter and which command test a project, found by looking, never by running."""

import json
import os
import shlex
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct


class Environment(Struct, frozen=True, kw_only=True):
    """How the project's own code is run."""

    python: str
    """Path of the interpreter."""
    readable: tuple[Path, ...]
    """Folders it needs: its virtual environment, and of our own the installation below it."""
    origin: str
    """One line for a person: where it comes from, and what would be better."""
    options: str = ""
    """For pytest."""


_HEAVY = ("schemathesis", "faker", "hypothesispytest")
"""Plugins of samovar's own tests that take seconds to load; a project has no claim to them."""


def find_environment(root: Path) -> Environment:
    """Return the project's virtual environment if it has one, else samovar's own interpreter."""
    places = [root / ".venv", root / "venv", root / "env"]
    for place in places:
        python = place / "bin" / "python"
        if python.exists() and (place / "pyvenv.cfg").exists():
            return Environment(
                python=str(python),
                # What is behind it the sandbox finds out: the project's word for that is data.
                readable=(place,),
                origin=f"the project's {place.name}",
            )
    base = Path(os.path.realpath(sys.executable)).parent.parent
    needs = any((root / name).exists() for name in ("requirements.txt", "pyproject.toml"))
    make = "python3 -m venv .venv && .venv/bin/pip install -e . pytest"
    advice = f"; if the tests need packages: {make}" if needs else ""
    return Environment(
        python=sys.executable,
        readable=tuple(dict.fromkeys((Path(sys.prefix), base))),
        origin=f"samovar's own Python and pytest{advice}",
        options=" ".join(f"-p no:{name}" for name in _HEAVY),
    )


def find_command(paths: Sequence[str], read: object, python: str) -> str:
    """Return the command that tests the project, or an empty string when there are no tests.

    `read` is a function from path to text.
    """
    assert callable(read)
    quoted = shlex.quote(python)
    names = [Path(p).name for p in paths]
    if any(_is_test(n) for n in names):
        return f"{quoted} -m pytest -q"
    if "Makefile" in paths and _has_target(str(read("Makefile"))):
        return "make test"
    if "package.json" in paths and _scripts(str(read("package.json"))).get("test"):
        return "npm test --silent"
    if "Cargo.toml" in paths:
        return "cargo test --offline --quiet"
    if "go.mod" in paths:
        return "go test ./..."
    return ""


def python_path(paths: Sequence[str], read: object) -> tuple[str, ...]:
    """Return the folders, relative to the project, from which its packages are imported."""
    assert callable(read)
    folders = ["."]
    if any(p.startswith("src/") and p.endswith(".py") for p in paths):
        folders.append("src")
    if "pyproject.toml" in paths:
        folders += _pytest_path(str(read("pyproject.toml")))
    return tuple(dict.fromkeys(folders))


def _pytest_path(text: str) -> list[str]:
    try:
        options = tomllib.loads(text)["tool"]["pytest"]["ini_options"]["pythonpath"]
    except (tomllib.TOMLDecodeError, KeyError, TypeError):
        return []
    found = options.split() if isinstance(options, str) else options
    if not isinstance(found, list):
        return []
    return [f for f in found if isinstance(f, str) and ".." not in f and not f.startswith("/")]


def _is_test(name: str) -> bool:
    return name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py"))


def _has_target(makefile: str) -> bool:
    return any(line.startswith(("test:", "test :", "check:")) for line in makefile.splitlines())


def _scripts(package: str) -> dict[str, str]:
    try:
        scripts = json.loads(package).get("scripts", {})
    except (ValueError, AttributeError):
        return {}
    return scripts if isinstance(scripts, dict) else {}
