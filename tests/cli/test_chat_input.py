"""What is typed at `samovar chat`: files and commands that complete, and lines of a pipe."""

import asyncio
import os
import pty
import select
from collections.abc import Sequence
from functools import partial

import pytest
from actions import reply
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from samovar.cli.chat import Session
from samovar.cli.chat_commands import COMMANDS, arguments
from samovar.cli.chat_input import Piped, Words, fitting, mentioned
from samovar.cli.chat_view import View
from samovar.companion.companion import companion
from samovar.models.endpoint import Endpoint

from .conftest import git


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
