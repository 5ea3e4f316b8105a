"""The checks of one project, run in the sandbox on a fresh copy of its files."""

import asyncio
import os
import re
import secrets
import shlex
import shutil
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from samovar.checks.environment import Environment, python_path
from samovar.checks.failures import LONGEST, Failure, excerpt
from samovar.checks.lint import find_linter, findings
from samovar.core.errors import UNREADABLE, SetupError
from samovar.core.log import plain
from samovar.core.seams import Command, Ran, Sandbox, Tree, text_of
from samovar.core.task import NO_TESTS, Checked, Counts, Probe, Trials

INSIDE = Path(__file__).parent / "inside"
REPORT = ".samovar-report.json"
REPORT_BYTES = 20_000_000
REPORTING = "-p samovar_report -p no:cacheprovider --tb=short"
"""Options for pytest where its outcome is told test by test."""
USAGE = 4
"""The exit status of pytest for options it does not know; nothing ran, nothing is reported."""
EMPTY = 5
"""The exit status of pytest where it found no test."""
TOLD = 100
"""Red tests of which the ones to tell are picked."""
_LACKS = re.compile(r"No module named '(\w+)")
LANES = 4
"""Trials that run side by side, at most, where there are as many processors."""


class Report(msgspec.Struct):
    """What the pytest plugin wrote; nothing in it is trusted beyond its shape."""

    exit: int
    tests: dict[str, dict[str, str]]


