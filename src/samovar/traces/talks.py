"""The log of a conversation to spans: each turn, the calls of the model and of tools in it."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from samovar.core.event import Entry
from samovar.core.talk import Began, Heard, Replied, Stopped, Used
from samovar.traces.runs import said
from samovar.traces.span import SHOWN, Facts, Span, before, called, used


@dataclass
class Talking:
    """A conversation, entry by entry; every turn is a trace of its own."""

    texts: bool = False
    began: Began | None = None
    _turn: int = 0
    _opened: datetime | None = None
    """When the present turn began; None between turns."""

    def feed(self, entry: Entry) -> list[Span]:
        """Return what ended with this entry."""
        match entry.event:
            case Began():
                self.began = entry.event
            case Heard() if self._opened is None:
                self._turn, self._opened = self._turn + 1, entry.at
            case Replied():
                return [self._replied(entry, entry.event)]
            case Used():
                return [self._used(entry, entry.event)]
            case Stopped():
                return [self._stopped(entry, entry.event)]
        return []

    def _replied(self, entry: Entry, event: Replied) -> Span:
        model = event.model or (self.began.model if self.began else "")
        more: dict[str, str | int] = {}
        if event.credits:
            more["samovar.credits"] = event.credits
        if event.complaint:
            more |= {"error.type": "unusable_answer", "samovar.complaint": event.complaint}
        facts = called(model, event.usage, {**more, **(said(event.text) if self.texts else {})})
        made = self._span(entry, f"chat {model}".strip(), event.seconds, facts, event.complaint)
        return msgspec.structs.replace(made, kind="client")

    def _used(self, entry: Entry, event: Used) -> Span:
        call, result = event.result.call, event.result
        facts = used(call.tool, {"gen_ai.tool.type": "function", "gen_ai.tool.call.id": call.id})
        if self.texts:
            given = msgspec.json.encode(call.arguments).decode()
            facts = {
                **facts,
                "gen_ai.tool.call.arguments": given[:SHOWN],
                "gen_ai.tool.call.result": result.text[:SHOWN],
            }
        error = "" if result.ok else result.text[:200] if self.texts else "the tool failed"
        return self._span(entry, f"execute_tool {call.tool}", result.seconds, facts, error)

    def _stopped(self, entry: Entry, event: Stopped) -> Span:
        agent = self.began.agent if self.began else ""
        facts: Facts = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.provider.name": "openai",
            "gen_ai.agent.name": agent,
            "gen_ai.request.model": self.began.model if self.began else "",
            "samovar.end": event.end,
        }
        begin, self._opened = self._opened or entry.at, None
        error = "" if event.end in ("answered", "interrupted") else event.why or event.end
        made = self._span(entry, f"invoke_agent {agent}".strip(), 0.0, facts, error)
        return msgspec.structs.replace(made, begin=begin, parent="", key="turn")

    def _span(self, entry: Entry, name: str, seconds: float, facts: Facts, error: str) -> Span:
        run = self.began.run if self.began else ""
        return Span(
            trace=f"talk {run} {self._turn}",
            key=str(entry.seq),
            parent="turn",
            name=name,
            begin=before(entry.at, seconds),
            end=entry.at,
            facts={**facts, "gen_ai.conversation.id": run},
            error=error,
        )
