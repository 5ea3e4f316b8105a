"""Looking back at one run: `samovar show`, `samovar undo`."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from samovar.app import onward
from samovar.boot import at_work, reader
from samovar.cli.end import printable
from samovar.cli.lines import Line, diff_lines, receipt_lines, timeline
from samovar.cli.terminal import screen
from samovar.core.event import Asked, Entry
from samovar.core.talk import Began


async def show(repo: Path, name: str, as_json: bool, diff: bool) -> int:
    """Show one run: its timeline and receipt, or its difference alone."""
    app = await reader(repo)
    run = app.find(name)
    entries = app.read(run)
    if entries and isinstance(entries[0].event, Began):
        return _talk(entries[0].event, entries, as_json)
    facts, text = app.receipt(run), app.diff(run)
    if as_json:
        print(msgspec.json.encode({"receipt": facts, "entries": entries, "diff": text}).decode())
    elif diff:
        screen(plain=False).show(diff_lines(text))
    else:
        task = [Line(f"task       {line}") for line in facts.task.strip().splitlines()[:6]]
        screen(plain=False).show(
            [*task, *timeline(entries), Line(""), *receipt_lines(facts), Line(facts.outcome)]
        )
    return 0


def _talk(began: Began, entries: Sequence[Entry], as_json: bool) -> int:
    """Show a conversation."""
    if as_json:
        print(msgspec.json.encode({"entries": entries}).decode())
    else:
        rows = [*timeline(entries), Line(onward(began), "dim")]
        screen(plain=False).show(rows)
    return 0


async def undo(repo: Path, name: str, as_json: bool) -> int:
    """Take back what a run committed."""
    async with at_work(repo, _nobody) as app:
        run = app.find(name)
        said = await app.undo(run)
    if as_json:
        print(msgspec.json.encode({"run": run, "said": said}).decode())
    else:
        print(printable(said))
    return 0


async def _nobody(_asked: Asked, _text: str, /) -> None:
    return None
