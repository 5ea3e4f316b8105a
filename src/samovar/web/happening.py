"""One thing that happened in a team, and what the log of an agent tells of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from msgspec import Meta, Struct

Moment = Annotated[datetime, Meta(tz=True)]


class Happening(Struct, frozen=True, kw_only=True):
    """One thing that happened."""

    at: datetime
    who: str
    what: str
    """In one word or two."""
    text: str
    href: str = ""
    model: str = ""
    """The model that failed, where one did."""


def act(agent: str, row: Mapping[str, Any]) -> Happening | None:
    """Return what a line of an agent's log tells that its outbox does not; None for nothing."""
    match row.get("event"):
        case "turn" if row.get("action") in ("note", "refused"):
            what = str(row["action"])
        case "failed" | "at work" as event:
            what = str(event)
        case _:
            return None
    try:
        at = msgspec.convert(row.get("at"), Moment)
    except msgspec.ValidationError:
        return None
    text, model = (str(row.get(name, "")) for name in ("text", "model"))
    return Happening(at=at, who=agent, what=what, text=text, href=page_of(agent), model=model)


def page_of(agent: str) -> str:
    """Return the address of an agent's page."""
    return f"/agents/{quote(agent, safe='')}"


def board_of(agent: str) -> str:
    """Return the address of an agent's tasks."""
    return f"/board?agent={quote(agent, safe='')}"
