"""A new run from the front of an old one: the same up to an entry, then another way."""

import msgspec
from msgspec.structs import replace

from samovar.app import App, name_run
from samovar.core.errors import SetupError
from samovar.core.event import Answered, Asked, Closed, Done, Entry, Intended, Opened, branch_of
from samovar.core.log import write

ACTS = Asked | Answered | Intended | Done | Closed
"""What belongs to the old run alone: a person's word, a commit, its end."""


def fork(app: App, run: str, at: int, note: str = "") -> str:
    """Write a run that goes on after entry `at` of another one; return its name.

    It keeps nothing that was asked or done outside. `note` is added to the task. Raises SetupError.
    """
    kept: list[Entry] = []
    for entry in app.read(run)[: at + 1]:
        if isinstance(entry.event, ACTS):
            break
        kept.append(entry)
    if not kept or not isinstance(kept[0].event, Opened):
        raise SetupError("only the run of a task can be tried again from the middle")
    opened = kept[0].event
    text = f"{opened.task.text}\n\n{note.strip()}" if note.strip() else opened.task.text
    name = name_run(opened.task.text)
    task = replace(opened.task, id=name, text=text)
    own = {"run": name, "task": task, "branch": branch_of(name)}
    kept = [
        replace(e, event=replace(e.event, **own)) if isinstance(e.event, Opened) else e
        for e in kept
    ]
    wish = app.folder(run) / "wish.json"
    if wish.exists():
        write(app.folder(name) / "wish.json", wish.read_bytes())
    lines = b"".join(msgspec.json.encode(entry) + b"\n" for entry in kept)
    write(app.folder(name) / "events.jsonl", lines)
    return name
