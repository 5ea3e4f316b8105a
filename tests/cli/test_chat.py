"""`samovar chat`, by a script."""

import json
import re
import shutil
from typing import Any

import model_server
import pytest
from actions import call, reply

from samovar.cli.chat_commands import COMMANDS, run
from samovar.companion.companion import companion
from samovar.core.log import JsonlLog
from samovar.core.talk import Began

from .conftest import git

MEND = call("edit_text", path="sums.py", search="a - b", replace="a + b")


def test_a_script_has_a_conversation(served, server, project):
    server.answers = (call("read_file", path="sums.py"), MEND, reply("Mended."))
    done = served("chat", stdin="mend add\n/diff\n/commit fix: add\n/undo\nquit\nnever read\n")
    assert done.returncode == 0, done.stderr
    rows = done.stdout.splitlines()
    assert any(r.startswith('  * read_file(path="sums.py") -> ') for r in rows)
    assert any(r.startswith('  * edit_text(path="sums.py"') for r in rows)
    assert "Mended." in rows and "+    return a + b" in rows
    assert re.search(r"committed \w{12} on samovar/", done.stdout)
    assert "there is nothing to take back" in rows
    assert "never read" not in done.stdout
    assert "a - b" in (project / "sums.py").read_text()
    assert "samovar chat --resume" in done.stderr and "\x1b" not in done.stdout


def test_what_a_conversation_committed_is_shown_and_taken_back(served, server, project):
    server.answers = (MEND, reply("Mended."))
    done = served("chat", stdin="mend add\n/commit fix: add\n")
    found = re.search(r"--resume (\S+)", done.stderr)
    assert found is not None
    run, change = found[1], "+    return a + b"
    assert f"samovar undo {run}" in done.stdout
    shown = served("show", "--diff", run).stdout
    assert change in shown and "mend add" not in shown
    shutil.rmtree(project / ".samovar" / "runs" / run / "work")
    assert change in served("show", "--diff", run).stdout, "what is committed stays known"
    assert change in json.loads(served("show", "--json", run).stdout)["diff"]
    undone = served("undo", run)
    assert f"deleted samovar/{run}" in undone.stdout, undone.stderr
    assert git(project, "branch", "--list", "samovar/*") == ""
    assert "undo" in served("show", run).stdout
    again = served("undo", run)
    assert again.returncode == 2 and f"no commit of {run}" in again.stderr


def test_what_an_agent_made_on_a_task_is_shown_with_its_place(samovar, project):
    folder = project / ".samovar" / "runs" / "task-00001-1-plot"
    JsonlLog(folder / "events.jsonl").append(Began(run=folder.name, agent="analyst", task=1))
    (folder / "files" / "plots").mkdir(parents=True)
    (folder / "files" / "plots" / "plot-1.png").write_bytes(b"\0")
    shown = samovar("show", folder.name)
    assert f"made in {folder}/files: plots/plot-1.png\n" in shown.stdout, shown.stderr


def test_a_conversation_goes_on(served, server):
    server.answers = (reply("I am well."),)
    first = served("chat", stdin="how are you?\n")
    run = re.search(r"--resume (\S+)", first.stderr)
    assert run is not None
    server.answers = (reply("You asked how I am."),)
    second = served("chat", "--resume", run[1], stdin="what did I ask?\n")
    assert "on with: how are you?" in second.stdout and "You asked how I am." in second.stdout
    listed = served("chat", "--resume", "last", stdin="/resume\n/resume nothing\n")
    assert run[1] in listed.stdout and "0 runs are called 'nothing'" in listed.stdout
    assert "how are you?" in served("runs").stdout
    assert "You asked how I am." in served("show", run[1]).stdout


def test_a_session_takes_another_model_takes_back_and_goes_over_to_another_talk(
    samovar, server, project
):
    home = project / ".samovar"
    home.mkdir()
    told: list[str] = []

    def say(asked: Any) -> str:
        told.append(json.dumps(asked["messages"]))
        return reply("I am the second.")

    with model_server.serving(say) as url:
        tables = (("first", server.url), ("second", url))
        rows = [f'[[models]]\nname = "{n}"\nurl = "{u}"\nmodel = "scripted"\n' for n, u in tables]
        (home / "samovar.toml").write_text("\n".join(rows))
        server.answers = (reply("I am the first."), MEND, reply("Mended."))
        run = re.search(r"--resume (\S+)", samovar("chat", stdin="how are you?\n").stderr)
        assert run is not None
        rest = f"/diff\n/undo\n/diff\n/resume {run[1]}\nwhat did I ask?\n"
        done = samovar("chat", stdin=f"mend add\n/model second\nwho are you?\n{rest}")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    seen = ["Mended.", "I am the second.", "+    return a + b", "as before: sums.py"]
    seen += ["nothing is changed", "on with: how are you?"]
    places = [lines.index(line) for line in seen]
    assert places == sorted(places) and lines.count("I am the second.") == 2
    assert "who are you?" in told[0] and "Mended." in told[0] and "the first" not in told[0]
    assert "I am the first." in told[1] and "what did I ask?" in told[1] and "Mended" not in told[1]


