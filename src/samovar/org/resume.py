"""What an agent is: `agents/<name>/resume.json`, the contract between people and samovar.

A field that is released keeps its name and meaning; new ones have defaults.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from samovar.core.errors import SetupError

Craft = Literal["text", "code", "plan"]
"""How it works on a task: writes an answer, changes a repository, or hands out tasks."""

EVERYBODY = "*"
PEOPLE = "people"
"""Whose outbox every agent reads: that of the persons who own the home."""


class Absent(SetupError):
    """An agent is not here, or its resume is broken; its tasks wait until it is, or are moved."""


NAME = r"[A-Za-z][A-Za-z0-9_-]{0,63}"
Name = Annotated[str, Meta(pattern=f"^{NAME}$")]
Line = Annotated[str, Meta(max_length=500)]
Text = Annotated[str, Meta(max_length=20_000)]
Count = Annotated[int, Meta(ge=0, le=10_000)]
Ticks = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Offset = Annotated[int, Meta(ge=0, le=1_000_000_000)]


class Permissions(Struct, frozen=True, kw_only=True):
    """What an agent may see and use; nothing it does not name."""

    read_outboxes: tuple[str, ...] = ()
    """Agents whose outboxes it reads; "*" for all. Only these may file tasks for it."""
    tools: tuple[str, ...] = ()
    """Tools it may use, by name."""
    repositories: tuple[str, ...] = ()
    """Folders of git repositories it may work in; relative ones start at the home."""
    ungated: tuple[str, ...] = ()
    """Of its tools that act outside, those that need no person's yes each time."""


class Schedule(Struct, frozen=True, kw_only=True):
    """When it looks into its inbox: in ticks where tick % every == phase_offset % every."""

    run_every_n_ticks: Ticks = 1
    phase_offset: Offset = 0


class Soul(Struct, frozen=True, kw_only=True):
    """Who it is, as a resume would say it; goes into its prompts."""

    personality: Text = ""
    skills: tuple[Line, ...] = ()
    expertise: tuple[Line, ...] = ()


class Limits(Struct, frozen=True, kw_only=True):
    """What keeps an agent from running away."""

    open_tasks: Count = 20
    """Tasks it filed that are not ended, at most."""
    depth: Count = 4
    """Tasks that come from tasks that come from tasks: so many, at most."""
    queue: Count = 50
    """Tasks that wait for it, at most."""
    read: Annotated[int, Meta(ge=1, le=1000)] = 20
    """Messages it takes into one turn, at most."""
    reply: Annotated[int, Meta(ge=16, le=100_000)] = 600
    """Generated tokens of one answer, at most."""


class Resume(Struct, frozen=True, kw_only=True):
    """One agent."""

    name: Name
    """The name of its folder."""
    title: Line = ""
    short_description: Text = ""
    """What it is for, in a sentence; its teammates read it."""
    workflow_description: Text = ""
    """What it does in which order."""
    instructions: Text
    """What its model is told."""
    model: Line = ""
    """Name of its model, as `samovar model list` shows it; empty takes the settings' one."""
    fallback_models: tuple[Line, ...] = ()
    """Models to take when its own does not answer, the best first."""
    craft: Craft = "text"
    permissions: Permissions = Permissions()
    schedule: Schedule = Schedule()
    soul: Soul = Soul()
    limits: Limits = Limits()

    @property
    def models(self) -> tuple[str, ...]:
        """Its model and those to take in its place, the best first."""
        return self.model, *self.fallback_models
