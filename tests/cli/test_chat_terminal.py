"""`samovar chat`, by keys in a terminal."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
from collections.abc import Callable

import pytest
from actions import call, reply

from .conftest import COMMAND


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
