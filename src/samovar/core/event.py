"""What can happen in a run, as plain values.

A run is an append-only list of entries. Everything else (state, cost, dashboard, next prompt,
training set) is computed from that list. An event is a pure value; when it happened belongs to
the Entry that carries it. Event shapes are forever: a released shape has a golden log that must
still replay (tests/goldens/).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from msgspec import Struct

from samovar.core.message import Message, Usage
from samovar.core.talk import Talk
from samovar.core.task import Candidate, Plan, Task, Verdict

Phase = Literal["planning", "executing", "reviewing", "complete"]
RUN = "Samovar-Run"
"""The trailer by which a run's commit is known."""


def marker(run: str) -> str:
    """Return the line by which a run's commit is known."""
    return f"{RUN}: {run}"


def branch_of(run: str) -> str:
    """Return the branch that a run's commits go to."""
    return f"samovar/{run}"


class Opened(Struct, frozen=True, kw_only=True, tag="opened"):
    """Work on a task began, or was taken up again with another model or behind another sandbox."""

    run: str
    task: Task
    repo: str = ""
    base: str = ""
    """The commit the work starts from; empty on an unborn branch."""
    branch: str = ""
    model: str = ""
    digest: str = ""
    """SHA-256 of the weights, where they are known."""
    sandbox: str = ""
    """The tier that holds untrusted code; `none` only on a person's word."""
    version: str = ""


class Surveyed(Struct, frozen=True, kw_only=True, tag="surveyed"):
    """The project was tested as it stood, before any change."""

    verdict: Verdict
    command: str = ""
    """The test command that judges the run; empty where there is none."""


class Planned(Struct, frozen=True, kw_only=True, tag="planned"):
    """The task was cut into steps."""

    plan: Plan
    usage: Usage = Usage()
    calls: int = 0
    asked: tuple[Message, ...] = ()
    """What the model was asked; empty where it was not, and in logs of before it was kept."""
    answer: str = ""
    """What the model said."""


class Wrote(Struct, frozen=True, kw_only=True, tag="wrote"):
    """A candidate was written, or an answer came that held none."""

    candidate: Candidate
    usage: Usage = Usage()
    calls: int = 1
    """Model calls it took; 0 for a search."""
    seconds: float = 0.0
    temperature: float = 0.0
    prompt: str = ""
    """Hash of the prompt."""
    asked: tuple[Message, ...] = ()
    """The prompt itself; empty for a search, and in logs of before it was kept."""
    answer: str = ""
    """What the model said, for `show` and for learning."""
    tried: int = 1
    """Versions that were run to find it."""


class Judged(Struct, frozen=True, kw_only=True, tag="judged"):
    """A candidate was run in the sandbox."""

    candidate: int
    verdict: Verdict
    seconds: float = 0.0


class Chose(Struct, frozen=True, kw_only=True, tag="chose"):
    """One candidate won its step; None means that nothing was worth keeping, or, where the verdict
    is passed, that nothing was needed."""

    step: int
    candidate: int | None
    why: str
    verdict: Verdict
    usage: Usage = Usage()
    calls: int = 0
    asked: tuple[Message, ...] = ()
    """What the model was asked; empty where it was not, and in logs of before it was kept."""
    answer: str = ""
    """What the model said."""


class Documented(Struct, frozen=True, kw_only=True, tag="documented"):
    """README or CHANGELOG were brought up to date and the commit message written."""

    candidate: Candidate
    message: str
    usage: Usage = Usage()
    calls: int = 0
    seconds: float = 0.0
    asked: tuple[Message, ...] = ()
    """What the model was asked; empty where it was not, and in logs of before it was kept."""
    answer: str = ""
    """What the model said."""


class Passed(Struct, frozen=True, kw_only=True, tag="passed"):
    """A phase ended with a passed verdict."""

    phase: Phase
    verdict: Verdict


class Overridden(Struct, frozen=True, kw_only=True, tag="overridden"):
    """A person let a phase pass without a passed verdict."""

    phase: Phase
    by: str
    why: str


class Asked(Struct, frozen=True, kw_only=True, tag="asked"):
    """A person was asked to allow one exact act."""

    act: Literal["commit", "push"]
    digest: str
    """SHA-256 of what exactly would be done; the answer counts for this alone."""


class Answered(Struct, frozen=True, kw_only=True, tag="answered"):
    """A person allowed an act, or did not."""

    act: Literal["commit", "push"]
    digest: str
    yes: bool
    by: str = ""
    note: str = ""
    """What the person said to it, in words."""


Act = Literal["commit", "push", "undo"]
"""`undo` takes the commit of the same key back; a run ends with it, a conversation goes on."""


class Intended(Struct, frozen=True, kw_only=True, tag="intended"):
    """An act that must not happen twice is about to be done."""

    act: Act
    key: str
    """The marker by which the world is asked, after a crash, whether it was done."""


class Done(Struct, frozen=True, kw_only=True, tag="done"):
    """An intended act was done, or found done."""

    act: Act
    key: str
    result: str
    """The hash of the commit, made or taken back; where the branch was pushed: its page, or else
    the remote reference."""


WAITS = 4
"""The exit code of a run that waits for a person's word."""


class Closed(Struct, frozen=True, kw_only=True, tag="closed"):
    """Nothing more will happen in this run, but that its commit may be taken back."""

    outcome: str
    ok: bool
    exit_code: int = 0

    @property
    def waits(self) -> bool:
        """Whether it goes on once a person has answered."""
        return self.exit_code == WAITS


Worked = (
    Opened
    | Surveyed
    | Planned
    | Wrote
    | Judged
    | Chose
    | Documented
    | Passed
    | Overridden
    | Asked
    | Answered
    | Intended
    | Done
    | Closed
)
"""What happens in a run that works on a task."""
Event = Worked | Talk
"""What happens in any run; a conversation is one, too."""


def committed(events: Iterable[object]) -> dict[str, str]:
    """Return the commits that were not taken back: hash by key, in order."""
    made: dict[str, str] = {}
    for event in events:
        match event:
            case Done(act="commit", key=key, result=result):
                made[key] = result
            case Done(act="undo", key=key):
                made.pop(key, None)
    return made


class Entry(Struct, frozen=True):
    """One line of a run's log."""

    seq: int
    at: datetime
    event: Event
