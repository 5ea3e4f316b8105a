"""No request, however strange, is anything but understood or refused with a line."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samovar.core.message import Sampling
from samovar.models.dialects.action import Action
from samovar.models.dialects.choose import NAMES, Name, dialect
from samovar.models.dialects.rescue import Rescued
from samovar.models.serve.asked import understood
from samovar.models.serve.fault import Fault

WORDS = [
    "system",
    "user",
    "assistant",
    "tool",
    "text",
    "function",
    "auto",
    "required",
    "none",
    "object",
]
KEYS = ["role", "content", "tool_calls", "tool_call_id", "function", "name", "arguments", "type"]
KEYS += ["text", "parameters", "properties", "required", "$ref", "anyOf", "items", "enum", "id"]
FINITE = st.floats(allow_nan=False, allow_infinity=False)
"""The numbers of JSON: a body with others is refused before it is looked at."""
SCALARS = st.none() | st.booleans() | st.integers() | FINITE | st.sampled_from(WORDS) | st.text()
ANY = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)
CALL = st.fixed_dictionaries(
    {"id": ANY, "function": st.fixed_dictionaries({"name": ANY, "arguments": ANY})}
)
PLAIN = st.fixed_dictionaries({"role": st.sampled_from(WORDS[:4]), "content": st.text()})
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(WORDS[:4]), "content": st.text() | st.text() | st.none() | ANY},
    optional={"tool_calls": st.lists(CALL, max_size=2) | ANY, "tool_call_id": ANY, "name": ANY},
)
FUNCTION = st.fixed_dictionaries(
    {"name": st.text(max_size=5)}, optional={"description": ANY, "parameters": ANY}
)
TOOL = st.fixed_dictionaries({"type": st.just("function"), "function": FUNCTION})
LOOK = [{"function": {"name": "look"}}]
NUMBERS = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "top_k": (-1, 2**31 - 1),
    "min_p": (0, 1),
    "seed": (-(2**63), 2**63 - 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "repeat_penalty": (0.1, 10),
    "top_logprobs": (0, 20),
}
WHOLE = ("top_k", "seed", "top_logprobs")
NEAR = st.sampled_from([0, 1, 0.5, -1, 3, math.nan, math.inf, 2**70, True, "1"])
NUMBER = NEAR | NEAR | ANY
SWITCH = st.booleans() | st.booleans() | ANY
FORM = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "json_object", "json_schema"]) | ANY},
    optional={
        "schema": ANY,
        "json_schema": st.fixed_dictionaries({"schema": ANY}, optional={"name": ANY}) | ANY,
    },
)
FIELDS = st.fixed_dictionaries(
    {"messages": st.lists(PLAIN, min_size=1, max_size=3) | st.lists(MESSAGE, max_size=3)},
    optional={
        "tools": st.lists(TOOL, max_size=2) | ANY,
        "tool_choice": ANY,
        "stop": ANY,
        "stream_options": ANY,
        "max_tokens": ANY,
        "n": ANY,
    },
)
DRAWN = st.dictionaries(
    st.sampled_from(sorted(NUMBERS)), NUMBER, min_size=1, max_size=1
) | st.one_of(
    st.fixed_dictionaries({"response_format": FORM | ANY}),
    st.fixed_dictionaries({"logprobs": SWITCH}),
    st.fixed_dictionaries({"stream": SWITCH, "parallel_tool_calls": SWITCH}),
    st.fixed_dictionaries(
        {"logit_bias": st.dictionaries(st.sampled_from(["1", "-1", "x"]), NEAR, max_size=2) | ANY}
    ),
)
"""One field at a time, so that a wrong one is not hidden behind another."""


def understand(fields: dict):
    return understood(fields, Rescued(Action()), Sampling())


@settings(max_examples=200, deadline=None)
@given(fields=FIELDS)
def test_a_request_is_understood_or_refused(fields: dict):
    try:
        asked, speech = understand(fields)
    except Fault as fault:
        assert fault.status == 400
        assert str(fault)
        return
    assert asked.body["messages"]
    assert all(set(m) == {"role", "content"} for m in asked.body["messages"])
    assert all(isinstance(m["content"], str) for m in asked.body["messages"])
    assert isinstance(asked.body["max_tokens"], int)
    assert all(isinstance(mark, str) and mark for mark in asked.stop)
    speech.show(speech.read('{"tool": "reply", "arguments": {"text": "x"}}', ()))


@settings(max_examples=400, deadline=None)
@given(fields=DRAWN, tools=st.sampled_from([[], LOOK]))
def test_what_is_handed_on_is_right_or_refused_by_its_name(fields: dict, tools: list):
    messages = [{"role": "user", "content": "Hi"}]
    try:
        asked, _ = understand({"messages": messages, "tools": tools, **fields})
    except Fault as fault:
        body = fault.body["error"]
        assert (fault.status, body["type"]) == (400, "invalid_request_error")
        assert any(body["param"].startswith(name) for name in fields)
        assert body["param"].split(".")[0] in str(fault)
        assert "\n" not in str(fault) and len(str(fault)) < 200
        return
    json.dumps(asked.body, allow_nan=False)
    for name, (least, most) in NUMBERS.items():
        value = asked.body.get(name, least)
        assert least <= value <= most
        assert name not in WHOLE or isinstance(value, int)
        assert not isinstance(fields.get(name), bool), "true is no number"
    for name in ("logprobs", "stream", "parallel_tool_calls"):
        assert fields.get(name) in (None, True, False)
        assert not isinstance(fields.get(name), int | float) or isinstance(fields[name], bool)
    for token, bias in asked.body.get("logit_bias", {}).items():
        assert token.isdecimal() and -100 <= bias <= 100
    form = asked.body.get("response_format", {"type": "text"})
    assert form["type"] in ("text", "json_object", "json_schema")
    if form["type"] == "json_schema":
        assert isinstance(form["json_schema"]["schema"], dict)


@pytest.mark.parametrize(
    ("fields", "param", "said"),
    [
        ({"temperature": 2.5}, "temperature", "a number from 0 to 2, not 2.5"),
        ({"temperature": "hot"}, "temperature", 'not "hot"'),
        ({"temperature": math.nan}, "temperature", "not NaN"),
        ({"top_p": math.inf}, "top_p", "a number from 0 to 1, not Infinity"),
        ({"top_k": 1.5}, "top_k", "a whole number, -1 or more"),
        ({"min_p": True}, "min_p", "not true"),
        ({"seed": 10**5000}, "seed", "of 64 bits, not a number that large"),
        ({"presence_penalty": []}, "presence_penalty", "from -2 to 2, not a list"),
        ({"frequency_penalty": -3}, "frequency_penalty", "from -2 to 2"),
        ({"repeat_penalty": 0}, "repeat_penalty", "from 0.1 to 10"),
        ({"logprobs": 5}, "logprobs", "true or false, not 5"),
        ({"logprobs": True, "tools": LOOK}, "logprobs", "leave out logprobs or tools"),
        ({"top_logprobs": 3}, "top_logprobs", "needs logprobs"),
        ({"top_logprobs": 21, "logprobs": True}, "top_logprobs", "from 0 to 20"),
        ({"logit_bias": {"the": 1}}, "logit_bias", "by their numbers"),
        ({"logit_bias": {"15": 101}}, "logit_bias.15", "from -100 to 100"),
        ({"stream": "false"}, "stream", "true or false"),
        ({"stream_options": []}, "stream_options", "an object, not a list"),
        ({"stream_options": {"include_usage": 1}}, "include_usage", "true or false"),
        ({"parallel_tool_calls": "no"}, "parallel_tool_calls", "true or false"),
        ({"max_tokens": 0}, "max_tokens", "a number of tokens, 1 or more, not 0"),
        ({"max_completion_tokens": 1e3}, "max_completion_tokens", "not 1000.0"),
        ({"stop": [1]}, "stop", "a text or a list of texts"),
        ({"n": 2}, "n", "one answer at a time"),
        ({"response_format": "json"}, "response_format.type", "text, json_object, json_schema"),
        ({"response_format": {"type": "xml"}}, "response_format.type", "must be one of"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema", "schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a b"}}},
            "response_format.json_schema.schema",
            "a JSON Schema",
        ),
        ({"tools": [{"function": {"name": "a b"}}]}, "tools[0].function.name", "letters"),
        ({"tools": [{"type": "custom", "function": {}}]}, "tools[0]", "of type function"),
        (
            {"tools": [{"function": {"name": "a"}}, {"function": {"name": "a"}}]},
            "tools[1].function.name",
            "twice",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": "x"}]},
            "messages[0].tool_calls",
            "a list",
        ),
    ],
)
def test_a_wrong_field_is_told_with_what_is_right(fields: dict, param: str, said: str):
    with pytest.raises(Fault) as caught:
        understand({"messages": [{"role": "user", "content": "Hi"}], **fields})
    error = caught.value.body["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert said in error["message"]


def test_right_fields_are_handed_on_as_they_are():
    given = {"temperature": 0, "top_p": 0.9, "top_k": -1, "min_p": 0.05, "seed": -1}
    given |= {"presence_penalty": 2, "frequency_penalty": -2, "repeat_penalty": 1.1}
    given |= {"logprobs": True, "top_logprobs": 2, "logit_bias": {"15043": -100}, "stop": ["x"]}
    schema = {"name": "a", "strict": True, "schema": {"type": "object"}}
    given |= {"response_format": {"type": "json_schema", "json_schema": schema}}
    asked, _ = understand({"messages": [{"role": "user", "content": "Hi"}], **given})
    assert {n: v for n, v in asked.body.items() if n in given} == given


@pytest.mark.parametrize("name", NAMES)
def test_a_wanted_form_leaves_room_for_calls_whatever_the_dialect(name: Name):
    schema = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    fields = {
        "messages": [{"role": "user", "content": "Hi"}],
        "tools": [{"function": {"name": "look"}}],
        "response_format": form,
    }
    asked, speech = understood(fields, Rescued(dialect(name)), Sampling())
    call, reply = asked.body["response_format"]["json_schema"]["schema"]["anyOf"]
    assert call["properties"]["tool"] == {"const": "look"}
    assert reply["properties"]["arguments"]["properties"]["text"]["properties"] == {
        "age": {"type": "integer"}
    }
    said = speech.read('{"tool": "look", "arguments": {}}', asked.tools)
    assert [c.tool for c in said.calls] == ["look"]
    with pytest.raises(Fault, match="rename the tool"):
        named = [{"function": {"name": "reply"}}]
        understood({**fields, "tools": named}, Rescued(dialect(name)), Sampling())


def test_with_tools_a_json_object_is_wanted_of_the_reply():
    fields = {
        "messages": [{"role": "user", "content": "Hi"}],
        "tools": [{"function": {"name": "a"}}],
    }
    asked, _ = understand({**fields, "response_format": {"type": "json_object"}})
    reply = asked.body["response_format"]["json_schema"]["schema"]["anyOf"][-1]
    assert reply["properties"]["arguments"]["properties"]["text"] == {"type": "object"}
