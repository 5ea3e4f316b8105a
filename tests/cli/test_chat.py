"""`samovar chat`: by a script, and by keys in a terminal."""

import asyncio
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import model_server
import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from samovar.cli.chat import Session
from samovar.cli.chat_commands import COMMANDS, arguments, run
from samovar.cli.chat_input import Piped, Words, fitting, mentioned
from samovar.cli.chat_view import View
from samovar.companion.companion import companion
from samovar.core.log import JsonlLog
from samovar.core.talk import Began
from samovar.models.endpoint import Endpoint

from .conftest import git

COMMAND = (sys.executable, "-c", "from samovar.cli.main import main; main()")


def call(name: str, /, **arguments: Any) -> str:
    return json.dumps({"tool": name, "arguments": arguments})


def reply(text: str) -> str:
    return call("reply", text=text)


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


class Terminal:
    """The command in a terminal, typed at by a person."""

    def __init__(self, environment: dict[str, str], cwd: str) -> None:
        number, inside = pty.openpty()
        self.number = number
        self.process = subprocess.Popen(
            [*COMMAND, "chat"],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            cwd=cwd,
            env={**environment, "TERM": "xterm-256color"},
            start_new_session=True,
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),
        )
        os.close(inside)
        self.seen = ""

    def type(self, keys: str) -> None:
        os.write(self.number, keys.encode())

    def wait(self, text: str, seconds: float = 30.0) -> None:
        until = time.monotonic() + seconds
        while text not in self.seen:
            ready, _, _ = select.select([self.number], [], [], max(0, until - time.monotonic()))
            assert ready, f"{text!r} did not come; there is:\n{self.seen[-3000:]}"
            try:
                more = os.read(self.number, 65536).decode("utf-8", "replace")
            except OSError:
                pytest.fail(f"it ended without {text!r}; there is:\n{self.seen[-3000:]}")
            if "\x1b[6n" in more:
                # prompt_toolkit asks where the cursor is.
                os.write(self.number, b"\x1b[1;1R")
            self.seen += re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[=>])", "", more)
        self.seen = self.seen.partition(text)[2]

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.number)


@pytest.fixture
def terminal(project, environment, server):
    url = server.url
    made = Terminal({**environment, "SAMOVAR_MODEL_URL": url}, str(project))
    yield made
    made.close()


def test_ctrl_c_stops_the_step_and_a_second_one_leaves(terminal, server):
    terminal.wait("/help")
    server.answers = (reply("word " * 2000),)
    server.pause = 0.02
    terminal.type("talk\r")
    terminal.wait("word word word")
    terminal.type("\x03")
    terminal.wait("stopped by the person")
    server.answers, server.pause = (reply("I am here again."),), 0.0
    terminal.wait("/help")
    terminal.type("hello\r")
    terminal.wait("I am here again.")
    terminal.wait("/help")
    terminal.type("\x03")
    terminal.wait("Ctrl-C again")
    terminal.type("\x03")
    terminal.wait("samovar chat --resume")
    assert terminal.process.wait(10) == 130


def test_up_brings_back_what_was_said_in_an_earlier_sitting(project, environment, server):
    variables = {**environment, "SAMOVAR_MODEL_URL": server.url}
    for keys in ("what is in sums.py?\r", "\x1b[A\r"):
        server.answers = (reply("One function."),)
        terminal = Terminal(variables, str(project))
        try:
            terminal.wait("/help")
            terminal.type(keys)
            terminal.wait("One function.")
            terminal.wait("/help")
            terminal.type("\x04")
            assert terminal.process.wait(20) == 0
        finally:
            terminal.close()
    assert asked(project) == ["what is in sums.py?"] * 2
    assert (project / ".samovar" / "chat_history").stat().st_mode & 0o777 == 0o600


@pytest.fixture
def careful(project):
    """A project whose rules want a word for each command."""
    home = project / ".samovar"
    home.mkdir()
    (home / "samovar.toml").write_text('[rules]\nask = [{tool = "shell"}]\n')
    return home


