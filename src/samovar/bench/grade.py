"""The grader: a fresh copy of the task, the files that count, the hidden tests over it, pytest.

Tests are never run where the work was done, so edited tests, planted conftest.py or pytest.ini do
not count. The code under test is a model's, so it runs in the sandbox.
"""

import asyncio
import fnmatch
import os
import shutil
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from samovar.bench.sets import Exercise, Facts
from samovar.checks.environment import find_environment
from samovar.core.seams import Command, Ran, Sandbox

SKIPPED = frozenset(
    (".git", "__pycache__", ".pytest_cache", ".aider.tags.cache.v4", "node_modules", ".venv")
)
MEMORY = 4 << 30
SHOWN = 3000
"""Characters of the output kept, from its beginning: at the end stand names alone."""
_REPORT = ".bench-report.xml"


class Grade(Struct, frozen=True, kw_only=True):
    """Whether a task is solved, and how near it came."""

    solved: bool
    passed: int = 0
    """Tests that had to pass and did."""
    wanted: int = 0
    failing: tuple[str, ...] = ()
    """At most ten."""
    timeout: bool = False
    seconds: float = 0.0
    output: str = ""
    """The begin of what pytest printed."""


async def grade(task: Exercise, work: Path | None, sandbox: Sandbox) -> Grade:
    """Judge the files in `work`; None judges the repository as it was handed over."""
    with tempfile.TemporaryDirectory(prefix="grade-", ignore_cleanup_errors=True) as made:
        # The sandbox may run under another user, who must be able to enter.
        os.chmod(made, 0o711)  # noqa: S103
        place = Path(made) / "work"
        await asyncio.to_thread(build, task, work, place)
        ran = await sandbox.run(_command(task.facts, place))
        seen = outcomes(place / _REPORT)
    return judged(task.facts, seen, ran)


def build(task: Exercise, work: Path | None, place: Path) -> None:
    """Put what is judged together in a new folder."""
    _copy(task.repo, place)
    if work is not None:
        named = task.facts.solution_files
        if named:
            for path in named:
                _take(work, place, path)
        else:
            _take_all(task, work, place)
    if task.hidden.is_dir():
        _copy(task.hidden, place)


def judged(facts: Facts, seen: dict[str, str], ran: Ran) -> Grade:
    """Return the grade for the outcomes of the tests."""
    if facts.fail_to_pass is None:
        bad = tuple(name for name, outcome in seen.items() if outcome == "failed")
        passed = sum(outcome == "passed" for outcome in seen.values())
        wanted = facts.n_tests
        solved = ran.exit == 0 and not bad and passed >= wanted
    else:
        names = (*facts.fail_to_pass, *(facts.pass_to_pass or ()))
        bad = tuple(name for name in names if seen.get(name) != "passed")
        passed, wanted = len(names) - len(bad), len(names)
        solved = bool(facts.fail_to_pass) and not bad
    return Grade(
        solved=solved,
        passed=passed,
        wanted=wanted,
        failing=bad[:10],
        timeout=ran.stopped == "time",
        seconds=round(ran.seconds, 2),
        output=shown(ran.output),
    )


def shown(output: str) -> str:
    """Return what a harness is shown of the tests' output; a cut is said."""
    if len(output) <= SHOWN:
        return output
    return f"{output[:SHOWN]}\n[{len(output) - SHOWN} more characters]"


def outcomes(report: Path) -> dict[str, str]:
    """Return the outcome of each test in a JUnit report; of subtests the worst counts."""
    try:
        if report.is_symlink():
            return {}
        root = ET.fromstring(report.read_bytes())  # noqa: S314 - expat limits expansion itself
    except (OSError, ET.ParseError):
        return {}
    found: dict[str, str] = {}
    for case in root.iter("testcase"):
        name = f"{case.get('classname', '')}::{case.get('name', '')}"
        outcome = _outcome({child.tag for child in case})
        if found.get(name, "passed") == "passed":
            found[name] = outcome
    return found


def _outcome(tags: set[str]) -> str:
    if tags & {"failure", "error"}:
        return "failed"
    return "skipped" if "skipped" in tags else "passed"


def _command(facts: Facts, place: Path) -> Command:
    # There is no virtual environment below the report, so this is samovar's own interpreter:
    # one that the work brought along must not judge it.
    environment = find_environment(place / _REPORT)
    stop = ("-x",) if facts.stop_first else ()
    options = ("-p", "no:cacheprovider", f"--timeout={facts.test_timeout_s:g}")
    quiet = ("-o", "addopts=", "-W", "ignore", "--junitxml", _REPORT)
    return Command(
        argv=(sys.executable, "-m", "pytest", "-q", *stop, *options, *quiet, *facts.test_files),
        workspace=place,
        seconds=facts.time_limit_s,
        memory=MEMORY,
        readable=environment.readable,
        environment={
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "PYTHONPATH": os.pathsep.join(facts.pythonpath),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "PYTEST_ADDOPTS": "",
            "LANG": "C.UTF-8",
            "no_proxy": "*",
        },
    )


def _copy(source: Path, place: Path) -> None:
    def left_out(_folder: str, names: list[str]) -> list[str]:
        return [n for n in names if n in SKIPPED or n.endswith(".pyc")]

    shutil.copytree(source, place, dirs_exist_ok=True, symlinks=True, ignore=left_out)


def _take(work: Path, place: Path, path: str) -> None:
    """Take one file over, or its absence."""
    source, target = work / path, place / path
    if source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    else:
        target.unlink(missing_ok=True)


def _take_all(task: Exercise, work: Path, place: Path) -> None:
    protected = task.facts.protected
    for path in _files(work):
        ignored = path.endswith(".pyc") or Path(path).name.startswith(".aider")
        if not ignored and not (work / path).is_symlink() and not _matches(path, protected):
            _take(work, place, path)
    for path in _files(task.repo):
        if not (work / path).exists() and not _matches(path, protected):
            (place / path).unlink(missing_ok=True)


def _files(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in SKIPPED]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), root)


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)
