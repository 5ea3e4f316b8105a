"""Definitions in Python, found by libcst; the text itself is changed, so no other byte moves."""

import io
import keyword
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import libcst as cst
from libcst.metadata import (
    Assignment,
    BaseAssignment,
    ClassScope,
    CodeRange,
    MetadataWrapper,
    PositionProvider,
    Scope,
    ScopeProvider,
)

from samovar.core.errors import ToolError
from samovar.tools import soundness
from samovar.tools.symbol import Symbol

_LINE = re.compile(r"\r\n?|\n")
_REST = re.compile(r"[ \t\f]*;?[ \t\f]*(#[^\r\n]*)?(?=\r|\n|\Z)")
_MIDDLE = {getattr(tokenize, "FSTRING_MIDDLE", -1), getattr(tokenize, "TSTRING_MIDDLE", -1)}
"""Parts of f-strings, which are tokens of their own since Python 3.12."""
Definition = cst.FunctionDef | cst.ClassDef
Node = TypeVar("Node", bound=cst.CSTNode)


class Python:
    """A Language."""

    def symbols(self, text: str, /) -> Sequence[Symbol]:
        """Return every definition in order. Raises ToolError for what cannot be parsed."""
        finder = _Finder(_Source(text))
        finder.source.visit(finder)
        return sorted((s for s, _ in finder.found), key=lambda s: s.start)

    def uses(self, text: str, symbol: Symbol, new: str, /) -> Iterable[tuple[int, int]]:
        """Return where the name of a symbol stands as far as its scope tells.

        A method also stands behind `self.` and `cls.` in its class and behind the class's name.
        Raises ToolError when the new name is taken or no name.
        """
        if not new.isidentifier() or keyword.iskeyword(new):
            raise ToolError(f"{new!r} is no name in Python")
        finder = _Finder(_Source(text))
        finder.source.visit(finder)
        node = next(n for s, n in finder.found if s.start == symbol.start)
        return set(_Uses(finder.source, symbol).of(node, new))

    def literal(self, code: str, /) -> set[int]:
        """Return the lines, counted from 0, that begin inside a string."""
        inside: set[int] = set()
        try:
            for token in tokenize.generate_tokens(io.StringIO(code).readline):
                if token.type == tokenize.STRING or token.type in _MIDDLE:
                    inside |= set(range(token.start[0], token.end[0]))
        except (tokenize.TokenError, SyntaxError):
            return inside
        return inside

    def defined(self, code: str, /) -> Sequence[Symbol]:
        """Return the outermost definitions."""
        return [s for s in self.symbols(code) if "." not in s.name]

    def broken(self, text: str, /) -> int:
        """Return 1 for what cannot be parsed."""
        return int(bool(soundness.complaint("a.py", text)))


class _Source:
    """A parsed text, and where its parts stand in it."""

    def __init__(self, text: str) -> None:
        said = soundness.complaint("a.py", text)
        if said:
            raise ToolError(f"it does not parse: {said}")
        self.text = text
        try:
            module = cst.parse_module(text)
            self.wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
            self._ranges: Mapping[cst.CSTNode, CodeRange] = self.wrapper.resolve(PositionProvider)
        except (cst.ParserSyntaxError, RecursionError) as error:
            said = str(error).splitlines()[0]
            raise ToolError(f"it cannot be taken apart ({said}): use edit_text") from error
        self._odd = _differing(_LINE.split(text), _LINE.split(module.code))
        self._starts = [0, *(m.end() for m in _LINE.finditer(text))]

    def visit(self, visitor: cst.CSTVisitor) -> None:
        self.wrapper.module.visit(visitor)

    def scope(self, node: cst.CSTNode) -> Scope | None:
        return self.wrapper.resolve(ScopeProvider)[node]

    def place(self, node: cst.CSTNode) -> tuple[int, int]:
        found = self._ranges[node]
        if self._odd & {found.start.line, found.end.line}:
            raise ToolError(f"line {found.start.line} cannot be taken apart: use edit_text")
        start = self._starts[found.start.line - 1] + found.start.column
        return start, self._starts[found.end.line - 1] + found.end.column

    def line(self, node: cst.CSTNode) -> int:
        return self._ranges[node].start.line

    def knows(self, node: cst.CSTNode) -> bool:
        """Whether a node stands in the text; those of annotations in quotes do not."""
        return node in self._ranges


def _differing(rows: Sequence[str], again: Sequence[str]) -> set[int]:
    """Return the lines libcst writes otherwise than they are; it loses a space here and there."""
    if len(rows) != len(again):
        raise ToolError("it cannot be taken apart without changing it: use edit_text")
    pairs = enumerate(zip(rows, again, strict=True), 1)
    return {number for number, (row, other) in pairs if row != other}


