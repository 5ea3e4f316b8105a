"""Founding a home: the team that works out of the box, and copies of the template."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from samovar.core.errors import UNREADABLE, SetupError
from samovar.core.log import write
from samovar.org.credits import FILE
from samovar.org.roster import TEMPLATE
from samovar.org.validate import check

HISTORY = "history.git"
"""Where the history of a home lies."""
IGNORED = (
    f"{HISTORY}/\n.env\nweb.token\nweb.ended\nteam.id\n*.db*\nengine.lock\n"
    "logs/\nruns/\ntasks/\nstate.json\n"
)
"""What does not belong into the history of a home."""
BUDGETS: dict[str, Any] = {
    "agents": {"*": {"credits_left": 1000, "per_day": 200}},
    "tariffs": {"*": {"call": 0, "prompt": 10, "cached": 1, "generated": 100, "second": 0}},
}
"""One credit pays for about 10,000 generated tokens."""


def found(home: Path, repository: str = "") -> list[str]:
    """Make what a home lacks and leave the rest as it is; return what was made.

    `repository` is where its developers work; a relative one starts at the home. Raises SetupError.
    """
    made: list[str] = []
    for name in shipped():
        path = home / "agents" / name / "resume.json"
        if not path.exists():
            write(path, _for_here(resume_of(name), repository))
            made.append(f"agents/{name}/resume.json")
    if not (home / FILE).exists():
        write(home / FILE, _pretty(BUDGETS))
        made.append(FILE)
    if _hide(home / ".gitignore"):
        made.append(".gitignore")
    for folder in ("people/outbox", "skills", "patterns", "runs"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    return made


def _hide(note: Path) -> bool:
    """Keep the token, the database and what is computed out of git; return whether that was new.

    A project's own .gitignore stays and gets the lines it lacks; `!logs/` in it counts as a word.
    """
    try:
        text = note.read_text("utf-8", "surrogateescape")
    except FileNotFoundError:
        text = ""
    except OSError as error:
        raise SetupError(f"cannot read {note}: {error.strerror}") from error
    said = {line.strip().removeprefix("!") for line in text.split("\n")}
    missing = [] if "*" in said else [name for name in IGNORED.split() if name not in said]
    if missing:
        start = f"{text}\n" if text and not text.endswith("\n") else text
        write(note, (start + "\n".join(missing) + "\n").encode("utf-8", "surrogateescape"))
    return bool(missing)


def shipped() -> list[str]:
    """Return the names of the agents that come along."""
    folder = files("samovar.org") / "agents"
    return sorted(p.name for p in folder.iterdir() if (p / "resume.json").is_file())


def resume_of(name: str) -> bytes:
    """Return the resume of an agent that comes along."""
    return (files("samovar.org") / "agents" / name / "resume.json").read_bytes()


def hire(home: Path, name: str) -> Path:
    """Make an agent from the home's template; return its resume. Raises SetupError."""
    path = home / "agents" / name / "resume.json"
    if path.parent.exists():
        raise SetupError(f"there is an agent {name!r} already: {path}")
    own = home / "agents" / TEMPLATE / "resume.json"
    data = own.read_bytes() if own.is_file() else resume_of(TEMPLATE)
    try:
        raw = msgspec.json.decode(data, type=dict[str, Any])
    except UNREADABLE as error:
        raise SetupError(f"{own} is no template: {error}; remove it to use ours") from error
    title = name.replace("_", " ").replace("-", " ").capitalize()
    filled = _pretty(raw | {"name": name, "title": title})
    wrong = [p for p in check(filled, name)[1] if p.weight == "error"]
    if wrong:
        raise SetupError(wrong[0].line)
    write(path, filled)
    return path


def _for_here(data: bytes, repository: str) -> bytes:
    raw: dict[str, Any] = msgspec.json.decode(data)
    if repository and "repositories" in raw["permissions"]:
        raw["permissions"]["repositories"] = [repository]
    return _pretty(raw)


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
