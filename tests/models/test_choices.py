import json

import pytest
from msgspec import Struct

from samovar.core.errors import ModelError, SetupError
from samovar.core.message import Message
from samovar.models.choices import choose, schema, structured
from samovar.models.scripted import Scripted

ASK = (Message("user", "which?"),)


class Place(Struct):
    path: str
    line: int


class Finding(Struct):
    places: list[Place]
    certain: bool = False


class Loop(Struct):
    inner: "Loop | None" = None


@pytest.mark.parametrize("said", ['"red"', "red", "Red.", "`red`", " 'RED'\n"])
async def test_a_choice_is_read_leniently(said: str) -> None:
    assert await choose(Scripted([said]), ASK, ["red", "green"]) == "red"


async def test_a_choice_is_constrained_and_still_validated() -> None:
    model = Scripted(['"blue"', "either red or green", '"green"'])
    assert await choose(model, ASK, ["red", "green"]) == "green"
    assert model.asked[0].schema == {"type": "string", "enum": ["red", "green"]}
    complaint = model.asked[1].messages[-1].text
    assert "exactly one of: red, green" in complaint
    assert "\n" not in complaint


async def test_a_model_that_never_chooses_is_asked_three_times() -> None:
    model = Scripted(["blue", "blue", "blue", "red"])
    with pytest.raises(ModelError, match="no valid answer in 3 tries"):
        await choose(model, ASK, ["red", "green"])
    assert len(model.asked) == 3


async def test_options_that_differ_by_case_alone_are_told_apart() -> None:
    assert await choose(Scripted(["a"]), ASK, ["A", "a"]) == "a"


async def test_one_option_is_no_choice() -> None:
    with pytest.raises(SetupError, match="two different"):
        await choose(Scripted([]), ASK, ["a", "a"])


async def test_a_struct_is_found_in_a_fence_and_among_prose() -> None:
    value = {"places": [{"path": "a.py", "line": 3}], "certain": True}
    said = f"Here it is:\n```json\n{json.dumps(value)}\n```\nDone."
    found = await structured(Scripted([said]), ASK, Finding)
    assert found == Finding([Place("a.py", 3)], True)


async def test_a_complaint_names_the_very_place_and_shows_no_example() -> None:
    bad = '{"places": [{"path": "a.py", "line": "three"}]}'
    model = Scripted([bad, '{"places": []}'])
    assert await structured(model, ASK, Finding) == Finding([])
    complaint = model.asked[1].messages[-1].text
    assert "$.places[0].line" in complaint
    assert "{" not in complaint and "\n" not in complaint


async def test_the_conversation_does_not_grow_with_every_complaint() -> None:
    model = Scripted(["?", "!", "{}", ""])
    with pytest.raises(ModelError):
        await structured(model, ASK, Finding)
    assert [len(request.messages) for request in model.asked] == [1, 3, 3]


def test_a_schema_has_no_references() -> None:
    text = json.dumps(schema(Finding))
    assert "$ref" not in text and "$defs" not in text
    assert schema(Finding)["properties"]["places"]["items"]["required"] == ["path", "line"]


class Odd(Struct):
    type: str
    properties: dict[str, Place]


def test_every_struct_in_a_schema_is_closed_as_strict_servers_want_it() -> None:
    whole = schema(Finding)
    closed = [whole, whole["properties"]["places"]["items"]]
    assert [node["additionalProperties"] for node in closed] == [False, False]
    fields = schema(Odd)["properties"]
    assert fields.keys() == {"type", "properties"}, "what a field is called changes nothing"
    assert fields["properties"]["additionalProperties"]["additionalProperties"] is False


def test_a_type_that_contains_itself_is_refused() -> None:
    with pytest.raises(SetupError, match="contains itself"):
        schema(Loop)
