import pytest

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
    "form", [[], {"$ref": "#"}, {"properties": {"a": {"format": "date"}}}, {"items": 3}]
)
def test_a_schema_that_cannot_be_checked_is_refused(form):
    with pytest.raises(SetupError):
        accept(form)


async def test_an_answer_is_asked_for_again_until_it_fits():
    model = Scripted(["{}", '{"name": "Z"}', '```json\n{"name": "z"}\n```'])
    ask = [Message("user", "a name")]
    assert await fitting(model, ask, FORM) == {"name": "z"}
    assert model.asked[0].schema == FORM
    assert "$ lacks 'name'" in model.asked[1].messages[-1].text
    with pytest.raises(ModelError, match="no valid answer in 3 tries"):
        await fitting(Scripted(["{}"] * 3), ask, FORM)
