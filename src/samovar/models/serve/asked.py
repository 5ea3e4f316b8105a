"""What a client asks, turned into a request for the server behind ours.

Tools are offered in the dialect that fits the model, and calls and results of the conversation so
far are written the way that dialect writes them. Source: OpenAI's API reference, chat completions.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from samovar.core.message import Sampling
from samovar.core.tool import Call, Said
from samovar.models.dialects import schemas
from samovar.models.dialects.action import REPLY, Action
from samovar.models.dialects.fenced import Fenced
from samovar.models.dialects.offered import Outline, Speech
from samovar.models.dialects.rescue import Rescued
from samovar.models.dialects.turns import returned
from samovar.models.serve import checked
from samovar.models.serve.fault import invalid

_STEADY = 0.1
"""Temperature at which tools are called unless the client names one."""
_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_ROLES = ("system", "developer", "user", "assistant", "tool", "function")

Fields = dict[str, Any]


class Asked(Struct, frozen=True, kw_only=True):
    """A request, understood."""

    body: Fields
    """For the server behind ours."""
    tools: tuple[Outline, ...] = ()
    """Those that may be called now."""
    must: bool = False
    """Whether a tool has to be called."""
    single: bool = False
    """Whether no more than one may be called at a time."""
    stop: tuple[str, ...] = ()
    """Where the text of an answer ends; told here, since it must not end a call."""
    stream: bool = False
    usage: bool = False
    """Whether the stream ends with the tokens spent."""


def understood(fields: Fields, dialect: Speech, drawn: Sampling) -> tuple[Asked, Speech]:
    """Return a request and the dialect of its answer. Raises Fault when it makes no sense."""
    if fields.get("n") is not None and fields["n"] != 1:
        raise invalid("this server gives one answer at a time: leave out n", "n")
    if fields.get("functions"):
        raise invalid("functions are gone from the API: use tools", "functions")
    tools, must = _choice(_tools(fields.get("tools")), fields.get("tool_choice"))
    plain = checked.handed_on(fields)
    if tools and plain.get("logprobs"):
        raise invalid("a call is no text with logprobs: leave out logprobs or tools", "logprobs")
    formed = _wanted(plain.get("response_format") or {}) is not None
    speech = _speech(dialect, tools, must, formed)
    body = {**plain, "max_tokens": checked.limit(fields)}
    body["messages"] = _messages(fields.get("messages"), tools, speech)
    asked = Asked(
        body=_held(body, tools, speech, drawn, reply=not must),
        tools=tools,
        must=must,
        single=fields.get("parallel_tool_calls") is not None
        and not checked.switch(fields, "parallel_tool_calls"),
        stop=checked.stop(fields.get("stop")) if tools else (),
        stream=checked.switch(fields, "stream"),
        usage=checked.wants_usage(fields),
    )
    return asked, speech


def _speech(dialect: Speech, tools: Sequence[Outline], must: bool, formed: bool) -> Speech:
    """Return how calls are written; what has to fit a schema, with calls, can only be an action."""
    action = Rescued(Action(several=False))
    if must:
        return action
    # An action cannot be told from a call of such a tool.
    taken = any(tool.name == REPLY for tool in tools)
    if taken and formed:
        where = "response_format"
        raise invalid(f"{where} cannot hold beside a tool called {REPLY!r}: rename the tool", where)
    if taken:
        return Rescued(Fenced())
    return action if tools and formed else dialect


def _held(
    body: Fields, tools: Sequence[Outline], speech: Speech, drawn: Sampling, *, reply: bool
) -> Fields:
    """Return the request with how to sample and the form of the whole answer."""
    if "temperature" not in body:
        given = {"temperature": drawn.temperature, "top_p": drawn.top_p, "top_k": drawn.top_k}
        body |= {n: v for n, v in given.items() if v is not None and n not in body}
        body["temperature"] = _STEADY if tools else drawn.temperature
    schema = speech.schema(tools, reply)
    if tools:
        body.pop("stop", None)
    if schema is not None:
        schema = _with_form(schema, body.get("response_format"))
        form = {"name": "action", "strict": True, "schema": schema}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    return body


def _with_form(schema: Fields, form: Any) -> Fields:
    """Return the schema of an action whose reply has the form the client wants of answers."""
    wanted = _wanted(form or {})
    if wanted is None:
        return schema
    text = {"properties": {"text": schemas.flat(wanted)}}
    return {
        "anyOf": [
            {
                **a,
                "properties": {
                    **a["properties"],
                    "arguments": {**a["properties"]["arguments"], **text},
                },
            }
            if a["properties"]["tool"] == {"const": REPLY}
            else a
            for a in schema["anyOf"]
        ]
    }


def _wanted(form: Fields) -> Fields | None:
    """Return the schema of a form; None where an answer may be any text."""
    if form.get("type") == "json_object":
        return {"type": "object"}
    schema: Fields | None = form.get("json_schema", {}).get("schema")
    return schema


def _tools(given: Any) -> tuple[Outline, ...]:
    if given is not None and not isinstance(given, list):
        raise invalid("tools must be a list", "tools")
    tools = tuple(_tool(each, f"tools[{n}]") for n, each in enumerate(given or ()))
    names = [tool.name for tool in tools]
    for place, name in enumerate(names):
        if name in names[:place]:
            where = f"tools[{place}].function.name"
            raise invalid(f"{where} {name!r} is there twice: names must differ", where)
    return tools


def _tool(given: Any, where: str) -> Outline:
    function = given.get("function") if isinstance(given, dict) else None
    if not isinstance(function, dict) or given.get("type", "function") != "function":
        raise invalid(f"{where} must be of type function and have function.name", where)
    where = f"{where}.function"
    name, parameters = function.get("name"), function.get("parameters")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise invalid(f"{where}.name must be 1 to 128 letters, digits, _ . : or -", f"{where}.name")
    described = function.get("description") or ""
    if not isinstance(described, str):
        raise invalid(f"{where}.description must be a text", f"{where}.description")
    if parameters is not None and not isinstance(parameters, dict):
        raise invalid(f"{where}.parameters must be a JSON Schema", f"{where}.parameters")
    return Outline(name, described, parameters or {"type": "object", "properties": {}})


def _choice(tools: tuple[Outline, ...], choice: Any) -> tuple[tuple[Outline, ...], bool]:
    """Return the tools that may be called, and whether one must be."""
    match choice:
        case None | "auto":
            return tools, False
        case "none":
            return (), False
        case "required" if tools:
            return tools, True
        case {"function": {"name": str(name)}} | {"name": str(name)}:
            chosen = tuple(tool for tool in tools if tool.name == name)
            if chosen:
                return chosen, True
            raise invalid(f"tool_choice names {name!r}, which is not among tools", "tool_choice")
    raise invalid(
        "tool_choice must be none, auto, required (with tools) or a function", "tool_choice"
    )


def _messages(given: Any, tools: Sequence[Outline], speech: Speech) -> list[Fields]:
    if not isinstance(given, list) or not given:
        raise invalid("messages must be a list with at least one message", "messages")
    names: dict[str, str] = {}
    written: list[Fields] = []
    for number, message in enumerate(given):
        where = f"messages[{number}]"
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            raise invalid(f"{where}.role must be one of: {', '.join(_ROLES)}", f"{where}.role")
        role, text = _written(message, where, names, speech if tools else None)
        if written and written[-1]["role"] == role == "user":
            written[-1]["content"] += f"\n\n{text}"
        else:
            written.append({"role": role, "content": text})
    offer = speech.offer(tools)
    if not offer:
        return written
    first = written[0]
    if first["role"] == "system":
        return [{"role": "system", "content": f"{first['content']}\n\n{offer}"}, *written[1:]]
    return [{"role": "system", "content": offer}, *written]


def _written(
    message: Fields, where: str, names: dict[str, str], speech: Speech | None
) -> tuple[str, str]:
    """Return the role and the text of a message for a model that knows three roles."""
    text = _text(message.get("content"), where)
    match message["role"]:
        case "developer" | "system":
            return "system", text
        case "tool" | "function":
            known = names.get(str(message.get("tool_call_id")), "")
            return "user", returned(str(message.get("name") or known or "the tool"), text)
        case "assistant":
            calls = _calls(message.get("tool_calls"), where, names)
            said = Said(text, calls)
            if speech is not None:
                return "assistant", speech.show(said)
            return "assistant", Fenced().show(said) if calls else text
    return "user", text


def _calls(given: Any, where: str, names: dict[str, str]) -> tuple[Call, ...]:
    calls = []
    if given is not None and not isinstance(given, list):
        raise invalid(f"{where}.tool_calls must be a list", f"{where}.tool_calls")
    for each in given or ():
        function = each.get("function") if isinstance(each, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise invalid(f"{where}.tool_calls need function.name", where)
        names[str(each.get("id"))] = function["name"]
        calls.append(Call(function["name"], _arguments(function.get("arguments"))))
    return tuple(calls)


def _arguments(given: Any) -> Fields:
    """Return the arguments of a call of the past; what cannot be read is shown as it was."""
    try:
        found = json.loads(given) if isinstance(given, str) and given else given or {}
    except (ValueError, RecursionError):
        found = given
    return found if isinstance(found, dict) else {"arguments": found}


def _text(content: Any, where: str) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [None]
    texts = [p.get("text") for p in parts if isinstance(p, dict)]
    plain = [text for text in texts if isinstance(text, str)]
    if len(plain) != len(parts):
        raise invalid(
            f"{where}.content must be text: this model sees no images", f"{where}.content"
        )
    return "\n".join(plain)
