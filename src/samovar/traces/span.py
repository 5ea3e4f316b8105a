"""A span as plain data. Its ids follow from what it is about, so a log read twice is one trace."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from samovar.core.message import Usage

Value = str | bool | int | float | tuple[str, ...]
Facts = Mapping[str, Value]
SHOWN = 8_000
"""Characters of one text in a span, where texts are wanted at all."""


class Span(Struct, frozen=True, kw_only=True):
    """Something that took time."""

    trace: str
    """What it belongs to, such as a run."""
    key: str
    """Names it within its trace."""
    parent: str = ""
    """Key of the span around it; empty for the outermost one."""
    name: str
    begin: datetime
    end: datetime
    kind: Literal["internal", "client"] = "internal"
    facts: Facts = {}
    error: str = ""
    """Why it went wrong; empty when it went well."""

    @property
    def trace_id(self) -> int:
        """Its trace as 128 bits."""
        return _number(self.trace, 16)

    @property
    def id(self) -> int:
        """Its own 64 bits."""
        return _number(f"{self.trace}\0{self.key}", 8)

    @property
    def parent_id(self) -> int | None:
        """The 64 bits of the span around it."""
        return _number(f"{self.trace}\0{self.parent}", 8) if self.parent else None


def before(end: datetime, seconds: float) -> datetime:
    """Return when something began that ended now."""
    return end - timedelta(seconds=max(seconds, 0.0))


def called(model: str, usage: Usage, more: Facts) -> Facts:
    """Return the facts of a model call (OpenTelemetry semantic conventions for GenAI)."""
    return {
        "gen_ai.operation.name": "chat",
        # What the client speaks, which is all that is known of the server.
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": model,
        "gen_ai.usage.input_tokens": usage.prompt,
        "gen_ai.usage.cache_read.input_tokens": usage.cached,
        "gen_ai.usage.output_tokens": usage.generated,
        **more,
    }


def used(tool: str, more: Facts) -> Facts:
    """Return the facts of a tool that was carried out."""
    return {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool, **more}


def _number(text: str, size: int) -> int:
    # All zeros would mean none.
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:size]) or 1
