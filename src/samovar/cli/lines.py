"""A run in words: entries, receipts and differences as lines for a person."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from samovar.cli.spoken import spoken
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
    Overridden,
    Passed,
    Planned,
    Surveyed,
    Worked,
    Wrote,
)
from samovar.core.talk import Talk
from samovar.core.task import Counts, Plan, Verdict
from samovar.core.text import count, file_name, file_names
from samovar.flow.receipt import Receipt

_FILES = 6
"""Files a line names, at most."""
Tone = Literal["plain", "good", "bad", "dim", "strong"]


class Line(Struct, frozen=True):
    """One line, and how it is meant."""

    text: str
    tone: Tone = "plain"


def row(name: str, text: str, tone: Tone = "plain") -> Line:
    """Return a line with a name in front."""
    return Line(f"{name:<10} {text}", tone)


def rows(name: str, text: str, tone: Tone = "plain") -> list[Line]:
    """Return a text of several lines with a name in front of the first."""
    first, *rest = re.sub(r"\n\s*\n", "\n\n", text.strip()).split("\n")
    return [row(name, first, tone), *(row("", line, tone) for line in rest)]


def event_lines(event: Event) -> Sequence[Line]:
    """Return what a person wants to read of an event; some say nothing to a person."""
    if isinstance(event, Talk):
        return [line for said in spoken(event) for line in rows(*said)]
    return _worked(event)


def _worked(event: Worked) -> Sequence[Line]:
    match event:
        case Opened():
            return _opened(event)
        case Surveyed(verdict=verdict, command=command):
            return _surveyed(verdict, command)
        case Planned(plan=plan):
            return _planned(plan)
        case Wrote():
            return [_wrote(event)]
        case Judged(candidate=number, verdict=verdict):
            return [_judged(number, verdict)]
        case Chose():
            return [_chose(event)]
        case Documented():
            return _documented(event)
        case Overridden(phase=phase, why=why):
            return [row("override", f"{phase} passes on a person's word ({why})", "bad")]
        case Done():
            return [_done(event)]
        case Closed(outcome=outcome, ok=ok):
            return [row("end", outcome, "good" if ok else "bad")]
        case Passed() | Asked() | Answered() | Intended():
            return []


def _opened(event: Opened) -> list[Line]:
    base = event.base[:12] or "an empty repository"
    return [
        row("run", event.run, "strong"),
        row("with", f"{event.model}, sandbox {event.sandbox}", "dim"),
        row("on", f"{event.repo} at {base}; your files stay as they are", "dim"),
    ]


def _surveyed(verdict: Verdict, command: str) -> list[Line]:
    if not command:
        return [row("before", verdict.why)]
    tone: Tone = "good" if verdict.passed else "bad"
    # A file that could not be imported is named, but not why.
    dark = [c for c in verdict.checks if not c.named or any("::" not in t for t in c.failing)]
    told = [li for c in dark for li in c.excerpt.splitlines()]
    return [row("before", f"{verdict.why} ({command})", tone), *(row("", li, tone) for li in told)]


def _planned(plan: Plan) -> list[Line]:
    rows = [row("plan", f"{n}. {s.title}") for n, s in enumerate(plan.steps, 1)]
    shown = f"checked by {count(len(plan.examples), 'example')} taken from the task"
    return [*rows, row("", shown, "dim")] if plan.examples else rows


def _chose(event: Chose) -> Line:
    if event.candidate is None:
        return row("chose", f"nothing: {event.why}", "plain" if event.verdict.passed else "bad")
    return row("chose", f"candidate {event.candidate + 1}: {event.why}")


def _documented(event: Documented) -> list[Line]:
    subject = event.message.splitlines()[0] if event.message else ""
    where = ", ".join(file_name(e.path) for e in event.candidate.edits)
    rows = [row("message", subject)]
    return [*rows, row("documents", where)] if where else rows


def _done(event: Done) -> Line:
    result = event.result if event.act == "push" else event.result[:12]
    return row("done", f"{event.act} {result}", "good")


def _wrote(event: Wrote) -> Line:
    name = f"candidate {event.candidate.id + 1}"
    if event.candidate.origin == "search":
        found = "found one" if event.candidate.edits else "found none"
        return Line(f"{name}: tried {count(event.tried, 'small edit')}, {found}", "dim")
    speed = f", {event.usage.generated / event.seconds:.1f} tokens/s" if event.seconds else ""
    cost = f"{event.usage.generated} tokens in {duration(event.seconds)}{speed}"
    if event.candidate.complaint:
        return Line(f"{name}: {event.candidate.complaint} ({cost})", "bad")
    return Line(f"{name}: written, {cost}", "dim")


def _judged(number: int, verdict: Verdict) -> Line:
    word = "green" if verdict.passed else "red"
    return Line(
        f"candidate {number + 1}: {word}, {verdict.why}", "good" if verdict.passed else "bad"
    )


def receipt_lines(receipt: Receipt) -> Iterator[Line]:
    """Yield the receipt in a few lines; "verified" stands there only where a command proved it."""
    if receipt.verified:
        yield row("verified", f"{receipt.proof}: {receipt.why}", "good")
    else:
        yield row("unproved", receipt.why or "nothing was kept", "bad")
    if receipt.after != Counts():
        yield row("tests", f"before: {receipt.before.said}; after: {receipt.after.said}")
    elif receipt.before != Counts():
        yield row("tests", f"before: {receipt.before.said}")
    usage = receipt.usage
    share = f" ({usage.cached * 100 // usage.prompt} % cached)" if usage.prompt else ""
    yield row(
        "cost",
        f"{count(receipt.calls, 'model call')}, {usage.prompt} tokens in{share}, "
        f"{usage.generated} out, {duration(receipt.seconds)}",
    )
    yield row(
        "tried",
        f"{count(receipt.candidates, 'candidate')} of the model, "
        f"{count(receipt.tried, 'small edit')} without it",
    )
    short = ", ".join(digest[:12] for digest in receipt.digest.split(", "))
    digest = f" (sha256 {short})" if short else ""
    yield row("model", f"{receipt.model}{digest}, sandbox {receipt.sandbox}")
    if receipt.diff:
        yield row("change", f"sha256 {receipt.diff[:12]}")
    if receipt.commit:
        yield row("commit", f"{receipt.commit[:12]} on {receipt.branch}")
    if receipt.overridden:
        yield row("override", f"a person let pass: {', '.join(receipt.overridden)}", "bad")


def diff_lines(diff: str) -> Iterator[Line]:
    """Yield a difference, added lines good and removed lines bad; without git's own hashes."""
    for text in diff.splitlines():
        if text.startswith("index "):
            continue
        if text.startswith(("+++", "---", "diff ")):
            yield Line(text, "strong" if text.startswith("diff ") else "dim")
        elif text.startswith(("+", "-")):
            yield Line(text, "good" if text.startswith("+") else "bad")
        else:
            yield Line(text)


def timeline(entries: Sequence[Entry]) -> Iterator[Line]:
    """Yield every entry that says something, with the seconds since the run began."""
    for entry in entries:
        since = (entry.at - entries[0].at).total_seconds()
        for place, line in enumerate(event_lines(entry.event)):
            stamp = "" if place else duration(since)
            yield Line(f"{stamp:>8}  {line.text}", line.tone)


def duration(seconds: float) -> str:
    """Return a time as people write it."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02d}s"
    return f"{minutes // 60}h {minutes % 60:02d}m"


def spent(generated: int, seconds: float) -> str:
    """Return what a run took until now: tokens it generated, and time."""
    return f"{generated} tokens, {duration(seconds)}"


def made_lines(folder: Path, paths: Sequence[str]) -> list[Line]:
    """Return where files lie that no commit takes, and the first of them; nothing for none."""
    return [Line(f"made in {folder}: {file_names(paths, _FILES)}", "good")] if paths else []


def unseen_line(paths: Sequence[str], rest: str) -> str:
    """Return the line that says what a run or a conversation does not see."""
    return (
        f"samovar: {count(len(paths), 'path')} not committed, such as {file_name(paths[0])}: {rest}"
    )
