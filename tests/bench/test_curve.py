"""What a smaller or larger budget brings, read from finished rows."""

import re

from samovar.bench import curve
from samovar.bench.curve import STEPS, curves
from samovar.bench.report import save
from samovar.bench.rows import Row


def _row(task, generated, *, solved=True, scale=1.0, calls=1, harness="samovar", off=()):
    return Row(
        task=task, set="toy", mode="vis", harness=harness, scale=scale, off=off, model="m",
        solved=solved, first=solved, calls=calls, generated=generated,
    )  # fmt: skip


def test_a_task_counts_from_the_budget_on_within_which_it_was_solved():
    rows = [_row("a", 300), _row("b", 700, calls=4), _row("c", 2500, solved=False, calls=8)]
    [found] = curves(rows)
    assert found.solved == (1, 1, 2, 2, 2, 2, 2)
    assert found.tokens == (300, 700)
    assert found.open == (0, 0, 0, 0, 1, 1, 1) and found.largest == 1.0


def test_calls_are_a_part_of_the_budget():
    [found] = curves([_row("a", 100, calls=5)])
    assert found.solved == (0, 0, 0, 1, 1, 1, 1) and not any(found.open)


def test_a_run_at_a_large_budget_tells_of_the_smaller_ones():
    [found] = curves([_row("a", 4000, scale=8.0, calls=14), _row("b", 200, scale=8.0)])
    assert found.solved == (1, 1, 1, 1, 2, 2, 2)
    assert len(found.solved) == len(STEPS)


def test_what_nobody_tried_is_told():
    rows = [_row("a", 100), _row("b", 2000, solved=False), _row("c", 2000, solved=False)]
    [found] = curves([*rows, _row("b", 9000, scale=8.0, calls=30)])
    assert found.total == 3
    assert found.solved[-3:] == (1, 2, 2)
    assert found.open[-3:] == (1, 1, 1)
    assert "| at least 1 | at least 2 | at least 2 |" in curve.table([found])


def test_ablations_and_other_harnesses_have_no_part_in_it():
    rows = [_row("a", 100), _row("a", 100, harness="raw"), _row("b", 100, off=("search",))]
    assert [(c.harness, c.total) for c in curves(rows)] == [("raw", 1), ("samovar", 1)]


def test_nothing_measured_is_no_table():
    assert curve.table(curves([])) == ""


def test_the_picture_goes_up_by_a_step_for_each_solved_task(tmp_path):
    rows = [_row("a", 100), _row("b", 1000, calls=3), _row("c", 2500, solved=False, calls=8)]
    save(tmp_path / "rows.jsonl", rows)
    picture = (tmp_path / "rows-toy-vis-curve.svg").read_text()
    [path] = re.findall(r'points="([^"]*)"', picture)
    heights = [float(corner.split(",")[1]) for corner in path.split()]
    assert sorted(set(heights), reverse=True) == list(dict.fromkeys(heights))
    assert len(set(heights)) == 3
    assert "samovar | 3 |" in (tmp_path / "rows.md").read_text()
