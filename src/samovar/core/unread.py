"""Calls in a format that no dialect reads: an answer that looks like one is no answer."""

import re
from collections.abc import Sequence

from samovar.core.tool import Call, Dialect, Said, Tool

_LONGEST = 20_000
"""Characters that are looked at."""
_WORD = r"(?:invoke|call|tool|func|action|exec|request|command)"
_ARGUMENTS = r"(?:arguments|args|parameters|params|input|tool_input|action_input)"
_SHAPES = (
    # <invoke name="N">, <use_tool tool='N' ...>, <function=N>; not `<invoke name="N">` in prose
    rf"(?<!`)<[^\s<>=`]{{0,40}}{_WORD}[^\s<>=`]{{0,40}}(?:\s[^<>=]{{0,40}})?=\s*[\"']?NAME",
    # [TOOL_REQUEST] N ..., <|tool_call|>N at the begin of a line
    rf"^[ \t]*[\[<{{|]{{1,3}}[^\s\[\]<>]{{0,40}}{_WORD}[^\s\[\]<>]{{0,40}}[\]>}}|]{{1,3}}"
    r"\W{0,20}(?:(?:name|tool|function)\W{1,10})?NAME",
    # N: {"path": ...}, and N path="a.py", at the begin of a line
    r"^[ \t>*-]{0,8}[`\"']{0,3}NAME[`\"'*]{0,3}[ \t]*(?::|=>?|->)?[ \t]*\{[ \t\n]*[\"'\w}]",
    r"^[ \t>*-]{0,8}`{0,3}NAME[ \t]+\w{1,40}=[\"'\w./\[{]",
    # Action: N, and on the next line its input
    rf"^\W{{0,8}}(?:action|tool|function|tool[ _]name)\W{{1,8}}NAME\W{{0,8}}\n"
    rf"\W{{0,8}}(?:action[ _])?{_ARGUMENTS}\b",
    # {"name": "N", "arguments": ...} that is no JSON
    rf"[\"'](?:name|tool|function|tool_name|action)[\"']\s*:\s*[\"']NAME[\"']\s*,\s*"
    rf"[\"']{_ARGUMENTS}[\"']\s*:",
)


def unread(text: str, tools: Sequence[Tool], dialect: Dialect) -> str:
    """Return what to tell a model whose text, without a readable call, looks like one.

    It ends with a correct call in the model's own format. Empty for an answer: the name of a tool
    in a sentence makes no call, nor does one shown in back quotes there.
    """
    names = {t.name: t for t in tools}
    if not any(name in text for name in names):
        return ""
    known = "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True))
    name = rf"(?<![\w-])(?:functions?\.|tools?\.)?(?P<name>{known})(?![\w-])"
    for shape in _SHAPES:
        pattern = re.compile(shape.replace("NAME", name), re.MULTILINE | re.IGNORECASE)
        found = pattern.search(text, 0, _LONGEST)
        if found is not None and found["name"] in names:
            meant = names[found["name"]]
            right = dialect.show(Said(calls=(Call(meant.name, dict(meant.example)),)))
            return f"this is no call of {meant.name} that can be read; a correct one is: {right}"
    return ""