def test_what_was_added_to_memory_is_there_when_it_is_asked_for(served, server, project):
    server.answers = (reply("At 02:30."),)
    script = "/memory add the nightly backup starts at 02:30\nwhen does the nightly backup start?\n"
    assert "At 02:30." in served("chat", stdin=script).stdout
    (log,) = project.glob(".samovar/runs/*/events.jsonl")
    looked = [e["event"] for e in map(json.loads, log.read_text().splitlines())]
    looked = [e for e in looked if e["type"] == "looked"]
    assert "> the nightly backup starts at 02:30" in looked[0]["recalled"]
    assert "said by owner" in looked[0]["recalled"]


async def test_lists_show_the_latest_and_say_how_many_more_there_are(project):
    async with companion(project) as talker:
        seat = talker.seat
        for number in range(9):
            path = seat.memory.notes.folder / f"{'zyxwvutsr'[number]}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"---\ntime: 2026-01-0{number + 1}T08:00:00Z\n---\nday {number + 1}\n")
        rows = [row.text for row in await run(talker, "/memory")]
        assert [r for r in rows if r.startswith("> ")] == [f"> day {n}" for n in range(9, 1, -1)]
        assert rows[-1] == "1 more, earlier: samovar memory list --agent samovar"
        assert not any("earlier" in row.text for row in await run(talker, "/memory day"))
        for number in range(12):
            log = JsonlLog(seat.home / "runs" / f"r{number:02}" / "events.jsonl")
            log.append(Began(run=f"r{number:02}", agent=seat.agent, title="hello"))
        rows = [row.text for row in await run(talker, "/resume")]
        assert len(rows) == 11 and rows[-1] == "2 more, earlier: samovar runs"
        assert rows[0] == "r11  hello"


async def test_a_note_that_was_emptied_by_hand_is_forgotten(project):
    async with companion(project) as talker:
        folder = talker.seat.memory.notes.folder
        folder.mkdir(parents=True)
        (folder / "empty.md").write_text("")
        rows = await run(talker, "/memory forget empty")
        assert rows[0].text.startswith("forgotten: [said by unknown")
        assert not (folder / "empty.md").exists()


def test_lines_that_belong_together_are_one_message(served, server):
    server.answers = (reply("Two lines."),)
    done = served("chat", stdin="one\\\ntwo\n")
    run = re.search(r"--resume (\S+)", done.stderr)
    assert run is not None and "Two lines." in done.stdout
    assert (
        "one\ntwo"
        in json.loads(served("show", run[1], "--json").stdout)["entries"][1]["event"]["text"]
    )


def test_commands_answer(served, server):
    script = "/help\n/tools\n/plan\n/plan add mend it\n/plan done 1\n/plan dance\n/memory\n"
    script += "/memory add the key is in the safe\n/memory where is the key\n/model\n/nothing\n"
    done = served("chat", stdin=script)
    assert done.returncode == 0, done.stderr
    for each in (*COMMANDS, "1. [x] mend it", "write /plan, /plan add", "nothing is remembered"):
        assert each in done.stdout
    assert "> the key is in the safe" in done.stdout and "said by owner" in done.stdout
    assert "in use: scripted" in done.stdout
    assert re.search(r"^  edit_text +write +allow +\w", done.stdout, re.MULTILINE)
    assert "chosen by your first message; 0 rules of your own" in done.stdout
    assert "  fetch          not here: list hosts under [web] in samovar.toml\n" in done.stdout
    assert "there is no command /nothing; see /help" in done.stdout
    assert "Traceback" not in done.stderr


def test_tasks_take_every_state_and_the_notebook_is_shown(served, server, project):
    script = "/plan add mend it\n/plan doing 1\n/notebook\n/notebook add the cache is flaky\n"
    script += "/plan done 1\n/plan open 1\n/notebook burn\n"
    done = served("chat", stdin=script)
    assert done.returncode == 0, done.stderr
    places = [done.stdout.index(f"1. [{mark}] mend it") for mark in " ~x"]
    assert places == sorted(places)
    assert done.stdout.rindex("1. [ ] mend it") > places[-1], "it is open again"
    assert "nothing is noted yet: /notebook add TEXT" in done.stdout
    assert "the person] the cache is flaky" in done.stdout
    assert f"edit it by hand: {project / '.samovar' / 'notebook.md'}" in done.stdout
    assert "write /notebook or /notebook add TEXT" in done.stdout


