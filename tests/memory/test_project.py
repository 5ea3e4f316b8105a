from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from samovar.core.errors import SetupError, ToolError
from samovar.core.task import Verdict
from samovar.memory.notebook import Notebook
from samovar.memory.project import (
    PHASES,
    Project,
    ProjectFile,
    Task,
    advance,
    brief,
    gate,
    mark,
    override,
    parse,
    plan,
    render,
    standing,
)

AT = datetime(2026, 3, 1, 10, 15, tzinfo=UTC)
GREEN, RED = Verdict(passed=True, why="12 tests passed"), Verdict(passed=False, why="2 tests fail")
LINES = (
    some.text(some.characters(min_codepoint=32, max_codepoint=0x24F), min_size=1)
    .map(lambda text: " ".join(text.split()))
    .filter(lambda text: text and text[0] not in "#-*" and not text.lower().startswith("phase:"))
)
TASKS = some.builds(Task, LINES, some.sampled_from(["open", "doing", "done", "dropped"]))


@given(
    some.builds(
        Project,
        name=LINES,
        phase=some.sampled_from(PHASES),
        goal=some.lists(LINES, max_size=3).map("\n".join),
        tasks=some.lists(TASKS, max_size=4).map(tuple),
        history=some.lists(LINES, max_size=2).map(tuple),
        rest=some.sampled_from(["", "## Ideas\n\n- [ ] no task of the plan\n\n# More"]),
    )
)
def test_a_project_comes_back_from_its_file(project):
    assert parse(render(project)) == project


BY_HAND = """\
# Shop

Some words before.

phase: Executing

## Tasks

* [X] write the parser
- [?] odd mark
A line between.
- [~] read prices

## Ideas
- [ ] later
"""


def test_what_a_person_edits_is_understood_and_nothing_they_wrote_is_lost():
    project = parse(BY_HAND)
    assert project.phase == "executing"
    assert [(t.text, t.status) for t in project.tasks] == [
        ("write the parser", "done"),
        ("odd mark", "open"),
        ("read prices", "doing"),
    ]
    again = render(project)
    for words in ("Some words before.", "A line between.", "## Ideas", "- [ ] later"):
        assert words in again
    assert parse(again) == project


def test_an_unknown_phase_names_its_line():
    with pytest.raises(SetupError, match=r"line 3: 'dreaming' is no phase; take one of planning"):
        parse("# X\n\nPhase: dreaming\n")


def test_a_file_that_is_missing_is_a_new_project(tmp_path):
    file = ProjectFile(tmp_path / "shop")
    assert file.read() == Project(name="shop")
    file.change(lambda project: plan(project, "write\nthe parser"))
    assert (tmp_path / "shop" / "project.md").read_text() == (
        "# shop\n\nPhase: planning\n\n## Tasks\n\n- [ ] write the parser\n"
    )


def test_a_new_project_in_a_repository_bears_the_name_of_the_repository(tmp_path):
    assert ProjectFile(tmp_path / "shop" / ".samovar").read().name == "shop"


def test_each_phase_has_its_gate():
    project = Project(name="shop")
    assert gate(project, GREEN) == "the plan has no tasks yet"
    project = advance(plan(project, "write"), None, AT)
    assert project.phase == "executing"
    assert gate(project, GREEN) == "1 tasks are not closed, the first: 1. write"
    project = advance(mark(project, 1, "done"), None, AT)
    assert project.phase == "reviewing"
    for verdict, why in ((None, "no check was run"), (RED, "2 tests fail")):
        with pytest.raises(ToolError, match=why):
            advance(project, verdict, AT)
    project = advance(project, GREEN, AT)
    assert project.phase == "complete"
    assert project.history[-1] == "2026-03-01 10:15 reviewing > complete: 12 tests passed"
    with pytest.raises(ToolError, match="it is complete"):
        advance(project, GREEN, AT)


def test_a_persons_override_is_written_down():
    project = override(Project(name="shop", phase="reviewing"), "Anna", "demo at noon", AT)
    assert project.phase == "complete"
    assert parse(render(project)).history == (
        "2026-03-01 10:15 reviewing > complete: Anna let it pass (demo at noon); "
        "still missing: no check was run",
    )
    with pytest.raises(SetupError, match="say both"):
        override(Project(name="shop"), "Anna", " ", AT)


def test_a_dropped_task_keeps_no_gate_closed():
    project = Project(name="s", phase="executing", tasks=(Task("a", "dropped"), Task("b", "done")))
    assert gate(project, None) == ""


def test_the_brief_is_a_few_short_lines():
    tasks = (Task("a", "done"), Task("b " * 200, "doing"), Task("c"), Task("d", "dropped"))
    project = Project(name="shop", phase="executing", goal="sell\n\ntea", tasks=tasks)
    rows = brief(project).splitlines()
    assert rows[:3] == [
        "Project shop: planning > [executing] > reviewing > complete",
        "Goal: sell tea",
        "Tasks: 1 of 4 done, 1 dropped",
    ]
    assert rows[3].startswith("Now: 2. b b")
    assert rows[4] == "Next: 3. c"
    assert len(rows) == 5 and all(len(row) <= 120 for row in rows)


def test_a_prompt_says_where_the_project_stands_and_what_was_noted_last(tmp_path):
    assert standing(tmp_path) == ""
    book = Notebook(tmp_path)
    for n in range(9):
        book.add(f"saw {n}\nand\u200b more " + "." * 200, "ada")
    noted = standing(tmp_path).splitlines()
    assert [row[:38] for row in noted] == [
        f"Last noted by ada: saw {n} and⟨U+200B⟩ m" for n in (7, 8)
    ]
    assert all(len(row) <= 120 for row in noted)
    file = ProjectFile(tmp_path)
    file.change(lambda now: plan(now, "buy tea"))
    assert standing(tmp_path).splitlines()[-3:] == ["Next: 1. buy tea", *noted]
    file.path.write_text("# Shop\n\nPhase: sleeping\n")
    wrong, *rest = standing(tmp_path).splitlines()
    assert wrong.startswith("The plan cannot be read: line 3: 'sleeping' is no phase")
    assert rest == noted


@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_task_that_is_not_there_is_not_marked(number):
    with pytest.raises(ToolError, match="they are 1 to 2"):
        mark(Project(name="x", tasks=(Task("a"), Task("b"))), number, "done")
