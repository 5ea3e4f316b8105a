"""Numbers, times, differences and plots as people read them."""

from datetime import UTC, datetime, timedelta

import pytest
from household import DIFF

from samovar.core.event import Closed, Judged, Opened, Wrote
from samovar.core.task import Candidate, Task, Verdict
from samovar.org.seams import LedgerEntry
from samovar.web import diff, words
from samovar.web.plots import bars, credits, graph, lanes
from samovar.web.plots.frame import steps
from samovar.web.plots.svg import element
from samovar.web.record import Row

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=5), "5 hours ago"),
        (timedelta(days=2), "2 days ago"),
        (-timedelta(minutes=3), "in 3 minutes"),
    ],
)
def test_times_are_said_as_people_say_them(before, said):
    assert words.ago(NOW - before, NOW) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(950, "950"), (1234, "1.2k"), (34_567, "35k"), (5_600_000, "5.6M"), (-2000, "-2.0k")],
)
def test_numbers_are_short(value, said):
    assert words.short(value) == said


@pytest.mark.parametrize(
    ("micro", "said"),
    [(0, "0.00"), (12_500_000, "12.50"), (12, "0.000012"), (2_345_000_000, "2,345"), (None, None)],
)
def test_credits_are_exact_enough(micro, said):
    assert words.credits(micro) == (said or "not yet")


def test_a_difference_marks_the_words_that_changed():
    (file,) = diff.parse(DIFF)
    assert (file.path, file.added, file.removed) == ("middle.py", 1, 1)
    old, new = (line for line in file.lines if line.kind in ("old", "new"))
    assert (old.old, new.new) == (3, 3)
    assert [p.text for p in new.pieces if p.marked] == ["len(ordered) // 2"]
    assert "".join(p.text for p in old.pieces) == "    return ordered[0]"


def test_differences_of_every_kind_are_read():
    text = (
        "diff --git a/new.py b/new.py\nnew file mode 100644\n--- /dev/null\n+++ b/new.py\n"
        "@@ -0,0 +1,2 @@\n+a\n++++ b\n"
        "diff --git a/old.py b/old.py\ndeleted file mode 100644\n--- a/old.py\n+++ /dev/null\n"
        "@@ -1 +0,0 @@\n-gone\n"
        "diff --git a/pic.png b/pic.png\nBinary files a/pic.png and b/pic.png differ\n"
    )
    found = {f.path: f for f in diff.parse(text)}
    assert set(found) == {"new.py", "old.py", "pic.png"}
    assert (found["new.py"].added, found["old.py"].removed) == (2, 1)
    assert diff.parse("") == []


def test_a_long_difference_is_folded():
    body = "".join(f"+line {n}\n" for n in range(500))
    (file,) = diff.parse(f"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +1,500 @@\n{body}")
    assert file.folded


def row(seconds: float, event) -> Row:
    return Row(int(seconds), NOW + timedelta(seconds=seconds), event)


def test_a_run_has_a_lane_for_each_who_and_bars_as_long_as_the_work():
    made = Candidate(id=0, step=0, origin="model")
    verdict = Verdict(passed=False)
    rows = [
        row(0, Opened(run="r", task=Task(id="r", text="t"))),
        row(10, Wrote(candidate=made, seconds=4.0)),
        row(15, Judged(candidate=0, verdict=verdict, seconds=5.0)),
        row(20, Closed(outcome="", ok=False)),
    ]
    found = lanes.bars(rows)
    assert [(b.lane, b.begin, b.end, b.kind) for b in found] == [
        ("model", 6.0, 10.0, "model"),
        ("checks", 10.0, 15.0, "check bad"),
    ]
    drawn = lanes.timeline(rows)
    assert drawn.count('class="bar ') == 2
    assert drawn.count('class="gap"') == 2
    assert 'href="#e10"' in drawn
    assert lanes.timeline(rows[:1]) == ""


def entry(minutes: float, amount: int, balance: int) -> LedgerEntry:
    at = NOW + timedelta(minutes=minutes)
    return LedgerEntry(id=1, at=at, agent="a", amount=amount, balance=balance)


def test_a_forecast_says_when_nothing_is_left():
    lines = [entry(0, 10_000_000, 10_000_000), entry(60, -1_000_000, 9_000_000)]
    lines += [entry(120, -1_000_000, 8_000_000)]
    now = lines[-1].at.timestamp()
    (course,) = credits.courses(lines, now)
    hours = (course.gone() - now) / 3600
    assert 7.9 < hours < 8.1
    assert credits.forecast(course) == "8.00 left, gone in 8 h 00 min at the last day's pace"
    drawn = credits.balance_plot(lines, now)
    assert drawn.count("polyline") >= 6
    assert "ahead" in drawn
    assert credits.balance_plot([], 0.0) == ""
    (idle,) = credits.courses(lines[:1], NOW.timestamp())
    assert credits.forecast(idle) == "10.00 left, nothing spent lately"


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (0, "98.00 left, gone in 2 days at the last day's pace"),
        (3, "98.00 left, gone in 6 days at the last day's pace"),
        (23, "98.00 left, gone in 47 days at the last day's pace"),
        (25, "98.00 left, nothing spent lately"),
    ],
)
def test_whoever_rests_for_a_night_is_not_broke_in_the_morning(hours, said):
    lines = [entry(0, 100_000_000, 100_000_000), entry(1, -1_000_000, 99_000_000)]
    lines += [entry(2, -1_000_000, 98_000_000)]
    now = lines[-1].at.timestamp() + hours * 3600
    (course,) = credits.courses(lines, now)
    assert credits.forecast(course) == said
    assert said.partition(" at ")[0] in credits.balance_plot(lines, now)
    (broke,) = credits.courses([*lines, entry(3, -98_000_000, 0)], now)
    assert credits.forecast(broke) == "none left"


def test_agents_are_drawn_below_those_they_read_also_in_a_circle():
    reads = {"a": [], "b": ["a"], "c": ["b"], "d": ["e"], "e": ["d"]}
    assert graph.layers(reads) == [["a"], ["b"], ["c"], ["d", "e"]]
    drawn = graph.permissions(reads, ["c"])
    assert (drawn.count("marker-end"), drawn.count("marker-start")) == (3, 1)
    assert drawn.count("node marked") == 1
    assert graph.permissions({"a": ["a"], "b": ["a"]}, []).count("marker-end") == 1
    assert graph.permissions({}, []) == ""


def test_bars_are_stacked_to_their_sum():
    drawn = bars.stacked("Tokens", {"2026-11-20": {"in": 10, "out": 5}}, ["in", "out"], words.short)
    assert "2026-11-20, in: 10" in drawn
    assert bars.stacked("x", {}, [], words.short) == ""


def test_steps_are_round():
    assert steps(0, 10) == [0, 5, 10]
    assert steps(0, 0.7)[1] == pytest.approx(0.2)
    assert steps(3, 3) == [3]


def test_an_element_escapes_what_it_is_given():
    made = element("text", {"x": '"><script>'}, "<script>")
    assert made == '<text x="&#34;&gt;&lt;script&gt;">&lt;script&gt;</text>'