@dataclass(frozen=True)
class Project:
    """A project at one commit, whose checks can be run on any change of it."""

    tree: Tree
    sandbox: Sandbox
    environment: Environment
    folder: Path
    """Where copies are made; emptied before each use."""
    seconds: float = 120.0
    """Wall-clock limit of one command."""
    test_seconds: float = 10.0
    """Limit of one test."""

    def copy(self, changed: Mapping[str, str], name: str = "workspace") -> Path:
        """Write the project with a change into a fresh folder and return it."""
        place = self.folder / name
        try:
            if place.exists():
                _remove(place)
            place.mkdir(parents=True)
            self.tree.write_to(place, changed)
        except OSError as error:
            raise SetupError(f"cannot copy the project to {place}: {error.strerror}") from error
        return place

    async def test(self, name: str, command: str, changed: Mapping[str, str]) -> Checked:
        """Run the test command on the project with the change."""
        place = self.copy(changed)
        if (place / REPORT).is_file():
            (place / REPORT).unlink()
        told = {**self.variables(), "PYTEST_ADDOPTS": f"{REPORTING} {self.environment.options}"}
        # Whatever folder it enters, the report is written at the top.
        whole = f'export SAMOVAR_REPORT="$PWD/{REPORT}"; {command}'
        ran = await self._run(place, ("/bin/sh", "-c", whole), told)
        report = read_report(place / REPORT)
        if ran.exit == USAGE and report is None and "pytest" in command:
            # Options in the project's own configuration that need a plugin nobody installed.
            ran = await self._run(place, ("/bin/sh", "-c", f"{whole} -o addopts="), told)
            report = read_report(place / REPORT)
        return judged(name, command, ran, report)

    async def snippet(self, name: str, code: str, changed: Mapping[str, str]) -> Checked:
        """Run a few lines of Python against the project with the change."""
        place = self.copy(changed)
        # Code that calls sys.exit(0) half way ends well too, but never says the word.
        word, mark = (f"{kind}-{secrets.token_hex(8)}" for kind in ("end", "failure"))
        argv = (self.environment.python, str(INSIDE / "example.py"), word, mark)
        ran = await self._run(place, argv, self.variables(), stdin=code.encode(), seconds=20)
        if ran.exit == 0 and word not in ran.output:
            ran = replace(
                ran, exit=1, output=f"{ran.output}\nThe program ended before the example."
            )
        checked = judged(name, "python - <<example", ran, None)
        with suppress(IndexError, *UNREADABLE):
            found = msgspec.json.decode(marked(ran, mark)[-1], type=Failure)
            checked = replace(checked, excerpt=excerpt([found], ran.stopped))
        return replace(checked, input=code)

    async def lint(self, changed: Mapping[str, str]) -> Checked | None:
        """Return what the project's own linter says of a change that it did not say before.

        None where the project has none, or it is not installed.
        """
        linter = find_linter(self.tree.paths(), partial(text_of, self.tree))
        files = [p for p in changed if p.endswith(".py") and not p.startswith("-")]
        if not linter or not files:
            return None
        argv = (self.environment.python, *linter, *files)
        old = await self._run(self.copy({}), argv, self.variables())
        ran = await self._run(self.copy(changed), argv, self.variables())
        if ran.exit not in (0, 1) or "No module named" in ran.output[:2000]:
            return None
        new = sorted((findings(ran.output) - findings(old.output)).elements())
        return Checked(
            name="lint",
            command=f"python {shlex.join((*linter, *files))}",
            exit=1 if new else 0,
            seconds=round(ran.seconds, 3),
            counts=Counts(failed=len(new)),
            excerpt="\n".join(new)[:LONGEST],
        )

    async def trials(
        self,
        variants: Sequence[Mapping[str, str]],
        probe: Probe,
        changed: Mapping[str, str],
        *,
        bar: int = 1,
        seconds: float = 2.0,
        total: float = 60.0,
    ) -> Trials:
        """Try variants against a probe until one leaves fewer than `bar` of it red.

        `seconds` is the limit of one trial, `total` of all. They run in lanes, one for each
        processor, so where several are good it is not always the same that is found.
        """
        paths = sorted({path for variant in variants for path in variant})
        files = {
            path: changed[path] if path in changed else text_of(self.tree, path) for path in paths
        }
        edits = [
            {path: edit(files[path], text) for path, text in v.items() if text != files[path]}
            for v in variants
        ]
        told = {**msgspec.to_builtins(probe), "originals": files, "bar": bar}
        job = {**told, "seconds": seconds, "total": total}
        many = min(LANES, os.cpu_count() or 1, len(variants))
        lanes = [
            asyncio.create_task(self._lane(n, {**job, "variants": edits[n::many]}, changed))
            for n in range(many)
        ]
        tried = 0
        try:
            for lane in asyncio.as_completed(lanes):
                number, found = await lane
                tried += found.tried
                if found.index is not None:
                    index = number + many * found.index
                    return Trials(index + 1, index, found.red)
        finally:
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)
        return Trials(tried)

    async def _lane(
        self, number: int, job: Mapping[str, Any], changed: Mapping[str, str]
    ) -> tuple[int, Trials]:
        """Run the trials of one job in a copy of the project of its own."""
        place = self.copy(changed, f"lane-{number}")
        mark = f"trial-{secrets.token_hex(8)}"
        ran = await self._run(
            place,
            (self.environment.python, str(INSIDE / "trials.py")),
            {**self.variables(), "SAMOVAR_MARK": mark},
            stdin=msgspec.json.encode(job),
            seconds=job["total"] + 15,
        )
        told = [line.split() for line in marked(ran, mark)]
        tried = len({w[0] for w in told if len(w) > 1})
        for index, red in ((int(w[0]), int(w[2])) for w in told if w[1:2] == ["ok"]):
            if index < len(job["variants"]):
                return number, Trials(tried, index, red)
        return number, Trials(tried)

    async def reach(self, probe: Probe, changed: Mapping[str, str]) -> dict[str, dict[int, int]]:
        """Return how often the scripts of a probe, else its tests, ran each line of each file."""
        place = self.copy(changed)
        mark = f"trace-{secrets.token_hex(8)}"
        arguments = () if probe.scripts else probe.tests
        ran = await self._run(
            place,
            (self.environment.python, str(INSIDE / "trace.py"), mark, "15", "--", *arguments),
            self.variables(),
            stdin=msgspec.json.encode(probe.scripts),
            seconds=25,
        )
        try:
            found = msgspec.json.decode(marked(ran, mark)[0], type=dict[str, Any])
        except (IndexError, *UNREADABLE):
            return {}
        return {
            path: {int(n): int(c) for n, c in lines.items()}
            for path, lines in found.items()
            if path != "error" and not path.startswith("/")
        }

    async def behaviours(
        self,
        versions: Sequence[Mapping[str, str]],
        calls: Sequence[str],
        *,
        seconds: float = 2.0,
        total: float = 120.0,
    ) -> tuple[Checked, list[tuple[str, ...]]]:
        """Return, for each version, what each `module:call` returned, or `!` and its exception.

        First comes how the command ended that ran them all. `seconds` is the limit of a call,
        `total` of all; what was not reached gives `!`.
        """
        place = self.copy({})
        mark = f"calls-{secrets.token_hex(8)}"
        job = {"versions": versions, "calls": calls, "seconds": seconds}
        ran = await self._run(
            place,
            (self.environment.python, str(INSIDE / "calls.py"), mark),
            self.variables(),
            stdin=msgspec.json.encode(job),
            seconds=total,
        )
        nothing = ("!",) * len(calls)
        try:
            seen = [msgspec.json.decode(li, type=tuple[str, ...]) for li in marked(ran, mark)]
        except UNREADABLE:
            seen = []
        if len(seen) > len(versions) or any(len(s) != len(calls) for s in seen):
            seen = []  # The code under test has written lines of its own.
        checked = judged("agreement", "python calls.py <<calls", ran, None)
        seen += [nothing] * (len(versions) - len(seen))
        return replace(checked, input="\n".join(calls)), seen

    def variables(self) -> dict[str, str]:
        """Return the environment variables of every command."""
        folders = [*python_path(self.tree.paths(), partial(text_of, self.tree))]
        # Relative to the working directory: Python makes them absolute when it starts.
        return {
            "PYTHONPATH": os.pathsep.join([*folders, str(INSIDE)]),
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_ADDOPTS": self.environment.options,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "",
            "SAMOVAR_TEST_SECONDS": f"{self.test_seconds:g}",
            "PATH": f"{Path(self.environment.python).parent}:{self.environment.path}",
        }

    async def _run(
        self,
        place: Path,
        argv: tuple[str, ...],
        environment: Mapping[str, str],
        *,
        stdin: bytes = b"",
        seconds: float = 0.0,
    ) -> Ran:
        return await self.sandbox.run(
            Command(
                argv=argv,
                workspace=place,
                seconds=seconds or self.seconds,
                readable=(*self.environment.readable, INSIDE),
                lent=self.environment.lent,
                environment=environment,
                stdin=stdin,
                output=2_000_000,
            )
        )


