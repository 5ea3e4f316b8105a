"""Put an edit into a project that is loaded already: new code for the one function it changes."""

import __future__

import ast
import functools
import gc
import operator
import os
import types

FUTURE = functools.reduce(
    operator.or_, (getattr(__future__, n).compiler_flag for n in __future__.all_feature_names)
)
"""What a file may have asked of the compiler at its top."""
BLOCKS = ("body", "orelse", "handlers", "finalbody")


class Patches:
    """The functions of some files, as they are written and as they are in memory."""

    def __init__(self, originals, ran):
        """`ran` is the code that ran while the project was loaded: what it left is of before."""
        self.originals = originals
        self.places = {path: [*_outermost(text)] for path, text in originals.items()}
        self.spoiled = {_key(code) for code in ran}
        self.live = {}
        gc.unfreeze()
        for found in gc.get_objects():
            if type(found) is types.FunctionType:
                self.live.setdefault(_key(found.__code__), []).append(found)

    def codes(self, variant):
        """Return functions with the code an edit gives them; None where it changes anything else.

        A variant is {path: [start, end, text]}, in characters of the original.
        """
        found = []
        for path, (start, end, text) in variant.items():
            place = next((p for p in self.places[path] if p.first <= start and end <= p.last), None)
            key = place and (os.path.abspath(path), place.line, place.name)
            functions = self.live.get(key, ())
            if not functions or key in self.spoiled:
                return None
            code = place.compiled(self.originals[path], start, end, text, functions[0].__code__)
            if code is None or any(_free(f.__code__) != _free(code) for f in functions):
                return None
            found += [(function, code) for function in functions]
        return found


class Place:
    """A function that stands in no other one."""

    def __init__(self, node, classes, starts, rows):
        self.name, self.margin, self.classes = node.name, node.col_offset, classes
        self.line = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        self.begin, self.last = starts[self.line - 1], starts[node.end_lineno]
        top = node.body[0].lineno - 1
        before = rows[top].encode()[: node.body[0].col_offset].decode()
        if not before.strip():
            while not rows[top - 1].strip() or rows[top - 1].lstrip().startswith("#"):
                top -= 1
        self.first = starts[top] + (len(before) if before.strip() else 0)

    def compiled(self, original, start, end, text, old):
        """Return the code of the function with an edit; None where it is not one function."""
        body = original[self.begin : start] + text + original[end : self.last]
        try:
            tree = self._parsed(body, old)
            code = compile(tree, old.co_filename, "exec", old.co_flags & FUTURE, dont_inherit=True)
        except (SyntaxError, ValueError):
            return None
        wanted = (self.line, self.name)
        for _ in range(len(self.classes) + 1):
            inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
            code = next((c for c in inner if _key(c)[1:] == wanted), inner[0] if inner else code)
        return code if _key(code)[1:] == wanted else None

    def _parsed(self, body, old):
        """Return the function alone, in its classes and at its line, as a syntax tree.

        Raises SyntaxError where an edit leaves anything else.
        """
        heads = [f"class {name}:" for name in self.classes]
        if self.margin and not heads:
            heads = ["if True:"]
        above = [" " * depth + head for depth, head in enumerate(heads)]
        whole = "\n" * (self.line - 1 - len(heads)) + "\n".join([*above, body])
        flags = ast.PyCF_ONLY_AST | (old.co_flags & FUTURE)
        tree = compile(whole, old.co_filename, "exec", flags, dont_inherit=True)
        inner = tree.body
        for _ in heads:
            inner = inner[0].body if len(inner) == 1 else []
        if [getattr(node, "name", "") for node in inner] != [self.name]:
            raise SyntaxError("more than one function")
        return tree


def _outermost(text):
    """Yield the functions of a file that stand in no other function."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    rows = [f"{row}\n" for row in text.split("\n")]
    starts = [0]
    for row in rows:
        starts.append(starts[-1] + len(row))
    waiting = [(tree, ())]
    while waiting:
        node, classes = waiting.pop()
        inner = [n for block in BLOCKS for n in getattr(node, block, ())]
        for found in inner:
            if isinstance(found, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield Place(found, classes, starts, rows)
            elif isinstance(found, ast.ClassDef):
                waiting.append((found, (*classes, found.name)))
            else:
                waiting.append((found, classes))


def _key(code):
    return os.path.abspath(code.co_filename), code.co_firstlineno, code.co_name


def _free(code):
    return len(code.co_freevars)
