"""Build: write candidates for a step, by asking the model or by trying small edits."""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

from samovar.core.errors import ToolError
from samovar.core.event import Wrote
from samovar.core.state import Attempt, State
from samovar.core.task import Candidate, Edit, Step, Target, Way, apply, lines
from samovar.flow.answer import completed, imports, one_symbol, patched, whole_file
from samovar.flow.choose import INPUTS
from samovar.flow.docstrings import restored
from samovar.flow.idea import Idea, next_search
from samovar.flow.kit import Kit
from samovar.flow.question import copies, question
from samovar.flow.search import search
from samovar.flow.source import shape, unwritten
from samovar.flow.speak import (
    ask,
    drawn,
    fingerprint,
    tokens,
)
from samovar.flow.work import (
    SMALLEST,
    Files,
    affords,
    best,
    finished,
    goals,
    kept,
    later,
    manner,
    off,
    provable,
    proved,
)

SEQUENCE = (0, 0, 1, 0, 2, 1, 3, 0, 4, 2, 1, 5, 0, 3, 6, 1, 2, 7)
"""Which of the ranked places is tried when; the first is right half of the time."""
WAYS: tuple[Way, ...] = ("fresh", "hint", "repair")
"""Asked in turn after the first answer: no way is best on all tasks (docs/ablations.md)."""
SAME = "The code is the same as before."
EARLY = 4
"""Answers after which the best is searched, before the model goes on."""
WARM = 0.8
"""Temperature of every answer after the first."""


def next_idea(state: State) -> Idea | None:
    """Return what to try next in the present step, or None when nothing is left to try."""
    if not _open(state):
        return None
    small = next_search(state)
    if small is not None and _search_now(state, small):
        return small
    return _ask_again(state) or small


def _open(state: State) -> bool:
    """Return whether the present step is to be worked on.

    Once all is proved, only a file that a person named is still asked for.
    """
    places = state.step.targets if state.step else ()
    return bool(places) and (not proved(state) or any(t.path in state.task.files for t in places))


def more(state: State) -> bool:
    """Return whether there is an idea left."""
    return next_idea(state) is not None


def _ask_again(state: State) -> Idea | None:
    task, step = state.task, state.step
    assert step is not None, "asked within a step"
    asked = [a for a in state.trials if a.candidate.origin == "model"]
    steps = len(state.plan.steps) if state.plan else 1
    # Only the last step can turn everything green; the ones before it are not dwelt on.
    most = task.candidates if len(state.chosen) + 1 == steps else 2
    # Where nothing proves, candidates are compared on inputs that one call asks for.
    compared = bool(asked) and not provable(state) and "agreement" not in task.off
    calls = (SMALLEST, INPUTS) if compared else (SMALLEST,)
    # Every step has its first answer before any has room for more.
    rest = later(state) if asked else ()
    if not affords(state, *calls, *rest) or len(asked) >= most:
        return None
    target = SEQUENCE[len(asked) % len(SEQUENCE)] % len(step.targets)
    if not asked or "diversity" in task.off:
        return Idea("model", target)
    here = [a for a in state.trials if a.candidate.target == target]
    if manner(step, step.targets[target]) == "edit" and here[-1:] and here[-1].candidate.complaint:
        # Edits of lines that are not there: it is told, and asked for what it meant.
        return Idea("model", target, here[-1].candidate.id, "repair", WARM)
    parent = best(here)
    way = _way(state, parent, len(asked))
    if parent is None or way == "fresh":
        return Idea("model", target, None, _start(state, asked, target), WARM)
    return Idea("model", target, parent.candidate.id, way, WARM)


def _way(state: State, parent: Attempt | None, number: int) -> Way:
    """Return how to ask the next time. A repair that gave the same code again is not repeated."""
    way = WAYS[(number - 1) % len(WAYS)]
    if parent is None or way in state.task.off or not provable(state):
        return "fresh"
    same = [a.candidate for a in state.trials if a.candidate.parent == parent.candidate.id]
    stuck = any(c.way == "repair" and c.complaint for c in same)
    return "hint" if way == "repair" and stuck else way


def _start(state: State, asked: Sequence[Attempt], target: int) -> Way:
    """Return what an answer starts from: a model that copied the file is not shown it again.

    It is where nothing proves: nothing there would tell what the functions did from what a model
    makes up.
    """
    here = [a.candidate for a in asked if a.candidate.target == target]
    copied = any(c.complaint == SAME for c in here) and provable(state)
    return "anew" if copied and "anew" not in state.task.off else "fresh"


def _search_now(state: State, idea: Idea) -> bool:
    """Return whether to search before the model is asked again: early on what exists already.

    Some small edit satisfies almost any handful of examples: without tests beside them the model
    goes first.
    """
    asked = sum(a.candidate.origin == "model" for a in state.trials)
    weak = not goals(state) and not kept(state)
    first = all(a.candidate.parent is None for a in state.trials if a.candidate.origin == "search")
    after = 1 if idea.parent is None else EARLY
    return idea.skip > 0 or (first and asked >= after and not weak)