def read_report(path: Path) -> Report | None:
    """Return the report a sandboxed program left, if it is a plain file of a sane size."""
    try:
        return msgspec.json.decode(plain(path, REPORT_BYTES), type=Report)
    except (OSError, *UNREADABLE):
        return None


def edit(old: str, new: str) -> tuple[int, int, str]:
    """Return from where to where the old text differs from the new one, and what stands there."""
    most = min(len(old), len(new))
    head = _same(lambda n: old.startswith(new[:n]), most)
    tail = _same(lambda n: old.endswith(new[len(new) - n :]), most - head)
    return head, len(old) - tail, new[head : len(new) - tail]


def _same(holds: Callable[[int], bool], most: int) -> int:
    """Return the largest number up to `most` for which it holds; for all smaller ones it does."""
    return bisect_left(range(1, most + 1), True, key=lambda n: not holds(n))


def marked(ran: Ran, mark: str) -> list[str]:
    """Return what programs of ours told: the lines of a command's output behind a secret mark."""
    return [li.partition(" ")[2] for li in ran.output.splitlines() if li.startswith(f"{mark} ")]


def judged(name: str, command: str, ran: Ran, report: Report | None) -> Checked:
    """Return what a command showed, from its report if there is one, else from its output."""
    tests = report.tests if report else {}
    by = [t.get("outcome", "") for t in tests.values()]
    failing = tuple(k for k, t in tests.items() if t.get("outcome") == "failed")
    red = [tests[k] for k in failing[:TOLD]]
    failures = [Failure(t.get("message", ""), t.get("case", "")) for t in red]
    lacks = {test: _LACKS.findall(tests[test].get("message", "")) for test in failing}
    if report is not None and report.exit == ran.exit == EMPTY:
        failures = [Failure(NO_TESTS)]
    return Checked(
        name=name,
        command=command,
        exit=ran.exit if not ran.stopped else 124,
        seconds=round(ran.seconds, 3),
        counts=Counts(
            passed=by.count("passed"), failed=by.count("failed"), skipped=by.count("skipped")
        ),
        failing=failing,
        lacking={test: found[-1] for test, found in lacks.items() if found},
        excerpt="" if ran.exit == 0 else excerpt(failures or [Failure(ran.output)], ran.stopped),
        passing=tuple(k for k, t in tests.items() if t.get("outcome") == "passed"),
    )


def _remove(place: Path) -> None:
    def unlock(function: Any, path: str, _error: Any) -> None:
        os.chmod(os.path.dirname(path), 0o700)
        os.chmod(path, 0o700, follow_symlinks=False) if not os.path.islink(path) else None
        function(path)

    shutil.rmtree(place, onerror=unlock)
