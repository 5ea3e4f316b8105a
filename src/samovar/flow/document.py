"""Document: the commit message and, where it is true, a line in the CHANGELOG."""

import difflib
import re

from samovar.core.errors import ModelError, ToolError
from samovar.core.event import Documented
from samovar.core.message import Usage
from samovar.core.state import State
from samovar.core.task import Candidate, Edit
from samovar.flow.kit import Kit
from samovar.flow.speak import ask, cut, plain, prompt
from samovar.flow.work import Files, finished

SUBJECT = 66
LIMIT = 40
"""Generated tokens of the answer."""
_VERB = re.compile(r"^[A-Za-z]+e?s?\b")


async def document(kit: Kit, state: State) -> Documented:
    """Write the commit message and bring the CHANGELOG up to date, if the project keeps one."""
    kit.live("step", "documenting")
    changed = finished(state, kit.tree)
    subject, usage, calls, seconds = await _subject(kit, state, changed)
    kind = _kind(state, changed, kit)
    message = f"{kind}: {subject}"
    edits = _changelog(kit, changed, subject, kind)
    return Documented(
        candidate=Candidate(id=-1, step=len(state.chosen), origin="model", edits=edits),
        message=message,
        usage=usage,
        calls=calls,
        seconds=seconds,
    )


async def _subject(
    kit: Kit, state: State, changed: dict[str, str]
) -> tuple[str, Usage, int, float]:
    fallback = plain_subject(state.task.text)
    if "message" in state.task.off:
        return fallback, Usage(), 0, 0.0
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
        reply = await ask(kit.model, plain(asked), LIMIT, kit.manner(0.0, 3))
    except ModelError:
        # The work is done and proved; a missing sentence must not lose it.
        return fallback, Usage(), 0, 0.0
    subject = read_subject(reply.text) or fallback
    return subject, reply.usage, 1, reply.seconds


def read_subject(text: str) -> str:
    """Return the usable subject line of an answer, or an empty string."""
    lines = [li.strip(" `\"'*#-.") for li in text.splitlines() if li.strip(" `\"'*#-.")]
    lines = [li for li in lines if not li.lower().startswith(("python", "diff", "commit"))]
    subject = re.sub(
        r"^(feat|fix|docs|chore|refactor|test)(\([^)]*\))?!?:\s*", "", lines[0] if lines else ""
    )
    if not subject or len(subject) > SUBJECT or "```" in subject or not _VERB.match(subject):
        return ""
    if subject.count("`") % 2:
        subject = subject.replace("`", "")
    return subject[0].lower() + subject[1:]


def plain_subject(task: str) -> str:
    """Return the first words of a task as a subject line."""
    first = next((li.strip(" #*.") for li in task.splitlines() if li.strip(" #*`.")), "change")
    if len(first) <= SUBJECT:
        return first
    return first[: SUBJECT - 3].rsplit(" ", 1)[0] + "..."


def _kind(state: State, changed: dict[str, str], kit: Kit) -> str:
    if all(p.endswith((".md", ".rst", ".txt")) for p in changed):
        return "docs"
    words = state.task.text.lower()
    new = any(p not in kit.tree.paths() for p in changed)
    bug = re.search(r"\b(bug|fix|wrong|fails?|raises?|error|crash|incorrect|hangs?)\b", words)
    return "fix" if bug and not new else "feat"


def _changelog(kit: Kit, changed: dict[str, str], subject: str, kind: str) -> tuple[Edit, ...]:
    names = [p for p in kit.tree.paths() if p.lower() in ("changelog.md", "changes.md")]
    if not names or kind == "docs":
        return ()
    try:
        stored = Files(kit.tree, changed)[names[0]]
    except ToolError:
        return ()
    text = stored.replace("\r\n", "\n")
    end = "\r\n" if "\r\n" in stored else "\n"
    line = f"- {subject[0].upper()}{subject[1:]}.\n"
    found = re.search(r"^## \[?unreleased\]?.*\n+", text, re.I | re.M)
    if found is None or line in text:
        # A changelog without an open section is written by somebody at release time.
        return ()
    heading = "### Fixed" if kind == "fix" else "### Added"
    section = re.split(r"^## ", text[found.end() :], maxsplit=1, flags=re.M)[0]
    place = section.find(heading + "\n")
    if place >= 0:
        at = found.end() + place + len(heading) + 1
        at += len(text[at:]) - len(text[at:].lstrip("\n"))
        return (_insert(names[0], text, at, line.replace("\n", end)),)
    block = line if re.match(r"[-*] ", section) else f"{heading}\n\n{line}\n"
    return (_insert(names[0], text, found.end(), block.replace("\n", end)),)


def _insert(path: str, text: str, at: int, block: str) -> Edit:
    number = text[:at].count("\n") + 1
    return Edit(path, block, number, number - 1)
