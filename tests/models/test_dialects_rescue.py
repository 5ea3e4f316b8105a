"""Rescue: what models really print, and what must not be taken for a call."""

import json
from pathlib import Path

import pytest

from samovar.core.tool import Call, Said
from samovar.models.dialects.action import Action
from samovar.models.dialects.hermes import Hermes
from samovar.models.dialects.offered import Outline
from samovar.models.dialects.rescue import Rescued, rescue


def _tool(name: str, must: dict[str, str], may: dict[str, str] | None = None) -> Outline:
    parts = {n: {"type": t} for n, t in {**must, **(may or {})}.items()}
    schema = {"type": "object", "properties": parts, "required": list(must)}
    return Outline(name, f"Does {name}.", schema)


TOOLS = [
    _tool("read_file", {"path": "string"}, {"first": "integer", "last": "integer"}),
    _tool("write_file", {"path": "string", "text": "string"}),
    _tool("search", {"query": "string"}, {"files": "array", "exact": "boolean"}),
    _tool("shell", {"command": "string"}),
    _tool("notes", {}),
]
PRINTED = json.loads(Path(__file__).with_name("printed.json").read_text())
"""What models print: calls of READ, no calls at all, calls that write two lines."""
READ = Call("read_file", {"path": "a.py"})


@pytest.mark.parametrize("text", PRINTED["calls"].values(), ids=PRINTED["calls"].keys())
def test_a_call_is_found_whatever_it_looks_like(text: str):
    assert rescue(text, TOOLS).calls == (READ,)


@pytest.mark.parametrize("text", PRINTED["none"].values(), ids=PRINTED["none"].keys())
def test_what_is_no_call_is_not_taken_for_one(text: str):
    assert rescue(text, TOOLS).calls == ()


def test_a_call_of_a_tool_that_was_not_offered_is_text():
    text = '<tool_call>{"name": "read_file", "arguments": {"path": "a.py"}}</tool_call>'
    assert rescue(text, TOOLS[2:]).calls == ()
    assert rescue(text, []).calls == ()


WRITTEN = 'print("hi", "there")\n# {"a": 1}\n'


@pytest.mark.parametrize("text", PRINTED["texts"].values(), ids=PRINTED["texts"].keys())
def test_a_text_of_several_lines_arrives_whole(text: str):
    assert rescue(text, TOOLS).calls == (Call("write_file", {"path": "a.py", "text": "one\ntwo"}),)


def test_unescaped_quotes_within_a_text_are_a_part_of_it():
    text = '{"name": "write_file", "arguments": {"path": "a.py", "text": "print("hi", "there")"}}'
    assert rescue(text, TOOLS).calls[0].arguments["text"] == 'print("hi", "there")'


def test_a_closing_tag_within_a_text_does_not_end_the_call():
    text = (
        '<tool name="write_file">{"path": "a.xml", "text": "<tool></tool> and more"}</tool> Done.'
    )
    said = rescue(text, TOOLS)
    assert said == Said(
        "Done.", (Call("write_file", {"path": "a.xml", "text": "<tool></tool> and more"}),)
    )


def test_several_calls_keep_their_order_and_the_text_around_them():
    text = (
        'First I look.\n<tool_call>{"name": "search", "arguments": {"query": "x"}}</tool_call>\n'
        '<tool_call>{"name": "notes", "arguments": {}}</tool_call>\nThen more.'
    )
    said = rescue(text, TOOLS)
    assert [call.tool for call in said.calls] == ["search", "notes"]
    assert said.text.split() == ["First", "I", "look.", "Then", "more."]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ('{"path": "a", "first": "7"}', {"path": "a", "first": 7}),
        ('{"path": 12}', {"path": "12"}),
        ('{"path": "12"}', {"path": "12"}),
        ('{"path": "true"}', {"path": "true"}),
        ('{"path": "a", "last": null}', {"path": "a", "last": None}),
        ('{"path": "a", "other": null}', {"path": "a"}),
    ],
)
def test_arguments_get_the_type_that_is_asked_for(given: str, meant: dict):
    text = f'{{"name": "read_file", "arguments": {given}}}'
    assert rescue(text, TOOLS).calls == (Call("read_file", meant),)


@pytest.mark.parametrize(
    ("given", "meant"),
    [('"*.py"', ["*.py"]), ("\"['a', 'b']\"", ["a", "b"]), ('["a"]', ["a"])],
)
def test_a_list_may_come_as_one_value_or_as_text(given: str, meant: list):
    text = f'{{"name": "search", "arguments": {{"query": "x", "files": {given}}}}}'
    assert rescue(text, TOOLS).calls[0].arguments["files"] == meant


def test_what_is_read_holds_no_half_characters():
    asked = '{"tool": "search", "arguments": {"query": "\\ude00", "files": ["\\ud83d\\ude00"]}}'
    for dialect in (Action(), Hermes()):
        [found] = Rescued(dialect).read(asked, TOOLS).calls
        assert found.arguments == {"query": "\ufffd", "files": ["\U0001f600"]}
    said = Rescued(Action()).read('{"tool": "reply", "arguments": {"text": "a\\ud83d"}}', TOOLS)
    assert said == Said("a\ufffd")
