"""Whether an example stands in the task, or a model put it together from pieces of the task."""

import ast
import builtins
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

CLOSE = 400
"""Characters between the values of one example, at most."""
_ASKS = re.compile(r"(is|has|are|can|was|should|must|does|contains|valid)(?![a-z])")
_GIVES = r"(?:->|=>|→|[:=]|\b(?:gives?|returns?|yields?|becomes?|prints?|says?))\s*"
_TRUTH = re.compile(
    rf"\b(True|False|whether|bool(ean)?|yes)\b|({_GIVES}|\bbe\s+|['\"`])(true|false)\b"
)
_BRACKETS = str.maketrans("({<)}>", "[[[]]]", "'\"`_ \t\n\r")


def stands(nodes: Sequence[ast.AST], task: str) -> bool:
    """Return whether the last node, an assertion's test, is an example that the task gives.

    Its constants and those of the set-up before it appear close together, each of the test's own
    at a place of its own; what a call should return appears as it is, not piece by piece.
    """
    test = nodes[-1]
    if not any(isinstance(n, ast.Call) for n in ast.walk(test)):
        return False
    own = Counter(_patterns([test]))
    wanted = {pattern: own.get(pattern, 1) for pattern in _patterns(nodes)}
    return _together(wanted, task) and _answered(test, task)


def shown(name: str, task: str) -> bool:
    """Return whether a task speaks of a name as of code: `.name`, `name(` or in backticks."""
    word = re.escape(name)
    return re.search(rf"\.{word}\b|\b{word}\(|`{word}`", task) is not None


def _patterns(nodes: Iterable[ast.AST]) -> list[str]:
    """Return a pattern for each constant but None, truth values and empty texts."""
    constants = (n.value for node in nodes for n in ast.walk(node) if isinstance(n, ast.Constant))
    return [_pattern(c) for c in constants if not isinstance(c, bool | None) and c not in ("", b"")]


def _pattern(value: object) -> str:
    """Return the pattern of a constant: a word or number of its own, blanks as they come."""
    if not isinstance(value, str):
        # Thousands may have marks between them.
        return r"(?<![\w.])" + "[_,]?".join(map(re.escape, repr(value))) + r"(?!\w|\.\d)"
    words = (re.escape(word) for word in value.split())
    loose = re.sub("['\"]", "['\"]", r"(?:\s|\\n|\\t)+".join(words))
    before = r"(?<!\w)" if re.match(r"\w", value) else ""
    after = r"(?!\w)" if re.search(r"\w$", value) else ""
    return f"{before}(?:{loose}|{re.escape(repr(value)[1:-1])}){after}"


def _together(wanted: Mapping[str, int], task: str) -> bool:
    """Return whether all values stand around one place where the rarest of them stands."""
    places = {pattern: [m.start() for m in re.finditer(pattern, task)] for pattern in wanted}
    rarest = min(places.values(), key=len, default=[0])
    return any(
        all(
            sum(abs(place - at) <= CLOSE for place in places[pattern]) >= count
            for pattern, count in wanted.items()
        )
        for at in rarest
    )


def _answered(test: ast.AST, task: str) -> bool:
    """Return whether the task says that a call gives the result that the test wants."""
    match test:
        case ast.Compare(left, [ast.Eq() | ast.Is()], [right]):
            calls = any(isinstance(n, ast.Call) for n in ast.walk(left))
            call, result = (left, right) if calls else (right, left)
        case ast.UnaryOp(ast.Not(), call) | (ast.Call() as call):
            result = ast.Constant(True)
        case _:
            return True
    match result:
        case ast.Constant(bool()):
            return _TRUTH.search(task) is not None or _asks(call)
        case ast.Constant(str(word)) if word.isalpha() and len(word) > 1:
            return _said(word, task)
        case ast.List() | ast.Tuple() | ast.Set() | ast.Dict():
            return _whole(result, task)
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
    quoted = rf"['\"`]{text}['\"`]"
    return re.search(rf"{quoted}|{_GIVES}{text}\b|^\W*{text}\W*$", task, re.M) is not None


def _whole(result: ast.expr, task: str) -> bool:
    """Return whether a collection stands in the task, in brackets of any kind, without, in rows."""
    said, text = _even(ast.unparse(result)), _even(task)
    if said in text or len(said) == len("[]"):
        return True
    try:
        items = list(ast.literal_eval(result))
    except (ValueError, TypeError):
        return True
    if len(items) > 1 and "[" not in said[1:]:
        bare = re.escape(said.strip("[]"))
        return re.search(rf"(?<![\w.,]){bare}(?![\w,])", text) is not None or _rows(items, text)
    return False


def _rows(items: Sequence[object], text: str) -> bool:
    """Return whether texts stand in the task one below the other, as a drawing."""
    rows = [_even(item) for item in items if isinstance(item, str) and len(item) > 1]
    return len(rows) == len(items) and "".join(rows) in text


def _even(text: str) -> str:
    """Return a text without blanks and quotes, with one kind of brackets, constants as Python's."""
    for foreign, ours in (("null", "None"), ("nil", "None"), ("true", "True"), ("false", "False")):
        text = re.sub(rf"\b{foreign}\b", ours, text)
    return text.translate(_BRACKETS).replace(",]", "]")
