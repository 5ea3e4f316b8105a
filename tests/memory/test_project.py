from collections import Counter
from datetime import UTC, datetime
from typing import get_args

import msgspec
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
    Status,
    Task,
    advance,
    brief,
    gate,
    mark,
    override,
    parse,
    plan,
    rewritten,
    standing,
)

AT = datetime(2026, 3, 1, 10, 15, tzinfo=UTC)
STATES = get_args(Status)
GREEN, RED = Verdict(passed=True, why="12 tests passed"), Verdict(passed=False, why="2 tests fail")
TEXTS = (
    some.text(some.characters(min_codepoint=32, max_codepoint=0x24F), min_size=1)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)
BOXES = some.builds(
    "{}{} [{}]  {} ".format,
    some.sampled_from(["", "  ", "\t"]),
    some.sampled_from(["-", "*", "+", "7.", "1)"]),
    some.sampled_from(" ~xX-"),
    TEXTS,
)
"""Tasks as people write them."""
HEADINGS = ["# Shop", "## Tasks", "##  tasks ", "## History", "## Ideas", "### Backend", "# More"]
ROWS = [
    "",
    "",
    "  words",
    "- [docs](x)",
    "- [x](http://a.b)",
    "2. [1][a]",
    "- begun",
    "Phase: executing",
    "phase:  REVIEWING ",
]


@given(
    text=some.lists(some.sampled_from([*HEADINGS, *ROWS]) | BOXES).map("\n".join),
    texts=some.lists(TEXTS, max_size=2),
    told=some.lists(TEXTS, max_size=2),
    data=some.data(),
)
def test_what_changes_is_there_and_every_other_line_is_as_it_was(text, texts, told, data):
    before = parse(text)
    tasks = [Task(t.text, data.draw(some.sampled_from(STATES))) for t in before.tasks]
    after = msgspec.structs.replace(
        before,
        phase=data.draw(some.sampled_from(PHASES)),
        tasks=(*tasks, *(Task(text) for text in texts)),
        history=(*before.history, *told),
    )
    new = rewritten(text, before, after)
    assert plain(parse(new)) == plain(after)
    gone = Counter(filter(str.strip, text.split("\n"))) - Counter(new.split("\n"))
    marked = sum(a.status != b.status for a, b in zip(before.tasks, tasks, strict=True))
    assert gone.total() <= marked + (before.phase != after.phase)
    windows = rewritten(text.replace("\n", "\r\n"), before, after)
    assert windows.replace("\r\n", "\n") == new


def plain(project: Project) -> Project:
    """Without what blank lines stand between words."""
    goal, rest = (" ".join(words.split()) for words in (project.goal, project.rest))
    return msgspec.structs.replace(project, goal=goal, rest=rest)


BY_HAND = """\
# Shop

Some words before.

phase: Executing

## Tasks

* [X] write the parser
  it was hard
A line between.

### Backend
  1. [ ]  read prices

## Ideas
- [?] later
"""
CHANGED = """\
# Shop

Some words before.

phase: Executing

## Tasks

* [X] write the parser
  it was hard
A line between.

### Backend
  1. [~]  read prices
- [ ] sell

## Ideas
- [?] later
"""


def test_what_a_person_edits_is_understood_and_nothing_they_wrote_is_changed(tmp_path):
    file = ProjectFile(tmp_path)
    file.path.write_text(BY_HAND)
    project = file.read()
    assert (project.phase, project.goal) == ("executing", "Some words before.")
    assert project.tasks == (Task("write the parser", "done"), Task("read prices"))
    assert gate(project, None).startswith("1 tasks are not closed")
    assert file.change(lambda now: plan(mark(now, 2, "doing"), "sell")) == file.read()
    assert file.path.read_text() == CHANGED
    shown = file.shown().splitlines()
    assert [row.strip() for row in shown if " [" in row and "later" not in row] == [
        "1. [X] write the parser",
        "2. [~]  read prices",
        "3. [ ] sell",
    ]


@pytest.mark.parametrize("link", ["- [x](http://a.b)", "2. [1][a]", "* [~](a.md) and more"])
def test_a_link_under_the_tasks_is_words(link):
    assert parse(f"## Tasks\n{link}\n- [x] (done)\n").tasks == (Task("(done)", "done"),)


@pytest.mark.parametrize(
    "line",
    [
        "Phase: executing (since Monday)",
        "**Phase:** executing",
        "phase:",
        "## Tasks\n- [x]no space",
        "## Tasks\n-[ ] no space",
        "## Tasks\n- [?] odd",
        "## Tasks\n- [/] odd",
        "## Tasks\n- [] odd",
        "## Tasks\n- [x]: odd",
        "## Tasks\n  * [ x ] odd",
        "## Tasks\n- [ ] ",
        "## Tasks\n\xff",
    ],
)
def test_a_line_that_nobody_can_read_is_told_with_its_number_and_kept(tmp_path, line):
    file = ProjectFile(tmp_path)
    data = f"# X\n\n{line}\n".encode("latin-1")
    file.path.write_bytes(data)
    with pytest.raises(SetupError, match=rf"project.md: line {3 + line.count(chr(10))}: "):
        file.change(lambda now: plan(now, "sell"))
    assert file.path.read_bytes() == data


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
    assert project.history == (
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
