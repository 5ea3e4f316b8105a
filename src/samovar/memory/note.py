"""A note: a few lines worth keeping, and who said them; a Markdown file with a front matter."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal, get_args

from msgspec import Struct

Speaker = Literal["owner", "agent", "tool", "web", "unknown"]
"""Who said it. Only a surface a person sits at, or the person's editor, writes `owner`."""
LONGEST = 8_000
"""Characters of a note; longer texts are documents and belong into files."""

_FENCE = "---"
_SLUG = 40


class Note(Struct, frozen=True, kw_only=True):
    """One thing that is remembered."""

    id: str
    """Also the name of its file, without the suffix."""
    at: datetime
    said_by: Speaker
    text: str
    tags: tuple[str, ...] = ()
    origin: str = ""
    """Where it was said: a run, a chat, an address."""


def render(note: Note) -> str:
    """Return the note as a file."""
    head = {
        "id": note.id,
        "time": note.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "said by": note.said_by,
        "tags": ", ".join(note.tags),
        "from": _line(note.origin),
    }
    rows = [f"{key}: {value}" for key, value in head.items() if value]
    return "\n".join([_FENCE, *rows, _FENCE, "", note.text.strip(), ""])


def parse(id: str, text: str, changed: datetime) -> Note:
    """Return the note a file holds; never fails, for people write these files too.

    Only the first block counts as front matter. What does not say who said it is `unknown`;
    without a time the file's last change counts.
    """
    head, body = _split(text.replace("\r\n", "\n").lstrip("\ufeff"))
    return Note(
        id=id,
        at=_time(head.get("time", ""), changed),
        said_by=speaker(head.get("said by", "")),
        text=body.strip(),
        tags=labels(head.get("tags", "").split(",")),
        origin=head.get("from", ""),
    )


def whole(text: str) -> str:
    """Return a text as a note keeps it."""
    return text.encode("utf-8", "replace").decode().strip()


def speaker(word: str) -> Speaker:
    """Return a word as a speaker; anything unheard of is `unknown`."""
    known: tuple[Speaker, ...] = get_args(Speaker)
    return next((each for each in known if each == word.strip().casefold()), "unknown")


def labels(words: Iterable[str]) -> tuple[str, ...]:
    """Return tags as one plain word or phrase each, without doubles."""
    plain = (" ".join(re.sub(r"[^\w\s.+#-]", " ", w).split())[:_SLUG].strip() for w in words)
    return tuple(dict.fromkeys(w for w in plain if w))


def slug(text: str) -> str:
    """Return the first words of a text as the begin of a file name."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    return "-".join(words[:6])[:_SLUG].strip("-") or "note"


def _split(text: str) -> tuple[dict[str, str], str]:
    rows = text.split("\n")
    if rows[0].strip() != _FENCE:
        return {}, text
    end = next((n for n, row in enumerate(rows[1:], 1) if row.strip() == _FENCE), 0)
    if not end:
        return {}, text
    pairs = (row.partition(":") for row in rows[1:end])
    return {k.strip().casefold(): v.strip() for k, _, v in pairs}, "\n".join(rows[end + 1 :])


def _time(text: str, otherwise: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return otherwise
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _line(text: str) -> str:
    return " ".join(text.split())[:200]
