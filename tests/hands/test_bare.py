"""Small models work without tools on tasks that bring all they need."""

import pytest
from actions import call

from samovar.core.talk import Used
from samovar.hands.bare import is_bare, read_alone

from .conftest import events, hire

PAPERS = frozenset({"team/manager.md", "team/engine.log", "notes.txt"})
READS_LOG = "Where a task brings no log along, read team/engine.log."


@pytest.mark.parametrize(
    "text",
    [
        "Suggest better wording for: 'The water has been made hot'",
        "Summarize this log:\n10:01 ERROR disk full on /data\n10:02 stopped",
        "Write the decisions down: Ann decided that we take SQLite.",
        "Write a spec of three lines for 'tea list'",
        "Schlage einen besseren Text vor: „Das Wasser wurde heiß gemacht“",
        "Review this change:\n+def mean(xs): return sum(xs) / len(xs) + 1",
    ],
)
def test_a_task_with_its_own_material_is_bare_whatever_the_instructions_say(text):
    assert is_bare(text, READS_LOG, PAPERS)
    assert is_bare(text, "Do as you are told.", ())


@pytest.mark.parametrize(
    "text",
    [
        "Suggest better wording for notes.txt",
        "Suggest better wording for 'Hi' in page.html",
        "Summarize: what https://example.org says of us",
        "Read src/app/ and say what it does",
        "Find 'TODO' and list them",
        "Count the words of this text: one two three four",
    ],
)
def test_a_task_that_speaks_of_files_or_acts_is_not(text):
    assert not is_bare(text, "Do as you are told.", PAPERS)


def test_a_task_may_ask_for_a_tool_by_its_name():
    assert is_bare("Shout: tea is ready now", "Do as you are told.", ())
    assert not is_bare("Shout: tea is ready now", "Do as you are told.", (), ["shout"])


def test_without_material_the_instructions_and_notes_count():
    assert is_bare("Write one sentence about samovars", "Short sentences.", PAPERS)
    assert not is_bare("Say what happened today", READS_LOG, PAPERS)
    assert not is_bare("Write down what was agreed", "Short sentences.", PAPERS)
    assert not is_bare("Keep a snapshot", "Read the files in team/ and write spec.md.", PAPERS)
    assert is_bare("Keep a snapshot", "Read the files in team/ and write spec.md.", ())


async def test_a_small_model_answers_a_bare_task_and_a_large_one_has_its_tools(home, open_books):
    task = "Make this clearer: 'utilize the form'"
    hire(home, "editor", "read_file", "search")
    small = open_books(["use the form"])
    small.called = "scripted-1.5b"
    team = small.team()
    await team.submit(task, "editor")
    await team.tick()
    [job] = await team.tasks("editor", ("done",))
    assert job.result == "use the form"
    assert not [e for e in events(home) if isinstance(e, Used)]
    large = open_books([call("search", pattern="form"), call("reply", text="use the form")])
    team = large.team()
    await team.submit(task, "editor")
    await team.tick()
    assert [e.result.call.tool for e in events(home) if isinstance(e, Used)] == ["search"]


async def test_a_small_model_has_its_tools_for_a_task_about_a_file(home, open_books):
    hire(home, "editor", "read_file", "search", permissions={"repositories": [".."]})
    books = open_books([call("reply", text="line 1: use the form")])
    books.called = "scripted-1.5b"
    team = books.team()
    await team.submit("Make the wording of page.html clearer", "editor")
    await team.tick()
    [read] = [e.result for e in events(home) if isinstance(e, Used)]
    assert read.call.arguments == {"path": "page.html"}


READS = ("read_file", "search", "list_files", "memory")


@pytest.mark.parametrize(
    ("text", "tools", "files"),
    [
        ("Summarize notes.txt", READS, ("notes.txt",)),
        ("What went wrong in the file notes.txt?", READS, ("notes.txt",)),
        ("Summarize what happened", READS, ("team/engine.log",)),
        ("Summarize notes.txt", ("search",), ()),
        ("Summarize notes.txt", (*READS, "write_file"), ()),
        ("Find the errors of notes.txt", READS, ()),
        ("Fix notes.txt", READS, ()),
        ("Remember what notes.txt says", READS, ()),
    ],
)
def test_files_that_are_only_read_and_spoken_of(text, tools, files):
    assert read_alone(text, READS_LOG, PAPERS, tools) == files


@pytest.mark.parametrize(("long", "shown"), [(False, True), (True, False)])
async def test_a_small_model_is_shown_the_files_it_only_speaks_of(home, open_books, long, shown):
    hire(home, "editor", "read_file", "search")
    notes = home / "agents" / "editor" / "files" / "notes.txt"
    notes.parent.mkdir(parents=True)
    notes.write_text("the kettle boils\n" * (400 if long else 1))
    books = open_books(["it boils" if shown else call("reply", text="it boils")])
    books.called = "scripted-1.5b"
    team = books.team()
    await team.submit("Summarize notes.txt", "editor")
    await team.tick()
    [job] = await team.tasks("editor", ("done",))
    assert job.result == "it boils"
    read = [e for e in events(home) if isinstance(e, Used)]
    assert not read if shown else read[0].result.call.tool == "read_file"
