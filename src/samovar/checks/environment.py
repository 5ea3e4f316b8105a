"""Which interpreter and which command test a project, found by looking, never by running."""

import json
import os
import re
import shlex
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path, PurePosixPath

from msgspec import Struct

from samovar.core.way import source_root

DEPENDENCIES = ("node_modules", "vendor", ".venv", "venv", "env")
"""Folders that package managers fill beside a project's files."""
_VIRTUAL = (".venv", "venv", "env")
_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
"""In the order in which make looks for them."""
_RULE = re.compile(r"^([^\s#:=][^#:=\n]*):(?!:?=)", re.M)
"""The targets of a rule of a Makefile; an assignment is none."""
_BUILT = re.compile(rb"^\s*\[(project|build-system)\]", re.M)
"""What a pyproject.toml has that pip can install; many only set up tools."""
_DJANGO = re.compile(r"DJANGO_SETTINGS_MODULE|--ds\b")
"""What Django's manage.py sets, and pytest is told where it runs the tests of Django."""
_PYTEST = ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg", "conftest.py")
_TESTS = ("test_*.py", "*_test.py")
"""What pytest takes for files of tests where nobody tells it otherwise."""
_FILES = re.compile(r"^python_files\s*=(.*(?:\n[ \t]+.*)*)", re.M)
_UNWRITTEN = "no test specified"
"""What the placeholder says that `npm init` writes."""


class Environment(Struct, frozen=True, kw_only=True):
    """How the project's own code is run."""

    python: str
    """Path of the interpreter."""
    readable: tuple[Path, ...]
    """Folders it needs: its virtual environment, and of our own the installation below it."""
    lent: Mapping[str, Path] = {}
    """Dependencies that git does not hold, by their place in the project."""
    origin: str
    """One line for a person: where it comes from, and what would be better."""
    options: str = ""
    """For pytest."""

    @property
    def path(self) -> str:
        """Where its commands look for programs, after the interpreter's own folder."""
        bins = (p if p.name == "bin" else p / "bin" for p in self.readable)
        more = (str(p) for p in bins if p.is_dir())
        return os.pathsep.join([*more, "/usr/local/bin", "/usr/bin", "/bin"])


_HEAVY = ("schemathesis", "faker", "hypothesispytest")
"""Plugins of samovar's own tests that take seconds to load; a project has no claim to them."""


def find_environment(*roots: Path) -> Environment:
    """Return the virtual environment in the first folder that has one, else our interpreter."""
    for place in (root / name for root in roots for name in _VIRTUAL):
        python = place / "bin" / "python"
        if python.exists() and (place / "pyvenv.cfg").exists():
            return Environment(
                python=str(python),
                # What is behind it the sandbox finds out: the project's word for that is data.
                readable=(place,),
                origin=f"the project's {place.name}",
            )
    base = Path(os.path.realpath(sys.executable)).parent.parent
    needs = next(filter(None, map(_needs, roots)), "")
    make = f"python3 -m venv .venv && .venv/bin/pip install {needs} pytest"
    advice = f"; if the tests need packages: {make}" if needs else ""
    return Environment(
        python=sys.executable,
        readable=tuple(dict.fromkeys((Path(sys.prefix), base))),
        origin=f"samovar's own Python and pytest{advice}",
        options=" ".join(f"-p no:{name}" for name in _HEAVY),
    )


def _needs(root: Path) -> str:
    """Return what pip installs of a project, as its arguments; empty where there is nothing."""
    table = root / "pyproject.toml"
    built = table.is_file() and _BUILT.search(table.read_bytes())
    listed = ["-r requirements.txt"] if (root / "requirements.txt").is_file() else []
    own = ["-e ."] if built or (root / "setup.py").is_file() else []
    return " ".join([*listed, *own])


def dependencies(root: Path, paths: Sequence[str]) -> dict[str, Path]:
    """Return the folders of dependencies beside the files of a commit, by their place there.

    Only real folders below `root` that the commit itself does not have; no link is followed.
    """
    near = {os.path.dirname(path) for path in paths}
    folders = {str(above) for path in near for above in PurePosixPath(path, "x").parents}
    top = os.path.realpath(root)
    found: dict[str, Path] = {}
    for folder in sorted(folders):
        for name in DEPENDENCIES:
            inner = os.path.normpath(os.path.join(folder, name))
            place = root / inner
            real = place.is_dir() and os.path.realpath(place) == os.path.join(top, inner)
            empty = name in _VIRTUAL and not (place / "pyvenv.cfg").is_file()
            if real and not empty and inner not in folders:
                found[inner] = place
    return found


def find_command(paths: Sequence[str], read: Callable[[str], str], python: str) -> str:
    """Return the command that tests the project, or an empty string when there are no tests.

    `read` returns the text of a file, empty where it is none.
    """
    quoted = shlex.quote(python)
    names = [Path(p).name for p in paths]
    django = "manage.py" in paths and _DJANGO.search(read("manage.py"))
    patterns = chain(_TESTS, ["tests.py"] if django else (), _patterns(paths, read))
    if any(fnmatch(name, pattern) for pattern in patterns for name in names):
        told = any(_DJANGO.search(read(p)) for p in _PYTEST if p in paths)
        return f"{quoted} manage.py test" if django and not told else f"{quoted} -m pytest -q"
    makefile = next((name for name in _MAKEFILES if name in paths), "")
    if makefile and (target := _target(read(makefile))):
        return f"make {target}"
    if "package.json" in paths and _scripted(read("package.json")):
        return "npm test --silent"
    if "Cargo.toml" in paths:
        return "cargo test --offline --quiet"
    if "go.mod" in paths:
        return "go test ./..."
    return ""


def python_path(paths: Sequence[str], read: Callable[[str], str]) -> tuple[str, ...]:
    """Return the folders from which packages are imported, relative to the project.

    A command may enter a part of it first: its `src` has the same name seen from there.
    """
    parts = [found for p in paths if p.endswith(".py") and (found := source_root(p))]
    folders = [".", "src", *parts] if parts else ["."]
    if "pyproject.toml" in paths:
        folders += _pytest_path(read("pyproject.toml"))
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


def _patterns(paths: Sequence[str], read: Callable[[str], str]) -> Iterator[str]:
    """Yield what the project's configuration tells pytest its files of tests are called."""
    for path in (p for p in _PYTEST if p in paths):
        for row in _FILES.findall(read(path)):
            yield from re.findall(r"[\w*?.\[\]-]+\.py", row)


def _target(makefile: str) -> str:
    """Return the target of a Makefile that tests the project, or an empty string."""
    targets = {name for rule in _RULE.findall(makefile) for name in rule.split()}
    return next((name for name in ("test", "check") if name in targets), "")


def _scripted(package: str) -> bool:
    """Return whether a package.json has a script that tests; what `npm init` puts there is none."""
    try:
        script = json.loads(package)["scripts"]["test"]
    except (ValueError, KeyError, TypeError):
        return False
    return isinstance(script, str) and bool(script) and _UNWRITTEN not in script
