"""The scribe: an agent says what is to change in a file, the model is asked for the code alone.

Small models seldom get a quoted edit right within a call, and code in a block they do
(docs/decisions/0025). So the call names the file and says what shall be different; one question
without the conversation shows the file and is answered with code, read as `samovar do` reads it.
"""

import asyncio
import re
import shlex
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from samovar.companion.facts import tested
from samovar.companion.orders import TRIED, asked, must
from samovar.companion.renaming import nothing, renamed, speaks
from samovar.companion.seat import FEW
from samovar.core.agent import Agent, Limits
from samovar.core.errors import ToolError
from samovar.core.message import Message, Usage
from samovar.core.rules import Decision, decide, perform, sight
from samovar.core.seams import Model
from samovar.core.talk import Conversation, Used
from samovar.core.task import Edit, Step, Target, apply, lines
from samovar.core.text import flat, letters
from samovar.core.tool import Call, Returned, Tool, tool
from samovar.flow.answer import MARKDOWN, completed, whole_file
from samovar.flow.build import endings, read_answer
from samovar.flow.localise import is_test, targets
from samovar.flow.passages import passages
from samovar.flow.plan import is_short
from samovar.flow.question import PROMPTS, SHARE, place, told
from samovar.flow.source import Symbol, defined, module_of, shape, symbols
from samovar.flow.speak import ask, cut, drawn, language, messages, plain, prompt, tokens
from samovar.flow.undefined import undefined
from samovar.flow.work import manner
from samovar.tools.beneath import Missing
from samovar.tools.edit import difference, put
from samovar.tools.soundness import check
from samovar.tools.workspace import Text, Workspace

HARD = frozenset({"edit_text", "edit_symbol", "write_file", "nvim"})
"""Tools by which a small model would have to quote, to program or to write within a call."""
ALIKE = ("read_file", "edit_text")
"""What edit_file does: where the rules keep these from a path, it is kept from it, too."""
TRIES = 3
"""Answers a change may take; each after the first is drawn warmer."""
WARM = 0.7
SAME = "the code is the same as before"
SHORTEST = 300
"""Tokens that an answer about a file may have in any case."""
BESIDE = 400
"""Tokens of each other file of the turn that is shown beside, and of what the last program said."""
_TALK = re.compile(r"\b(comment|doc|docstring|document|describe|format|header|licen[cs]e)", re.I)
"""What is asked for where comments are all that changes."""
_LESS = re.compile(r"\b(remov|delet|drop|shorten|simplif|empty|replac|rewrit|clean|only)", re.I)
_NEW = re.compile(r"\b(add|create|write|new)\b[^.\n]*\b(function|method|class|test)", re.I)
_RED = r"(fails?|failing|failed|red|broken?|breaks?)"
_FAILS = re.compile(rf"\btests?\b[^\n]{{0,80}}\b{_RED}\b|\b{_RED} tests?\b", re.I)
_TEST_ITSELF = re.compile(
    r"\b(write|add|change|update|rewrite|rename) (a |the |another |one more )?(new )?tests?\b"
    r"|\btests? (is|are) wrong\b|\bexpects?\b[^\n]{0,60}\bbut\b",
    re.I,
)


