"""Looking back at one run: `samovar show`, `samovar undo`."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from samovar.app import MADE, App, made, onward
from samovar.boot import at_work, scratch
from samovar.cli.end import printable
from samovar.cli.home import runs_near
from samovar.cli.lines import Line, diff_lines, made_lines, receipt_lines, timeline
from samovar.cli.terminal import screen
from samovar.companion.draft import open_draft
from samovar.core.event import Asked, Entry, committed
from samovar.core.talk import Began
from samovar.flow.receipt import Receipt
from samovar.repo.git import Git


async def show(repo: Path, name: str, as_json: bool, diff: bool) -> int:
    """Show one run: its timeline and receipt, or its difference alone."""
    opened, home = await runs_near(repo)
    app = App(home)
    run = app.find(name)
    entries = app.read(run)
    began = entries[0].event if entries else None
    receipt: dict[str, Receipt] = {}
    if isinstance(began, Began):
        text = ""
        if opened is not None and (diff or as_json):
            text = await _changed(opened, app.folder(run), entries)
        folder = app.folder(run)
        lie = made_lines(folder / MADE, made(folder))
        rows = [*timeline(entries), *lie, Line(onward(began), "dim")]
    else:
        facts, text = app.receipt(run), app.diff(run)
        receipt = {"receipt": facts}
        task = [Line(f"task       {line}") for line in facts.task.strip().splitlines()[:6]]
        rows = [*task, *timeline(entries), Line(""), *receipt_lines(facts), Line(facts.outcome)]
    if as_json:
        print(msgspec.json.encode({**receipt, "entries": entries, "diff": text}).decode())
    else:
        screen(plain=False).show(diff_lines(text) if diff else rows)
    return 0


async def _changed(repo: Git, folder: Path, entries: Sequence[Entry]) -> str:
    """Return what a conversation changed in all, committed or not."""
    began = entries[0].event
    assert isinstance(began, Began), "a conversation"
    last = [began.base, *committed(e.event for e in entries).values()][-1]
    async with scratch() as aside:
        # The copy of a task's files is gone when it has ended; then its last commit is all.
        held = folder if (folder / "work").exists() else aside
        return await (await open_draft(held, repo, last, began.base)).diff()


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
