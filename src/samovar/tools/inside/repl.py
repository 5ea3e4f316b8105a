"""A Python that remembers: takes cells as lines of JSON, answers each with one line of JSON.

Runs in the sandbox, in the project's own interpreter, and knows the standard library only. What
it answers is not trusted. Standard output of the cells, also of what they start, goes to a file;
the pipe to the outside is kept apart from it.
"""

import ast
import builtins
import json
import linecache
import os
import pprint
import signal
import sys
import time
import traceback
import types

NAMES = 5000
"""Files looked at to see what a cell made."""
HEAD, TAIL, VALUE = 1500, 2500, 2500
ROWS = 10
SKIPPED = {".git", "__pycache__", "node_modules", ".venv"}


class TooLong(BaseException):
    """The cell's time is over."""


def main():
    """Serve cells until the input ends."""
    heard, told, printed = _channels()
    module = types.ModuleType("__main__")
    module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = module
    sys.path[0] = os.getcwd()
    signal.signal(signal.SIGALRM, _ring)
    me = os.getpid()
    for number, line in enumerate(heard, 1):
        asked = json.loads(line)
        answer = _cell(module.__dict__, asked["code"], asked["seconds"], number)
        if os.getpid() != me:
            os._exit(0)
        answer["printed"], answer["left_out"] = _printed(printed)
        told.write(json.dumps(answer).encode() + b"\n")


def _channels():
    heard, told = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", 0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    place = f"/tmp/printed-{os.getpid()}"
    printed = os.open(place, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    os.unlink(place)
    for number in (1, 2):
        os.dup2(printed, number)
    sys.stdin = open(0, closefd=False)
    sys.stdout = open(1, "w", buffering=1, errors="replace", closefd=False)
    sys.stderr = open(2, "w", buffering=1, errors="replace", closefd=False)
    return heard, told, printed


def _ring(_number, _frame):
    raise TooLong


def _cell(state, code, seconds, number):
    before, began = _files(), time.monotonic()
    answer = {"value": "", "error": "", "over": False}
    name = f"<cell {number}>"
    linecache.cache[name] = (len(code), None, code.splitlines(True), name)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        answer["value"] = _run(state, code, name)
        _save_plots()
    except TooLong:
        answer["over"] = True
    except SystemExit as error:
        answer["error"] = f"SystemExit({error.code!r}): the session goes on"
    except BaseException as error:
        answer["error"] = _traceback(error)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    after = _files()
    answer["made"] = [[n, after[n][1]] for n in sorted(after) if after[n] != before.get(n)]
    answer["seconds"] = round(time.monotonic() - began, 2)
    return answer


def _run(state, code, name):
    """Run the statements; return what the last one, if it is an expression, is worth."""
    tree = ast.parse(code, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), state)
    if last is None:
        return ""
    value = eval(compile(ast.Expression(last.value), name, "eval"), state)
    state["_"] = value
    return "" if value is None else _short(value)


def _short(value):
    text = _text(value)
    if len(text) <= VALUE:
        return text
    return f"{text[:VALUE]}\n[... {len(text) - VALUE} characters left out; print a part of it]"


def _text(value):
    kind = type(value).__module__.partition(".")[0]
    if kind in ("pandas", "polars") and hasattr(value, "head"):
        head = value.head(ROWS)
        text = (
            head.to_string(max_cols=12)
            if type(value).__name__ == "DataFrame" and kind == "pandas"
            else str(head)
        )
        return f"{type(value).__name__} {getattr(value, 'shape', '')}\n{text}"
    if isinstance(value, list) and value and all(isinstance(r, dict) for r in value[:ROWS]):
        return _table(value)
    if isinstance(value, (list, tuple, set, frozenset, dict)) and len(value) > 40:
        some = list(value.items() if isinstance(value, dict) else value)[:ROWS]
        return f"{type(value).__name__} of {len(value)}, the first {ROWS}:\n" + pprint.pformat(some)
    return (
        pprint.pformat(value, width=100)
        if isinstance(value, (list, tuple, dict, set))
        else repr(value)
    )


def _table(rows):
    names = list(rows[0])[:12]
    cells = [[str(n) for n in names]]
    cells += [[_cut(str(r.get(n, ""))) for n in names] for r in rows[:ROWS] if isinstance(r, dict)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(names))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip() for row in cells]
    more = (
        f"[{len(rows)} rows; the first {ROWS} are shown]"
        if len(rows) > ROWS
        else f"[{len(rows)} rows]"
    )
    return "\n".join([*lines, more])


def _cut(text):
    return text if len(text) <= 30 else text[:27] + "..."


def _traceback(error):
    """Return a traceback from the cell on, without our own frames."""
    if isinstance(error, SyntaxError) and error.filename and error.filename.startswith("<cell"):
        return "".join(traceback.format_exception_only(type(error), error)).strip()
    frame = error.__traceback__
    while frame is not None and not frame.tb_frame.f_code.co_filename.startswith("<cell"):
        frame = frame.tb_next
    return "".join(traceback.format_exception(type(error), error, frame, limit=-6)).strip()


def _save_plots():
    """Write the open figures of matplotlib to files."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    for figure in pyplot.get_fignums():
        os.makedirs("plots", exist_ok=True)
        number = 1
        while os.path.exists(f"plots/plot-{number}.png"):
            number += 1
        pyplot.figure(figure).savefig(f"plots/plot-{number}.png")
    pyplot.close("all")


def _files():
    found = {}
    for folder, folders, names in os.walk("."):
        folders[:] = [f for f in folders if f not in SKIPPED]
        for name in names:
            place = os.path.join(folder, name)
            try:
                status = os.lstat(place)
            except OSError:
                continue
            found[os.path.relpath(place)] = (status.st_mtime_ns, status.st_size)
        if len(found) > NAMES:
            break
    return found


def _printed(number):
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
    size = os.fstat(number).st_size
    data = os.pread(number, HEAD if size > HEAD + TAIL else size, 0)
    text = data.decode("utf-8", "replace")
    left = max(size - HEAD - TAIL, 0)
    if left:
        text += f"\n[... {left} bytes left out; write to a file instead]\n"
        text += os.pread(number, TAIL, size - TAIL).decode("utf-8", "replace")
    os.ftruncate(number, 0)
    return text, left


main()