async def write(kit: Kit, state: State) -> Wrote:
    """Carry out the next idea and return what came of it."""
    idea = next_idea(state)
    assert idea is not None, "decide asked for a candidate although there is no idea left"
    if idea.origin == "search":
        return await search(kit, state, idea.target, idea.parent, idea.skip)
    return await _ask(kit, state, idea)


async def _ask(kit: Kit, state: State, idea: Idea) -> Wrote:
    step, task = state.step, state.task
    assert step is not None, "an idea belongs to a step"
    target = step.targets[idea.target]
    files = Files(kit.tree, finished(state, kit.tree))
    said, artefact = question(kit, state, target, idea, files)
    number = len(state.attempts)
    limit = min(
        task.budget.reply,
        task.budget.generated - state.usage.generated,
        _room(state, artefact, idea.target),
    )
    kit.live("step", f"candidate {len(state.trials) + 1}: {target.symbol or target.path}")
    sampling = drawn(idea.temperature, 1000 + number)
    reply = await ask(kit.model, said, limit, sampling, copies(kit, state, target))
    try:
        if reply.complaint:
            raise ToolError(reply.complaint)
        edits = read_answer(step, target, reply.text, files, off(state))
        complaint = _known(state, edits, files)
    except ToolError as error:
        edits, complaint = (), str(error)
    return Wrote(
        candidate=Candidate(
            id=number,
            step=len(state.chosen),
            origin="model",
            edits=() if complaint else edits,
            complaint=complaint,
            target=idea.target,
            parent=idea.parent,
            way=idea.way,
        ),
        usage=reply.usage,
        seconds=reply.seconds,
        temperature=idea.temperature,
        prompt=fingerprint(said),
        asked=said,
        answer=reply.text,
    )


def read_answer(
    step: Step, target: Target, text: str, files: Mapping[str, str], off: Sequence[str]
) -> tuple[Edit, ...]:
    """Return the edits an answer means, without what is `off`.

    Raises ToolError saying what is wrong with it.
    """
    before = files[target.path]
    way = manner(step, target)
    if not target.symbol:
        write = way == "write"
        file = whole_file(text, target.path, before) if write else patched(text, before)
        file = file if "imports" in off else completed(file, target.path, before)
        return (Edit(target.path, endings(file, before)),)
    old = "".join(lines(before)[target.first - 1 : target.last])
    if way == "edit":
        new = patched(text, old)
    else:
        new = one_symbol(text, target.symbol, old)
        # Long docstrings were not shown.
        new = new if "docstrings" in off else restored(new, old)
    made = Edit(target.path, endings(new, before), target.first, target.last)
    # What the answer itself imports comes along in any case.
    after = before if "imports" in off else apply((made,), files)[target.path]
    line, more = imports(text, target.symbol, before, after)
    above = Edit(target.path, endings(more, before), line, line - 1)
    return (made, above) if more else (made,)


def _known(state: State, edits: tuple[Edit, ...], files: Files) -> str:
    """Return a complaint when the code changes nothing, or repeats an earlier candidate."""
    if "duplicates" in state.task.off:
        return ""
    for edit in edits:
        old = "".join(lines(files[edit.path])[edit.first - 1 : edit.last])
        if _same(state, old, edit.text):
            return SAME
    mine = [(e.path, e.first, shape(e.text.lstrip())) for e in edits]
    for attempt in state.trials:
        theirs = [(e.path, e.first, shape(e.text.lstrip())) for e in attempt.candidate.edits]
        if theirs == mine:
            return f"The code is the same as candidate {attempt.candidate.id + 1}."
    return ""


def _same(state: State, old: str, new: str) -> bool:
    """Return whether a text changes nothing: where nothing proves, comments may be the task."""
    if provable(state):
        return shape(old.lstrip()) == shape(new.lstrip())
    return [row.rstrip() for row in lines(old)] == [row.rstrip() for row in lines(new)]


def endings(text: str, before: str) -> str:
    """Return a text whose lines end as they did before, those that are new as most did."""
    if "\r\n" not in before:
        return text
    old, new = lines(before), lines(text)
    was, now = ([row.rstrip("\r\n") for row in rows] for rows in (old, new))
    most = "\r\n" if 2 * before.count("\r\n") > before.count("\n") else "\n"
    found = SequenceMatcher(None, was, now, False).get_matching_blocks()
    stays = {same.b + n: old[same.a + n] for same in found for n in range(same.size)}
    return "".join(
        row + (stays.get(n, row)[len(row) :] or most) if new[n].endswith("\n") else row
        for n, row in enumerate(now)
    )


def _room(state: State, artefact: str, target: int) -> int:
    """Return how many tokens an answer may have: what the code has, or earlier answers had.

    Code with functions that are still to be written says nothing of how long they get. Edits are
    short.
    """
    if state.step and state.step.targets[target].long:
        return state.task.budget.reply // 3
    long = len([li for li in artefact.splitlines() if li.strip()]) > 12
    if long and not unwritten(artefact):
        return max(300, int(1.5 * tokens(artefact)))
    made = [a.candidate for a in state.trials if a.candidate.target == target]
    longest = max((tokens(e.text) for c in made for e in c.edits), default=0)
    if longest:
        return max(300, 2 * longest)
    # One answer that goes on and on must not cost what all the others need.
    return state.task.budget.reply // (2 if made else 1)
