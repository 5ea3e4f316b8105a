"""The commit message: Conventional Commits 1.0.0, subject, body and trailers. Pure.

Source: https://www.conventionalcommits.org/en/v1.0.0/
"""

import re
import textwrap
from collections.abc import Mapping, Sequence
from unicodedata import category

from samovar.core.errors import ToolError
from samovar.flow.localise import is_test

WIDTH = 72
"""Longest subject and longest line of the body, in characters."""
TYPES = (
    "feat",
    "fix",
    "docs",
    "style",
    "refactor",
    "perf",
    "test",
    "build",
    "ci",
    "chore",
    "revert",
)
_SUBJECT = re.compile(r"(?P<kind>[a-z]+)(\((?P<scope>[^()\r\n]+)\))?(?P<breaks>!)?: (?P<text>\S.*)")
_TRAILER = re.compile(r"[A-Za-z][A-Za-z0-9-]*: \S.*")
_ADDS = re.compile(r"\W*(add|create|implement|introduce|provide|support|write)\b", re.I)
"""How a task begins that asks for something new, which may well raise errors."""
_FIXES = re.compile(
    r"\b(fix(es|ed)?|bugs?|wrong(ly)?|crash\w*|fails?|failing|broken|incorrect\w*|repairs?"
    r"|regression|\w*(error|exception)|rais(es|ed)|throws?|(returns?|gives?|prints?)\b.* instead of"
    r"|(?<!there )should (return|be|not))\b",
    re.IGNORECASE,
)
_DOCS = re.compile(r"(^|/)(docs?/|readme|changelog|contributing|license)|\.(md|rst|adoc)$", re.I)
_CI = re.compile(r"^\.(github|gitea|forgejo)/workflows/|^\.gitlab-ci\.yml$", re.I)
_BUILD = re.compile(
    r"(^|/)(pyproject\.toml|setup\.(py|cfg)|requirements[^/]*\.txt|makefile|dockerfile|"
    r"package(-lock)?\.json|cargo\.(toml|lock)|go\.(mod|sum))$",
    re.I,
)


def kind(paths: Sequence[str], text: str) -> str:
    """Return the commit type that the changed paths and the task's text speak for."""
    kinds = (
        ("docs", _DOCS.search),
        ("test", is_test),
        ("ci", _CI.search),
        ("build", _BUILD.search),
    )
    for name, belongs in kinds:
        if paths and all(map(belongs, paths)):
            return name
    return "fix" if _FIXES.search(text) and not _ADDS.match(text) else "feat"


def compose(
    what: str,
    *,
    paths: Sequence[str],
    body: str = "",
    trailers: Mapping[str, str] | None = None,
) -> str:
    """Return a whole message for a change described by `what`, a line of plain words.

    A type already in front of `what` is kept when it is a known one. Raises ToolError when there
    are no words.
    """
    line = " ".join(_plain(what).split()).strip("`'\"# ")
    given = _SUBJECT.fullmatch(line)
    if given and given["kind"] in TYPES:
        head = line[: given.start("text")]
        words = given["text"]
    else:
        head, words = f"{kind(paths, line + ' ' + body)}: ", line
    words = words.rstrip(". ")
    if not re.search(r"\w", words):
        raise ToolError("the commit message has no words")
    if words[:1].isupper() and not words[1:2].isupper():
        words = words[0].lower() + words[1:]
    parts = [_cut(head, words)]
    if body.strip():
        parts.append(_wrap(body))
    if trailers:
        parts.append(footer(trailers))
    return validate("\n\n".join(parts) + "\n")


def footer(facts: Mapping[str, str]) -> str:
    """Return facts as trailers, one line each."""
    return "\n".join(f"{name}: {_one_line(value)}" for name, value in facts.items())


def validate(message: str) -> str:
    """Return the message if it keeps the rules. Raises ToolError naming the first broken one."""
    subject, _, rest = message.partition("\n")
    found = _SUBJECT.fullmatch(subject)
    if found is None or found["kind"] not in TYPES:
        raise ToolError(f"the subject must read 'type: what', with a type of {', '.join(TYPES)}")
    if len(subject) > WIDTH:
        raise ToolError(f"the subject has {len(subject)} characters, more than {WIDTH}")
    if subject.endswith("."):
        raise ToolError("the subject ends in a full stop")
    if rest.strip() and not rest.startswith("\n"):
        raise ToolError("a blank line belongs between subject and body")
    if any((ord(c) < 32 and c not in "\n\t") or ord(c) == 127 for c in message):
        raise ToolError("the message holds a control character")
    for line in rest.splitlines():
        if len(line) > WIDTH and " " in line.strip() and not _TRAILER.fullmatch(line):
            raise ToolError(f"a line of the body is longer than {WIDTH} characters")
    return message


def _cut(head: str, words: str) -> str:
    if len(head) + len(words) <= WIDTH:
        return head + words
    kept = words[: WIDTH - len(head) + 1].rpartition(" ")[0] or words[: WIDTH - len(head)]
    return head + kept.rstrip(",;:. ")


def _wrap(body: str) -> str:
    clean = _plain(body)
    return "\n\n".join(
        "\n".join(_wrap_line(line) for line in paragraph.splitlines() if line.strip())
        for paragraph in re.split(r"\n\s*\n", clean.strip())
    )


def _wrap_line(line: str) -> str:
    start = re.match(r"\s*([-*] )?", line)
    indent = " " * len(start.group(0)) if start else ""
    return textwrap.fill(
        line.rstrip(),
        WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        expand_tabs=False,
    )


def _one_line(value: str) -> str:
    return " ".join(_plain(value).split()) or "-"


def _plain(text: str) -> str:
    """Return the text without control characters and halves of characters."""
    return "".join(c if c in "\n\t" or category(c) not in ("Cc", "Cs") else " " for c in text)
