"""Answers of a fixed form: one of several words, a struct, or a JSON Schema. Always validated.

A server may ignore the schema it is given, so the answer is checked here and asked for again, at
most twice, with one line that says what was wrong. That line shows no example: small models copy
examples.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from samovar.core.errors import UNREADABLE, ModelError, SetupError
from samovar.core.message import Message, Request, Sampling
from samovar.core.seams import Model
from samovar.models.conform import accept, faults

_ASKED = 3
"""Times the question is put before giving up."""
_STEADY = Sampling(temperature=0.2)
_SHOWN = 400
"""Characters of a wrong answer that go back to the model."""

T = TypeVar("T")


async def choose(
    model: Model,
    messages: Sequence[Message],
    options: Sequence[str],
    *,
    sampling: Sampling = _STEADY,
) -> str:
    """Return one of the options. Raises ModelError when the model names none of them."""
    if len(set(options)) < 2:
        raise SetupError(f"a choice needs two different options, not {list(options)}")
    limit = 16 + max(len(option.encode()) for option in options)
    request = Request(
        messages=tuple(messages),
        limit=limit,
        sampling=sampling,
        schema={"type": "string", "enum": list(options)},
    )
    return await _insist(model, request, lambda text: _option(text, options))


async def structured(
    model: Model,
    messages: Sequence[Message],
    type: type[T],
    *,
    limit: int = 600,
    sampling: Sampling = _STEADY,
) -> T:
    """Return a value of the struct type; `limit` is in tokens.

    Raises ModelError when the model does not manage to write one.
    """
    request = Request(messages=tuple(messages), limit=limit, sampling=sampling, schema=schema(type))
    return await _insist(model, request, lambda text: _value(text, type))


async def fitting(
    model: Model,
    messages: Sequence[Message],
    form: dict[str, Any],
    *,
    limit: int = 600,
    sampling: Sampling = _STEADY,
) -> Any:
    """Return a value that fits a JSON Schema a person wrote; `limit` is in tokens.

    Raises SetupError for a schema that cannot be checked, ModelError when no answer fits.
    """
    plain = accept(form)
    request = Request(messages=tuple(messages), limit=limit, sampling=sampling, schema=plain)

    def read(text: str) -> Any:
        value = _value(text, object)
        fault = next(faults(value, plain), "")
        if fault:
            raise ValueError(fault)
        return value

    return await _insist(model, request, read)


def schema(type: type) -> dict[str, Any]:
    """Return the JSON Schema of a type without references, which many servers do not follow.

    Its structs are closed: hosted servers refuse a strict schema with an open one.
    https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
    """
    whole = msgspec.json.schema(type)
    plain: dict[str, Any] = _inline(whole, whole.get("$defs", {}), ())
    return plain


def _inline(node: Any, known: dict[str, Any], above: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_inline(item, known, above) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" not in node:
        made = {k: _inline(v, known, above) for k, v in node.items() if k != "$defs"}
        struct = made.get("type") == "object" and "properties" in made
        return {**made, "additionalProperties": False} if struct else made
    name = node["$ref"].rpartition("/")[2]
    if name in above:
        raise SetupError(f"the type {name} contains itself: give it a fixed depth")
    return _inline(known[name], known, (*above, name))


async def _insist(model: Model, request: Request, read: Callable[[str], T]) -> T:
    complaint = ""
    first = request
    for _ in range(_ASKED):
        reply = await model.reply(request)
        try:
            return read(reply.text)
        except ValueError as error:
            complaint = " ".join(str(error).split())
        request = msgspec.structs.replace(
            first,
            messages=(
                *first.messages,
                Message("assistant", reply.text[:_SHOWN]),
                Message("user", f"Not valid: {complaint}. Answer again, with nothing else."),
            ),
        )
    raise ModelError(f"the model gave no valid answer in {_ASKED} tries: {complaint}")


def _option(text: str, options: Sequence[str]) -> str:
    plain = text.strip().strip("`\"'. \n")
    found = [option for option in options if option == plain]
    found = found or [option for option in options if option.casefold() == plain.casefold()]
    if len(found) == 1:
        return found[0]
    raise ValueError(f"the answer must be exactly one of: {', '.join(options)}")


def _value(text: str, type: type[T]) -> T:
    """Return the value a text is, or else the one it holds. Raises ValueError."""
    start = min((place for mark in "{[" if (place := text.find(mark)) >= 0), default=0)
    end = max(text.rfind("}"), text.rfind("]")) + 1
    try:
        return _decoded(text, type)
    except ValueError:
        return _decoded(text[start : end or None], type)


def _decoded(text: str, type: type[T]) -> T:
    try:
        return msgspec.json.decode(text.encode(errors="replace"), type=type)
    except UNREADABLE as error:
        raise ValueError(str(error)) from error