def test_a_question_that_nobody_can_answer_is_a_no(served, server, project):
    home = project / ".samovar"
    home.mkdir()
    (home / "samovar.toml").write_text('[rules]\nask = [{tool = "shell", why = "be careful"}]\n')
    server.answers = (call("shell", command="rm -r x"), reply("I was not allowed."))
    done = served("chat", stdin="remove x\n")
    assert "be careful" in done.stdout and "nobody is there to be asked" in done.stdout
    assert "nobody allowed this call" in done.stdout and "I was not allowed." in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--agent", "bob"), 2, "no agent is called 'bob' in"),
        (("--resume", "nothing"), 2, "there is no conversation 'nothing'"),
        (("--model", "nothing"), 2, "no model called 'nothing' answers"),
        (("--with", "nothing.csv"), 2, "there is no file or folder nothing.csv"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(served, words, code, said):
    done = served("chat", *words, stdin="hello\n")
    assert done.returncode == code and said in done.stderr
    assert "Traceback" not in done.stderr


def test_where_files_lie_that_an_agent_made_is_said_once_and_by_diff(served, server, project):
    code = "import os; os.mkdir('plots'); open('plots/a.png', 'wb').write(bytes(9))"
    again = call("python", code="1 + 1")
    server.answers = (call("python", code=code), reply("Drawn."), again, reply("Two."))
    done = served("chat", stdin="plot it\nwhat is 1 + 1?\n/diff\n")
    [run] = (project / ".samovar" / "runs").iterdir()
    row = f"made in {run}/work: plots/a.png"
    rows = done.stdout.splitlines()
    assert rows.count(row) == 2 and rows[-1] == row, done.stdout
    assert rows.index(row) < rows.index("Two.")
    assert (run / "work/plots/a.png").read_bytes() == bytes(9)


def test_a_table_that_git_does_not_know_is_handed_over(served, server, project):
    (project / ".git" / "info" / "exclude").write_text("data/\n")
    (project / "data").mkdir()
    (project / "data" / "sales.csv").write_text("year,total\n2025,41\n")
    server.answers = (call("read_file", path="data/sales.csv"), reply("41."))
    done = served("chat", "--with", "data", stdin="what is the total?\n/diff\n")
    assert "the agent gets copies, which no commit takes: data/sales.csv (19 bytes)" in done.stderr
    assert "data/sales.csv, lines 1-2 of 2" in done.stdout and "nothing is changed" in done.stdout


def test_a_server_that_goes_away_ends_the_turn_only(served, server):
    server.answers = ("",)
    server.answer = ""
    done = served("chat", stdin="hello\n/diff\n")
    assert "stopped" in done.stdout and "nothing is changed" in done.stdout
    assert done.returncode == 3


def test_a_script_is_told_how_its_last_turn_ended(served, server, project):
    home = project / ".samovar"
    home.mkdir()
    (home / "samovar.toml").write_text("steps = 1\n")
    read = call("read_file", path="sums.py")
    server.answers = (read,)
    assert served("chat", stdin="look\n/nothing\n").returncode == 1
    server.answers = (read, reply("Hello."))
    assert served("chat", stdin="look\nhello\nquit\n").returncode == 0
    assert served("chat", stdin=f"{'x' * 200_001}\n").returncode == 2


def test_an_agent_of_a_team_asks_a_teammate_by_a_message(served, server, project):
    for name, hears in (("writer", ["ada", "bob"]), ("ada", ["writer"]), ("bob", [])):
        folder = project / ".samovar/agents" / name
        folder.mkdir(parents=True)
        allowed = {"read_outboxes": hears, "tools": ["ask", "read_file"]}
        resume = {"name": name, "instructions": "Be brief.", "permissions": allowed}
        resume["title"] = f"{name.capitalize()} of tea"
        (folder / "resume.json").write_text(json.dumps(resume))
    asks = [call("ask", question="Green or black?", whom=name) for name in ("bob", "ada")]
    server.answers = (*asks, reply("Asked."))
    done = served("chat", "--agent", "writer", stdin="which tea?\n")
    assert done.returncode == 0, done.stderr
    assert "samovar chat --agent writer --resume" in done.stderr
    assert "there is no 'bob' to ask; ask one of: person, ada" in done.stdout
    [letter] = (project / ".samovar/agents/writer/outbox").glob("*.json")
    entry = json.loads(letter.read_text())
    assert (entry["to"], entry["text"]) == (["ada"], "Green or black?")
    [log] = project.glob(".samovar/runs/*/events.jsonl")
    assert "You are writer, Writer of tea," in log.read_text()
    assert "- ada: Ada of tea" in log.read_text() and "Bob of tea" not in log.read_text()
    rows = json.loads(served("credits", "--json", "--home", str(project / ".samovar")).stdout)
    spent = {row["agent"]: row["spent"] for row in rows}
    assert spent["writer"] > 0 == spent["ada"], "who answers pays, as for a task"
