"""Changing a function, class or method by its name."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Annotated, Literal

from msgspec import Meta

from samovar.core.errors import ToolError
from samovar.core.text import flat
from samovar.core.tool import Tool, tool
from samovar.tools import search, symbol
from samovar.tools.edit import put
from samovar.tools.symbol import Language, Symbol
from samovar.tools.workspace import Workspace

Action = Literal["replace", "insert", "rename"]


def edit_symbol(place: Workspace) -> Tool:
    """Return the tool that changes definitions in Python, JavaScript, TypeScript, Go and Rust."""

    async def edit_symbol(
        path: Annotated[str, Meta(description="path relative to the workspace")],
        action: Annotated[
            Action,
            Meta(
                description="replace the whole definition; insert code into a class, behind a "
                "function or (no name) at the end; rename it in this file"
            ),
        ],
        name: Annotated[str, Meta(description="such as parse, Tree or Tree.insert")] = "",
        code: Annotated[str, Meta(description="the whole new definition")] = "",
        new_name: Annotated[str, Meta(description="for rename only")] = "",
    ) -> str:
        """Replace, insert or rename a function, class or method by its name."""
        change = _Change(place, path, name)
        match action:
            case "replace":
                return await asyncio.to_thread(change.replace, code)
            case "insert":
                return await asyncio.to_thread(change.insert, code)
            case "rename":
                return await asyncio.to_thread(change.rename, new_name)

    example = {
        "path": "tree.py",
        "action": "replace",
        "name": "Tree.size",
        "code": "def size(self):\n    return len(self.nodes)",
    }
    return tool(edit_symbol, "write", example)


class _Change:
    """One change of one file."""

    def __init__(self, place: Workspace, path: str, name: str) -> None:
        self.place = place
        self.path = path
        self.name = name.strip()
        self.old = place.read(path)
        self.language = _language(path)
        self.text = self.old.text

    def replace(self, code: str) -> str:
        found = self._found()
        indent = symbol.indentation(self.text, found.start)
        code = indent + symbol.fitted(code, indent, self.text, self.language)
        code, new = _definition(code, found, self.language)
        found, code, kept = symbol.keeping(self.text, found, code, new)
        text = symbol.replaced(self.text, found, code, self.language)
        return f"replaced {found.name} in {self.path}{kept}" + self._put(text)

    def insert(self, code: str) -> str:
        if not code.strip():
            raise ToolError("code is empty: give the whole definition")
        anchor = self._anchor(code)
        around = _around(anchor)
        there = {s.name for s in self.language.symbols(self.text)}
        for each in _defined(symbol.fitted(code, "", "", self.language), self.language):
            if around + each.own in there:
                raise ToolError(f"{around + each.own} is there already: use action 'replace'")
        new = symbol.inserted(self.text, anchor, code, self.language)
        where = f"{'in' if around else 'behind'} {anchor.name}" if anchor else "at the end"
        return f"inserted {where} of {self.path}" + self._put(new)

    def rename(self, new_name: str) -> str:
        found = self._found()
        new_name = new_name.strip().rpartition(".")[2]
        places = list(self.language.uses(self.text, found, new_name))
        new = symbol.renamed(self.text, places, new_name)
        said = f"renamed {found.name} to {new_name} at {len(places)} places of {self.path}"
        return said + self._put(new) + self._left(found.own)

    def _anchor(self, code: str) -> Symbol | None:
        """Return what the code goes into or behind; None for the end of the file.

        Small models give the name of what they insert: that goes where such a name belongs.
        """
        around, _, own = self.name.rpartition(".")
        new = {s.own for s in _defined(symbol.fitted(code, "", "", self.language), self.language)}
        if own in new and own not in {s.own for s in self.language.symbols(self.text)}:
            self.name = around
        return self._found() if self.name else None

    def _found(self) -> Symbol:
        if not self.name:
            raise ToolError("name is empty: say which function, class or method")
        try:
            return symbol.pick(self.language.symbols(self.text), self.name)
        except ToolError as error:
            raise ToolError(f"{self.path}: {error}") from error

    def _put(self, new: str) -> str:
        if self.language.broken(new) > self.language.broken(self.text):
            raise ToolError(f"nothing was written, for {self.path} would not parse any more")
        return put(self.place, self.path, self.old, new)

    def _left(self, name: str) -> str:
        """Name the places where the old name still stands; they may mean something else."""
        end = PurePosixPath(self.path).suffix
        word = rf"(?<![\w$]){re.escape(name)}(?![\w$])"
        found, _ = search.by_hand(self.place, search.Asked(word, ".", f"*{end}"))
        hits = [h for h in found if self.place.sight("search", h.path) == "allow"]
        if not hits:
            return ""
        shown = ", ".join(f"{flat(h.path)}:{h.line}" for h in hits[:8])
        more = f" and at least {len(hits) - 8} more" if len(hits) > 8 else ""
        return f"\n{name!r} still stands at {shown}{more}: look whether it means this one"


def _around(anchor: Symbol | None) -> str:
    """Return what comes before the names of things inserted at a symbol."""
    if anchor is None:
        return ""
    if anchor.inside >= 0:
        return f"{anchor.name}."
    before = anchor.name.rpartition(".")[0]
    return f"{before}." if before else ""


def _definition(code: str, wanted: Symbol, language: Language) -> tuple[str, Symbol]:
    """Return code and the definition in it. Raises ToolError unless it has the wanted name.

    A method that comes with its class around it is taken out: small models write it so.
    """
    if not code.strip():
        raise ToolError("code is empty: give the whole definition")
    bare = symbol.fitted(code, "", "", language)
    top = _defined(bare, language)
    for each in top:
        if each.own == wanted.own:
            return bare, each
    found = [s for s in language.symbols(bare) if s.name == wanted.name]
    if len(found) == 1:
        start, end = found[0].start, found[0].end
        return _definition(symbol.indentation(bare, start) + bare[start:end], wanted, language)
    said = f"it defines {', '.join(s.own for s in top)}" if top else "it holds no definition"
    raise ToolError(f"code must define {wanted.own!r}, but {said}")


def _defined(code: str, language: Language) -> Sequence[Symbol]:
    try:
        return language.defined(code)
    except ToolError as error:
        raise ToolError(f"code: {error}") from error


def _language(path: str) -> Language:
    """Return what is known about the language of a file. Raises ToolError for others."""
    end = PurePosixPath(path).suffix.lower()
    if end in (".py", ".pyi"):
        from samovar.tools.symbols_python import Python

        return Python()
    from samovar.tools.symbols_tree import GRAMMARS

    if end not in GRAMMARS:
        raise ToolError(
            f"edit_symbol knows Python, {', '.join(GRAMMARS)}: use edit_text for {path!r}"
        )
    return GRAMMARS[end]
