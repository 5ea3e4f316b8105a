"""What is shown while a run goes on: the live line of a terminal, and plain lines."""

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from samovar.cli.screen import Plain
from samovar.cli.terminal import Terminal
from samovar.core.event import Entry, Event, Judged, Opened, Passed, Planned, Surveyed, Wrote
from samovar.core.message import Usage
from samovar.core.task import Candidate, Edit, Plan, Step, Target, Task, Verdict

RED = Verdict(passed=False, why="1 of 3 tests pass")
BEGUN: tuple[Event, ...] = (
    Opened(run="r", task=Task(id="r", text="mend it")),
    Surveyed(verdict=RED, command="pytest"),
    Planned(plan=Plan((Step(title="edit a.py", strategy="edit", targets=(Target("a.py"),)),))),
    Passed(phase="planning", verdict=Verdict(passed=True)),
)


class Clock:
    """A clock that stands still unless it is told otherwise."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def entries(*events: Event) -> list[Entry]:
    return [Entry(n, datetime(2026, 1, 2, tzinfo=UTC), event) for n, event in enumerate(events)]


def wrote(tokens: int) -> Wrote:
    candidate = Candidate(id=0, step=0, origin="model", edits=(Edit("a.py", "x\n"),))
    return Wrote(candidate=candidate, usage=Usage(10, 0, tokens), seconds=4.0)


def line(made: Terminal) -> str:
    """Return the live line as it is now."""
    shown = Console(file=io.StringIO(), width=120)
    with shown.capture() as told:
        shown.print(made)
    return " ".join(told.get().split())


@pytest.mark.parametrize(
    ("have", "bar"),
    [(0, "─" * 20), (511, "━" * 9 + "─" * 11), (1024, "━" * 20)],
)
def test_a_download_is_a_bar(have: int, bar: str) -> None:
    made = Terminal()
    made.progress(have << 20, 1024 << 20)
    shown = line(made)
    made.close()
    assert f" · {bar} {have} of 1024 MB " in shown


def test_the_live_line_tells_step_speed_tokens_and_time() -> None:
    clock = Clock()
    made = Terminal(entries(*BEGUN, wrote(40)), clock)
    clock.now += 65
    made.live("step", "candidate 2 of edit a.py")
    assert line(made).endswith("executing · candidate 2 of edit a.py 40 tokens, 1m 05s")
    for _ in range(12):
        made.live("token", "x")
        clock.now += 0.5
    shown = line(made)
    assert "candidate 2 of edit a.py · 12 tokens, 2.0/s" in shown
    assert shown.endswith("52 tokens, 1m 11s")
    made.entry(entries(wrote(12))[0])
    assert line(made).endswith("candidate 2 of edit a.py 52 tokens, 1m 11s"), "each counts once"
    made.close()


def test_plain_lines_tell_after_each_candidate_what_was_taken_until_then(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    made = Plain(entries(*BEGUN, wrote(40)), clock)
    clock.now += 9.5
    for entry in entries(wrote(12), Judged(candidate=0, verdict=RED)):
        made.entry(entry)
    *_, red, total = capsys.readouterr().out.splitlines()
    assert red == "candidate 1: red, 1 of 3 tests pass"
    assert total.strip() == "so far 52 tokens, 9.5 s"
