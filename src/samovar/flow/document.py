"""Document: the commit message and, where they are true, lines of CHANGELOG and README."""

import difflib
import re
from collections.abc import Mapping
from functools import partial

from samovar.core.errors import ModelError, ToolError
from samovar.core.event import Documented
from samovar.core.seams import Tree, text_of
from samovar.core.state import State
from samovar.core.task import Candidate, Edit
from samovar.flow.changelog import HEADINGS, insert
from samovar.flow.commits import kind
from samovar.flow.kit import Kit
from samovar.flow.readme import updated
from samovar.flow.receipt import concluded
from samovar.flow.search import difference
from samovar.flow.source import parse
from samovar.flow.speak import Aside, aside, cut, drawn, plain, prompt
from samovar.flow.work import Files, affords, finished

CHANGELOGS = ("changelog.md", "changes.md")
READMES = ("readme.md", "docs/readme.md")
SUBJECT = 66
LIMIT = 40
"""Generated tokens of the answer."""
_VERB = re.compile(r"^[A-Za-z]+e?s?\b")


async def document(kit: Kit, state: State) -> Documented:
    """Write the commit message and bring CHANGELOG and README up to date, if they are kept."""
    kit.live("step", "documenting")
    changed = finished(state, kit.tree)
    subject, said = await _subject(kit, state, changed)
    sort = kind(tuple(changed), state.task.text)
    line = subject[0].upper() + subject[1:] if sort in HEADINGS and _shown(state) else ""
    edits = _notes(kit, changed, line, sort)
    return Documented(
        candidate=Candidate(id=-1, step=len(state.chosen), origin="model", edits=edits),
        message=f"{sort}: {subject}",
        usage=said.usage,
        calls=said.calls,
        seconds=said.seconds,
        asked=said.asked,
        answer=said.answer,
    )


async def _subject(kit: Kit, state: State, changed: dict[str, str]) -> tuple[str, Aside]:
    fallback = plain_subject(state.task.text)
    if not affords(state, LIMIT) or "message" in state.task.off:
        return fallback, Aside()
    files = Files(kit.tree, {})
    diff = "\n".join(
        line
        for path, text in changed.items()
        for line in difflib.unified_diff(
            files[path].splitlines(), text.splitlines(), path, path, lineterm="", n=1
        )
    )
    asked = prompt("message", task=cut(state.task.text, 300), diff=cut(diff, 500))
    try:
        said = await aside(kit.model, plain(asked), LIMIT, drawn(0.0, 3))
    except ModelError:
        # The work is done and proved; a missing sentence must not lose it.
        return fallback, Aside()
    return read_subject(said.answer) or fallback, said


def read_subject(text: str) -> str:
    """Return the usable subject line of an answer, or an empty string where it begins with code."""
    lines = [li.strip(" `\"'*#-.") for li in text.splitlines() if li.strip(" `\"'*#-.")]
    lines = [li for li in lines if not li.lower().startswith(("python", "diff", "commit"))]
    lines = [li for li in lines if not li.endswith(":") or _code(li)]
    subject = re.sub(
        r"^(feat|fix|docs|chore|refactor|test)(\([^)]*\))?!?:\s*", "", lines[0] if lines else ""
    )
    if not subject or len(subject) > SUBJECT or "```" in subject or not _VERB.match(subject):
        return ""
    if _code(subject):
        return ""
    if subject.count("`") % 2:
        subject = subject.replace("`", "")
    return subject[0].lower() + subject[1:]


def _code(line: str) -> bool:
    """Return whether a line is Python, by itself or as the head of a block."""
    return parse(line) is not None or parse(f"{line} pass") is not None


def plain_subject(task: str) -> str:
    """Return the first words of a task as a subject line."""
    first = next((li.strip(" #*.") for li in task.splitlines() if li.strip(" #*`.")), "change")
    if len(first) <= SUBJECT:
        return first
    return first[: SUBJECT - 3].rsplit(" ", 1)[0] + "..."


def _shown(state: State) -> bool:
    """Return whether something speaks for the change itself, not only for what was there before."""
    verdict = concluded(state)
    return verdict is not None and verdict.passed and verdict.proof not in ("runs", "none")


def _defined(tree: Tree, changed: Mapping[str, str], name: str) -> int:
    """Return how many functions and methods of the changed project have a name."""
    paths = {p for p in (*tree.paths(), *changed) if p.endswith(".py")}
    texts = (changed[p] if p in changed else text_of(tree, p) for p in paths)
    found = re.compile(rf"^[ \t]*(?:async +)?def +{re.escape(name)}\b", re.M)
    return sum(len(found.findall(text)) for text in texts)


def _notes(kit: Kit, changed: dict[str, str], line: str, sort: str) -> tuple[Edit, ...]:
    """Return the edits of the CHANGELOG and the README, where they keep what has changed.

    Without a line the CHANGELOG is left alone.
    """
    edits: list[Edit] = []
    files = Files(kit.tree, changed)
    for path in kit.tree.paths():
        name = path.lower()
        if path in changed or name not in (*CHANGELOGS, *READMES):
            continue
        try:
            text = files[path]
        except ToolError:
            continue
        if name in CHANGELOGS:
            new = insert(text, line, sort)
        else:
            before = Files(kit.tree, {})
            known = partial(_defined, kit.tree, changed)
            new = updated(text, {p: (before[p], t) for p, t in changed.items()}, known)
        if new != text:
            edits.append(difference(path, text, new))
    return tuple(edits)
