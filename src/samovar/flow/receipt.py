"""The receipt: what was run and what it showed, as facts computed from the log."""

import hashlib
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from samovar.core.event import Done, Entry, committed
from samovar.core.message import Usage
from samovar.core.state import State, replay
from samovar.core.task import PROOFS, Counts, Proof, Verdict

PROVING: tuple[Proof, ...] = ("project tests", "issue examples")
"""Only these come from a check that was red before the change and is green after it."""


class Command(Struct, frozen=True):
    """A command that was run in the sandbox, or a look of samovar's own, and how it ended."""

    command: str
    exit: int
    passed: int
    failed: int
    seconds: float
    on: str
    """`before`, the candidate's number, or `candidates` where several were compared."""
    input: str = ""
    """The example or the calls that were run, where the command does not say it."""


class Receipt(Struct, frozen=True, kw_only=True):
    """receipt.json."""

    run: str
    task: str
    outcome: str
    verified: bool
    """A test or an example that failed before the change passes after it, and none got worse."""
    proof: Proof
    why: str
    before: Counts
    after: Counts
    commands: tuple[Command, ...]
    diff: str
    """SHA-256 of the change as a unified diff; empty where nothing was kept."""
    commit: str
    """The one that stands: empty before it is made, and after it was taken back."""
    branch: str
    model: str
    """Every model that was asked, in order; while none was, the one at hand."""
    digest: str
    """SHA-256 of the weights of each, `unknown` where only others' are known."""
    sandbox: str
    """Every tier that held the work, in order."""
    calls: int
    usage: Usage
    seconds: float
    candidates: int
    tried: int
    """Small edits that were tried without a model."""
    overridden: tuple[str, ...]
    """Phases a person let pass."""


def concluded(state: State) -> Verdict | None:
    """Return the verdict on all that is kept; None while nothing is.

    What proves, proves the whole; anything less speaks for its own step, so the least counts.
    """
    picked = [c.verdict for c in state.chosen if c.candidate is not None]
    if not picked or picked[-1].proof in PROVING:
        return picked[-1] if picked else None
    least = max(reversed(picked), key=lambda v: PROOFS.index(v.proof))
    return replace(picked[-1], proof=least.proof, why=least.why)


def receipt(entries: Sequence[Entry], diff: str = "") -> Receipt:
    """Return the receipt of a run, finished or not."""
    state = replay(e.event for e in entries)
    surveyed = state.surveyed
    verdict = concluded(state)
    proved = verdict is not None and verdict.passed and verdict.proof in PROVING
    before = surveyed.verdict.checks[0].counts if surveyed and surveyed.verdict.checks else Counts()
    tests = [c for c in (verdict.checks if verdict else ()) if c.name == "tests"]
    return Receipt(
        run=state.run,
        task=state.task.text,
        outcome=state.closed.outcome if state.closed else "not finished",
        verified=proved,
        proof=verdict.proof if verdict and verdict.passed else "none",
        why=verdict.why if verdict else "",
        before=before,
        after=tests[0].counts if tests else Counts(),
        commands=tuple(_commands(state)),
        diff=hashlib.sha256(diff.encode()).hexdigest() if diff else "",
        commit=next(iter(committed(state.done).values()), ""),
        branch=state.branch,
        model=", ".join(name for name, _ in state.models),
        digest=_digests(state),
        sandbox=", ".join(state.sandboxes),
        calls=state.calls,
        usage=state.usage,
        seconds=_seconds(entries),
        candidates=sum(a.candidate.origin == "model" for a in state.attempts),
        tried=sum(a.tried for a in state.attempts if a.candidate.origin == "search"),
        overridden=tuple(o.phase for o in state.overridden),
    )


def _seconds(entries: Sequence[Entry]) -> float:
    """Return how long a run took; when its commit was taken back later does not count."""
    worked = [e.at for e in entries if not (isinstance(e.event, Done) and e.event.act == "undo")]
    return round((worked[-1] - worked[0]).total_seconds(), 1) if worked else 0.0


def _digests(state: State) -> str:
    found = [digest for _, digest in state.models]
    return ", ".join(digest or "unknown" for digest in found) if any(found) else ""


def _commands(state: State) -> list[Command]:
    rows = [("before", c) for c in (state.surveyed.verdict.checks if state.surveyed else ())]
    for attempt in state.attempts:
        for check in attempt.verdict.checks if attempt.verdict else ():
            rows.append((str(attempt.candidate.id), check))
    compared = (c for chose in state.chosen for c in chose.verdict.checks if c.name == "agreement")
    rows += [("candidates", check) for check in compared]
    return [
        Command(c.command, c.exit, c.counts.passed, c.counts.failed, c.seconds, on, c.input)
        for on, c in rows
    ]
