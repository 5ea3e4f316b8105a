"""One line in the project's changelog, in the place and style the file already has. Pure.

Source of the default form: https://keepachangelog.com/en/1.1.0/
"""

import re

HEADINGS = {"feat": "Added", "fix": "Fixed", "perf": "Changed", "refactor": "Changed"}
"""Section of a Keep-a-Changelog file for each commit type that a user of the project notices."""
_HEADING = re.compile(r"^(#{1,4})\s+(.*?)\s*#*\s*$")
_OPEN = re.compile(r"\b(unreleased|upcoming|next|development|dev|master|main)\b", re.IGNORECASE)
_VERSION = re.compile(r"v?\d+\.\d+")
_SECTIONS = ("added", "changed", "deprecated", "removed", "fixed", "security")


def insert(text: str, line: str, kind: str) -> str:
    """Return the changelog with one more line under Unreleased; unchanged if it has it already.

    A file with no such heading gets one above its newest version; an empty file becomes a small
    Keep-a-Changelog file. Line ends and bullet style are the file's own.
    """
    words = _bare(" ".join(line.split()))
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(end)
    if not words:
        return text
    if not text.strip():
        head = ("# Changelog", "", "## [Unreleased]", "", f"### {HEADINGS.get(kind, 'Changed')}")
        return end.join((*head, "", f"- {words}", ""))
    place = _unreleased(lines)
    if place is None:
        lines, place = _with_unreleased(lines)
    stop = _section_end(lines, place)
    if any(_bare(row) == words for row in lines[place:stop]):
        return text
    return end.join(_placed(lines, place, stop, (words, kind)))


def _placed(lines: list[str], place: int, stop: int, entry: tuple[str, str]) -> list[str]:
    words, kind = entry
    bullet = _bullet(lines)
    row = f"{bullet} {words}{'.' if _full_stops(lines, bullet) else ''}"
    fresh = "[" in lines[place] and _last_text(lines, place, stop) == place
    if not fresh and not _is_kept(lines):
        return _append(lines, place, stop, row)
    level = "#" * (_level(lines[place]) + 1)
    name = HEADINGS.get(kind, "Changed")
    for number in range(place + 1, stop):
        found = _HEADING.match(lines[number])
        if found and found[2].lower() == name.lower():
            return _append(lines, number, _section_end(lines, number), row)
    last = _last_text(lines, place, stop)
    rest = lines[last + 1 :]
    gap = [] if rest and not rest[0].strip() else [""]
    return [*lines[: last + 1], "", f"{level} {name}", "", row, *gap, *rest]


def _append(lines: list[str], place: int, stop: int, row: str) -> list[str]:
    last = _last_text(lines, place, stop)
    before = [""] if last == place else []
    rest = lines[last + 1 :]
    after = [""] if rest and rest[0].strip() else []
    return [*lines[: last + 1], *before, row, *after, *rest]


def _unreleased(lines: list[str]) -> int | None:
    for number, line in enumerate(lines):
        found = _HEADING.match(line)
        if found and _OPEN.search(found[2]) and not _VERSION.search(found[2]):
            return number
        if found and _VERSION.search(found[2]):
            return None
    return None


def _with_unreleased(lines: list[str]) -> tuple[list[str], int]:
    """Return the lines with a new open section above the newest version, and where it is."""
    for number, line in enumerate(lines):
        found = _HEADING.match(line)
        if found and _VERSION.search(found[2]):
            name = "[Unreleased]" if found[2].startswith("[") else "Unreleased"
            return [*lines[:number], f"{found[1]} {name}", "", *lines[number:]], number
    end = _last_text(lines, -1, len(lines))
    return [*lines[: end + 1], "", "## Unreleased", "", *lines[end + 1 :]], end + 2


def _section_end(lines: list[str], place: int) -> int:
    level = _level(lines[place])
    for number in range(place + 1, len(lines)):
        if 0 < _level(lines[number]) <= level or re.match(r"\[[^\]]+\]: ", lines[number]):
            return number
    return len(lines)


def _last_text(lines: list[str], place: int, stop: int) -> int:
    return next((n for n in range(stop - 1, place, -1) if lines[n].strip()), max(place, 0))


def _level(line: str) -> int:
    found = _HEADING.match(line)
    return len(found[1]) if found else 0


def _is_kept(lines: list[str]) -> bool:
    names = (_HEADING.match(line) for line in lines)
    return any(m is not None and m[2].lower() in _SECTIONS for m in names) or any(
        "keepachangelog" in line for line in lines
    )


def _bullet(lines: list[str]) -> str:
    return next((line[0] for line in lines if re.match(r"[-*+] \S", line)), "-")


def _full_stops(lines: list[str], bullet: str) -> bool:
    rows = [line.rstrip() for line in lines if line.startswith(f"{bullet} ")]
    return sum(row.endswith(".") for row in rows) * 2 > len(rows)


def _bare(line: str) -> str:
    return line.strip().lstrip("-*+# ").rstrip(". ")
