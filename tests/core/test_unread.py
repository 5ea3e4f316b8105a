"""Calls in formats never seen, read by the dialects that models really get."""

import pytest
from plain import Desk, words

from samovar.core.agent import Agent, Limits, converse
from samovar.core.talk import Began, Heard, Replied, Stopped, Used, replay
from samovar.core.tool import Call, Said
from samovar.core.unread import unread
from samovar.models.dialects.choose import NAMES, dialect_for
from samovar.models.profile import Profile
from samovar.models.scripted import Scripted

STRANGE = [
    '<invoke name="read_file">',
    "Sure.\n<ns:invoke name='read_file'><ns:file>a.py</ns:file></ns:invoke>",
    "[TOOL_REQUEST] read_file a.py [END_TOOL_REQUEST]",
    "<|tool_request|>read_file<|sep|>a.py",
    'read_file: {"file": {"at": "a.py"}, "mode": 1}',
    "read_file path=a.py",
    "Action: read_file\nInput: the file a.py",
    'I call it: {"name": "read_file", "arguments": <a.py>}',
]
PROSE = [
    "I looked with read_file and found nothing.",
    "read_file is a tool that reads files.",
    "- read_file: reads a file\n- write_file: writes one",
    'Write `<invoke name="read_file">` to call it.',
    "[tools](tools.md) such as read_file need a path.",
    'The field is <input name="fetch"> and the name is {"name": "fetch", "version": 1}.',
    "The tool read_file failed: {a.py} is missing.",
    "Tool: read_file\nResult: one line",
]


def agent(model: Scripted, name: str) -> Agent:
    dialect = dialect_for(Profile(context=16_000, dialect=name))
    desk = Desk(**{"a.py": "x = 1\n"})
    return Agent(model, dialect, desk.tools, words, Limits(context=16_000))


def spoken(text: str, name: str) -> str:
    """Return words to a person as a dialect writes them; actions need an object."""
    return dialect_for(Profile(dialect=name)).show(Said(text))


async def run(made: Agent) -> list:
    log = [Began(run="r"), Heard(text="what is in a.py?")]
    async for event in converse(replay(log), made):
        log.append(event)
    return log


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", STRANGE)
async def test_a_call_in_a_format_never_seen_is_told_once_with_the_right_one(text, name):
    right = dialect_for(Profile(dialect=name)).show(
        Said("", (Call("read_file", {"path": "a.py"}),))
    )
    model = Scripted([spoken(text, name), right, spoken("One line.", name)])
    log = await run(agent(model, name))
    [complaint] = [e.complaint for e in log if isinstance(e, Replied) and e.complaint]
    assert complaint == f"this is no call of read_file that can be read; a correct one is: {right}"
    assert [e.result.ok for e in log if isinstance(e, Used)] == [True]
    assert log[-1] == Stopped(end="answered") and replay(log).answer == "One line."


async def test_it_is_told_once_and_then_taken_for_the_answer():
    log = await run(agent(Scripted([STRANGE[0]] * 3), "json"))
    assert [bool(e.complaint) for e in log if isinstance(e, Replied)] == [True, False]


@pytest.mark.parametrize("text", PROSE)
def test_an_answer_that_names_a_tool_is_an_answer(text):
    assert unread(text, Desk().tools(), dialect_for(Profile())) == ""