@dataclass
class Scribe:
    """Writes files for an agent in its workspace."""

    place: Workspace
    model: Model
    limits: Limits
    talk: Callable[[], Conversation]
    denied: Callable[[str, str], str]
    """Says why the rules keep another tool from a path; empty where they let it."""
    use: Callable[[Call], Awaitable[Returned | None]]
    """Carries out a call of another tool; None where the rules do not simply allow it."""
    _usage: Usage = field(default=Usage(), init=False)

    def spent(self) -> Usage:
        """Return the tokens since it was last asked."""
        found, self._usage = self._usage, Usage()
        return found

    async def changed(self, path: str, change: str) -> str:
        """Change or make a file; return the difference. Raises ToolError with nothing written."""
        if why := next(filter(None, (self.denied(path, name) for name in ALIKE)), ""):
            raise ToolError(f"not permitted: {why}")
        self._object(path)
        old = await asyncio.to_thread(self._old, path)
        if old is None and (why := self.denied(path, "write_file")):
            raise ToolError(f"not permitted: {why}")
        before = old.text if old else ""
        if (new := renamed(self.asked(), path, before)) is not None:
            return await self._done(path, old, (Edit(path, new),))
        if why := nothing(self.asked(), change, before):
            raise ToolError(f"{path}: {why}")
        step = self._step(path, before, change)
        said = self._question(step, before, change, await self._tried())
        why, times = "", self._times(path)
        for number in range(times, times + TRIES):
            reply = await ask(
                self.model,
                said if why != SAME else _pressed(said),
                self._room(before),
                drawn(WARM * bool(number), number),
            )
            self._usage += reply.usage
            try:
                if reply.complaint:
                    raise ToolError(reply.complaint)
                edits = self._read(step, reply.text, before, change)
                return await self._done(path, old, edits)
            except ToolError as error:
                why = str(error)
        if edits := _given(path, before, change):
            return await self._done(path, old, edits)
        raise ToolError(f"{path} was not changed, {TRIES} answers were of no use; the last: {why}")

    def _room(self, before: str) -> int:
        """Return how many tokens an answer may have: what is new is rarely long."""
        if not before:
            return self.limits.reply // 2
        return min(self.limits.reply, max(SHORTEST, 2 * tokens(before)))

    def _old(self, path: str) -> Text | None:
        try:
            return self.place.read(path)
        except Missing:
            return None

    def narrowed(self, tool: Tool) -> Tool:
        """Return a tool as its next call has to be: of a failing test the code is to be edited."""
        code = tuple(self._tested()) if tool.name == "edit_file" else ()
        if not code:
            return tool
        kept = [
            (f.name, f.type) for f in msgspec.structs.fields(tool.arguments) if f.name != "path"
        ]
        narrow = msgspec.defstruct(tool.name, [("path", Literal[code]), *kept], kw_only=True)
        return replace(tool, arguments=narrow)

    def _object(self, path: str) -> None:
        """Raise ToolError for the test whose failure is to be mended."""
        if is_test(path) and (code := self._tested()):
            way = f"call edit_file with path {code[0]}, or say why the test is wrong"
            raise ToolError(f"{path} is the test that fails: {way}")

    def _tested(self) -> list[str]:
        """Return what the tests of this turn test, if one is said to fail."""
        said = self.asked()
        if not _FAILS.search(said) or _TEST_ITSELF.search(said):
            return []
        seen = dict(self._seen(""))
        found = [p for path, text in seen.items() if is_test(path) for p in tested(text)]
        code = [p for p in dict.fromkeys(found) if self.place.exists(p)]
        # Whatever else the person named may be meant as well.
        return [*code, *(p for p in seen if not is_test(p) and p not in code)] if code else []

    def _read(self, step: Step, text: str, before: str, change: str) -> tuple[Edit, ...]:
        """Return the edits that an answer means. Raises ToolError for one that loses something."""
        (target,) = step.targets
        if step.strategy != "write" or target.path.endswith(MARKDOWN):
            return read_answer(step, target, text, {target.path: before}, ())
        # Not held to the names that were there: they may be what is to be renamed or removed.
        new = completed(whole_file(text, target.path, ""), target.path, before)
        said = f"{self.asked()}\n{change}"
        here, there = _names(target.path, before), _names(target.path, new)
        lost = [n for n in sorted(here - there) if not speaks(said, n.rsplit(".", 1)[-1])]
        if lost:
            raise ToolError(f"the answer leaves out {lost[0]}, of which nothing was said")
        if 2 * len(new.splitlines()) < len(before.splitlines()) and not _LESS.search(said):
            raise ToolError("the answer leaves out more than half of the file: write all of it")
        same = target.path.endswith(".py") and shape(before) == shape(new)
        if before and same and not _TALK.search(said):
            raise ToolError(SAME)
        new = endings(new, before) if before else self._linked(new, target.path)
        return (Edit(target.path, new),)

    def _linked(self, text: str, path: str) -> str:
        """Return new Python that imports what it uses of the files the turn has seen."""
        lacking = undefined(text).keys() if path.endswith(".py") else set[str]()
        imports = [
            f"from {module_of(other)} import {', '.join(names)}\n"
            for other, code in self._seen(path)
            if (names := sorted(lacking & defined(code))) and other.endswith(".py")
        ]
        return "".join([*imports, *("\n" * bool(imports)), text])

    async def _done(self, path: str, old: Text | None, edits: tuple[Edit, ...]) -> str:
        return await asyncio.to_thread(self._put, path, old, edits) + await self._tried()

    def _put(self, path: str, old: Text | None, edits: tuple[Edit, ...]) -> str:
        text = apply(edits, {path: old.text if old else ""})[path]
        if old is not None:
            return f"changed {path}{put(self.place, path, old, text)}"
        check(path, text)
        self.place.write(path, Text(text))
        return f"made {path}\n{difference('', text)}"

    async def _tried(self) -> str:
        """Run the tests that are said to fail; return what they say now, nothing without pytest."""
        tests = [path for path, _ in self._seen("") if is_test(path)] if self._tested() else []
        if not tests:
            return ""
        command = f"{TRIED} {shlex.join(tests)}"
        ran = await self.use(Call("shell", {"command": command}))
        if ran is None or not ran.ok or "No module named pytest" in ran.text:
            return ""
        return f"\n{command}: {cut(ran.text, BESIDE)}"

    def _step(self, path: str, before: str, change: str) -> Step:
        """Return what is asked for: the whole file, one function that is named, or edits."""
        if is_short(before, self.limits.context):
            return Step(title=path, strategy="write", targets=(Target(path),))
        if one := _named(f"{change}\n{self.asked()}", path, before):
            (target,) = targets([(0.0, one)], 1, self.limits.reply)
            return Step(title=path, strategy="localise-repair", targets=(target,))
        return Step(title=path, strategy="edit", targets=(Target(path),))

    def _question(self, step: Step, before: str, change: str, failure: str) -> tuple[Message, ...]:
        (target,) = step.targets
        said = self.asked()
        # The first time the person's own words say it best, where they name the file.
        named = re.search(rf"(?<![\w./-]){re.escape(target.path)}(?![\w/-])", said)
        own = change.strip() in said or (named and not self._times(target.path))
        task = said if own else f"{said}\n\nIn `{flat(target.path)}`: {change}"
        task = cut(task, told(self.limits.context))
        text = "".join(lines(before)[target.first - 1 : target.last])
        way = manner(step, target)
        if way == "edit":
            text = passages(text, task, self.limits.context // SHARE)
        words = prompt(
            PROMPTS[way],
            task=task,
            path=flat(target.path),
            place=place(flat(target.path), target.symbol),
            name=target.symbol.rsplit(".", 1)[-1],
            language=language(target.path),
            context="".join(self._beside(target.path, failure)),
            text=text.rstrip("\n"),
        )
        return plain(words) if way == "write" else messages(words)

    def asked(self) -> str:
        """Return what the person asked for."""
        return asked(self.talk())

    def _times(self, path: str) -> int:
        """Return how often a file was to be changed in this turn before."""
        calls = (i.result.call for i in self.talk().present if isinstance(i, Used))
        return sum(c.tool == "edit_file" and c.arguments.get("path") == path for c in calls)

    def _used(self) -> list[Returned]:
        return [i.result for i in self.talk().present if isinstance(i, Used) and i.result.ok]

    def _seen(self, path: str) -> Iterator[tuple[str, str]]:
        """Yield the other files that were read in this turn, as they are now."""
        read = (
            str(r.call.arguments.get("path")) for r in self._used() if r.call.tool == "read_file"
        )
        for other in dict.fromkeys(read):
            try:
                text = self.place.read(other).text
            except (ToolError, OSError):
                continue  # gone, or no text any more
            if other != path:
                yield other, text

    def _beside(self, path: str, failure: str) -> Iterator[str]:
        """Yield what else the writer needs: files that were read in the turn, the last run."""
        for other, text in self._seen(path):
            shown = cut(letters(text), BESIDE).rstrip()
            yield f"`{flat(other)}`:\n\n```{language(other)}\n{shown}\n```\n\n"
        ran = [r.text for r in self._used() if r.call.tool in ("shell", "python")]
        if said := failure.strip() or "".join(ran[-1:]):
            yield f"The last run said:\n\n{cut(said, BESIDE).rstrip()}\n\n"


def _pressed(said: tuple[Message, ...]) -> tuple[Message, ...]:
    """Return a question for a model that gave back what it was shown."""
    *front, last = said
    return (*front, Message("user", f"{last.text}\n\nAs it is now it is wrong: change it."))


def equip(agent: Agent, talk: Callable[[], Conversation]) -> Agent:
    """Return an agent as its model needs it: who is shown few tools has its files written.

    It then also acts before it speaks, where something is to be changed.
    """
    if agent.limits.shown > FEW or "edit_text" not in {t.name for t in agent.tools()}:
        return agent
    broker = agent.broker
    place = Workspace(Path(broker.root), sight=sight(broker.rules, broker.root))

    def verdict(call: Call) -> Decision:
        found = [t for t in tools() if t.name == call.tool]
        if not found:
            return Decision("deny", f"{call.tool} is none of the agent's tools")
        return decide(broker.rules, found[0], call, broker.root)

    def denied(path: str, name: str) -> str:
        own_word = verdict(Call(name, {"path": path}))
        if (
            own_word.verdict == "ask"
            and verdict(Call("edit_file", {"path": path})).verdict != "ask"
        ):
            return f"the rules ask a person about {name} here"
        return own_word.why if own_word.verdict == "deny" else ""

    async def use(call: Call) -> Returned | None:
        allowed = verdict(call).verdict == "allow"
        return await perform(call, agent.tools(), broker) if allowed else None

    scribe = Scribe(place, agent.model, agent.limits, talk, denied, use)
    own = edit_file(scribe)

    def tools() -> Sequence[Tool]:
        return (own, *agent.tools())

    def held(now: Conversation, shown: Sequence[Tool]) -> Sequence[Tool]:
        return [scribe.narrowed(tool) for tool in must(now, shown)]

    return replace(agent, tools=tools, hidden=HARD, must=held, spent=scribe.spent)


def edit_file(scribe: Scribe) -> Tool:
    """Return the tool by which an agent has a file written."""

    async def edit_file(
        path: Annotated[str, Meta(description="the one file, relative to the workspace")],
        change: Annotated[
            str, Meta(description="what shall be different, in words, with every name and value")
        ],
    ) -> str:
        """Change or create one file: say what to change, it is written for you."""
        return await scribe.changed(path, change)

    example = {"path": "app.py", "change": "add() must return the sum of a and b, not a - b"}
    return tool(edit_file, "write", example)


def _given(path: str, before: str, change: str) -> tuple[Edit, ...]:
    """Return the one function that a change gives as code, where words are due; none for words."""
    here = {symbol.name: symbol for symbol in symbols(path, before)} if path.endswith(".py") else {}
    new = [symbol for symbol in symbols(path, change) if symbol.name in here]
    if len(new) != 1 or shape(new[0].text) == shape(here[new[0].name].text):
        return ()
    old, (one,) = here[new[0].name], new
    text = one.text if one.text.endswith("\n") else one.text + "\n"
    return (Edit(path, endings(text, before), old.first, old.last),)


def _named(words: str, path: str, before: str) -> Symbol | None:
    """Return the one function of a Python file that words name; None where something is new."""
    found = [s for s in symbols(path, before) if speaks(words, s.name.rsplit(".", 1)[-1])]
    return found[0] if len(found) == 1 and not _NEW.search(words) else None


def _names(path: str, text: str) -> frozenset[str]:
    """Return what a file defines at its top, and its methods."""
    return defined(text) | {symbol.name for symbol in symbols(path, text)}
