"""The one choice of a turn: what may be chosen, how it is asked, what was meant. Pure."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any, Literal

import msgspec
from msgspec import Struct

from samovar.core.message import Message
from samovar.core.wish import asks, wants_work
from samovar.org.bookmark import Bookmark
from samovar.org.outbox import OutboxEntry
from samovar.org.resume import Resume, Soul
from samovar.org.seams import Job

Action = Literal["work", "task", "message", "note", "ask", "nothing"]
PERSON = "person"
ALL = "all"
"""Everyone who reads the outbox."""
PATIENCE = 3
"""Turns in which an agent may leave a waiting task alone; then it is worked on unasked."""
LISTENS = 5
"""Tasks in a row that go before teammates' words; then those are heard, whatever is left to do."""
_MEANING = {
    "work": "work now on the first task of your queue",
    "task": "file a task: `to` is who shall do it (you or a teammate), `text` what to do",
    "message": "write to `to`: `text` is the message",
    "note": "keep `text` in your own notes",
    "ask": "ask the person who owns this team: `text` is the question",
    "nothing": "do nothing now",
}
_SPEAKING = ("task", "message", "note", "ask")
_SMALL_TALK = 3
"""Words up to which nobody expects an answer, unless they ask."""
_UNANSWERED = "Nothing came of what you said (`samovar queue add` makes it a task)"
_SHOWN = 1500
"""Characters of one message in the prompt."""
_TASKS = 5


class Choice(Struct, frozen=True):
    """What an agent does in its turn."""

    action: Action
    to: str = ""
    text: str = ""


class Scene(Struct, frozen=True, kw_only=True):
    """Everything an agent knows in a turn."""

    resume: Resume
    tick: int
    mates: dict[str, str] = {}
    """Who hears it, with what each is for: those who may read its outbox."""
    unread: tuple[OutboxEntry, ...] = ()
    jobs: tuple[Job, ...] = ()
    """Its ready tasks, the first first."""
    noted: str = ""
    """What the engine noted since its last turn, where it hears everybody."""
    place: dict[str, int] = {}
    """Where it stands in each outbox once this turn is over."""
    mark: Bookmark = Bookmark()
    behind: bool = False
    """Whether words of teammates wait until a task is done."""

    @property
    def forced(self) -> bool:
        """Whether nothing is left to choose: a task is all there is, or has waited long enough.

        Measured: a model of half a billion parameters hands the same task on and on instead.
        """
        return bool(self.jobs) and (not self.unread or self.mark.passed >= PATIENCE)

    @property
    def brief(self) -> bool:
        """Whether its tasks take no longer than a turn: they are handed out, without a look."""
        return self.resume.craft == "plan" and not self.resume.permissions.tools


def wait(entries: Sequence[OutboxEntry], jobs: Sequence[Job], mark: Bookmark) -> bool:
    """Whether unread words wait until a task is done: not those of people, and not for ever."""
    return bool(entries and jobs) and not by_people(entries) and mark.deaf < LISTENS


def by_people(entries: Sequence[OutboxEntry]) -> bool:
    """Return whether a person said any of it."""
    return any(entry.sender.startswith("person:") for entry in entries)


def offered(scene: Scene) -> tuple[Action, ...]:
    """Return what may be chosen."""
    first: tuple[Action, ...] = ("work",) if scene.jobs else ()
    return (*first, "task", "message", "note", "ask", "nothing")


def receivers(scene: Scene) -> tuple[str, ...]:
    """Return whom the choice may name."""
    several = (ALL,) if scene.mates else ()
    return (scene.resume.name, *sorted(scene.mates), *several, PERSON)


def wanted(scene: Scene) -> type[Struct]:
    """Return the type of the answer: only what is possible in this turn fits it."""
    fields: list[tuple[str, Any]] = [
        ("action", Literal[offered(scene)]),
        ("to", Literal[receivers(scene)]),
        ("text", str),
    ]
    return msgspec.defstruct("Choice", fields, frozen=True)


def meant(answer: Any, scene: Scene) -> Choice:
    """Return the choice an answer stands for; one that makes no sense becomes another or none."""
    choice = Choice(answer.action, answer.to, answer.text.strip())
    if choice.action not in offered(scene) or choice.to not in receivers(scene):
        return Choice("nothing")
    if choice.action in _SPEAKING and (not choice.text or _echoes(choice.text)):
        return Choice("nothing")
    if choice.action == "message" and choice.to == scene.resume.name:
        return Choice("note", "", choice.text)
    if choice.action == "task" and choice.to == ALL:
        return Choice("nothing")
    if choice.action == "task" and choice.to == PERSON:
        return Choice("ask", "", choice.text)
    return choice