class _Finder(cst.CSTVisitor):
    """Collects the definitions of a module."""

    def __init__(self, source: _Source) -> None:
        super().__init__()
        self.source = source
        self.found: list[tuple[Symbol, Definition]] = []
        self._around: list[str] = []

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:  # noqa: N802
        self._add(node)

    def visit_ClassDef(self, node: cst.ClassDef) -> None:  # noqa: N802
        self._add(node)

    def leave_FunctionDef(self, original_node: cst.FunctionDef) -> None:  # noqa: ARG002, N802
        self._around.pop()

    def leave_ClassDef(self, original_node: cst.ClassDef) -> None:  # noqa: ARG002, N802
        self._around.pop()

    def _add(self, node: Definition) -> None:
        source = self.source
        self._around.append(node.name.value)
        core, end = source.place(node)
        first = node.decorators[0] if node.decorators else node
        rest = _REST.match(source.text, end)
        end = rest.end() if rest else end
        member = _member(source, node)
        symbol = Symbol(
            name=".".join(self._around),
            start=source.place(first)[0],
            end=end,
            line=source.line(first),
            core=core,
            leaf=source.place(node.name),
            marks=tuple(source.place(d) for d in node.decorators),
            inside=end if member else -1,
            member=member,
        )
        self.found.append((symbol, node))


def _member(source: _Source, node: Definition) -> str:
    """Return the indentation of a class's members; nothing where it has no lines of its own."""
    if not isinstance(node, cst.ClassDef) or not isinstance(node.body, cst.IndentedBlock):
        return ""
    first = source.place(node.body.body[0])[0]
    start = max(source.text.rfind("\n", 0, first), source.text.rfind("\r", 0, first)) + 1
    return re.match(r"[ \t\f]*", source.text[start:first])[0]  # type: ignore[index]


class _Uses:
    """Where the name of one definition stands."""

    def __init__(self, source: _Source, symbol: Symbol) -> None:
        self.source = source
        self.symbol = symbol

    def of(self, node: Definition, new: str) -> Iterator[tuple[int, int]]:
        scope = self.source.scope(node)
        assert scope is not None, "a definition stands in some scope"
        start, end = self._class() if isinstance(scope, ClassScope) else (0, len(self.source.text))
        for name in _all(self.source, cst.Name):
            if name.value == new and start <= self.source.place(name)[0] < end:
                raise ToolError(f"{new!r} is used here already: choose another name")
        for assignment in scope[self.symbol.own]:
            if assignment.scope is scope:
                yield from self._assigned(assignment)
                yield from self._read(assignment)
        if isinstance(scope, ClassScope):
            yield from self._attributes()
        else:
            yield from self._stated()

    def _assigned(self, assignment: BaseAssignment) -> Iterator[tuple[int, int]]:
        if not isinstance(assignment, Assignment) or isinstance(
            assignment.node, cst.ImportAlias | cst.Import | cst.ImportFrom
        ):
            raise ToolError(f"{self.symbol.own!r} is also imported here: rename it by edit_text")
        node = assignment.node
        name = node.name if isinstance(node, cst.FunctionDef | cst.ClassDef) else node
        if isinstance(name, cst.Name) and self.source.knows(name):
            yield self.source.place(name)

    def _read(self, assignment: BaseAssignment) -> Iterator[tuple[int, int]]:
        for access in assignment.references:
            node: cst.CSTNode = access.node
            while isinstance(node, cst.Attribute):
                node = node.value
            if isinstance(node, cst.Name) and self.source.knows(node):
                yield self.source.place(node)

    def _attributes(self) -> Iterator[tuple[int, int]]:
        """Yield what stands behind self and cls in the class, and behind the class's name."""
        whole = self.symbol.name.split(".")
        start, end = self._class()
        for node in _all(self.source, cst.Attribute):
            place = self.source.place(node.attr) if self.source.knows(node.attr) else (-1, -1)
            if node.attr.value != self.symbol.own or not isinstance(node.value, cst.Name):
                continue
            within = start <= place[0] < end and node.value.value in ("self", "cls")
            if within or node.value.value == whole[-2]:
                yield place

    def _class(self) -> tuple[int, int]:
        finder = _Finder(self.source)
        self.source.visit(finder)
        around = self.symbol.name.rpartition(".")[0]
        spans = [(s.start, s.end) for s, _ in finder.found if s.name == around]
        return next(s for s in spans if s[0] <= self.symbol.start < s[1])

    def _stated(self) -> Iterator[tuple[int, int]]:
        """Yield the name in `global`, `nonlocal` and, at the top, in `__all__`."""
        for item in _all(self.source, cst.NameItem):
            if item.name.value == self.symbol.own:
                yield self.source.place(item.name)
        for node in _all(self.source, cst.Assign) if "." not in self.symbol.name else ():
            if any(_is_all(t.target) for t in node.targets):
                yield from self._quoted(node)

    def _quoted(self, node: cst.Assign) -> Iterator[tuple[int, int]]:
        for text in _all(node, cst.SimpleString):
            if text.raw_value == self.symbol.own:
                start, end = self.source.place(text)
                mark = len(text.prefix) + len(text.quote)
                yield start + mark, end - len(text.quote)


def _is_all(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Name) and node.value == "__all__"


def _all(where: _Source | cst.CSTNode, kind: type[Node]) -> list[Node]:
    waiting: list[cst.CSTNode] = [where.wrapper.module if isinstance(where, _Source) else where]
    found: list[Node] = []
    while waiting:
        node = waiting.pop()
        if isinstance(node, kind):
            found.append(node)
        waiting += node.children
    return found
