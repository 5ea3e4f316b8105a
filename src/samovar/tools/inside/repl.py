"""A Python that remembers: takes cells as lines of JSON, answers each with one line of JSON.

Runs in the sandbox, in the project's own interpreter, and knows the standard library only. What
it answers is not trusted. Standard output of the cells, also of what they start, goes to a file;
the pipe to the outside is kept apart from it.
"""

import ast
import builtins
import csv
import io
import itertools
import json
import linecache
import os
import pprint
import signal
import sys
import time
import traceback
import types

LOOK = 1.0
"""Seconds spent on seeing which files a cell made."""
STAMP = 5
"""Linux's CLOCK_REALTIME_COARSE, by which it stamps files."""
MADE = 20
"""Files a cell made that are told by name."""
HEAD, TAIL, VALUE = 1500, 2500, 2500
ROWS, COLUMNS, WIDE = 10, 12, 30
MANY = 40
"""Elements of a list, set or mapping that are shown as they are."""
WHOLE = 8 << 20
"""Bytes that are kept of a result which is too long to be shown."""
AT_ONCE = 10_000
"""Rows of a table that are written at a time."""
RESULTS, HIDDEN = "results", "results/.gitignore"
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
        stamp, began = _stamp(), time.monotonic()
        answer = _cell(module.__dict__, asked["code"], asked["seconds"], number)
        if os.getpid() != me:
            os._exit(0)
        answer["seconds"] = round(time.monotonic() - began, 2)
        answer["printed"] = _printed(printed)
        _tell_files(answer, stamp)
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
    answer = {"value": "", "error": "", "over": False, "plots": []}
    name = f"<cell {number}>"
    linecache.cache[name] = (len(code), None, code.splitlines(True), name)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        answer["value"] = _run(state, code, name)
        answer["plots"] = _save_plots()
    except TooLong:
        answer["over"] = True
    except SystemExit as error:
        answer["error"] = f"SystemExit({error.code!r}): the session goes on"
    except BaseException as error:
        answer["error"] = _traceback(error)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
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
    """Return the short view of a value; what it leaves out stands in the file it names."""
    text, whole = _text(value)
    if whole and len(text) <= VALUE:
        return text
    shown = text[:VALUE]
    if shown != text:
        shown += f"\n[... {len(text) - VALUE} characters left out]"
    kind, pieces = _pieces(value, text)
    return f"{shown}\n[{_keep(kind, pieces)}]"


def _text(value):
    """Return a text of a value, and whether nothing is missing in it."""
    kind = type(value).__module__.partition(".")[0]
    if kind in ("pandas", "polars") and hasattr(value, "head"):
        return _frame(value, kind)
    if _tabular(value):
        return _table(value)
    if _array(value):
        # Above its own threshold the text leaves values out.
        most = sys.modules["numpy"].get_printoptions()["threshold"]
        return f"array of shape {value.shape}\n{value!r}", value.size <= most
    if isinstance(value, (list, tuple, set, frozenset, dict)) and len(value) > MANY:
        some = list(value.items() if isinstance(value, dict) else value)[:ROWS]
        head = f"{type(value).__name__} of {len(value)}, the first {ROWS}:"
        return f"{head}\n{pprint.pformat(some)}", False
    if isinstance(value, (list, tuple, dict, set)):
        return pprint.pformat(value, width=100), True
    return repr(value), True


def _frame(value, kind):
    head, shape = value.head(ROWS), getattr(value, "shape", ())
    plain = type(value).__name__ == "DataFrame" and kind == "pandas"
    text = head.to_string(max_cols=COLUMNS) if plain else str(head)
    whole = all(n <= most for n, most in zip(shape, (ROWS, COLUMNS)))
    # Both libraries cut long texts and hide columns, and mark it so.
    whole = whole and "\u2026" not in text and "..." not in text
    return f"{type(value).__name__} {shape or ''}\n{text}", whole


def _array(value):
    return type(value).__module__ == "numpy" and hasattr(value, "shape") and value.ndim > 0


def _tabular(value):
    return isinstance(value, list) and bool(value) and all(isinstance(r, dict) for r in value)


def _table(rows):
    names = list(rows[0])[:COLUMNS]
    cells = [[str(n) for n in names]]
    cells += [[_cut(str(r.get(n, ""))) for n in names] for r in rows[:ROWS]]
    widths = [max(len(row[n]) for row in cells) for n in range(len(names))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip() for row in cells]
    more = f"; the first {ROWS} are shown" if len(rows) > ROWS else ""
    whole = not more and all(
        n in names and len(str(v)) <= WIDE for row in rows for n, v in row.items()
    )
    return "\n".join([*lines, f"[{len(rows)} rows{more}]"]), whole