@pytest.mark.parametrize(
    ("wish", "question"),
    [
        (call("shell", command="touch made"), "Allow it?"),
        (call("ask", question="Which one?"), "Your answer:"),
    ],
)
def test_ctrl_c_at_a_question_stops_the_turn(careful, terminal, server, wish, question):
    server.answers = (wish, reply("I went on."))
    terminal.wait("/help")
    terminal.type("do it\r")
    terminal.wait(question)
    terminal.type("\x03")
    terminal.wait("stopped by the person")
    (log,) = careful.glob("runs/*/events.jsonl")
    last = [json.loads(row) for row in log.read_text().splitlines()][-2:]
    assert "the person stopped it" in json.dumps(last[0])
    assert '"interrupted"' in json.dumps(last[1]) and "I went on." not in log.read_text()
    server.answers = (reply("I am here again."),)
    terminal.wait("/help")
    terminal.type("hello\r")
    terminal.wait("I am here again.")


def test_what_is_typed_before_a_question_is_no_answer_to_it(careful, terminal, server):
    server.answers = (call("shell", command="touch one two three"), reply("I went on."))
    server.pause = 0.3
    terminal.wait("/help")
    terminal.type("do it\r")
    terminal.wait("writing (")
    terminal.type("y\r")
    terminal.wait("Allow it?")
    terminal.type("\r")
    terminal.wait("nobody allowed this call")
    terminal.wait("I went on.")


def test_ctrl_c_stops_a_command_and_the_session_goes_on(terminal, server):
    terminal.wait("/help")
    server.listed.clear()
    server.delay = 5.0
    terminal.type("/model other\r")
    assert server.listed.wait(30)
    terminal.type("\x03")
    terminal.wait("stopped")
    server.delay, server.answers = 0.0, (reply("I am still here."),)
    terminal.wait("/help")
    terminal.type("hello\r")
    terminal.wait("I am still here.")
    terminal.type("/quit\r")
    assert terminal.process.wait(20) == 0


def test_keys_complete_and_write_several_lines(terminal, server):
    terminal.wait("/help")
    server.answers = (reply("Seen."),)
    terminal.type("/he\t")
    terminal.type("\r")
    terminal.wait("/undo     take back")
    terminal.wait("/help")
    terminal.wait("/help")
    terminal.type("look at @test_\t")
    terminal.wait("sums.py")
    terminal.type("\x1b\r")
    terminal.type("twice\\\r")
    terminal.type("and again\r")
    terminal.wait("Seen.")
    terminal.type("/quit\r")
    assert terminal.process.wait(20) == 0


def test_a_paste_is_one_message_until_enter_is_pressed(terminal, server, project):
    server.answers = (reply("Seen."),)
    terminal.wait("/help")
    terminal.type("\x1b[200~first row\r\n/quit\r\nthird row\x1b[201~")
    terminal.wait("third row")
    assert asked(project) == []
    terminal.type("\r")
    terminal.wait("Seen.")
    assert asked(project) == ["first row\n/quit\nthird row"]


def asked(project) -> list[str]:
    """Return what the person said in the conversations of a project."""
    logs = [log.read_text() for log in project.glob(".samovar/runs/*/events.jsonl")]
    events = [json.loads(row)["event"] for log in logs for row in log.splitlines()]
    return [event["text"] for event in events if event["type"] == "heard"]


def test_a_narrow_terminal_shows_every_word(careful, terminal, server):
    terminal.wait("/help")
    termios.tcsetwinsize(terminal.number, (10, 20))
    asks, says = ([f"{name}{n:02}" for n in range(30)] for name in ("ask", "say"))
    server.answers = (call("shell", command=" ".join(["echo", *asks])), reply(" ".join(says)))
    terminal.type("talk in lines that are wider than this\r")
    for word in (*asks, "Allow it?"):
        terminal.wait(word)
    terminal.type("n\r")
    for word in says:
        terminal.wait(word)


def test_a_terminal_that_is_closed_ends_its_programs_and_leaves_a_whole_log(
    terminal, server, project, served
):
    beating = call("shell", command="while sleep 0.1; do echo >> beat; done")
    server.answers = (beating, reply("Never said."))
    terminal.wait("/help")
    terminal.type("run it\r")
    until(lambda: list(project.glob(".samovar/runs/**/beat")))
    os.killpg(terminal.process.pid, signal.SIGHUP)
    assert terminal.process.wait(20) != 0
    [beat] = project.glob(".samovar/runs/**/beat")

    def still() -> bool:
        size = beat.stat().st_size
        time.sleep(1)
        return beat.stat().st_size == size

    until(still)
    server.answers = (reply("It was broken off."),)
    done = served("chat", "--resume", "last", stdin="what became of it?\n")
    assert "It was broken off." in done.stdout, done.stderr
    [log] = project.glob(".samovar/runs/*/events.jsonl")
    assert "it may be done or not, look before you repeat it" in log.read_text()


