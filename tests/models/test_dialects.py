"""Dialects: what they offer, what they read, and that writing and reading agree."""

import json
from typing import Annotated

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import Meta

from samovar.core.errors import SetupError, ToolError
from samovar.core.tool import Call, Dialect, Said, Tool, arguments, tool
from samovar.models.dialects import schemas
from samovar.models.dialects.action import Action
from samovar.models.dialects.choose import NAMES, dialect, dialect_for
from samovar.models.dialects.offered import Outline, listing
from samovar.models.dialects.rescue import Rescued, rescue
from samovar.models.profile import Profile


async def read_file(path: str, first: Annotated[int, Meta(ge=1, description="line")] = 1) -> str:
    """Read a text file.

    The rest is for people.
    """
    return f"{path} from {first}"


async def search(query: str, files: list[str] | None = None, exact: bool = False) -> str:
    """Search the project."""
    return f"{query} {files} {exact}"


async def notes() -> str:
    """List the notes."""
    return ""


class Inner(msgspec.Struct):
    at: int
    again: "list[Inner] | None" = None


class Outer(msgspec.Struct):
    inner: Inner
    mark: Annotated[str, Meta(pattern="a+", max_length=99999)] = ""


TOOLS: list[Tool] = [
    tool(read_file, "read", {"path": "src/app.py"}),
    tool(search, "read", {"query": "def main"}),
    tool(notes, "read", {}),
]
ALL = [dialect(name) for name in NAMES]
every = pytest.mark.parametrize("one", [*ALL, *map(Rescued, ALL)], ids=str)

PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="<>{}[]()`#"), max_size=40).map(
    str.strip
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
ANYTHING = Outline("anything", "Takes anything.", {"type": "object"})
CALLS = st.builds(Call, st.just("anything"), st.dictionaries(st.text(), VALUES, max_size=4))


@pytest.mark.parametrize("one", ALL, ids=str)
@settings(max_examples=80, deadline=None)
@given(said=st.builds(Said, PLAIN, st.lists(CALLS, max_size=3).map(tuple)))
@example(said=Said("", (Call("anything", {"A\u00b7": None}),)))
def test_what_is_shown_is_read_again(one: Dialect, said: Said):
    assert one.read(one.show(said), [ANYTHING]) == said


@every
@settings(max_examples=80, deadline=None)
@given(text=st.text(st.characters(), max_size=200))
def test_no_text_raises_anything_but_an_error_for_the_model(one: Dialect, text: str):
    _read(one, text)


PIECES = [
    *(
        "<tool_call>",
        "</tool_call>",
        '<tool name="search">',
        "</tool>",
        "```json",
        "```python",
        "```",
    ),
    *(
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        ",",
        ":",
        '"',
        "'",
        "\\",
        "\n",
        " ",
        "=",
        "<search>",
        "</search>",
    ),
    *(
        '"name"',
        '"arguments"',
        "search",
        "read_file",
        "read_file(",
        "query=",
        '"query"',
        "1",
        "null",
    ),
    *(
        "Action: search",
        "Action Input:",
        "<think>",
        "</think>",
        "def f():",
        "\ud800",
        "\\ud83d",
        "-",
    ),
]


@every
@settings(max_examples=120, deadline=None)
@given(text=st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_no_heap_of_marks_raises_anything_but_an_error_for_the_model(one: Dialect, text: str):
    _read(one, text)


@pytest.mark.parametrize("piece", [*PIECES, '{"a":', "[{", "a-", "search ", '<search>"', '["'])
@pytest.mark.parametrize("one", ALL, ids=str)
@pytest.mark.timeout(20)
def test_a_long_heap_of_one_mark_is_read_in_time(one: Dialect, piece: str):
    _read(Rescued(one), piece * (30_000 // len(piece)))


def _read(one: Dialect, text: str) -> None:
    try:
        said = one.read(text, TOOLS)
    except ToolError as error:
        assert "\n" not in str(error)
        return
    assert all(call.tool in {t.name for t in TOOLS} for call in said.calls)


@every
def test_an_offer_names_every_tool_and_is_the_same_each_time(one: Dialect):
    assert all(t.name in one.offer(TOOLS) for t in TOOLS)
    assert one.offer(TOOLS) == one.offer(list(TOOLS))
    assert "The rest is for people" not in one.offer(TOOLS)
    assert one.offer([]) == ""
    assert one.schema([]) is None
    assert one.read("  nothing {} to do ", []).text == "nothing {} to do"


@every
def test_the_example_of_an_offer_can_be_read(one: Dialect):
    said = one.read(one.show(Said("", (Call("read_file", {"path": "src/app.py"}),))), TOOLS)
    assert arguments(TOOLS[0], said.calls[0]) == {"path": "src/app.py", "first": 1}


@every
def test_an_unknown_tool_is_answered_with_those_there_are(one: Dialect):
    text = one.show(Said("", (Call("read_fil", {"path": "a"}),)))
    if isinstance(one, Rescued) or "Python" in str(one):
        assert one.read("done", TOOLS[:0]).calls == ()
        return
    with pytest.raises(ToolError, match="use one of: read_file, search, notes"):
        one.read(text, TOOLS)


def test_an_action_fits_its_own_schema_and_nothing_else_does():
    schema = Action().schema(TOOLS)
    assert schemas.complaint({"tool": "read_file", "arguments": {"path": "a"}}, schema) == ""
    assert schemas.complaint({"tool": "reply", "arguments": {"text": "a"}}, schema) == ""
    for wrong in (
        {"tool": "reply"},
        {"tool": "read_file", "arguments": {}},
        {"tool": "read_file", "arguments": {"path": 1}},
        {"tool": "read_file", "arguments": {"path": "a", "b": 1}},
        {"tool": "other", "arguments": {}},
    ):
        assert schemas.complaint(wrong, schema)
    assert Action().schema(TOOLS, False) == {"anyOf": schema["anyOf"][:-1]}


def test_an_answer_may_be_a_list_of_calls_and_of_nothing_else():
    read, reply = (
        {"tool": "read_file", "arguments": {"path": "a"}},
        {"tool": "reply", "arguments": {"text": "a"}},
    )
    schema, alone = Action().schema(TOOLS), Action(several=False)
    assert schemas.complaint([read, read], schema) == ""
    for wrong in ([], [read], [read] * 5, [read, reply], [[read, read]]):
        assert schemas.complaint(wrong, schema)
    assert schemas.complaint([read, read], alone.schema(TOOLS))
    assert "a list of such objects" in Action().offer(TOOLS)
    assert "list of" not in alone.offer(TOOLS).replace("List the", "")


def test_the_schema_of_an_action_has_no_references_and_only_plain_words():
    whole = msgspec.json.schema(Outer)
    given = Outline("go", "", whole["$defs"]["Outer"] | {"$defs": whole["$defs"]})
    text = json.dumps(Action().schema([given]))
    assert not any(word in text for word in ("$ref", "pattern", "maxLength", "default", "title"))
    assert '"at"' in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello", "must be one JSON object and nothing else"),
        ('{"tool": "read_file", "arguments": {"path": "a"}} ok', "nothing else"),
        ('{"tool": "read_file", "arguments": {"file": "a"}}', "lacks 'path'"),
        (
            '{"tool": "read_file", "arguments": {"path": 5}}',
            "arguments.path must be string, not int",
        ),
        ('{"tool": "read_file", "arguments": []}', "must be an object"),
        ('{"tool": ["read_file"]}', "NAME"),
        ("[" * 100_000, "too deep"),
    ],
)
def test_an_action_that_is_none_gets_a_precise_line(text: str, said: str):
    with pytest.raises(ToolError, match=said):
        Action().read(text, TOOLS)


def test_a_tool_of_the_name_reply_is_called_not_said():
    theirs = [Outline("reply", "", {"type": "object", "properties": {"to": {"type": "string"}}})]
    said = Action().read('{"tool": "reply", "arguments": {"to": "x"}}', theirs)
    assert said.calls == (Call("reply", {"to": "x"}),)


def test_a_listing_has_a_line_for_each_tool_and_keeps_what_tells_a_model_something():
    first, _, last = map(json.loads, listing(TOOLS).splitlines())
    assert first["description"] == "Read a text file."
    assert first["parameters"]["properties"]["first"] == {
        "type": "integer",
        "minimum": 1,
        "description": "line",
        "default": 1,
    }
    assert "additionalProperties" not in first["parameters"]
    assert last["parameters"]["properties"] == {}


def test_a_listing_has_no_references_and_keeps_an_argument_called_title():
    whole = msgspec.json.schema(Outer)
    parameters = whole["$defs"]["Outer"] | {"$defs": whole["$defs"]}
    parameters["properties"]["title"] = {"type": "string", "title": "Title"}
    (tool,) = map(json.loads, listing([Outline("go", "", parameters)]).splitlines())
    assert "$" not in json.dumps(tool)
    assert tool["parameters"]["properties"]["title"] == {"type": "string"}
    assert tool["parameters"]["properties"]["inner"]["properties"]["at"] == {"type": "integer"}


def test_the_profile_decides_which_dialect_a_model_gets():
    assert dialect_for(Profile()) == Rescued(dialect("action"))
    assert dialect_for(Profile(json_schema=False)) == Rescued(dialect("json"))
    assert dialect_for(Profile(dialect="xml")) == Rescued(dialect("xml"))
    with pytest.raises(SetupError, match="use one of: action, hermes"):
        dialect_for(Profile(dialect="klingon"))


def test_a_rescued_dialect_keeps_the_complaint_when_nothing_can_be_found():
    with pytest.raises(ToolError, match="nothing else"):
        Rescued(Action()).read("I do not know.", TOOLS)
    assert Rescued(dialect("xml")).read("I do not know.", TOOLS) == Said("I do not know.")
    assert rescue("search for x", TOOLS).calls == ()
