"""What a failing test did: the statement that failed after those it stands on, values for names.

A value stands in place of a name that is bound once if nobody can have changed it since: it cannot
change, or it is used nowhere else. `ast.unparse` came with Python 3.9.
"""

import ast
import linecache
from collections import Counter
from copy import deepcopy
from functools import lru_cache
from types import FunctionType

WIDE = 200
"""Characters: a longer value keeps its name."""
LONG = 400
"""Characters: longer set-up is not told, nor the longer body of a `with`."""
FIXED = (type(None), bool, int, float, complex, str, bytes)
HOLDERS = (list, tuple, set, dict)
BLOCKS = (ast.With, ast.AsyncWith)


def told(frames, given):
    """Return what a test did in a few lines, nothing where it cannot be told.

    `frames` are (path, line, locals) of the test's own file in the order of the calls, `given` the
    literals of the arguments it began with.
    """
    first, *later = frames
    try:
        return "\n".join([_case(*first, given), *(_case(*last, {}) for last in later[-1:])])
    except (AttributeError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ""


def literal(value):
    """Return a small value of Python's own types as it is written, else nothing."""
    try:
        said = repr(value) if _plain(value, WIDE) else ""
    except ValueError:  # A number of more digits than Python writes.
        said = ""
    return said if _is_literal(said) else ""


def _plain(value, room):
    """Return whether a value holds nothing but Python's own types, at most `room` of them."""
    if type(value) in HOLDERS:
        inner = [*value, *value.values()] if type(value) is dict else value
        left = (room - 1) // max(1, len(value))
        return len(value) < room and all(_plain(v, left) for v in inner)
    return type(value) in FIXED and (type(value) not in (str, bytes) or len(value) <= WIDE)


def _is_literal(text):
    """Return whether a text is a literal short enough to be put in place of a name."""
    if len(text) > WIDE:
        return False
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError):
        return False
    return True


def _case(path, line, values, given):
    function, before, here = _around(_tree(path), line)
    known, local = _known(function, values, given)
    used, kept = _names(here) & local, []
    for node in reversed(before):
        if _names(node) & used:
            used |= _names(node) & local
            kept.insert(0, node)
    fill = _Filled(known)
    set_up = "\n".join(fill.text(node) for node in kept)
    said = fill.text(here)
    if hasattr(here, "body") and (not isinstance(here, BLOCKS) or len(said) > LONG):
        said = said.split("\n", 1)[0]
    return f"{set_up}\n{said}" if kept and len(set_up) <= LONG else said


@lru_cache(maxsize=32)
def _tree(path):
    return ast.parse("".join(linecache.getlines(path)))


def _around(tree, line):
    """Return the function around a line, what was run before in its blocks, the statement there.

    The only statement of a `with` comes with it: it says what is expected.
    """
    function, before, above, here = tree, [], tree, tree
    block, inner = _step(tree, line)
    while inner is not None:
        above, here = here, inner
        before += block
        if isinstance(here, (ast.FunctionDef, ast.AsyncFunctionDef)):
            function, before = here, []
        block, inner = _step(here, line)
    return function, before, above if isinstance(above, BLOCKS) and not above.body[1:] else here


def _step(node, line):
    """Return the statement in a node that holds a line, after those before it in its block."""
    for _, block in ast.iter_fields(node):
        for number, inner in enumerate(block if isinstance(block, list) else ()):
            code = isinstance(inner, (ast.stmt, ast.ExceptHandler))
            if code and inner.lineno <= line <= inner.end_lineno:
                return block[:number], inner
    return [], None


def _known(function, values, given):
    """Return what may be written for names of a function, and its other locals."""
    nodes = list(ast.walk(function))
    names = [n for n in nodes if isinstance(n, ast.Name)]
    arguments = [n.arg for n in nodes if isinstance(n, ast.arg)]
    loops = [n.target for n in nodes if isinstance(n, (ast.For, ast.AsyncFor))]
    came = {*arguments, *(name for target in loops for name in _names(target))}
    texts = {name: _written(values[name]) or given.get(name, "") for name in came & set(values)}
    for node in nodes:
        if isinstance(node, ast.Assign) and [type(t) for t in node.targets] == [ast.Name]:
            text = ast.unparse(node.value)
            texts[node.targets[0].id] = text if _is_literal(text) else ""
    stored = [n.id for n in names if not isinstance(n.ctx, ast.Load)]
    bound = Counter(stored + arguments)
    uses = Counter(n.id for n in names if isinstance(n.ctx, ast.Load))
    known = {}
    for name in texts.keys() & values.keys():
        fixed = not isinstance(values[name], HOLDERS) or uses[name] == 1
        if texts[name] and bound[name] == 1 and fixed:
            known[name] = texts[name]
    return known, set(stored) - set(known)


def _written(value):
    """Return what may be written for a value that cannot change: a function by its own name."""
    if type(value) is FunctionType and value.__qualname__.isidentifier():
        return value.__qualname__
    return literal(value) if type(value) in FIXED else ""


def _names(node):
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


class _Filled(ast.NodeTransformer):
    """Writes literals in place of names, and the elements in place of a list that is unpacked."""

    def __init__(self, known):
        self.known = known

    def text(self, node):
        return ast.unparse(self.visit(deepcopy(node)))

    def visit_Name(self, node):
        text = self.known.get(node.id) if isinstance(node.ctx, ast.Load) else ""
        return ast.parse(text, mode="eval").body if text else node

    def visit_Call(self, node):
        self.generic_visit(node)
        node.args = [inner for given in node.args for inner in _unpacked(given)]
        return node


def _unpacked(given):
    listed = isinstance(given, ast.Starred) and isinstance(given.value, (ast.List, ast.Tuple))
    return given.value.elts if listed else [given]
