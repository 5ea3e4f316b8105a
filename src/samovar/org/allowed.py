"""What a field of a resume may hold, in words, as its type says it. Pure."""

from typing import Any

import msgspec
from msgspec.inspect import IntType, LiteralType, StrType, VarTupleType

_SUCH = {
    "fallback_models": "qwen2.5-coder-1.5b",
    "read_outboxes": "manager",
    "tools": "read_file",
    "repositories": "..",
    "skills": "SQL",
    "expertise": "databases",
}
"""An element of a list, by the field that is one."""


def allowed(field: str, kind: Any) -> str:
    """Return what a person may write into a field of a type."""
    found = msgspec.inspect.type_info(kind)
    match found:
        case LiteralType(values=values):
            return f"write one of {', '.join(_quoted(value) for value in values)}"
        case VarTupleType(item_type=StrType() as each):
            such = _quoted(_SUCH.get(field, "..."))
            return f'write a list of texts{_long(each, ", each")}: "{field}": [{such}]'
        case StrType():
            return f'write a text{_long(found)}: "{field}": "..."'
        case IntType(ge=int(least), le=int(most)):
            return f"write a whole number from {least} to {most}"
        case _:
            return "write what 'samovar validate --schema' says of it"


def _long(text: StrType, begin: str = "") -> str:
    most = text.max_length
    return f"{begin} of at most {most} characters" if most is not None else ""


def _quoted(value: object) -> str:
    return f'"{value}"'