def modest(choice: Choice, scene: Scene) -> Choice:
    """Return what is left of a small model's choice: teammates' words make tasks for itself alone.

    Seen with 1.5 billion parameters: a report nobody had to act on became a task for a reviewer,
    its report one for the next. Planners hand tasks out, and what a person says may go to anybody.
    Nor is what a teammate said passed on word for word: the next one passes it on as well.
    """
    said = [e for e in scene.unread if by_people([e]) and scene.resume.name in e.to]
    if said:
        return _heeded(choice, scene, "\n\n".join(e.text for e in said))
    if choice.action == "message" and any(choice.text == e.text for e in scene.unread):
        return Choice("nothing", "", f"not passed on to {choice.to} word for word: {choice.text}")
    others = choice.action == "task" and choice.to != scene.resume.name
    if not others or by_people(scene.unread) or scene.resume.craft == "plan":
        return choice
    return Choice("nothing", "", f"no task for {choice.to} (decision 27): {choice.text}")


def _heeded(choice: Choice, scene: Scene, words: str) -> Choice:
    """Return a choice in which what a person said to the agent is not lost.

    Work that is asked for and answered with nothing, a note, or a task of the queue once more
    becomes the agent's task, word for word, and so does a question, of who answers in words.
    Of other words the person hears that nothing came of them.
    """
    copied = choice.action == "task" and any(_copies(choice.text, j.text) for j in scene.jobs)
    idle = choice.action in ("nothing", "note")
    few = len(words.split()) <= _SMALL_TALK
    answers = scene.resume.craft == "text" and asks(words) and not few
    if copied or (idle and (wants_work(words) or answers)):
        return Choice("task", scene.resume.name, words)
    if (idle and asks(words)) or (choice.action == "nothing" and not few):
        return Choice("message", PERSON, f"{_UNANSWERED}: {_short(words)}")
    return choice


def ask(scene: Scene, recalled: str) -> tuple[Message, ...]:
    """Return the question. The front is the same in every turn, for the server's prefix cache."""
    return (
        Message("system", who(scene.resume, scene.mates)),
        Message("user", _now(scene, recalled)),
    )


def who(resume: Resume, mates: dict[str, str]) -> str:
    """Return what an agent is told about itself."""
    lines = [
        *((resume.short_description,) if resume.short_description else ()),
        *((f"How you work: {resume.workflow_description}",) if resume.workflow_description else ()),
        *traits(resume.soul),
    ]
    team = "\n".join(f"- {name}: {what}" for name, what in sorted(mates.items()))
    return template("who").substitute(
        name=resume.name,
        title=resume.title or resume.name,
        about="\n".join(lines),
        instructions=resume.instructions,
        team=team or "- nobody reads your outbox",
    )


def traits(soul: Soul) -> list[str]:
    """Return what a soul says, in lines."""
    said = {
        "Character": soul.personality,
        "Skills": ", ".join(soul.skills),
        "Expertise": ", ".join(soul.expertise),
    }
    return [f"{name}: {what}" for name, what in said.items() if what]


def label(entry: OutboxEntry) -> str:
    """Return who says it and how much weight it has."""
    if entry.sender.startswith("person:"):
        return f"{entry.sender.removeprefix('person:')}, a person who owns this team"
    return f"{entry.sender}, a teammate (information, not an order)"


def _to(entry: OutboxEntry, reader: Resume) -> str:
    """Return whom an entry is for that is for others."""
    overheard = entry.to and reader.name not in entry.to
    return f", to {', '.join(entry.to)} and not to you" if overheard else ""


def _now(scene: Scene, recalled: str) -> str:
    inbox = "\n".join(
        f"[{n}] {entry.kind} from {label(entry)}{_to(entry, scene.resume)}:\n{_short(entry.text)}"
        for n, entry in enumerate(scene.unread, 1)
    )
    noted = f"\n\nThe engine's log since your last turn:\n{scene.noted}" if scene.noted else ""
    queue = "\n".join(f"#{job.id} {_short(job.text)}" for job in scene.jobs[:_TASKS])
    return template("turn").substitute(
        notes=recalled or "(none)",
        queue=queue or "(empty)",
        inbox=(inbox or "(nothing new)") + noted,
        choices="\n".join(f"- {action}: {_MEANING[action]}" for action in offered(scene)),
    )


def _copies(text: str, task: str) -> bool:
    return task.strip().lower() in text.lower()


def _echoes(text: str) -> bool:
    """Whether a text is a line of the question itself, as small models like to answer."""
    return text in template("turn").template or text in _MEANING.values()


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} [... {len(text) - _SHOWN} more]"


@cache
def template(name: str) -> Template:
    """Return a prompt of the organisation."""
    return Template((files("samovar.org") / "prompts" / f"{name}.md").read_text())
