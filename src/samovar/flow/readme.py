"""The README, kept true: what it says of functions that changed follows the code. Pure.

Only what the code itself proves is written: a function in backquotes, with parameters it no longer
has, gets the new ones where no other has its name, and a list that names the functions of a module
gets the new one, with the first line of its docstring. No model is asked.
"""

import ast
import re
from collections.abc import Callable, Mapping

from samovar.flow.source import Function, parse

_ITEM = r"^(?P<head>[ \t]*[-*+] +`)(?P<name>{names})\([^`\n]*\)(?P<tail>`[^\n]*)\n"


def updated(
    readme: str, changed: Mapping[str, tuple[str, str]], defined: Callable[[str], int]
) -> str:
    """Return the README after a change; `changed` holds each file's text before and after.

    `defined` tells how many functions of the project have a name.
    """
    end = "\r\n" if "\r\n" in readme else "\n"
    text = readme.replace("\r\n", "\n")
    for path, (before, after) in changed.items():
        if path.endswith(".py"):
            old, new = _public(before), _public(after)
            text = _respelled(text, old, new, defined)
            text = _listed(text, old, new)
    return text.replace("\n", end)


def _respelled(
    text: str,
    old: Mapping[str, Function],
    new: Mapping[str, Function],
    defined: Callable[[str], int],
) -> str:
    """Give every mention of a function with its old parameters the new ones."""
    for name in old.keys() & new.keys():
        was, now = f"`{_spelt(old[name])}`", f"`{_spelt(new[name])}`"
        if was != now and was != f"`{name}()`" and was in text and defined(name) == 1:
            text = text.replace(was, now)
    return text


def _listed(text: str, old: Mapping[str, Function], new: Mapping[str, Function]) -> str:
    """Add new functions to the list that holds the others of their module."""
    added = [n for n in new if n not in old and not re.search(rf"\b{n}\(", text)]
    known = "|".join(map(re.escape, old.keys() & new.keys()))
    items = list(re.finditer(_ITEM.format(names=known), text, re.M)) if known else []
    if not items:
        return text
    last = items[-1]
    rows = ""
    for name in added:
        said = (ast.get_docstring(new[name]) or "").partition("\n")[0].strip()
        gap = re.match(r"`(\W*)", last["tail"])
        words = f"`{gap[1] if gap else ': '}{said}" if said else "`"
        rows += f"{last['head']}{_spelt(new[name])}{words}\n"
    return text[: last.end()] + rows + text[last.end() :]


def _public(text: str) -> dict[str, Function]:
    tree = parse(text)
    found = [n for n in tree.body if isinstance(n, Function)] if tree else []
    return {n.name: n for n in found if not n.name.startswith("_")}


def _spelt(node: Function) -> str:
    """Return a function as a README writes it: its name and parameters, without types."""
    bare = ast.parse(f"def f({ast.unparse(node.args)}): ...").body[0]
    assert isinstance(bare, ast.FunctionDef)
    for each in ast.walk(bare.args):
        if isinstance(each, ast.arg):
            each.annotation = None
    return f"{node.name}({ast.unparse(bare.args).replace(' = ', '=')})"
