"""No request, however strange, is anything but understood or refused with a line."""

from hypothesis import given, settings
from hypothesis import strategies as st

from samovar.core.message import Sampling
from samovar.models.dialects.action import Action
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
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS) | st.text()
)
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
FIELDS = st.fixed_dictionaries(
    {"messages": st.lists(PLAIN, min_size=1, max_size=3) | st.lists(MESSAGE, max_size=3)},
    optional={
        "tools": st.lists(TOOL, max_size=2) | ANY,
        "tool_choice": ANY,
        "response_format": ANY,
        "stop": ANY,
        "stream_options": ANY,
        "max_tokens": ANY,
        "temperature": ANY,
        "n": ANY,
    },
)


@settings(max_examples=200, deadline=None)
@given(fields=FIELDS)
def test_a_request_is_understood_or_refused(fields: dict):
    try:
        asked, speech = understood(fields, Rescued(Action()), Sampling())
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
