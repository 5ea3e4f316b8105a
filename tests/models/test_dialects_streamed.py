"""What is shown of an answer while it comes: its words, and nothing of a call."""

import json
from pathlib import Path

import pytest
from actions import call, reply

from samovar.core.errors import ToolError
from samovar.models.dialects.action import Action
from samovar.models.dialects.offered import Outline
from samovar.models.dialects.rescue import Rescued, rescue
from samovar.models.dialects.streamed import Stream, spoken, surely

READ = Outline(
    "read_file",
    "Read a file.",
    {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)
PYTHON = Outline("python", "Run Python.", {"type": "object", "properties": {"code": {}}})
TOOLS = (READ, PYTHON)
PRINTED = json.loads(Path(__file__).with_name("printed.json").read_text())
"""What models print: calls of `read_file`, among others."""


def sent(stream: Stream, answer: str, size: int) -> list[str]:
    return [stream.feed(answer[n : n + size]) for n in range(0, len(answer), size)]


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (
            reply('He said "yes",\nthen\tleft. é \U0001f600!'),
            'He said "yes",\nthen\tleft. é \U0001f600!',
        ),
        (call("read_file", path="a.py"), ""),
        ('<tool name="read_file">{"path": "a"}</tool>', ""),
        ('<tool_call>{"name": "read_file"}</tool_call>', ""),
        ('```json\n{"tool": "x"}\n```', ""),
        ("Plain words that are long enough.", "Plain words that are long enough."),
        ('I look.\n<tool name="read_file">{}</tool>', "I look."),
        ("Code:\n```python\nx = 1\n```\nDone.", "Code:\n```python\nx = 1\n```\nDone."),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_of_a_stream_the_words_are_shown_and_never_the_call(answer, shown, size):
    stream, seen = Stream(), ""
    for piece in sent(stream, answer, size):
        seen += piece
        assert shown.startswith(seen.rstrip()), "nothing is shown that must be taken back"
    assert seen + stream.rest(shown) == shown


def test_an_answer_that_was_read_otherwise_is_shown_whole():
    stream = Stream()
    stream.feed("Something entirely different was streamed")
    assert stream.rest("The answer.") == "\nThe answer."


@pytest.mark.parametrize(
    ("answer", "least"),
    [
        (reply("There are two files in the folder."), "There are two files in the"),
        (reply("  In Python, that is easy. Use a loop!"), "In Python, that is easy. Use a"),
        (reply("Call the python interpreter yourself!"), "Call the python interpreter"),
        (reply('It has a { brace, "so it waits".'), "It has a"),
        (reply("I see.\nread_file(path='a')"), "I see."),
        (reply("First read_file (path='a') then"), "First"),
        (reply("Now read_file with input\n"), "Now"),
        (reply("Done.\nAction: read_file\nAction Input: {}"), "Done."),
        ('[' + reply("I read it.") + ", " + call("read_file", path="a") + "]", ""),
        ("Plain words from a server without forms.", "Plain words from a server without"),
        ("I read it.\n```json\n{}\n```", "I read it."),
        ("Is 2 < 3 or not, and <read_file>", "Is 2 < 3 or not, and"),
        ("It costs 3 STOP and more", "It costs 3"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_for_programs_what_is_certain_is_shown_at_once(answer, least, size):
    stream = Stream(surely(TOOLS, ["STOP"]))
    pieces = sent(stream, answer, size)
    # What ends a text may come at the end, so a few characters wait for it.
    seen = "".join(pieces)
    assert least.startswith(seen) and len(seen) >= len(least) - 9, seen
    assert size == 1000 or not least or sum(bool(p) for p in pieces) > least.count(" ") // 3


def test_a_tool_that_is_called_reply_is_never_taken_for_words():
    stream = Stream(surely((Outline("reply"),)))
    assert "".join(sent(stream, reply("To be handed to the tool."), 1)) == ""


@pytest.mark.parametrize("text", PRINTED["calls"].values(), ids=PRINTED["calls"].keys())
@pytest.mark.parametrize(
    "wrap", [str, reply, "I will do that now.\n{}".format], ids=["alone", "reply", "behind words"]
)
def test_of_no_known_shape_of_call_a_part_is_shown(text, wrap):
    stream = Stream(surely(TOOLS))
    shown = "".join(sent(stream, wrap(text), 1))
    try:
        said = Rescued(Action()).read(wrap(text), TOOLS)
    except ToolError:
        said = rescue(wrap(text), TOOLS)
    assert said.calls and said.text.startswith(shown), shown


def test_the_text_of_a_form_is_no_words():
    assert spoken('{"tool": "reply", "arguments": {"text": {"text": "abc') == ""
    assert spoken('{"tool": "reply", "arguments": {"text": "a\\ud83d') == "a"
