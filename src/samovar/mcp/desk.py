"""What the tools of the server do, over one repository."""

import asyncio
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from samovar.app import App, Summary, Wish
from samovar.core.errors import SamovarError, ToolError
from samovar.core.event import Entry
from samovar.core.talk import replay
from samovar.core.text import letters
from samovar.core.tool import Tool, tool
from samovar.flow.kit import Word
from samovar.mcp.talks import KINDS, OPEN, standing, talked
from samovar.mcp.telling import Told, cut, open_question, question, told
from samovar.settings import Settings
from samovar.workshop import Order, Workshop

BEGIN = 30.0
"""Seconds `submit` waits for the run's name; a model may have to be started first."""
LOOK = 0.2
_MOST = 200
"""Events of one answer."""
_LARGE = 40_000
"""Bytes of events after which an answer ends; the last may be some 100,000 itself."""

Run = Annotated[str, Meta(description="name of the run, or its beginning; empty for the latest")]
Digest = Annotated[
    str, Meta(min_length=16, max_length=128, description="the digest that was asked about, whole")
]


@dataclass(frozen=True)
class Desk:
    """The runs of one repository, for reading and for work."""

    app: App
    workshop: Workshop
    settings: Settings

    async def submit(
        self,
        task: Annotated[str, Meta(min_length=1, description="what is to be done, in plain words")],
        files: Annotated[list[str], Meta(description="files to work on, if known")] = [],  # noqa: B006
        test: Annotated[str, Meta(description="command that judges the work")] = "",
        push: Annotated[bool, Meta(description="ask to push the branch afterwards")] = False,
    ) -> str:
        """Begin a run that does a task in the repository; it goes on in the background.

        The result is committed on a branch of its own, after `approve`.
        """
        wish = Wish(
            text=task,
            files=tuple(files),
            test=test,
            budget=self.settings.budget,
            candidates=self.settings.candidates,
            push=push,
        )
        order = self.workshop.submit(self.app.home, wish)
        try:
            await asyncio.wait_for(order.begun.wait(), BEGIN)
        except TimeoutError:
            return self._standing(order.name)
        return self._standing(order.run or order.name)

    async def status(self, run: Run = "") -> str:
        """Say how a run stands, and what it asks if it waits for a yes."""
        return self._standing(run)

    async def follow(
        self,
        run: Run = "",
        after: Annotated[int, Meta(ge=-1, description="sequence number already seen")] = -1,
        wait: Annotated[float, Meta(ge=0, le=50, description="seconds to wait for more")] = 20.0,
        full: Annotated[bool, Meta(description="whole events instead of lines")] = False,
    ) -> str:
        """Return the events of a run after a sequence number; wait for some if there are none."""
        name = await self._begun(run, wait)
        end = asyncio.get_running_loop().time() + wait
        while True:
            whole = await self._read(name)
            entries = [e for e in whole if e.seq > after]
            late = asyncio.get_running_loop().time() >= end
            if entries or late or not self._goes_on(name, whole):
                break
            await asyncio.sleep(LOOK)
        shown = list(_fitting(entries[:_MOST], full))
        last = shown[-1].seq if shown else after
        facts = {"run": name, "state": self._state(name), "after": last, "events": shown}
        return said({**facts, "more": len(entries) - len(shown)})

    async def approve(self, digest: Digest, run: Run = "") -> str:
        """Say yes, for the person, to exactly the act a run asked about; first show them the diff.

        Never call it unless the person saw the change and agreed.
        """
        return self._answer(run, digest, True)

    async def refuse(self, digest: Digest, run: Run = "") -> str:
        """Say no to the act a run asked about."""
        return self._answer(run, digest, False)

    async def runs(
        self, limit: Annotated[int, Meta(ge=1, le=200, description="how many")] = 20
    ) -> str:
        """List the runs of the repository, the latest first; conversations are among them."""
        found = await asyncio.to_thread(self.app.runs)
        rows = await asyncio.to_thread(lambda: [self._row(s) for s in found[:limit]])
        return said({"runs": rows, "more": max(0, len(found) - limit)})

    async def show(self, run: Run = "") -> str:
        """Return a run's receipt, its difference and what it asks; of a conversation the answer."""
        name = self._named(run)
        diff = self.app.diff(name)
        entries = await self._read(name)
        facts = {"run": name, "state": self._state(name), "question": question(entries, "")}
        if talk := talked(entries):
            return said({**facts, "conversation": talk})
        return said({**facts, "receipt": self.app.receipt(name), "diff": cut(diff)})

    async def stop(self, run: Annotated[str, Meta(min_length=1, description="its name")]) -> str:
        """Stop a run that this server works on; it is kept and can be resumed by the person."""
        known = run if self.workshop.find(run) else self._named(run)
        self.workshop.stop(known)
        return said({"run": known, "stopped": True})

    def _answer(self, run: str, digest: str, yes: bool) -> str:
        name = self._named(run)
        asked = open_question(self.app.read(name))
        if asked is None:
            raise ToolError(f"run {name} asks nothing now; see status")
        if not hmac.compare_digest(asked.digest.encode(), digest.strip().encode()):
            raise ToolError(
                f"that digest is not what run {name} asks about: look at the change again with "
                "show, and answer with its own digest"
            )
        self.workshop.answer(self.app.home, name, asked, Word(yes))
        return said({"run": name, "act": asked.act, "digest": asked.digest, "yes": yes})

    def _standing(self, name: str) -> str:
        order = self.workshop.find(name)
        if order is not None and not order.run:
            facts = {"run": "", "order": order.name, "state": order.stage, "step": order.step}
            return said({**facts, "error": order.error})
        run = order.run if order is not None else self._named(name)
        order = self.workshop.find(run)
        entries = self.app.read(run)
        summary = {
            "run": run,
            "state": self._state(run),
            "step": order.step if order else "",
            "error": order.error if order else "",
            "after": entries[-1].seq if entries else -1,
            "last": told(entries[-1]).text if entries else "",
        }
        if talk := talked(entries):
            return said({**summary, "conversation": talk})
        waiting = None if self.workshop.works_on(run) else question(entries, self.app.diff(run))
        return said({**summary, "question": waiting} if waiting else summary)

    def _row(self, one: Summary) -> dict[str, Any]:
        """Return a line of the list of runs."""
        kind = one.state if one.state in KINDS else "run"
        try:
            state = self._state(one.run, one.state)
        except SamovarError:
            state = "damaged"
        return {**msgspec.to_builtins(one), "kind": kind, "state": state}

    def _goes_on(self, run: str, entries: Sequence[Entry]) -> bool:
        """Whether more may come of a run: it is worked on here, or its turn is open."""
        return self.workshop.works_on(run) or standing(replay(e.event for e in entries)) == OPEN

    def _state(self, run: str, stored: str = "") -> str:
        """Return `running` and `queued` for what is worked on here, else what the log says."""
        order = self.workshop.find(run)
        if order is not None and order.open:
            return order.stage
        known = stored or next((s.state for s in self.app.runs() if s.run == run), "")
        if known in KINDS:
            return standing(replay(e.event for e in self.app.read(run)))
        return known or "failed"

    def _named(self, name: str) -> str:
        order = self.workshop.find(name)
        if order is not None and not order.run:
            raise ToolError(f"{name} has not begun: {order.error or order.step or order.stage}")
        return order.run if order is not None else self.app.find(name)

    async def _begun(self, name: str, wait: float) -> str:
        order: Order | None = self.workshop.find(name)
        if order is not None and not order.run:
            try:
                await asyncio.wait_for(order.begun.wait(), wait)
            except TimeoutError as error:
                raise ToolError(f"{name} has not begun: {order.step or order.stage}") from error
        return self._named(name)

    async def _read(self, run: str) -> tuple[Entry, ...]:
        return await asyncio.to_thread(self.app.read, run)


def tools(desk: Desk) -> tuple[Tool, ...]:
    """Return what clients may use."""
    digest = "3f" * 32
    name = "20261121-083444-fix-the-sum-1a2b"
    return (
        tool(desk.submit, "run", {"task": "divide() must refuse 0 with ValueError"}),
        tool(desk.status, "read", {"run": name}),
        tool(desk.follow, "read", {"run": name, "after": 7, "wait": 20}),
        tool(desk.approve, "write", {"run": name, "digest": digest}),
        tool(desk.refuse, "write", {"run": name, "digest": digest}),
        tool(desk.runs, "read", {"limit": 20}),
        tool(desk.show, "read", {"run": name}),
        tool(desk.stop, "write", {"run": name}),
    )


def said(facts: Any) -> str:
    """Return facts as JSON in which nothing is hidden from a person."""
    return msgspec.json.encode(_plain(msgspec.to_builtins(facts))).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return letters(value)
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list) else value


def _fitting(entries: Sequence[Entry], full: bool) -> Iterator[Told]:
    """Yield events until an answer is long enough; the next call returns the rest."""
    size = 0
    for entry in entries:
        if size > _LARGE:
            return
        made = told(entry, full)
        size += len(msgspec.json.encode(made))
        yield made