def _pieces(value, text):
    """Return the kind of file a value is kept in, and the pieces of its content."""
    if hasattr(value, "to_csv") and hasattr(value, "iloc"):
        parts = (
            value.iloc[n : n + AT_ONCE].to_csv(header=not n) for n in range(0, len(value), AT_ONCE)
        )
        return "table", parts
    if hasattr(value, "write_csv") and hasattr(value, "slice"):
        parts = (
            value.slice(n, AT_ONCE).write_csv(include_header=not n)
            for n in range(0, len(value), AT_ONCE)
        )
        return "table", parts
    if _tabular(value):
        return "table", _lines(value)
    if isinstance(value, str):
        return "result", [value]
    if isinstance(value, dict):
        return "result", (f"{k!r}: {v!r}\n" for k, v in value.items())
    if _array(value):
        return "result", (f"{row.tolist()!r}\n" for row in value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return "result", (f"{each!r}\n" for each in value)
    return "result", [text]


def _lines(rows):
    """Yield the lines of CSV of a list of mappings, whose columns are those of all rows."""
    names = list(dict.fromkeys(n for row in rows for n in row))
    for row in [dict(zip(names, names)), *rows]:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow([row.get(n, "") for n in names])
        yield line.getvalue()


def _keep(kind, pieces):
    """Write what is too long to be shown to a file, WHOLE bytes at most; say where it is."""
    try:
        file, name = _new(kind)
        with file:
            whole = _fill(file, pieces)
    except OSError as error:
        return f"too long, and no file could be written: {error.strerror}; show a part of it"
    if whole:
        return f"all of it is in {name}"
    return f"too long: the first {WHOLE >> 20} MB of it are in {name}"


def _fill(file, pieces):
    """Write the pieces; return whether all of them had room."""
    for piece in pieces:
        data = piece if isinstance(piece, bytes) else piece.encode("utf-8", "replace")
        room = WHOLE - file.tell()
        file.write(data[:room])
        if len(data) > room:
            return False
    return True


def _new(kind):
    """Open the next file of a kind in a folder that git does not look at."""
    if not os.path.isdir(RESULTS):
        os.mkdir(RESULTS)
        with open(HIDDEN, "x") as file:
            file.write("*\n")
    number = 1
    while True:
        name = f"{RESULTS}/{kind}-{number}.{'csv' if kind == 'table' else 'txt'}"
        try:
            return open(name, "xb"), name
        except FileExistsError:
            number += 1


def _cut(text):
    return text if len(text) <= WIDE else text[: WIDE - 3] + "..."


def _traceback(error):
    """Return a traceback from the cell on, without our own frames."""
    if isinstance(error, SyntaxError) and error.filename and error.filename.startswith("<cell"):
        return "".join(traceback.format_exception_only(type(error), error)).strip()
    frame = error.__traceback__
    while frame is not None and not frame.tb_frame.f_code.co_filename.startswith("<cell"):
        frame = frame.tb_next
    return "".join(traceback.format_exception(type(error), error, frame, limit=-6)).strip()


def _save_plots():
    """Write the open figures of matplotlib to files; return their names."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return []
    names = []
    for figure in pyplot.get_fignums():
        os.makedirs("plots", exist_ok=True)
        number = 1
        while os.path.exists(f"plots/plot-{number}.png"):
            number += 1
        names.append(f"plots/plot-{number}.png")
        pyplot.figure(figure).savefig(names[-1])
    pyplot.close("all")
    return names


def _stamp():
    """Wait until files get another time than those before; return that time.

    What is changed twice within a tick may get a time finer than the clock of the others.
    """
    before = time.time_ns()
    while (now := time.clock_gettime_ns(STAMP)) <= before:
        time.sleep(0.001)
    return now


def _tell_files(answer, stamp):
    """Add the files made or changed since a time, plots first, and whether all were looked at."""
    plots, found, end = answer.pop("plots"), {}, time.monotonic() + LOOK
    answer["all"] = True
    for place in itertools.chain(plots, _places()):
        if time.monotonic() > end:
            answer["all"] = False
            break
        try:
            status = os.lstat(place)
        except OSError:
            continue
        if status.st_ctime_ns >= stamp:
            found[os.path.relpath(place)] = status.st_size
    found.pop(HIDDEN, None)
    names = sorted(found, key=lambda name: (name not in plots, name))
    answer["made"] = [[n, found[n]] for n in names[:MADE]]
    answer["more"] = len(names[MADE:])


def _places():
    for folder, folders, names in os.walk("."):
        folders[:] = [f for f in folders if f not in SKIPPED]
        yield from (os.path.join(folder, name) for name in names)


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
        blocks = (os.pread(number, 1 << 20, n) for n in range(0, size, 1 << 20))
        text += f"\n[... {left} bytes left out; {_keep('result', blocks)}]\n"
        text += os.pread(number, TAIL, size - TAIL).decode("utf-8", "replace")
    os.ftruncate(number, 0)
    return text


main()
