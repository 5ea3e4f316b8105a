"""The plain fields of a request: what each may be, and the ones that are handed on.

A field that is wrong is refused by name: the server behind us would guess, round or break off.
Source: OpenAI's API reference, chat completions; llama.cpp's server for top_k, min_p and
repeat_penalty.
"""

import json
import re
from typing import Any

from msgspec import Struct

from samovar.models.serve.fault import invalid

Fields = dict[str, Any]
_WORD = 2**31 - 1
"""The largest number of tokens a server can count."""
_LIMIT = 4096
"""Tokens of an answer whose length the client leaves to us: small models may never stop."""
_FORMS = ("text", "json_object", "json_schema")


class Span(Struct, frozen=True):
    """The numbers a field may be."""

    least: float
    most: float
    whole: bool = False
    said: str = ""
    """In words, where the numbers themselves say little."""

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return self.said or f"{kind} from {self.least:g} to {self.most:g}"


SPANS: dict[str, Span] = {
    "temperature": Span(0, 2),
    "top_p": Span(0, 1),
    "top_k": Span(-1, _WORD, True, "a whole number, -1 or more"),
    "min_p": Span(0, 1),
    "seed": Span(-(2**63), 2**63 - 1, True, "a whole number of 64 bits"),
    "presence_penalty": Span(-2, 2),
    "frequency_penalty": Span(-2, 2),
    "repeat_penalty": Span(0.1, 10),
    "top_logprobs": Span(0, 20, whole=True),
}
_BIAS = Span(-100, 100)
_TOKENS = Span(1, _WORD, True, "a number of tokens, 1 or more")


def handed_on(fields: Fields) -> Fields:
    """Return the fields that go to the server behind ours as they are. Raises Fault."""
    found: Fields = {
        n: number(fields[n], span, n) for n, span in SPANS.items() if _given(fields, n)
    }
    if _given(fields, "logprobs"):
        found["logprobs"] = switch(fields, "logprobs")
    if found.get("top_logprobs") and not found.get("logprobs"):
        raise invalid("top_logprobs needs logprobs to be true", "top_logprobs")
    if _given(fields, "logit_bias"):
        found["logit_bias"] = _bias(fields["logit_bias"])
    if _given(fields, "response_format"):
        found["response_format"] = _form(fields["response_format"])
    marks = stop(fields.get("stop"))
    return {**found, "stop": list(marks)} if marks else found


def number(value: Any, span: Span, where: str) -> float:
    """Return a number within its span. Raises Fault that says which numbers are right."""
    kinds = (int,) if span.whole else (int, float)
    plain = isinstance(value, kinds) and not isinstance(value, bool)
    # What is not finite, as JSON of some clients has it, is within no span.
    if not plain or not span.least <= value <= span.most:
        raise invalid(f"{where} must be {span}, not {shown(value)}", where)
    return float(value) if isinstance(value, float) else int(value)


def switch(fields: Fields, name: str) -> bool:
    """Return a field that is true or false; false where it is missing. Raises Fault."""
    value = fields.get(name)
    if value is not None and not isinstance(value, bool):
        raise invalid(f"{name} must be true or false, not {shown(value)}", name)
    return bool(value)


def limit(fields: Fields) -> int:
    """Return how many tokens an answer may have. Raises Fault."""
    for name in ("max_completion_tokens", "max_tokens"):
        if _given(fields, name):
            return int(number(fields[name], _TOKENS, name))
    return _LIMIT


def stop(given: Any) -> tuple[str, ...]:
    """Return the texts before which an answer ends. Raises Fault."""
    marks = given if isinstance(given, list) else [] if given is None else [given]
    if not all(isinstance(mark, str) for mark in marks):
        raise invalid(f"stop must be a text or a list of texts, not {shown(given)}", "stop")
    return tuple(mark for mark in marks if mark)


def wants_usage(fields: Fields) -> bool:
    """Return whether a stream shall end with the tokens spent. Raises Fault."""
    options = fields.get("stream_options")
    if options is not None and not isinstance(options, dict):
        raise invalid(f"stream_options must be an object, not {shown(options)}", "stream_options")
    return switch(options or {}, "include_usage")


def shown(value: Any) -> str:
    """Return a wrong value, short, for the line that tells of it."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and abs(value) > 2**64:
        return "a number that large"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:36]} ..."


def _given(fields: Fields, name: str) -> bool:
    return fields.get(name) is not None


def _bias(given: Any) -> Fields:
    if not isinstance(given, dict) or not all(re.fullmatch(r"[0-9]{1,10}", t) for t in given):
        raise invalid(
            "logit_bias must be an object of tokens, by their numbers, and biases", "logit_bias"
        )
    return {t: number(bias, _BIAS, f"logit_bias.{t}") for t, bias in given.items()}


def _form(given: Any) -> Fields:
    """Return the wanted form of an answer in OpenAI's words; llama.cpp's own are known, too."""
    kind = given.get("type") if isinstance(given, dict) else None
    if kind not in _FORMS:
        raise invalid(
            f"response_format.type must be one of: {', '.join(_FORMS)}", "response_format.type"
        )
    if kind == "text" or (kind == "json_object" and not _given(given, "schema")):
        return {"type": kind}
    where = "response_format"
    inner = given
    if not _given(given, "schema"):
        inner, where = given.get("json_schema"), f"{where}.json_schema"
    if not isinstance(inner, dict):
        raise invalid(f"{where} must be an object with name and schema", where)
    if not isinstance(inner.get("schema"), dict):
        raise invalid(f"{where}.schema must be a JSON Schema", f"{where}.schema")
    name = inner.get("name") or "answer"
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise invalid(f"{where}.name must be 1 to 64 letters, digits, _ or -", f"{where}.name")
    strict = switch(inner, "strict")
    named = {"name": name, "strict": strict, "schema": inner["schema"]}
    return {"type": "json_schema", "json_schema": named}
