"""The log of a run to spans: the run, its steps, calls of the model, checks, waits and deeds."""

from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from msgspec.structs import replace

from samovar.core.event import (
    Answered,
    Asked,
    Chose,
    Closed,
    Documented,
    Done,
    Entry,
    Event,
    Intended,
    Judged,
    Opened,
    Planned,
    Surveyed,
    Wrote,
)
from samovar.core.message import Usage
from samovar.core.task import Checked, Plan
from samovar.traces.span import SHOWN, Facts, Span, before, called, used

RUN = "run"
"""Key of the outermost span; a number follows for each time the run was taken up."""


@dataclass
class Work:
    """A task's run, entry by entry. `feed` returns the spans that are complete with it."""

    texts: bool = False
    """Whether what was said goes into the spans."""
    opened: Opened | None = None
    _began: datetime | None = None
    """When the run was begun, or taken up again."""
    _last: datetime | None = None
    _times: int = 0
    _plan: Plan | None = None
    _step: int = 0
    _step_began: datetime | None = None
    _asked: dict[str, datetime] = field(default_factory=dict)

    def feed(self, entry: Entry) -> list[Span]:
        """Return what ended with this entry."""
        if self._began is None:
            self._began = entry.at
        found = self._of(entry, entry.event)
        self._last = entry.at
        return found

    def _of(self, entry: Entry, event: Event) -> list[Span]:
        match event:
            case Opened():
                self.opened = event
                return []
            case Surveyed(verdict=verdict):
                return self._checks(entry, verdict.checks, self._run, {"samovar.on": "before"})
            case Planned(plan=plan, usage=usage, calls=calls):
                self._plan, self._step_began = plan, entry.at
                return self._asking(entry, usage, self._run) if calls else []
            case Wrote():
                return self._wrote(entry, event)
            case Judged(candidate=number, verdict=verdict):
                on: Facts = {"samovar.candidate": number, "samovar.passed": verdict.passed}
                return self._checks(entry, verdict.checks, self._step_key, on)
            case Chose():
                return self._chose(entry, event)
            case Documented(usage=usage, calls=calls, seconds=seconds):
                return self._asking(entry, usage, self._run, seconds) if calls else []
            case _:
                return self._acted(entry, event)

    def _acted(self, entry: Entry, event: Event) -> list[Span]:
        match event:
            case Asked(act=act) | Intended(act=act):
                self._asked[f"{event.__class__.__name__} {act}"] = entry.at
                return []
            case Answered(act=act, yes=yes):
                begin = self._asked.pop(f"Asked {act}", entry.at)
                facts: Facts = {"samovar.act": act, "samovar.allowed": yes}
                return [self._span(entry, "samovar.approval", begin, facts)]
            case Done(act=act, result=result):
                begin = self._asked.pop(f"Intended {act}", entry.at)
                facts = {"samovar.act": act, "samovar.result": result}
                made = self._span(entry, f"samovar.{act}", begin, facts)
                # A commit is taken back when its run is over and told.
                return [replace(made, parent="") if act == "undo" else made]
            case Closed():
                return self._closed(entry, event)
            case _:
                return []

    def _wrote(self, entry: Entry, event: Wrote) -> list[Span]:
        made = event.candidate
        more: Facts = {"samovar.candidate": made.id}
        if made.origin == "search":
            begin = before(entry.at, event.seconds)
            facts: Facts = {**more, "samovar.tried": event.tried, "samovar.found": bool(made.edits)}
            return [self._span(entry, "samovar.search", begin, facts, self._step_key)]
        facts = {**more, "gen_ai.request.temperature": event.temperature}
        if made.complaint:
            facts = {**facts, "error.type": "unusable_answer", "samovar.complaint": made.complaint}
        if self.texts:
            facts = {**facts, **said(event.answer)}
        return self._asking(entry, event.usage, self._step_key, event.seconds, facts)

    def _chose(self, entry: Entry, event: Chose) -> list[Span]:
        found = self._asking(entry, event.usage, self._step_key) if event.calls else []
        steps = self._plan.steps if self._plan else ()
        number = min(self._step, len(steps) - 1)
        facts: Facts = {
            "samovar.step": self._step + 1,
            "samovar.step.strategy": steps[number].strategy if steps else "",
            "samovar.step.title": steps[number].title if steps else "",
            "samovar.proof": event.verdict.proof,
        }
        begin = self._step_began or entry.at
        error = event.why if event.candidate is None else ""
        made = self._span(entry, "samovar.step", begin, facts)
        made = replace(made, key=self._step_key, error=error)
        self._step, self._step_began = self._step + 1, entry.at
        return [*found, made]

    def _closed(self, entry: Entry, event: Closed) -> list[Span]:
        opened = self.opened
        facts: Facts = {
            "gen_ai.operation.name": "invoke_workflow",
            "gen_ai.workflow.name": "do",
            "samovar.run": opened.run if opened else "",
            "samovar.sandbox": opened.sandbox if opened else "",
            "samovar.ok": event.ok,
            "samovar.exit_code": event.exit_code,
            "samovar.outcome": event.outcome,
        }
        if self.texts and opened:
            facts = {**facts, "samovar.task": opened.task.text[:SHOWN]}
        # What waits for a person has not failed.
        error = "" if event.ok or event.waits else event.outcome
        made = self._span(entry, "invoke_workflow do", self._began or entry.at, facts)
        made = replace(made, parent="", key=self._run, error=error)
        self._began, self._times = None, self._times + 1
        return [made]

    def _asking(
        self,
        entry: Entry,
        usage: Usage,
        parent: str,
        seconds: float = 0.0,
        more: Facts | None = None,
    ) -> list[Span]:
        model = self.opened.model if self.opened else ""
        begin = before(entry.at, seconds) if seconds else (self._last or entry.at)
        facts = called(model, usage, more or {})
        name = f"chat {model}".strip()
        error = str(facts.get("samovar.complaint", ""))
        made = self._span(entry, name, begin, facts, parent)
        return [replace(made, kind="client", error=error)]

    def _checks(
        self, entry: Entry, checks: tuple[Checked, ...], parent: str, on: Facts
    ) -> list[Span]:
        found: list[Span] = []
        end = entry.at
        for number, check in reversed(list(enumerate(checks))):
            facts = used(
                check.name,
                {
                    **on,
                    "samovar.command": check.command,
                    "process.exit.code": check.exit,
                    "samovar.tests.passed": check.counts.passed,
                    "samovar.tests.failed": check.counts.failed,
                },
            )
            begin = before(end, check.seconds)
            made = self._span(entry, f"execute_tool {check.name}", begin, facts, parent)
            found.insert(0, replace(made, end=end, key=f"{entry.seq}.{number}"))
            end = begin
        return found

    @property
    def _run(self) -> str:
        return f"{RUN}{self._times}"

    @property
    def _step_key(self) -> str:
        return f"step{self._step}" if self._plan else self._run

    def _span(
        self,
        entry: Entry,
        name: str,
        begin: datetime,
        facts: Facts,
        parent: str = "",
    ) -> Span:
        """Return a span that ends with an entry; around it is the run unless something else is."""
        run = self.opened.run if self.opened else ""
        return Span(
            trace=f"run {run}",
            key=str(entry.seq),
            parent=parent or self._run,
            name=name,
            begin=begin,
            end=entry.at,
            facts=facts,
        )


def said(text: str) -> Facts:
    """Return what a model said, in the conventions' shape."""
    part = {"type": "text", "content": text[:SHOWN]}
    message = {"role": "assistant", "parts": [part], "finish_reason": "stop"}
    return {"gen_ai.output.messages": msgspec.json.encode([message]).decode()}
