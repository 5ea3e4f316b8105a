"""Run an example, a few lines of Python from standard input; of a failure tell what pytest would.

python example.py WORD MARK: WORD is printed where the example ends, MARK goes before what failed.
"""

import ast
import json
import linecache
import os
import sys
import traceback
import types
from contextlib import suppress

from samovar_case import told

NAME = "example"
MOST = 4000
"""Characters told of what failed."""


def main():
    word, mark = sys.argv[1:3]
    code = sys.stdin.read()
    sys.path[0] = os.getcwd()
    sys.argv = [NAME]
    linecache.cache[NAME] = len(code), None, code.splitlines(True), NAME
    out = os.fdopen(os.dup(1), "w")

    def tell(kind, error, trace):
        sys.__excepthook__(kind, error, trace)
        out.write(f"\n{mark} {json.dumps(failure(error))}\n")
        out.flush()

    sys.excepthook = tell
    # What an example defines can be pickled only if it belongs to the module it says.
    module = sys.modules["__main__"] = types.ModuleType("__main__")
    exec(compile(code, NAME, "exec"), vars(module))
    out.write(f"\n{word}\n")
    out.flush()


def failure(error):
    """Return what the example did, and where and how it failed, as pytest's short traceback."""
    steps = list(traceback.walk_tb(error.__traceback__))
    own = [(f, line) for f, line in steps if f.f_code.co_filename == NAME]
    here = os.getcwd() + os.sep
    within = [(f, line) for f, line in steps if f.f_code.co_filename.startswith(here)]
    # A whole test is called by the last line: what that says is of no use.
    shown = own[1:] or own
    lines = [row for step in [*shown[-1:], *within[-1:]] for row in frame(*step, here)]
    said = traceback.format_exception_only(type(error), error)
    text = sides(*own[-1]) if own and type(error) is AssertionError and not error.args else ""
    rows = text.splitlines() or "".join(said).rstrip().splitlines()
    frames = [(NAME, line, f.f_locals) for f, line in shown]
    case = told(frames, {}) if frames else ""
    message = "\n".join([*lines, *(f"E   {row}" for row in rows)])
    return {"case": whole(case), "message": whole(message)}


def whole(text):
    """Return a text that is not too long and holds no half characters."""
    return text[:MOST].encode("utf-8", "replace").decode()


def frame(here, line, root):
    """Return a step of the traceback and its code."""
    path = here.f_code.co_filename
    code = linecache.getline(path, line).strip()
    return f"{path.replace(root, '', 1)}:{line}: in {here.f_code.co_name}", f"    {code}"


def sides(here, line):
    """Return the two values that the assertion of a line compares, if it does."""
    for node in ast.walk(ast.parse("".join(linecache.getlines(NAME)))):
        if isinstance(node, ast.Assert) and node.lineno <= line <= node.end_lineno:
            test = node.test
            # What holds when it is looked at once more had another value before.
            if (
                isinstance(test, ast.Compare)
                and len(test.ops) == 1
                and value(test, here) == "False"
            ):
                pair = [value(side, here) for side in (test.left, test.comparators[0])]
                sign = ast.unparse(ast.Compare(ast.Name("a"), test.ops, [ast.Name("b")]))[2:-2]
                return f"assert {pair[0]} {sign} {pair[1]}"
    return ""


def value(node, here):
    """Return what an expression of a failed assertion is, looked at once more."""
    with suppress(Exception):
        return repr(
            eval(compile(ast.Expression(node), NAME, "eval"), here.f_globals, here.f_locals)
        )
    return ast.unparse(node)


if __name__ == "__main__":
    main()
