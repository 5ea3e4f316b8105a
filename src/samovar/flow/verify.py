"""Verify: run a candidate in the sandbox and judge it by what was red and what was green before."""

import time
from collections.abc import Iterator

from msgspec.structs import replace

from samovar.core.errors import ToolError
from samovar.core.event import Judged
from samovar.core.seams import text_of
from samovar.core.state import Attempt, State
from samovar.core.task import NO_TESTS, Checked, Counts, Verdict
from samovar.flow.choose import FIT
from samovar.flow.kit import Kit
from samovar.flow.source import complaint
from samovar.flow.undefined import undefined
from samovar.flow.work import changed_by, examples, goals, kept, lost, provable, red, wordless


async def judge(kit: Kit, state: State, attempt: Attempt) -> Judged:
    """Run every check on one candidate."""
    began = time.monotonic()
    changed = changed_by(state, kit.tree, attempt.candidate)
    checks = [c for path, text in changed.items() if (c := compiles(path, text)) is not None]
    if not checks:
        try:
            unknown = () if "imports" in state.task.off else _unknown(kit, changed)
            checks = [*await _run(kit, state, changed), *unknown]
        except ToolError as error:
            # A path outside the project, or text no file can hold.
            checks = [_unusable("place", "samovar: write the files", str(error))]
    verdict = weigh(state, tuple(checks))
    worth = verdict.passed or (not provable(state) and verdict.score >= FIT)
    if worth and (lint := await kit.checks.lint(changed)) is not None:
        # Style is told, not judged: code that is right is not thrown away for it.
        verdict = replace(verdict, checks=(*verdict.checks, lint))
    return Judged(candidate=attempt.candidate.id, verdict=verdict, seconds=time.monotonic() - began)


async def _run(kit: Kit, state: State, changed: dict[str, str]) -> list[Checked]:
    checks = []
    for number, example in enumerate(examples(state), 1):
        checks.append(await kit.checks.snippet(f"example {number}", example, changed))
    command = state.surveyed.command if state.surveyed else ""
    if command:
        checks.append(await kit.checks.test("tests", command, changed))
    return checks


def compiles(path: str, text: str) -> Checked | None:
    """Return the complaint about a Python file that is none, or None."""
    found = complaint(text) if path.endswith(".py") else None
    if found is None:
        return None
    line, why = found
    place = f"{path}, line {line}" if line else path
    return _unusable("compile", f"samovar: compile {path}", f"{place}: {why}")


def _unknown(kit: Kit, changed: dict[str, str]) -> Iterator[Checked]:
    """Yield what a change reads that is defined nowhere, where this was not so before."""
    for path, text in changed.items():
        if not path.endswith(".py"):
            continue
        before = undefined(text_of(kit.tree, path))
        for name, line in undefined(text).items():
            if name not in before:
                why = f"{path}, line {line}: the name {name!r} is not defined"
                yield _unusable("names", f"samovar: read {path}", why)


def _unusable(name: str, command: str, why: str) -> Checked:
    counts = Counts(failed=1)
    return Checked(
        name=name, command=command, exit=1, seconds=0.0, counts=counts, excerpt=why[:300]
    )


def weigh(state: State, checks: tuple[Checked, ...]) -> Verdict:
    """Return the verdict on a candidate, from what its checks showed and what the survey showed."""
    verdict = _weigh(state, checks)
    unknown = next((c.excerpt for c in checks if c.name == "names"), "")
    if not unknown or (provable(state) and not verdict.passed):
        return verdict
    # What proves it does not reach that line; it is kept if nothing better comes.
    score = 0.9 if verdict.passed else min(verdict.score, 0.1)
    return replace(verdict, passed=False, why=unknown, score=score)


def _weigh(state: State, checks: tuple[Checked, ...]) -> Verdict:
    if any(c.name == "place" for c in checks):
        return Verdict(passed=False, why=checks[-1].excerpt, score=0.0, checks=checks)
    if any(c.name == "compile" for c in checks):
        return Verdict(passed=False, why="does not compile", score=0.0, checks=checks)
    wanted = [c for c in checks if c.name.startswith("example")]
    # Where there is still no test to be found, nothing was judged.
    tests = next((c for c in checks if c.name == "tests" and c.excerpt != NO_TESTS), None)
    broken = lost(state, tests) if tests else []
    shown = sum(c.exit == 0 for c in wanted)
    if broken:
        share = 1 - len(broken) / max(1, len(kept(state)))
        why = f"{len(broken)} tests that passed before do not pass any more"
        return Verdict(passed=False, why=why, score=0.2 * share, checks=checks)
    if tests and tests.exit and state.surveyed and state.surveyed.verdict.passed:
        why = f"{tests.command} passed before, now: {tests.said}"
        return Verdict(passed=False, why=why, score=0.1, checks=checks)
    if wanted:
        proved = shown == len(wanted)
        held = f"{shown} of {len(wanted)} examples of the task hold"
        if len(wanted) == 1 and proved:
            held = "the task's only example holds, as it might in a wrong program"
        why = f"{held}; no test got worse"
        score = 1.0 if proved else 0.4 + 0.5 * shown / len(wanted)
        return Verdict(passed=proved, proof="issue examples", why=why, score=score, checks=checks)
    if tests is None:
        return Verdict(passed=False, proof="none", why="it compiles", score=0.5, checks=checks)
    return _by_tests(state, tests, checks)


def _mended(goal: str, tests: Checked) -> bool:
    """Return whether a failing test passes now, or an unreadable file has tests that do."""
    whole = "::" not in goal
    found = [t for t in tests.passing if t == goal or (whole and t.startswith(f"{goal}::"))]
    return bool(found) or (goal == "collection" and bool(tests.passing))


def _by_tests(state: State, tests: Checked, checks: tuple[Checked, ...]) -> Verdict:
    aims, known = set(goals(state)), set(red(state))
    counted = bool(tests.counts.passed or tests.counts.failed)
    # Tests that were red before and are not what the task is about may stay so; where none was red
    # by name, the exit code alone says that something was.
    as_before = tests.exit == 0 or (bool(known) and counted and set(tests.failing) <= known - aims)
    if not aims and not wordless(state):
        why = "no test got worse" if as_before else "the tests fail"
        score = 0.5 if as_before else 0.1
        return Verdict(passed=False, proof="runs", why=why, score=score, checks=checks)
    # A program that ends itself ends well and reports nothing; so named tests must be named again.
    passed = as_before and all(_mended(goal, tests) for goal in aims)
    if counted:
        whole = max(tests.counts.passed + tests.counts.failed, len(known) + len(kept(state)))
        ended = "" if tests.named else f", {tests.command} ends with {tests.exit}"
        why = f"{tests.counts.passed} of {whole} tests pass{ended}"
        passed = passed and tests.counts.passed > 0
        score = 1.0 if passed else 0.3 + 0.6 * tests.counts.passed / whole
    else:
        score = 1.0 if passed else 0.3
        why = f"{tests.command} ends with {tests.exit}"
    return Verdict(passed=passed, proof="project tests", why=why, score=score, checks=checks)
