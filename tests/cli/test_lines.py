import pytest

from samovar.cli.lines import event_lines, made_lines, unseen_line
from samovar.core.event import Chose, Surveyed
from samovar.core.task import Checked, Counts, Verdict


def red(failing, excerpt):
    """Return what a command showed that ran two tests, one of them red."""
    return Checked(
        name="tests",
        command="t",
        exit=1,
        seconds=0,
        counts=Counts(1, 1),
        failing=failing,
        excerpt=excerpt,
    )


@pytest.mark.parametrize(
    ("checked", "shown"),
    [
        (
            Checked(name="tests", command="t", exit=2, seconds=0, excerpt="a line\nmake: failed"),
            [("ends with 2 (t)", "bad"), ("a line", "bad"), ("make: failed", "bad")],
        ),
        (Checked(name="tests", command="t", exit=0, seconds=0), [("ends with 0 (t)", "good")]),
        (red(("test_a.py::test_it",), "assert 1 == 2"), [("1 passed, 1 failed (t)", "bad")]),
        (
            red(("test_a.py",), "No module named 'numpy'"),
            [("1 passed, 1 failed (t)", "bad"), ("No module named 'numpy'", "bad")],
        ),
    ],
)
def test_a_survey_shows_what_was_said_where_the_names_of_tests_do_not_tell(checked, shown):
    verdict = Verdict(passed=checked.exit == 0, why=checked.said, checks=(checked,))
    lines = event_lines(Surveyed(verdict=verdict, command="t"))
    assert [(li.text[11:], li.tone) for li in lines] == shown


@pytest.mark.parametrize(("needed", "tone"), [(False, "plain"), (True, "bad")])
def test_a_step_that_was_not_needed_is_not_shown_as_a_failure(needed, tone):
    verdict = Verdict(passed=not needed)
    [line] = event_lines(Chose(step=1, candidate=None, why="so it is", verdict=verdict))
    assert (line.text[11:], line.tone) == ("nothing: so it is", tone)


def test_the_name_of_a_file_begins_no_line_of_its_own(tmp_path):
    (made,) = made_lines(tmp_path, ["a.csv", "x\nsamovar: all is well"])
    assert made.text == f'made in {tmp_path}: a.csv, "x⟨U+000A⟩samovar: all is well"'
    assert "x⟨U+000A⟩y" in unseen_line(["x\ny"], "commit it")
