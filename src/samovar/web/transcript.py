"""A log as items to read: a headline, a few facts, and what is behind it when unfolded. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from samovar.core import event as task
from samovar.core import talk
from samovar.core.message import Usage
from samovar.core.task import Candidate, Checked, Plan, Verdict
from samovar.core.text import count
from samovar.core.tool import Returned
from samovar.web.record import Row, Strange
from samovar.web.words import cut, duration

Tone = Literal["plain", "good", "bad", "warn", "dim", "busy"]
LONGEST = 20_000
"""Characters of one block on a page; the raw log has them all."""


class Block(Struct, frozen=True):
    """A text behind a headline."""

    title: str
    text: str


class Item(Struct, frozen=True, kw_only=True):
    """One thing that happened, for a person."""

    seq: int = 0
    at: datetime | None = None
    since: float = 0.0
    """Seconds since the run began."""
    who: str
    """Lane: `model`, `check`, `git`, `person`, `samovar` or a tool's name."""
    title: str
    tone: Tone = "plain"
    facts: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    open: bool = False
    """Shown unfolded."""
    heading: str = ""
    """Of the step that begins here."""


def items(rows: Sequence[Row]) -> list[Item]:
    """Return what happened, in order; events that say nothing to a person are left out."""
    found: list[Item] = []
    plan: Plan | None = None
    steps = 0
    heading = ""
    offered: tuple[str, ...] = ()
    for row in rows:
        event = row.event
        if isinstance(event, task.Planned):
            plan = event.plan
        if isinstance(event, talk.Offered):
            offered = event.tools
        made = _item(event)
        if made is not None and isinstance(event, talk.Replied):
            made = replace(
                made, blocks=(*_blocks(("tools offered", ", ".join(offered))), *made.blocks)
            )
        if made is not None:
            since = (row.at - rows[0].at).total_seconds()
            found.append(replace(made, seq=row.seq, at=row.at, since=since, heading=heading))
            heading = ""
        if isinstance(event, task.Planned | task.Chose) and plan is not None:
            steps += isinstance(event, task.Chose)
            heading = _heading(plan, steps)
    return found


def _heading(plan: Plan, done: int) -> str:
    if done >= len(plan.steps):
        return "Documents and delivery"
    return f"Step {done + 1} of {len(plan.steps)}: {plan.steps[done].title}"


def _item(event: task.Event | Strange) -> Item | None:
    if isinstance(event, Strange):
        return Item(
            who="samovar",
            title="A line this version does not know",
            tone="warn",
            blocks=(Block("line", event.text),),
        )
    if isinstance(event, talk.Talk):
        return _of_talk(event)
    return _of_task(event)


def _of_task(event: task.Event) -> Item | None:
    match event:
        case task.Opened():
            return _opened(event)
        case task.Surveyed(verdict=verdict):
            return Item(
                who="check",
                title=f"Before any change: {verdict.why}",
                tone="good" if verdict.passed else "warn",
                blocks=_checked(verdict),
            )
        case task.Planned():
            return _planned(event)
        case task.Wrote():
            return _wrote(event)
        case task.Judged(candidate=number, verdict=verdict, seconds=seconds):
            return Item(
                who="check",
                title=f"Version {number + 1} is {'green' if verdict.passed else 'red'}: "
                f"{verdict.why}",
                tone="good" if verdict.passed else "bad",
                facts=(duration(seconds),) if seconds else (),
                blocks=_checked(verdict),
            )
        case task.Chose():
            return _chose(event)
        case task.Documented():
            return _documented(event)
        case task.Passed() | task.Intended():
            return None
        case _:
            return _of_delivery(event)


def _of_delivery(event: task.Event) -> Item | None:
    match event:
        case task.Overridden(phase=phase, by=by, why=why):
            return Item(
                who="person", title=f"{by} let '{phase}' pass unproved", tone="warn", facts=(why,)
            )
        case task.Asked(act=act, digest=digest):
            return Item(
                who="person",
                title=f"Asked for leave to {act}",
                tone="warn",
                facts=(f"sha256 {digest[:12]}",),
            )
        case task.Answered(act=act, yes=yes, by=by, note=note):
            who = by.removeprefix("person:") or "A person"
            said = f"{who} {'allowed' if yes else 'refused'} the {act}"
            return Item(who="person", title=said, tone=_good(yes), facts=_present(note))
        case task.Done(act=act, result=result):
            shown = result if act == "push" else result[:12]
            return Item(who="git", title=f"{act.capitalize()} done: {shown}", tone="good")
        case task.Closed(outcome=outcome):
            tone: Tone = "good" if event.ok else "warn" if event.waits else "bad"
            return Item(who="samovar", title=f"End: {outcome}", tone=tone)
        case _:
            return None


def _of_talk(event: talk.Talk) -> Item | None:
    match event:
        case talk.Began(title=title, agent=agent, model=model, system=system):
            return Item(
                who="samovar",
                title=title or "A conversation began",
                facts=_present(agent, model),
                blocks=_blocks(("standing instructions", system)),
            )
        case talk.Heard(text=text, by=by):
            return Item(who=by or "person", title=cut(text, 160), blocks=_long("message", text))
        case talk.Replied():
            return _replied(event)
        case talk.Used(result=result):
            return _used(result)
        case talk.Told(text=text):
            return Item(who="samovar", title=cut(text, 160), tone="dim", blocks=_long("note", text))
        case talk.Continued(summary=summary):
            return Item(
                who="samovar",
                title="Went on in a fresh context",
                tone="dim",
                blocks=_blocks(("summary", summary)),
            )
        case talk.Stopped(end=end, why=why):
            return Item(
                who="samovar",
                title=f"Turn ended: {end}",
                tone="good" if end == "answered" else "warn",
                facts=_present(why),
            )
        case _:
            return None


