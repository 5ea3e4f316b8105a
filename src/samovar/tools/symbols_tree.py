"""Definitions in JavaScript, TypeScript, Go and Rust, found by tree-sitter."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import tree_sitter
import tree_sitter_go
import tree_sitter_javascript
import tree_sitter_rust
import tree_sitter_typescript
from msgspec.structs import replace
from tree_sitter import Node

from samovar.core.errors import ToolError
from samovar.tools.symbol import Symbol

_SPACE = re.compile(r"\s*")
_VALUES = {"arrow_function", "function_expression", "generator_function", "class"}
_WEB = frozenset(
    [
        "function_declaration",
        "generator_function_declaration",
        "class_declaration",
        "method_definition",
        "abstract_class_declaration",
        "interface_declaration",
        "type_alias_declaration",
        "enum_declaration",
        "internal_module",
        "module",
        "variable_declarator",
        "field_definition",
        "public_field_definition",
    ]
)
_GO = frozenset(
    [
        "function_declaration",
        "method_declaration",
        "type_spec",
        "type_alias",
    ]
)
_RUST = frozenset(
    [
        "function_item",
        "function_signature_item",
        "struct_item",
        "enum_item",
        "union_item",
        "trait_item",
        "mod_item",
        "type_item",
        "macro_definition",
        "impl_item",
        "const_item",
        "static_item",
    ]
)
_CONTAINERS = frozenset(
    [
        "class_body",
        "interface_body",
        "declaration_list",
        "statement_block",
    ]
)
_BLOCKS = frozenset({"impl_item", "trait_item"})
"""What holds the methods of Rust."""
_MARKS = frozenset(
    [
        "decorator",
        "export",
        "default",
        "declare",
        "accessibility_modifier",
        "abstract",
        "static",
        "override_modifier",
        "readonly",
        "get",
        "set",
    ]
)
_RUST_MARKS = frozenset({"attribute_item", "visibility_modifier"})
_AROUND = frozenset({"export_statement", "ambient_declaration"})
"""What says of a declaration in it who may use it."""
_DECLARED = frozenset({"variable_declarator", "type_spec", "type_alias"})
"""Definitions of which a statement may hold several."""
_STRINGS = frozenset(
    [
        "template_string",
        "raw_string_literal",
        "string_literal",
        "interpreted_string",
    ]
)
_NAMES = frozenset(
    [
        "identifier",
        "type_identifier",
        "property_identifier",
        "field_identifier",
        "private_property_identifier",
        "shorthand_property_identifier",
    ]
)
_MEMBERS = frozenset({"property_identifier", "field_identifier", "private_property_identifier"})
_ACCESS = frozenset(
    [
        "member_expression",
        "selector_expression",
        "field_expression",
        "scoped_identifier",
    ]
)
"""What names a member behind its owner."""


@dataclass(frozen=True)
class Grammar:
    """A Language, by its grammar."""

    load: Callable[[], object]
    kinds: frozenset[str]
    """Nodes that define something."""
    marks: frozenset[str] = frozenset()
    """Nodes that are decorators and modifiers of a definition."""

    def symbols(self, text: str, /) -> Sequence[Symbol]:
        """Return every definition in order. Errors in the text are passed over."""
        source = _Source(text, self.load)
        return sorted(self._found(source, source.root, ()), key=lambda s: s.start)

    def uses(self, text: str, symbol: Symbol, new: str, /) -> Iterable[tuple[int, int]]:
        """Return where the name stands in the file; scopes are not known.

        A member's stands at its definition and behind what means its owner for certain.
        Raises ToolError when that would not be exact: for a name that is defined twice or taken.
        """
        if not re.fullmatch(r"[\w$]+", new) or new[0].isdigit():
            raise ToolError(f"{new!r} is no name")
        source = _Source(text, self.load)
        named = [n for n in _all(source.root) if n.type in _NAMES]
        if any(source.said(n).lstrip("#") == new for n in named):
            raise ToolError(f"{new!r} is used in this file already: choose another name")
        if sum(s.own == symbol.own for s in self.symbols(text)) > 1:
            raise ToolError(f"{symbol.own!r} is defined more than once here: use edit_text")
        at = next(n for n in named if source.place(n) == symbol.leaf)
        same = [n for n in named if source.said(n) == source.said(at)]
        if _is_member(at):
            owners = list(_owners(source, at, symbol.name.rpartition(".")[0].rpartition(".")[2]))
            same = [n for n in same if _certain(source, n, at, owners)]
        elif any(n.type == "shorthand_property_identifier" for n in same):
            raise ToolError(f"{symbol.own!r} is also a property here: use edit_text")
        else:
            same = [n for n in same if n.type not in _MEMBERS]
        ends = (source.place(n)[1] for n in same)
        return [(end - len(symbol.own), end) for end in ends]

    def literal(self, code: str, /) -> set[int]:
        """Return the lines, counted from 0, that begin inside a string."""
        inside: set[int] = set()
        for node in _all(_Source(code, self.load).root):
            if node.type in _STRINGS:
                inside |= set(range(node.start_point[0] + 1, node.end_point[0] + 1))
        return inside

    def defined(self, code: str, /) -> Sequence[Symbol]:
        """Return the outermost definitions, methods without their class too."""
        found, around = self.symbols(code), "class _ {\n"
        wrapped = f"{around}{code}\n}}"
        if self.kinds is _WEB and (not found or self.broken(wrapped) < self.broken(code)):
            found = [_moved(s, -len(around)) for s in self.symbols(wrapped)[1:]]
        return [s for s in found if not any(o.start < s.start < o.end for o in found)]

    def broken(self, text: str, /) -> int:
        """Return how many places cannot be parsed."""
        return sum(n.is_error or n.is_missing for n in _all(_Source(text, self.load).root))

    def _found(self, source: "_Source", node: Node, around: tuple[str, ...]) -> Iterator[Symbol]:
        for child in node.named_children:
            name = _name(child) if child.type in self.kinds else None
            if name is None:
                yield from self._found(source, child, around)
                continue
            path = (*around, *_receiver(source, child), source.said(name).lstrip("#"))
            if child.type != "impl_item":
                yield self._symbol(source, child, name, ".".join(path))
            yield from self._found(source, child, path)

    def _symbol(self, source: "_Source", node: Node, name: Node, path: str) -> Symbol:
        last = _whole(node)
        marks = self._marked(node, last)
        first = marks[0] if marks and marks[0].start_byte < last.start_byte else last
        start, end = source.at(first.start_byte), source.at(last.end_byte)
        core = _SPACE.match(source.text, source.at(marks[-1].end_byte) if marks else start)
        body = node.child_by_field_name("body")
        inside, member, empty = -1, "", False
        if body is not None and body.type in _CONTAINERS and "function" not in node.type:
            inside, member, empty = _inside(source, body)
        return Symbol(
            name=path,
            start=start,
            end=end + (source.text[end : end + 1] == ";"),
            line=first.start_point[0] + 1,
            core=core.end() if core else start,
            leaf=source.place(name),
            marks=tuple(source.place(m) for m in marks),
            inside=inside if "method" not in node.type else -1,
            member=member,
            empty=empty,
            whole=_shared(source, node),
        )

    def _marked(self, node: Node, whole: Node) -> Sequence[Node]:
        """Return the decorators and modifiers of a definition, in their order."""
        found = list[Node]()
        before = whole.prev_named_sibling
        while before is not None and before.type in self.marks:
            found.append(before)
            before = before.prev_named_sibling
        above: Node | None = node
        while above is not None and above != whole.parent:
            found += (c for c in above.children if c.type in self.marks)
            above = above.parent
        return sorted(found, key=lambda n: n.start_byte)


class _Source:
    """A parsed text; tree-sitter counts bytes, everybody else characters."""

    def __init__(self, text: str, load: Callable[[], object]) -> None:
        self.text = text
        self.data = text.encode("utf-8")
        parser = tree_sitter.Parser(tree_sitter.Language(load()))
        self.root = parser.parse(self.data).root_node
        self._plain = len(self.data) == len(text)

    def said(self, node: Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8")

    def place(self, node: Node) -> tuple[int, int]:
        return self.at(node.start_byte), self.at(node.end_byte)

    def at(self, byte: int) -> int:
        return byte if self._plain else len(self.data[:byte].decode("utf-8"))


def _moved(symbol: Symbol, by: int) -> Symbol:
    """Return a symbol as it is in a text that has that many characters more before it."""
    return replace(
        symbol,
        start=symbol.start + by,
        end=symbol.end + by,
        core=symbol.core + by,
        leaf=(symbol.leaf[0] + by, symbol.leaf[1] + by),
        marks=tuple((start + by, end + by) for start, end in symbol.marks),
        whole=symbol.whole and (symbol.whole[0] + by, symbol.whole[1] + by),
    )


def _inside(source: _Source, body: Node) -> tuple[int, str, bool]:
    """Return where a new member of a body goes, its indentation, and whether it is the first."""
    if not body.named_children:
        indent = _indent(source.text, source.at(body.start_byte))
        return source.at(body.start_byte) + 1, indent + _unit(source.text), True
    last = body.named_children[-1]
    end = source.at(last.end_byte)
    end += source.text[end : end + 1] in (";", ",")
    return end, _indent(source.text, source.at(last.start_byte)), False


def _indent(text: str, place: int) -> str:
    start = text.rfind("\n", 0, place) + 1
    return re.match(r"[ \t]*", text[start:place])[0]  # type: ignore[index]


def _unit(text: str) -> str:
    found = re.search(r"^(\t| {2,8})\S", text, re.MULTILINE)
    return found[1] if found else "    "


def _whole(node: Node) -> Node:
    """Return the statement around a definition: with its const, its export, its type."""
    above = node.parent
    if above is not None and node.type in _DECLARED:
        node = above if _alone(node) else node
        above = node.parent
    while above is not None and above.type in _AROUND:
        node, above = above, above.parent
    return node


def _alone(node: Node) -> bool:
    """Whether no other definition stands in the same declaration."""
    beside = node.parent.named_children if node.parent is not None else []
    return sum(c.type == node.type for c in beside) <= 1


def _shared(source: _Source, node: Node) -> tuple[int, int] | None:
    """Return where the statement stands that holds several definitions."""
    above = node.parent
    if above is None or node.type not in _DECLARED or _alone(node):
        return None
    while above.parent is not None and above.parent.type in _AROUND:
        above = above.parent
    start, end = source.place(above)
    return start, end + (source.text[end : end + 1] == ";")


def _name(node: Node) -> Node | None:
    """Return the name of a definition; nothing for a variable that is no function."""
    if node.type in ("variable_declarator", "field_definition", "public_field_definition"):
        value = node.child_by_field_name("value")
        if value is None or value.type not in _VALUES:
            return None
        name = node.child_by_field_name("name") or node.child_by_field_name("property")
        return name if name is not None and name.type in _NAMES else None
    if node.type == "impl_item":
        kind = node.child_by_field_name("type")
        return next((n for n in _all(kind) if n.type == "type_identifier"), kind) if kind else None
    return node.child_by_field_name("name")


def _receiver(source: _Source, node: Node) -> tuple[str, ...]:
    """Return the type a method of Go belongs to."""
    receiver = node.child_by_field_name("receiver")
    if receiver is None:
        return ()
    return tuple(source.said(n) for n in _all(receiver) if n.type == "type_identifier")[:1]


def _above(node: Node, steps: int) -> Node | None:
    found: Node | None = node
    for _ in range(steps):
        found = found.parent if found is not None else None
    return found


def _is_member(at: Node) -> bool:
    """Whether what is defined at a name belongs to a class or type."""
    around = _above(at, 3)
    return at.type in _MEMBERS or (around is not None and around.type in _BLOCKS)


def _owners(source: _Source, at: Node, owner: str) -> Iterator[tuple[Node, str]]:
    """Yield the words for the owner of a member, each with the part of the file where it is so."""
    yield source.root, owner
    for node in _all(source.root):
        if node.type in ("class_body", "object") and node == _above(at, 2):
            yield node, "this"
        elif node.type in _BLOCKS:
            name = _name(node)
            if name is not None and source.said(name) == owner:
                yield from ((node, "self"), (node, "Self"))
        elif _receiver(source, node) == (owner,):
            receiver = node.child_by_field_name("receiver")
            words = (n for n in _all(receiver) if n.type == "identifier") if receiver else ()
            yield from ((node, source.said(n)) for n in words)


def _certain(source: _Source, node: Node, at: Node, owners: Sequence[tuple[Node, str]]) -> bool:
    """Whether a name is the member defined at another: beside it (overloads), behind its owner."""
    above = node.parent
    if node == at or above is None or node.type == "private_property_identifier":
        return True
    if above.type in _ACCESS:
        before, place = source.said(above.children[0]), node.start_byte
        return any(w == before and o.start_byte <= place < o.end_byte for o, w in owners)
    return above.child_by_field_name("name") == node and above.parent == _above(at, 2)


def _all(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        found = waiting.pop()
        yield found
        waiting += reversed(found.children)


_JAVASCRIPT = Grammar(tree_sitter_javascript.language, _WEB, _MARKS)
_TYPESCRIPT = Grammar(tree_sitter_typescript.language_typescript, _WEB, _MARKS)
GRAMMARS: Mapping[str, Grammar] = {
    **dict.fromkeys((".js", ".mjs", ".cjs", ".jsx"), _JAVASCRIPT),
    **dict.fromkeys((".ts", ".mts", ".cts"), _TYPESCRIPT),
    ".tsx": Grammar(tree_sitter_typescript.language_tsx, _WEB, _MARKS),
    ".go": Grammar(tree_sitter_go.language, _GO),
    ".rs": Grammar(tree_sitter_rust.language, _RUST, _RUST_MARKS),
}
"""By the end of a file's name."""
