"""What an agent is told without asking: what really changed and ran, and the files it was named."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from samovar.core.agent import Agent, used
from samovar.core.context import named
from samovar.core.offer import understood, wants
from samovar.core.talk import Conversation, Heard, Looked, Started, Used
from samovar.core.text import some
from samovar.core.tool import Call, Returned, Tool
from samovar.flow.localise import is_test

_RAN = ("shell", "python")
"""Tools that run programs."""
_WRITES = ("edit_file", "edit_text", "edit_symbol", "write_file", "nvim")
_QUESTION = re.compile(
    r"^\W*((in|to|from|at|on|by|with) )?"
    r"(what|where|which|who|whose|when|why|how|is|are|was|were|does|do|did|has|have)\b"
    r"|\b(explain|tell me|show me|describe)\b"
    r"|^(?!\W*(can|could|would|will) you\b).*\?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_HANDS_OFF = re.compile(
    r"\b(do not|don't|never|without) (chang|edit|touch|modif|writ)\w*"
    r"|\b(just|only) (look|read|review)",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"\w\.[a-z]{1,5}\b|\w_\w|\w\(|`\S+`|\b(files?|functions?|class(es)?|methods?|tests?|modules?|code"
    r"|scripts?|docstrings?|arguments?|parameters?|variables?|imports?|constants?|readme|bugs?)\b",
    re.IGNORECASE,
)
"""What a message is about that means a file: "write me a poem" does not."""
_ORDER = re.compile(
    r"\b(give|set|raise|put|move|must|shall|should)\b.*\w\.[a-z]{1,5}\b"
    r"|\w\.[a-z]{1,5}\b.*\b(must|shall|should)\b",
    re.IGNORECASE | re.DOTALL,
)
"""Words beside those of `core.offer` by which something of a named file is to be changed."""
_FILES = 3
"""Files of a message that are read at once."""
_PATH = re.compile(r"[\w./-]+")
_QUOTED = re.compile(r"[\"'`]([^\"'`\n]+)[\"'`]")
_IMPORT = re.compile(r"^\s*(?:from|import)\s+([\w.]+)", re.M)
_AROUND = "\"'`<>(){}[],;:!?."


def line(paths: Sequence[str], talk: Conversation) -> str:
    """Return in one line what is changed and what was run last."""
    facts = [f"changed: {some(paths, 4)}" if paths else UNCHANGED]
    ran = [i.result for i in talk.items if isinstance(i, Used)]
    last = next((r for r in reversed(ran) if r.ok and r.call.tool in _RAN), None)
    if last is not None:
        facts.append(f"last run: {named(last.call, 60)} {last.text.splitlines()[0][:60]}")
    return "; ".join(facts)


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
    modules = (f"{name.replace('.', '/')}.py" for name in _IMPORT.findall(text))
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


TRIED = "python -m pytest -q"
"""How the tests of a turn are run behind a change."""
_STILL_RED = re.compile(rf"^{TRIED} [^\n]*: exit [1-9]", re.MULTILINE)
CALLS = 4
"""Calls after which a model may speak in any case."""
LOOKS = 2
"""Of them, those that may look before the first that changes something."""


def must(talk: Conversation, tools: Sequence[Tool]) -> Sequence[Tool]:
    """Return the tools of which one has to be called now: something is to be changed, nothing is.

    A small model that has read a file speaks as if its work were done, or has a shell say so.
    """
    order = _order(talk)
    results = [i.result for i in talk.present if isinstance(i, Used)]
    # What a message brings along was not called by the model and has no name.
    called = [r for r in results if r.call.id]
    if not _orders(order) or not _CODE.search(order):
        asks = _QUESTION.search(order) is not None and understood(order)
        known = bool(called) and not _failed(called[-1])
        if not asks or known or len(called) > LOOKS:
            return []
        return _looking(tools, len(called) < len(results))
    wrote = [r for r in called if r.call.tool in _WRITES]
    if len(called) >= CALLS or (wrote and _done(wrote[-1])) or _forbidden(called):
        return []
    seen = len(called) < len(results) or len(called) >= LOOKS
    hard = wrote[-1].call.tool if wrote and wrote[-1].call.tool != "edit_file" else ""
    free = [t for t in tools if t.name in _WRITES and t.name != hard]
    return free + [t for t in tools if t.permission == "read" and not seen]


def _forbidden(called: Sequence[Returned]) -> bool:
    """Whether the rules or the person said no: nobody is asked twice."""
    return any(not r.ok and r.text.startswith("not permitted") for r in called)


def _done(wrote: Returned) -> bool:
    return wrote.ok and not _STILL_RED.search(wrote.text)


def _orders(asked: str) -> bool:
    """Whether a file is to be changed, as far as words tell."""
    if _QUESTION.search(asked) or _HANDS_OFF.search(asked):
        return False
    return wants(asked, "write") or _ORDER.search(asked) is not None


def _failed(result: Returned) -> bool:
    return not result.ok or re.match(r"exit [^0]|Traceback ", result.text) is not None


def _order(talk: Conversation) -> str:
    """Return what is wanted: what a person said in this turn, of a team's task its title."""
    if talk.began is not None and talk.began.task:
        return talk.began.title
    return asked(talk)


def asked(talk: Conversation) -> str:
    """Return what was asked since the last answer: "go on" means what it stands behind."""
    since = min(talk.since, talk.opened)
    return "\n".join(i.text for i in talk.items[since:] if isinstance(i, Heard))


def _looking(tools: Sequence[Tool], read: bool) -> Sequence[Tool]:
    look = [t for t in tools if t.permission in ("read", "run")]
    return [t for t in look if t.name != "read_file"] if read else look


def doubt(answer: str, talk: Conversation) -> str:
    """Return what speaks against an answer; empty where nothing does.

    Small models say that something is done when it is not. A sharp fact, told once, helps.
    """
    looked = next((i for i in reversed(talk.items) if isinstance(i, Looked)), Looked())
    used = [i.result for i in talk.present if isinstance(i, Used)]
    if _orders(_order(talk)) and looked.facts.startswith(UNCHANGED):
        if _CHANGED.search(answer):
            return f"you say that something was changed, but {UNCHANGED}: {_DO_IT}"
        if used and not _HONEST.search(answer):
            return f"you were asked to change something, and {UNCHANGED}: {_DO_IT}"
    if _PASS.search(answer) and not any(r.call.tool in _RAN or TRIED in r.text for r in used):
        return "you say that tests pass, but ran none: run them, or say that you did not"
    return ""