def _opened(event: task.Opened) -> Item:
    return Item(
        who="person",
        title=cut(event.task.text, 160),
        facts=_present(event.model, f"sandbox {event.sandbox}", event.base[:12]),
        blocks=_long("task", event.task.text),
    )


def _planned(event: task.Planned) -> Item:
    plan = event.plan
    rows = "\n".join(
        f"{n}. {s.title}  [{', '.join(t.path for t in s.targets)}]"
        for n, s in enumerate(plan.steps, 1)
    )
    return Item(
        who="samovar",
        title=f"Plan of {count(len(plan.steps), 'step')}",
        blocks=_blocks(
            ("steps", rows),
            ("checked by these examples", "\n\n".join(plan.examples)),
            ("tests to turn green", "\n".join(plan.goals)),
            *_told(event),
        ),
    )


def _wrote(event: task.Wrote) -> Item:
    made = event.candidate
    if made.origin == "search":
        found = "one may do" if made.edits else "none helped"
        return Item(
            who="search",
            title=f"Version {made.id + 1}: tried {count(event.tried, 'small edit')}, {found}",
            facts=(duration(event.seconds),) if event.seconds else (),
            tone="plain" if made.edits else "dim",
            blocks=_edits(event),
        )
    title = made.complaint or f"written{_after(made)}"
    return Item(
        who="model",
        title=f"Version {made.id + 1}: {title}",
        tone="bad" if made.complaint else "plain",
        facts=(*_cost(event.usage, event.seconds), f"temperature {event.temperature:g}"),
        blocks=(*_edits(event), *_blocks(*_told(event))),
    )


def _told(
    event: task.Planned | task.Wrote | task.Chose | task.Documented,
) -> tuple[tuple[str, str], ...]:
    """Return what the model was asked and what it said, by title."""
    asked = ((f"what the model was asked ({m.role})", m.text) for m in event.asked)
    return (*asked, ("what the model said", event.answer))


def _edits(event: task.Wrote) -> tuple[Block, ...]:
    named = [
        (e.path if e.last is None else f"{e.path}, lines {e.first} to {e.last}", e.text)
        for e in event.candidate.edits
    ]
    return _blocks(*named)


def _chose(event: task.Chose) -> Item:
    if event.candidate is None:
        tone: Tone = "plain" if event.verdict.passed else "bad"
        return Item(who="samovar", title=f"Nothing was kept: {event.why}", tone=tone)
    return Item(
        who="samovar",
        title=f"Version {event.candidate + 1} is kept: {event.why}",
        tone="good",
        facts=(f"proof: {event.verdict.proof}",),
        blocks=_blocks(*_told(event)),
    )


def _documented(event: task.Documented) -> Item:
    return Item(
        who="model",
        title=f"Commit message: {cut(event.message.partition(chr(10))[0])}",
        facts=_cost(event.usage, event.seconds),
        blocks=_blocks(
            ("message", event.message),
            *((e.path, e.text) for e in event.candidate.edits),
            *_told(event),
        ),
    )


def _replied(event: talk.Replied) -> Item:
    called = ", ".join(c.tool for c in event.said.calls)
    title = event.complaint or (f"calls {called}" if called else cut(event.said.text, 160))
    return Item(
        who="model",
        title=title or "an empty answer",
        tone="bad" if event.complaint else "plain",
        facts=(*_present(event.model), *_cost(event.usage, event.seconds)),
        blocks=_blocks(("what the model said", event.text)),
        open=not called,
    )


def _used(result: Returned) -> Item:
    given = msgspec.json.encode(result.call.arguments).decode()
    return Item(
        who=result.call.tool,
        title=f"{result.call.tool}: {cut(result.text, 120)}",
        tone="plain" if result.ok else "bad",
        facts=(duration(result.seconds),) if result.seconds else (),
        blocks=_blocks(("arguments", given), ("result", result.text)),
    )


def _checked(verdict: Verdict) -> tuple[Block, ...]:
    return tuple(b for c in verdict.checks for b in _check(c))


def _check(check: Checked) -> Iterator[Block]:
    yield Block(f"{check.command} (exit {check.exit}, {duration(check.seconds)})", check.excerpt)
    if check.failing:
        yield Block("failing", "\n".join(check.failing))


def _after(made: Candidate) -> str:
    """Return what the model was told of an earlier version."""
    if made.parent is None:
        return ""
    if made.way == "hint":
        return f", told how version {made.parent + 1} failed"
    return f", repairing version {made.parent + 1}"


def _cost(usage: Usage, seconds: float) -> tuple[str, ...]:
    speed = f", {usage.generated / seconds:.1f}/s" if seconds else ""
    shown = (f"{usage.prompt:,} tokens in", f"{usage.generated:,} out{speed}")
    return (*shown, duration(seconds)) if seconds else shown


def _good(yes: bool) -> Tone:
    return "good" if yes else "bad"


def _present(*texts: str) -> tuple[str, ...]:
    return tuple(t for t in texts if t and t.strip() and t != "sandbox ")


def _long(title: str, text: str) -> tuple[Block, ...]:
    return _blocks((title, text)) if len(text) > 160 or "\n" in text.strip() else ()


def _blocks(*named: tuple[str, str]) -> tuple[Block, ...]:
    return tuple(Block(title, _limited(text)) for title, text in named if text.strip())


def _limited(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}\n... {len(text) - LONGEST:,} more characters: see the raw log"
