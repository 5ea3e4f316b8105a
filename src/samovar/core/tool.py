"""A tool: a typed async function, what a model is told about it, and what it may do."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_type_hints

import msgspec
from msgspec import Struct

from samovar.core.errors import ToolError

Permission = Literal["read", "write", "run", "network", "ask"]
"""What a tool may do: look, change the workspace, run code, talk to others, wait for somebody."""


class Call(Struct, frozen=True, omit_defaults=True):
    """A tool a model wishes to use."""

    tool: str
    arguments: dict[str, Any] = {}
    id: str = ""


class Returned(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of a call."""

    call: Call
    text: str
    ok: bool = True
    seconds: float = 0.0
    """From the call to its answer."""
    waited: float = 0.0
    """Of these, until somebody answered a question."""


@dataclass(frozen=True)
class Tool:
    """One tool, ready to be used."""

    name: str
    description: str
    """One or two sentences for the model."""
    permission: Permission
    arguments: type[Struct]
    example: Mapping[str, Any]
    """Arguments of one correct call; shown to a model that got them wrong."""
    run: Callable[..., Awaitable[str]]
    """Takes the arguments by name. Raises ToolError for what the model should be told."""
    looks: tuple[str, ...] = ()
    """Values of its argument `action` with which it only looks."""

    def needs(self, call: Call) -> Permission:
        """Return what a call of it may do."""
        return "read" if call.arguments.get("action") in self.looks else self.permission

    @property
    def parameters(self) -> dict[str, Any]:
        """The JSON Schema of the arguments, without references: one flat object."""
        _, found = msgspec.json.schema_components((self.arguments,))
        schema = dict(found[self.arguments.__name__])
        schema.pop("title", None)
        return {**schema, "additionalProperties": False}


class Said(Struct, frozen=True):
    """An answer of a model, taken apart."""

    text: str = ""
    calls: tuple[Call, ...] = ()


class Dialect(Protocol):
    """How a model is offered tools and how its calls are read.

    Implementations live in `samovar.models.dialects`; which one fits is in a model's profile.
    """

    def offer(self, tools: Sequence[Tool], /) -> str:
        """Return what the system prompt says about the tools; the same text for the same tools."""
        ...

    def schema(self, tools: Sequence[Tool], reply: bool = True, /) -> dict[str, Any] | None:
        """Return the JSON Schema every answer must fit; None where answers are free text.

        Without `reply` an answer must be a call, as far as a schema can make it one.
        """
        ...

    def read(self, text: str, tools: Sequence[Tool], /) -> Said:
        """Take an answer apart. Raises ToolError with one precise line for the model."""
        ...

    def show(self, said: Said, /) -> str:
        """Write an answer the way this dialect's model would, for the conversation so far."""
        ...


def tool(
    run: Callable[..., Awaitable[str]],
    permission: Permission,
    example: Mapping[str, Any],
    *,
    name: str = "",
    looks: tuple[str, ...] = (),
) -> Tool:
    """Make a tool of an async function; with an `action` of `looks` it only looks.

    Its arguments become the schema, its docstring the description. Defaults are kept; arguments
    of msgspec's Meta keep their limits and descriptions.
    """
    hints = get_type_hints(run, include_extras=True)
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for parameter in inspect.signature(run).parameters.values():
        hint = hints[parameter.name]
        bare = parameter.default is inspect.Parameter.empty
        fields.append((parameter.name, hint) if bare else (parameter.name, hint, parameter.default))
    called = name or getattr(run, "__name__", "")
    shape = msgspec.defstruct(called, fields, frozen=True, forbid_unknown_fields=True, kw_only=True)
    text = " ".join((inspect.getdoc(run) or "").split("\n\n")[0].split())
    return Tool(called, text, permission, shape, example, run, looks)


def arguments(tool: Tool, call: Call) -> dict[str, Any]:
    """Return the checked arguments of a call.

    Raises ToolError that says what is wrong and shows one correct call. Numbers and booleans that
    came as text are taken as meant.
    """
    try:
        checked = msgspec.convert(call.arguments, tool.arguments, strict=False)
    except msgspec.ValidationError as error:
        example = msgspec.json.encode(dict(tool.example)).decode()
        raise ToolError(f"{tool.name}: {error}. A correct call has arguments {example}") from error
    return {f.name: getattr(checked, f.name) for f in msgspec.structs.fields(checked)}


def find(tools: Sequence[Tool], name: str) -> Tool:
    """Return the tool of that name. Raises ToolError naming those there are."""
    for each in tools:
        if each.name == name:
            return each
    known = ", ".join(t.name for t in tools)
    raise ToolError(f"there is no tool {name!r}; use one of: {known}")
