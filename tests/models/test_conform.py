import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from samovar.core.errors import ModelError, SetupError
from samovar.core.message import Message
from samovar.models.choices import fitting
from samovar.models.conform import accept, faults
from samovar.models.scripted import Scripted

FORM = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 4, "pattern": "^[a-z]"},
        "kind": {"enum": ["a", "b"]},
        "sizes": {"type": "array", "items": {"type": "number", "maximum": 9}, "maxItems": 2},
        "more": {"anyOf": [{"type": "null"}, {"type": "integer"}]},
    },
    "required": ["name"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"name": "ab"}, ""),
        ({"name": "ab", "sizes": [1, 2.5], "kind": "b", "more": None}, ""),
        ([], "$ must be object, not list"),
        ({}, "$ lacks 'name'"),
        ({"name": ""}, "$.name breaks minLength 1"),
        ({"name": "abcde"}, "$.name breaks maxLength 4"),
        ({"name": "1"}, "$.name must match ^[a-z]"),
        ({"name": "a", "x": 1}, "$ has 'x', which is not allowed"),
        ({"name": "a", "kind": "c"}, "$.kind must be one of ['a', 'b']"),
        ({"name": "a", "sizes": [10]}, "$.sizes[0] breaks maximum 9"),
        ({"name": "a", "sizes": [1, 1, 1]}, "$.sizes breaks maxItems 2"),
        ({"name": "a", "sizes": [True]}, "$.sizes[0] must be number, not bool"),
        ({"name": "a", "more": "x"}, "$.more fits none of the 2 forms allowed"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(value, said):
    assert next(faults(value, accept(FORM)), "") == said


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ([], "$: a JSON Schema is an object"),
        ({"items": 3}, "$.items: a JSON Schema is an object"),
        ({"additionalProperties": "no"}, "$.additionalProperties: a JSON Schema is an object"),
        ({"anyOf": [{}, 3]}, "$.anyOf[1]: a JSON Schema is an object"),
        ({"$ref": "#"}, "'$ref'"),
        ({"properties": {"a": {"format": "date"}}}, "$.properties.a: the schema uses 'format'"),
        ({"properties": {"a": {"pattern": r"^\p{L}+$"}}}, "$.properties.a.pattern must be"),
        ({"pattern": "a{99999999999999999999}"}, "$.pattern must be"),
        ({"items": {"properties": []}}, "$.items.properties must be an object"),
        ({"anyOf": 5}, "$.anyOf must be a list"),
        ({"anyOf": []}, "$.anyOf must be a list"),
        ({"enum": 5}, "$.enum must be a list"),
        ({"required": 5}, "$.required must be a list of names"),
        ({"minimum": "1"}, "$.minimum must be a number"),
        ({"maxLength": True}, "$.maxLength must be a whole number"),
        ({"minItems": -1}, "$.minItems must be a whole number"),
        ({"type": "str"}, "$.type must be one of object"),
        ({"type": ["string", {}]}, "$.type must be one of object"),
    ],
    ids=str,
)
def test_a_schema_that_cannot_be_checked_is_refused_with_the_place(form, said):
    with pytest.raises(SetupError, match=re.escape(said)):
        accept(form)


WORDS = [
    "type",
    "enum",
    "const",
    "anyOf",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "minItems",
    "maxLength",
    "minimum",
    "pattern",
]
JUNK = some.recursive(
    some.none() | some.booleans() | some.integers(-2, 9) | some.sampled_from(["string", "(", "a"]),
    lambda inner: (
        some.lists(inner, max_size=2)
        | some.dictionaries(some.sampled_from(WORDS), inner, max_size=3)
    ),
)


@given(form=JUNK, value=JUNK)
def test_a_schema_is_refused_or_can_be_checked_whatever_it_says(form, value):
    try:
        plain = accept(form)
    except SetupError:
        return
    assert all(fault.startswith("$") for fault in faults(value, plain))


@pytest.mark.parametrize("said", ["a [b] {c}", "a", "]"])
async def test_a_text_may_hold_brackets(said):
    found = await fitting(
        Scripted([json.dumps(said)]), [Message("user", "a name")], {"type": "string"}
    )
    assert found == said


async def test_an_answer_is_asked_for_again_until_it_fits():
    model = Scripted(["{}", '{"name": "Z"}', '```json\n{"name": "z"}\n```'])
    ask = [Message("user", "a name")]
    assert await fitting(model, ask, FORM) == {"name": "z"}
    assert model.asked[0].schema == FORM
    assert "$ lacks 'name'" in model.asked[1].messages[-1].text
    with pytest.raises(ModelError, match="no valid answer in 3 tries"):
        await fitting(Scripted(["{}"] * 3), ask, FORM)
