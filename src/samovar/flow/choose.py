"""Choose: the candidate that proved itself; else, where nothing can prove, the one most agree with.

Agreement: every candidate is run on the same inputs, and the largest group that behaves alike
wins (CodeT, Chen et al. 2022; FunCoder 2024, without their self-written assertions). It proves
something only where more than half of the candidates are in it.
"""

from collections import Counter

from msgspec.structs import replace

from samovar.core.event import Chose
from samovar.core.state import Attempt, State
from samovar.core.task import Proof, Verdict
from samovar.flow.answer import blocks
from samovar.flow.kit import Kit
from samovar.flow.source import module_of, parse, shape, symbols
from samovar.flow.speak import Aside, aside, cut, drawn, messages, prompt
from samovar.flow.work import (
    SMALLEST,
    Files,
    affords,
    best,
    changed_by,
    examples,
    finished,
    goals,
    later,
    provable,
    proved,
    standing,
)

FIT = 0.4
"""Score from which a candidate makes nothing worse."""
INPUTS = 300
"""Generated tokens for the inputs."""
HARMLESS = "the first that makes nothing worse"
SPENT = "the budget is spent"
"""Why a step has nothing where no usable answer came and no more can be asked for."""


async def choose(kit: Kit, state: State) -> Chose:
    """Pick the best candidate of the present step."""
    judged = [a for a in state.trials if a.verdict is not None]
    green = next((a for a in judged if a.verdict and a.verdict.passed), None)
    if green is not None and green.verdict is not None:
        why = HARMLESS if proved(state) else "the first that proved itself"
        return _chose(state, green, why, green.verdict)
    fit = [a for a in judged if a.verdict and a.verdict.score >= FIT]
    lost = hopeless(state)
    if lost:
        # A small edit is there to please the examples: without these nothing speaks for it.
        fit = [a for a in fit if a.candidate.origin != "search"]
    if fit and (lost or not provable(state)):
        return await _by_agreement(kit, state, fit)
    top = best(judged)
    if top is None or top.verdict is None or top.verdict.score <= _floor(state):
        return _nothing(state)
    return _chose(state, top, "the best so far; the checks are not green", top.verdict)


def hopeless(state: State) -> bool:
    """Return whether the examples prove nothing: a model read them, and no candidate holds one."""
    if not examples(state) or goals(state) or (state.plan and state.plan.stated):
        return False
    checks = [c for a in state.attempts if a.verdict for c in a.verdict.checks]
    return not any(c.name.startswith("example") and c.exit == 0 for c in checks)


def _floor(state: State) -> float:
    """Return the score of what stands: of the last step's choice, else of the project as it was."""
    last = standing(state)
    if last is not None and last.verdict is not None:
        return last.verdict.score
    checks = state.surveyed.verdict.checks if state.surveyed else ()
    if examples(state):
        return 0.4
    passed = sum(c.counts.passed for c in checks)
    total = sum(c.counts.passed + c.counts.failed for c in checks)
    return 0.3 + 0.6 * passed / total if total else 0.0


def _chose(state: State, attempt: Attempt, why: str, verdict: Verdict) -> Chose:
    return Chose(step=len(state.chosen), candidate=attempt.candidate.id, why=why, verdict=verdict)


def _nothing(state: State) -> Chose:
    done = proved(state) and not state.trials
    usable = any(a.candidate.edits for a in state.trials)
    spent = not usable and not affords(state, SMALLEST)
    nothing = SPENT if spent else "no candidate is better than what is there"
    why = "all is green without it" if done else nothing
    verdict = Verdict(passed=done, why=why)
    return Chose(step=len(state.chosen), candidate=None, why=why, verdict=verdict)


async def _by_agreement(kit: Kit, state: State, fit: list[Attempt]) -> Chose:
    first = fit[0]
    assert first.verdict is not None, "only judged candidates are compared"
    proof: Proof = "runs" if state.surveyed and state.surveyed.command else "none"
    verdict = replace(first.verdict, passed=True, proof=proof, why="nothing got worse", score=0.5)
    plain = _chose(state, first, HARMLESS, verdict)
    # Work on another function would be called here as it is, and agree with what nobody changed.
    fit = [a for a in fit if a.candidate.target == first.candidate.target]
    if len(fit) == 1 or "agreement" in state.task.off or not affords(state, INPUTS, *later(state)):
        return plain
    calls, said = await _calls(kit, state, first)
    spent = replace(plain, usage=said.usage, calls=said.calls, asked=said.asked, answer=said.answer)
    if not calls:
        return spent
    versions = [changed_by(state, kit.tree, a.candidate) for a in fit]
    ran, seen = await kit.checks.behaviours(versions, calls)
    groups = Counter(seen)
    alive = [s for s in seen if any(not o.startswith("!") for o in s)]
    if not alive:
        checks = (*verdict.checks, ran)
        return replace(spent, verdict=replace(verdict, checks=checks))
    winner = max(alive, key=lambda s: groups[s])
    why = f"{groups[winner]} of {len(fit)} candidates agree on {len(calls)} inputs"
    won = fit[seen.index(winner)]
    checks = (*(won.verdict.checks if won.verdict else ()), ran)
    if 2 * groups[winner] > len(fit):
        verdict = Verdict(passed=True, proof="generated inputs", why=why, score=0.6, checks=checks)
    else:
        # What no majority speaks for proves no more than one candidate alone would.
        why = f"only {why}"
        verdict = replace(verdict, why=f"nothing got worse; {why}", checks=checks)
    return replace(spent, candidate=won.candidate.id, why=why, verdict=verdict)


async def _calls(kit: Kit, state: State, attempt: Attempt) -> tuple[tuple[str, ...], Aside]:
    """Return calls of a changed function that the model thinks of; inputs only, no results.

    None where no function at the top of a Python file is changed.
    """
    path = attempt.candidate.edits[0].path
    before = Files(kit.tree, finished(state, kit.tree))[path]
    text = changed_by(state, kit.tree, attempt.candidate)[path]
    old = {shape(s.text) for s in symbols(path, before)}
    changed = (s for s in symbols(path, text) if "." not in s.name and shape(s.text) not in old)
    pick = next(changed, None)
    if pick is None or not path.endswith(".py"):
        return (), Aside()
    head = cut(pick.text, 200)
    asked = prompt("inputs", task=cut(state.task.text, 800), text=head, name=pick.name)
    said = await aside(kit.model, messages(asked), INPUTS, drawn(0.0, 7))
    lines = [li.strip() for b in blocks(said.answer) or [said.answer] for li in b.splitlines()]
    good = [li for li in lines if li.startswith(pick.name + "(") and parse(li) is not None]
    calls = tuple(f"{module_of(path)}:{call}" for call in dict.fromkeys(good))
    return calls, said
