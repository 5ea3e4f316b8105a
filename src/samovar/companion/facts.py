"""What an agent is told without asking: what really changed and ran, and the files it was named."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from samovar.companion.orders import TRIED, WRITES, order_of
from samovar.core.agent import Agent, used
from samovar.core.context import named
from samovar.core.talk import Conversation, Looked, Started, Told, Used
from samovar.core.text import file_names, flat, one_line
from samovar.core.tool import Call, Returned
from samovar.core.wish import orders
from samovar.flow.localise import is_test

_RAN = ("shell", "python")
"""Tools that run programs."""
_FILES = 3
"""Files of a message that are read at once."""
_PATH = re.compile(r"[\w./-]+")
_QUOTED = re.compile(r"[\"'`]([^\"'`\n]+)[\"'`]")
_IMPORT = re.compile(r"^\s*(?:from|import)\s+([\w.]+)", re.M)
_LAST, _BEFORE = "last run:", "last run, before the last change:"
_TRIED = re.compile(rf"^{TRIED} [^\n]*", re.MULTILINE)
"""How an edit tells of the tests it ran."""
TOOK_BACK = "the person took back your last changes"
_AROUND = "\"'`<>(){}[],;:!?."


def line(paths: Sequence[str], ran: str) -> str:
    """Return in one line what is changed, and what was run last."""
    changed = f"changed: {file_names(paths, 4)}" if paths else UNCHANGED
    return "; ".join(filter(None, (changed, ran)))


def ran(talk: Conversation) -> str:
    """Return what was run last and what came of it; nothing where nothing was.

    What a look at an earlier time found counts on, since a hand-over leaves the calls behind.
    """
    said = ""
    for item in talk.items:
        match item:
            case Looked(ran=before) if before:
                said = before
            case Used(result=Returned(ok=True) as result):
                said = _after(result, said)
            case Told(text=text) if text.startswith(TOOK_BACK):
                said = _stale(said)
    return said


def _after(result: Returned, said: str) -> str:
    """Return what was run last, once a call was carried out."""
    tried = _TRIED.search(result.text) if result.call.tool == "edit_file" else None
    if tried is not None:
        return f"{_LAST} {one_line(flat(tried[0]), 120)}"
    if result.call.tool in _RAN:
        return f"{_LAST} {named(result.call, 60)} {_came(result)}"
    return _stale(said) if result.call.tool in WRITES else said


def _stale(said: str) -> str:
    return said.replace(_LAST, _BEFORE, 1) if said.startswith(_LAST) else said


def _came(result: Returned) -> str:
    """Return the first line of what a program showed; words that are the program's are quoted."""
    first = one_line(flat(result.text.strip().partition("\n")[0]), 60)
    return first if result.call.tool == "shell" else json.dumps(first, ensure_ascii=False)


def begun(events: Iterable[object], tool: str) -> bool:
    """Whether a call of a tool was ever begun."""
    return any(isinstance(e, Started) and e.call.tool == tool for e in events)


def mentioned(text: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the first few files a message names, by their whole path or their plain name.

    A name that several files have means none of them.
    """
    found: dict[str, None] = {}
    for path in _named(text, known):
        if path in known:
            found[path] = None
        elif "." in path:
            alike = [p for p in known if p.endswith(f"/{path}")]
            found |= dict.fromkeys(alike if len(alike) == 1 else ())
    return tuple(found)[:_FILES]


async def attached(text: str, known: Collection[str], agent: Agent) -> list[Used]:
    """Read the files a message names, as calls would: a small model forgets to.

    With a test come the files that it tests.
    """
    if "read_file" not in {t.name for t in agent.tools()}:
        return []
    paths, found = list(mentioned(text, known)), list[Used]()
    for path in paths:
        found.append(await used(Call("read_file", {"path": path}), agent))
        if is_test(path) and len(paths) < _FILES:
            more = [p for p in tested(found[-1].result.text) if p in known and p not in paths]
            paths += more[: _FILES - len(paths)]
    return found


def tested(text: str) -> tuple[str, ...]:
    """Return where what a test imports may lie."""
    names = (name for name in _IMPORT.findall(text) if not name.startswith("."))
    modules = (f"{name.replace('.', '/')}.py" for name in names)
    return tuple(dict.fromkeys(p for m in modules for p in (m, f"src/{m}")))


def _named(text: str, known: Collection[str]) -> Iterator[str]:
    """Yield what may be a path: a known one in quotes or of any letters first, else its pieces."""
    yield from (name for name in _QUOTED.findall(text) if name in known)
    rest = _QUOTED.sub(lambda m: "" if m[1] in known else m[0], text)
    for word in rest.split():
        whole = [w for w in (word, word.rstrip(_AROUND), word.strip(_AROUND)) if w in known]
        pieces = (p.rstrip(".").removeprefix("./") for p in _PATH.findall(word))
        yield from whole[:1] or pieces


def stands(talk: Conversation, result: Returned) -> bool:
    """Whether the present context shows this very result of reading a file."""
    return any(
        isinstance(i, Used)
        and i.result.call.arguments.get("path") == result.call.arguments["path"]
        and i.result.text == result.text
        and place not in talk.short
        for place, i in enumerate(talk.items)
    )


_CHANGED = re.compile(
    r"\b(i|has been|have been|was|were|is|are)( now| been)? ?"
    r"(changed|fixed|mended|corrected|updated|added|created|written|wrote|implemented|renamed|"
    r"removed|replaced|refactored)\b",
    re.IGNORECASE,
)
_HONEST = re.compile(r"\?|\b(not|no|cannot|nothing|unable|already)\b|n't\b", re.IGNORECASE)
"""What an answer says that asks back, or that tells of what was not done."""
_PASS = re.compile(r"\b(tests?|it|they|all)( now| all)* pass(es|ed)?\b", re.IGNORECASE)
_DO_IT = "call a tool that changes it now; or say that it is not done and why"
UNCHANGED = "no file is changed"


def doubt(answer: str, talk: Conversation) -> str:
    """Return what speaks against an answer; empty where nothing does.

    Small models say that something is done when it is not. A sharp fact, told once, helps.
    """
    looked = next((i for i in reversed(talk.items) if isinstance(i, Looked)), Looked())
    used = [i.result for i in talk.present if isinstance(i, Used)]
    if orders(order_of(talk)) and looked.facts.startswith(UNCHANGED):
        if _CHANGED.search(answer):
            return f"you say that something was changed, but {UNCHANGED}: {_DO_IT}"
        if used and not _HONEST.search(answer):
            return f"you were asked to change something, and {UNCHANGED}: {_DO_IT}"
    if _PASS.search(answer) and not any(r.call.tool in _RAN or TRIED in r.text for r in used):
        return "you say that tests pass, but ran none: run them, or say that you did not"
    return ""
