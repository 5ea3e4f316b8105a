"""What is read from the logs of runs, and what a scripted run and a sandbox cost."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from samovar.bench import logs, overhead
from samovar.core.event import (
    Chose,
    Closed,
    Documented,
    Entry,
    Event,
    Judged,
    Opened,
    Surveyed,
    Wrote,
)
from samovar.core.log import JsonlLog, read
from samovar.core.message import Usage
from samovar.core.task import Candidate, Checked, Task, Verdict

GOLDEN = Path(__file__).parents[1] / "goldens" / "solved.jsonl"
CHECK = Checked(name="tests", command="t", exit=0, seconds=2.0)
SEEN = Verdict(passed=True, checks=(CHECK,))
CANDIDATE = Candidate(id=0, step=0, origin="model")
STEPS: tuple[tuple[float, Event], ...] = (
    (0.0, Opened(run="r", task=Task(id="r", text="t"))),
    (2.5, Surveyed(verdict=SEEN)),
    (4.0, Wrote(candidate=CANDIDATE, seconds=4.0, prompt="p", usage=Usage(100, 20, 9))),
    (4.0, Wrote(candidate=CANDIDATE, seconds=4.0, prompt="p", usage=Usage(100, 90, 9))),
    (2.5, Judged(candidate=0, verdict=SEEN, seconds=2.5)),
    (2.0, Documented(candidate=CANDIDATE, message="m", seconds=2.0, usage=Usage(60, 30, 9))),
    (1.0, Closed(outcome="done", ok=True)),
)


def run() -> list[Entry]:
    at, made = datetime(2026, 1, 2, tzinfo=UTC), []
    for number, (seconds, event) in enumerate(STEPS):
        at += timedelta(seconds=seconds)
        made.append(Entry(number, at, event))
    return made


def test_what_neither_the_model_nor_a_check_took_is_samovar_s():
    assert logs.share(run()) == pytest.approx(2.0 / 16.0), "copying for a check is no check"


def test_the_first_question_of_a_run_cannot_come_from_the_cache():
    assert logs.later(run()) == Usage(160, 120, 18)
    assert logs.later(run()[:3]) == Usage()


def test_what_candidates_of_a_step_share_is_told_apart():
    assert logs.shared(run()) == Usage(100, 90, 9)
    elsewhere = Candidate(id=1, step=1, origin="model")
    events = [
        Wrote(candidate=CANDIDATE, prompt="p", usage=Usage(100, 20, 9)),
        Wrote(candidate=elsewhere, prompt="p", usage=Usage(100, 90, 9)),
        Wrote(candidate=CANDIDATE, prompt="q", usage=Usage(120, 90, 9)),
        # No server told what it cost: an answer that was ended early.
        Wrote(candidate=CANDIDATE, prompt="q", usage=Usage(0, 0, 9)),
    ]
    at = datetime(2026, 1, 2, tzinfo=UTC)
    assert logs.shared([Entry(n, at, event) for n, event in enumerate(events)]) == Usage()


def test_ways_of_making_candidates_are_counted_and_those_that_were_committed():
    found = Candidate(id=1, step=0, origin="search", parent=0, way="hint")
    again = Candidate(id=2, step=0, origin="model", way="repair")
    made = [Wrote(candidate=c) for c in (CANDIDATE, found, again)]
    end = Chose(step=0, candidate=1, why="", verdict=Verdict(passed=True))
    at = datetime(2026, 1, 2, tzinfo=UTC)
    entries = [Entry(n, at, event) for n, event in enumerate([*made, end])]
    assert logs.ways(entries) == ({"fresh": 1, "search": 1, "repair": 1}, {"search": 1})
    lost = [*made, replace(end, verdict=Verdict(passed=False))]
    assert not logs.ways([Entry(n, at, event) for n, event in enumerate(lost)])[1]


def test_each_log_has_a_line_and_all_have_one(tmp_path, capsys):
    path = tmp_path / "events.jsonl"
    times = iter(run())
    log = JsonlLog(path, clock=lambda: next(times).at)
    for _, event in STEPS:
        log.append(event)
    logs.main([str(path), str(GOLDEN)])
    first, _, total, *made = capsys.readouterr().out.splitlines()
    cached = "cached 75.0% of 160 later and 90.0% of 100 shared prompt tokens"
    assert first == f"12.5% of the time, {cached}: {path}"
    golden = logs.later(read(GOLDEN))
    cached = f"cached {120 / (160 + golden.prompt):.1%} of {160 + golden.prompt} later and "
    assert cached in total and total.endswith(": all 2")
    assert made[0].startswith("fresh: ") and made[0].endswith(" committed")


async def test_a_scripted_run_and_the_start_of_a_sandbox_are_timed(tmp_path):
    assert await overhead.once(tmp_path) > 10, "events of a run to its end"
    median, most = await overhead.starts(20)
    assert 0 < median <= most


@pytest.mark.slow
async def test_a_sandbox_starts_as_fast_as_was_promised():
    median, most = await overhead.starts()
    assert median <= 0.050, median
    assert most <= 0.150, most


@pytest.mark.slow
async def test_an_event_costs_less_than_five_milliseconds():
    assert await overhead.scripted() < 5