def until(true: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


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


def test_files_are_found_by_any_part_of_their_path():
    paths = ["src/app.py", "src/apple.py", "tests/test_app.py", "app.md"]
    assert fitting(paths, "app") == ["app.md", "src/app.py", "src/apple.py", "tests/test_app.py"]
    assert fitting(paths, "src/") == ["src/app.py", "src/apple.py"]
    assert mentioned("see @app.md, @nothing and a@b.c", paths) == "see app.md, @nothing and a@b.c"
    assert mentioned("see @app.md and @src/app.py", paths) == "see app.md and src/app.py"


async def none(_command: str) -> list[str]:
    return []


async def completed(typed: str, paths: Sequence[str], arguments=none) -> list[str]:
    """Return the lines that completion makes of one."""
    words = Words(COMMANDS, lambda: paths, arguments)
    document, event = Document(typed), CompleteEvent(completion_requested=True)
    found = words.get_completions_async(document, event)
    return [typed[: len(typed) + each.start_position] + each.text async for each in found]


async def test_files_of_any_name_complete_and_are_known():
    paths = ["app/[id]/page.tsx", "c++/x", "my notes.md", "src/app.py"]
    assert await completed("see @app/[i", paths) == ["see @app/[id]/page.tsx"]
    assert await completed("see @c+", paths) == ["see @c++/x"]
    assert await completed("see @my", paths) == ['see @"my notes.md"']
    assert await completed('see @"my no', paths) == ['see @"my notes.md"']
    assert await completed("a@c", paths) == await completed('@"my notes.md"', paths) == []
    said = mentioned('see @app/[id]/page.tsx, (@c++/x) @c++/x! @"my notes.md" @"no.md"', paths)
    assert said == 'see app/[id]/page.tsx, (@c++/x) c++/x! "my notes.md" @"no.md"'


async def test_what_stands_behind_a_command_completes(served, server, project, monkeypatch):
    async def found(_settings, _home):
        return [("big-8b", Endpoint(url="http://127.0.0.1:9/v1", model="big"))]

    monkeypatch.setattr("samovar.cli.chat_commands.endpoints", found)
    async with companion(project) as talker:
        known = partial(arguments, talker)
        assert await completed("/model bi", [], known) == ["/model big-8b"]
        assert "/model qwen2.5-coder-0.5b" in await completed("/model ", [], known)
        assert await completed("/resume ", [], known) == []
        server.answers = (reply("Hello."),)
        served("chat", stdin="hello there\n")
        [run] = (project / ".samovar/runs").iterdir()
        assert await completed("/resume ", [], known) == [f"/resume {run.name}"]
        assert await completed("/resume hello", [], known) == [f"/resume {run.name}"]
        assert await completed("/resume zz", [], known) == []
        assert await completed("/undo ", ["a"], known) == []


async def test_the_files_that_complete_are_those_there_are_now(project):
    async with companion(project) as talker:
        session = Session(View(plain=True), [])
        session.talker = talker
        await session._list()
        before = session.paths
        (project / "fresh.py").write_text("x = 1\n")
        git(project, "add", "fresh.py")
        git(project, "commit", "-qm", "more")
        await session._list()
        assert "sums.py" in before and set(session.paths) - set(before) == {"fresh.py"}


async def test_commands_and_files_complete():
    assert await completed("/m", []) == ["/model", "/memory"]
    assert await completed("look at @app", ["src/app.py"]) == ["look at @src/app.py"]
    assert await completed("mail a@app", ["src/app.py"]) == await completed("plain", []) == []


async def test_a_pipe_is_read_line_by_line():
    inside, outside = os.pipe()
    os.write(outside, b"one\ntwo\\\nthree\r\nfour")
    os.close(outside)
    lines = Piped(inside)
    assert [await lines.message() for _ in range(4)] == ["one", "two\nthree", "four", None]
    assert lines.scripted
    os.close(inside)


@pytest.mark.timeout(30)
async def test_a_person_at_a_plain_terminal_is_asked(capsys):
    number, inside = pty.openpty()
    lines = Piped(inside)
    os.write(number, b"typed before\n")
    select.select([inside], [], [], 10)
    asked = asyncio.ensure_future(lines.answer("Allow it?"))
    await asyncio.sleep(0)
    assert capsys.readouterr().out == "Allow it?\n" and not lines.scripted
    os.write(number, b"yes\nand more\n")
    assert await asked == "yes"
    assert await lines.message() == "and more"
    os.close(number)
    os.close(inside)
