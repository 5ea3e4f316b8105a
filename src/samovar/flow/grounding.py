"""Whether an example stands in the task, or a model put it together from pieces of the task."""

import ast
import builtins
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

CLOSE = 400
"""Characters between the values of one example, at most."""
FOREIGN = {"null": None, "nil": None, "true": True, "false": False}
"""Constants of JSON and others that tasks quote, as Python has them."""
_GIVES = r"(?:->|=>|→|[:=]|\b(?:gives?|returns?|yields?|becomes?|prints?|says?))\s*"
_TRUTH = re.compile(
    rf"\b(True|False|whether|bool(ean)?|yes)\b|({_GIVES}|\bbe\s+|['\"`])(true|false)\b"
)
_NOTHING = r"(?:\b(?:None|null|nil|nothing|missing)\b)"
_EMPTY = r"(?:''|\"\"|\[\s*\]|\(\)|\{\s*\}|\b(?:empty|blank|nothing|no)\b)"
_ASKS = re.compile(r"(is|has|are|can|was|should|must|does|contains|valid)(?![a-z])")
_BRACKETS = str.maketrans("({<)}>", "[[[]]]", "'\"`_ \t\n\r")


def stands(nodes: Sequence[ast.AST], task: str) -> bool:
    """Return whether the last node, an assertion's test, is an example that the task gives.

    Its constants and those of the set-up before it appear close together, each of the test's own
    at a place of its own; what a call should return appears as it is, not piece by piece.
    """
    test = nodes[-1]
    if not any(isinstance(n, ast.Call) for n in ast.walk(test)):
        return False
    own = Counter(_patterns(test))
    wanted = {pattern: own.get(pattern, 1) for node in nodes for pattern in _patterns(node)}
    if not wanted and not quotes(ast.unparse(test).partition("==")[0], task):
        return False
    return _together(wanted, task) and _answered(test, nodes[:-1], task)


def shown(name: str, task: str) -> bool:
    """Return whether a task speaks of a name as of code: `.name`, `name(` or in backticks."""
    word = re.escape(name)
    return re.search(rf"\.{word}\b|\b{word}\(|`{word}`", task) is not None


def quotes(code: str, task: str) -> bool:
    """Return whether a piece of code stands in a task, whatever its blanks, quotes and brackets."""
    return _even(code) in _even(task)


def _patterns(node: ast.AST) -> Iterator[str]:
    """Give a pattern for each constant but truth values; a sign belongs to its number."""
    match node:
        case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as value)):
            yield r"[-−]\s?" + _pattern(value)
        case ast.Constant(bool()):
            pass
        case ast.Constant(value):
            yield _pattern(value)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _patterns(child)


def _pattern(value: object) -> str:
    """Return the pattern of a constant: a word or number of its own, blanks as they come."""
    match value:
        case None:
            return _NOTHING
        case int() | float():
            # Thousands may have marks between them, and a fraction zeros at its end.
            digits = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", "[_,]?", repr(value))
            end = "0*" if "." in digits else ""
            return rf"(?<![\w.]){digits.replace('.', '[.]')}{end}(?!\w|\.\d)"
        case str() if not value.strip():
            return _EMPTY
        case str():
            words = r"(?:\s|\\n|\\t)+".join(re.escape(word) for word in value.split())
            loose = f"{words}|{re.escape(repr(value)[1:-1])}"
        case _:
            loose = re.escape(repr(value).lstrip("b")[1:-1])
    loose = re.sub("['\"]", "['\"]", loose)
    plain = str(value) if isinstance(value, str) else "x"
    before = r"(?<!\w)" if re.match(r"\w", plain) else ""
    after = r"(?!\w)" if re.search(r"\w$", plain) else ""
    return f"{before}(?:{loose}){after}"


def _together(wanted: Mapping[str, int], task: str) -> bool:
    """Return whether all values stand around one place where the rarest of them stands."""
    spans = {pattern: [m.span() for m in re.finditer(pattern, task)] for pattern in wanted}
    rarest = min(spans.values(), key=len, default=[(0, 0)])
    begins = {pattern: [begin for begin, _ in found] for pattern, found in spans.items()}
    ends = {pattern: [end for _, end in found] for pattern, found in spans.items()}
    return any(
        all(
            bisect_right(begins[p], end + CLOSE) - bisect_left(ends[p], begin - CLOSE) >= count
            for p, count in wanted.items()
        )
        for begin, end in rarest
    )


def _answered(test: ast.AST, before: Sequence[ast.AST], task: str) -> bool:
    """Return whether the task says that a call gives the result that the test wants."""
    match test:
        case ast.Compare(left, [ast.Eq() | ast.Is()], [right]):
            calls = any(isinstance(n, ast.Call) for n in ast.walk(left))
            call, result = (left, right) if calls else (right, left)
        case ast.UnaryOp(ast.Not(), call) | (ast.Call() as call):
            result = ast.Constant(True)
        case _:
            return True
    for node in before:
        match node, result:
            case ast.Assign([ast.Name(name)], value), ast.Name(said) if name == said:
                result = value
    match result:
        case ast.Constant(bool()):
            return _TRUTH.search(task) is not None or _asks(call)
        case ast.Constant(str(word)) if word.isalpha() and len(word) > 1:
            return _said(word, task)
        case ast.List() | ast.Tuple() | ast.Set() | ast.Dict():
            return _whole(result, test, task)
        case _:
            return True


def _asks(call: ast.AST) -> bool:
    """Return whether the name of what is called says that it answers yes or no."""
    match call:
        case ast.Call(ast.Name(name)) | ast.Call(ast.Attribute(_, name)):
            known = hasattr(builtins, name) or hasattr(str, name)
            return known or _ASKS.match(name.lstrip("_")) is not None
        case _:
            return True


def _said(word: str, task: str) -> bool:
    """Return whether a word stands in the task as a value, not only as a word of its prose."""
    text = re.escape(word)
    alone = rf"^[^\w\n]*{text}[^\w\n]*$"
    return re.search(rf"['\"`]{text}['\"`]|{_GIVES}{text}\b|{alone}", task, re.M) is not None


def _whole(result: ast.expr, test: ast.AST, task: str) -> bool:
    """Return whether a collection stands in the task, in brackets of any kind, without, in rows."""
    said, text = _even(ast.unparse(result)), _even(task)
    if said == "[]":
        return re.search(_EMPTY, task) is not None
    if text.count(said) >= max(1, _even(ast.unparse(test)).count(said)):
        return True
    match result:
        case ast.List(items) | ast.Tuple(items) if len(items) > 1:
            bare = r"\s*,\s*".join("".join(_patterns(item)) or "(?!)" for item in items)
            flat = not any(isinstance(item, ast.List | ast.Tuple | ast.Dict) for item in items)
            alone = re.search(rf"(?<!\[)(?<!\(){bare}(?!\s*[])]|\s*,\s*[\d'\"\[(-])", task)
            return (flat and alone is not None) or _rows(items, text)
        case _:
            return False


def _rows(items: Sequence[ast.expr], text: str) -> bool:
    """Return whether texts stand in the task one below the other, as a drawing."""
    rows = [i.value for i in items if isinstance(i, ast.Constant) and isinstance(i.value, str)]
    drawn = len(rows) == len(items) and all(len(row) > 1 for row in rows)
    return drawn and "".join(map(_even, rows)) in text


def _even(text: str) -> str:
    """Return a text without blanks and quotes, with one kind of brackets, constants as Python's."""
    for foreign, ours in FOREIGN.items():
        text = re.sub(rf"\b{foreign}\b", str(ours), text)
    return text.translate(_BRACKETS).replace(",]", "]")
