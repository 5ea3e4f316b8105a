"""A Python that remembers, also after it was interrupted; and says when it had to begin anew."""

import re

import pytest

from samovar.core.errors import ToolError
from samovar.tools import ignore
from samovar.tools.python import Repl, python


@pytest.fixture
async def run(place, sandbox, interpreter):
    repl = Repl(place, sandbox, interpreter)
    tool = python(repl)

    async def use(code, seconds=10.0):
        return await tool.run(code=code, seconds=seconds)

    yield use
    await repl.end()


async def test_variables_stay_from_call_to_call(run):
    assert await run("import math\nx = 20\nprint('set')") == "set"
    assert await run("x + math.floor(1.5)") == "21"
    assert await run("_ * 2") == "42"
    assert await run("None") == "(no output)"


async def test_an_error_is_shown_with_its_lines_and_the_session_goes_on(run):
    await run("x = 1")
    said = await run("def f():\n    return x / 0\nf()")
    assert said.splitlines()[0].startswith("Traceback")
    assert "return x / 0" in said and "ZeroDivisionError" in said and "repl.py" not in said
    assert "'(' was never closed" in await run("print(")
    assert "SystemExit(3): the session goes on" in await run("import sys; sys.exit(3)")
    assert await run("x") == "1"


async def test_what_other_programs_print_is_shown_and_input_ends(run):
    assert "from outside" in await run("import os\n_ = os.system('echo from outside')")
    assert "EOFError" in await run("input()")


async def test_an_endless_cell_is_stopped_and_its_variables_are_kept(run):
    await run("n = 0")
    assert "[stopped after 1 s; variables are kept]" in await run("while True:\n    n += 1", 1.0)
    assert int(await run("n")) > 0


async def test_a_cell_that_will_not_stop_is_killed_and_the_new_beginning_is_said(run, monkeypatch):
    monkeypatch.setattr("samovar.tools.python.GRACE", 0.5)
    await run("x = 1")
    stubborn = (
        "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True:\n    x += 1"
    )
    with pytest.raises(ToolError, match="did not stop after 1 s and was killed: variables"):
        await run(stubborn, 1.0)
    said = await run("'x' in globals()")
    assert said == "[a new session: earlier variables and imports are gone]\nFalse"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import os; os._exit(3)", "it ended"),
        ("import os; os.kill(os.getpid(), 11)", "it ended"),
        ("import os\nfor n in range(3, 40):\n    try: os.write(n, b'{\"value\": 1, nonsense\\n')\n"
         "    except OSError: pass", "it ended"),
        ("import os\nfor n in range(3, 40):\n    try:\n        for _ in range(40): "
         "os.write(n, b'x' * 65536)\n    except OSError: pass", "it ended"),
    ],
    ids=["exit", "crash", "nonsense", "flood"],
)  # fmt: skip
async def test_a_session_that_dies_is_named_and_begins_anew(run, code, why):
    await run("x = 1")
    with pytest.raises(ToolError, match=f"the Python session died: {why}"):
        await run(code)
    assert await run("1 + 1") == "[a new session: earlier variables and imports are gone]\n2"


async def test_a_session_whose_children_take_too_much_is_killed(place, sandbox, interpreter):
    tool = python(Repl(place, sandbox, interpreter, memory=200 << 20))
    words = [interpreter.python, "-c", "a = b'x' * (120 << 20); import time; time.sleep(9)"]
    code = f"import subprocess, time\nfor _ in range(3):\n    subprocess.Popen({words!r})"
    with pytest.raises(ToolError, match="the Python session died: it exceeded its memory"):
        await tool.run(code=f"{code}\ntime.sleep(9)")


async def test_it_is_in_the_sandbox(run, outside, monkeypatch):
    monkeypatch.setenv("SAMOVAR_SECRET", "canary-5f1c")
    said = await run(f"open('{outside}/secret.txt').read()")
    assert "FileNotFoundError" in said
    said = await run(
        "import os, socket\nprint(os.environ, os.getuid())\n"
        "socket.create_connection(('127.0.0.1', 22), 1)"
    )
    assert "canary" not in said and "1000" in said and "Error" in said


async def test_tables_are_short(run):
    said = await run("[{'name': f'n{i}', 'size': i} for i in range(500)]")
    assert said.splitlines()[:2] == ["name  size", "n0    0"]
    assert "\n[500 rows; the first 10 are shown]\n" in said
    assert (await run("list(range(9999))")).startswith("list of 9999, the first 10:")
    assert len(await run("'x' * 99999")) < 2800
    assert len(await run("print('x\\n' * 99999)")) < 4600
    frame = "class Frame:\n    shape = (9, 2)\n    def head(self, n): return f'{n} rows'\n"
    assert (
        await run(frame + "Frame.__module__ = 'polars.frame'\nFrame()") == "Frame (9, 2)\n10 rows"
    )


@pytest.mark.parametrize(
    ("code", "name", "begins", "ends"),
    [
        ("[{'a': i, 'b': 'x,y'} for i in range(500)]", "table-1.csv", 'a,b\n0,"x,y"\n', 'y"\n'),
        ("[{'a': 'x' * 31}, {'b': 2}]", "table-1.csv", "a,b\n" + "x" * 31 + ",\n", ",2\n"),
        ("list(range(9999))", "result-1.txt", "0\n1\n2\n", "\n9998\n"),
        ("{i: str(i) for i in range(99)}", "result-1.txt", "0: '0'\n", "98: '98'\n"),
        ("'ä\\n' * 9999 + 'end'", "result-1.txt", "ä\nä\n", "\nend"),
        ("print('x\\n' * 9999 + 'end')", "result-1.txt", "x\nx\n", "\nend\n"),
    ],
)
async def test_what_is_too_long_to_be_shown_is_a_file_that_is_named(
    run, place, code, name, begins, ends
):
    said = await run(code)
    assert f"all of it is in results/{name}]" in said
    assert said.splitlines()[-1].startswith(f"[files made or changed: results/{name} (")
    whole = (place.root / "results" / name).read_text()
    assert whole.startswith(begins) and whole.endswith(ends)
    assert [f.path for f in ignore.walk(place.root)] == []
    assert "results" not in await run("[1, 2, {'a': 3}]")


FRAMES = """
class Frame:
    def __init__(self, rows): self.rows, self.shape = rows, (len(rows), 1)
    def __len__(self): return len(self.rows)
    def head(self, n): return Frame(self.rows[:n])
    def text(self, header): return "a\\n" * header + "".join(f"{r}\\n" for r in self.rows)
class Polars(Frame):
    def slice(self, at, many): return Polars(self.rows[at : at + many])
    def write_csv(self, include_header): return self.text(include_header)
class Pandas(Frame):
    iloc = property(lambda self: self)
    def __getitem__(self, part): return Pandas(self.rows[part])
    def to_csv(self, header): return self.text(header)
Polars.__module__, Pandas.__module__ = "polars.dataframe", "pandas.core.frame"
"""


@pytest.mark.parametrize("kind", ["Polars", "Pandas"])
async def test_a_frame_is_kept_as_a_table_piece_by_piece(run, place, kind):
    await run(FRAMES)
    said = await run(f"{kind}(list(range(25_000)))")
    assert said.startswith(f"{kind} (25000, 1)\n") and "all of it is in results/table-1.csv" in said
    lines = (place.root / "results/table-1.csv").read_text().split()
    assert lines == ["a", *map(str, range(25_000))]


ARRAY = """
import sys, types
sys.modules["numpy"] = fake = types.ModuleType("numpy")
fake.get_printoptions = lambda: {"threshold": 5}
class Row:
    def __init__(self, n): self.n = n
    def tolist(self): return self.n
class ndarray:
    ndim = 1
    def __init__(self, n): self.size, self.shape = n, (n,)
    def __iter__(self): return map(Row, range(self.size))
    def __repr__(self): return "array([0, ..., 9])" if self.size > 5 else "array([0, 1])"
ndarray.__module__ = "numpy"
"""


async def test_an_array_whose_text_leaves_values_out_is_a_file(run, place):
    await run(ARRAY)
    assert await run("ndarray(2)") == "array of shape (2,)\narray([0, 1])"
    said = await run("ndarray(9)")
    assert "array([0, ..., 9])" in said and "all of it is in results/result-1.txt" in said
    assert (place.root / "results/result-1.txt").read_text().split() == list("012345678")


async def test_a_frame_whose_text_is_cut_is_a_file(run, place):
    await run(FRAMES)
    await run("Frame.__str__ = lambda self: 'a\u2026'")
    assert "all of it is in results/table-1.csv" in await run("Polars([1, 2])")


async def test_a_cell_that_makes_tens_of_thousands_of_files_keeps_its_session(run):
    await run("import os\nos.mkdir('many')\nx = 7")
    said = await run("for n in range(40_000): open(f'many/{n:0200}', 'w').close()", 60.0)
    assert re.search(r" and \d+ more", said) and said.count("many/") == 20
    assert await run("x") == "7"


async def test_a_file_of_a_result_has_a_limit_and_says_so(run, place):
    assert "too long: the first 8 MB of it are in results/result-1.txt]" in await run(
        "'x' * (9 << 20)"
    )
    assert (place.root / "results/result-1.txt").stat().st_size == 8 << 20
    assert "results/result-2.txt" in await run("list(range(9 << 20))")
    blocked = "import os\nos.mkdir('other')\nos.chdir('other')\nopen('results', 'w').close()\n"
    said = await run(f"{blocked}list(range(99))")
    assert "too long, and no file could be written: File exists; show a part of it]" in said


PYPLOT = """
def get_fignums(): return [1, 2]
def figure(n): return Figure(n)
def close(which): pass
class Figure:
    def __init__(self, n): self.n = n
    def savefig(self, path): open(path, "w").write(str(self.n))
"""


async def test_files_and_plots_are_listed_by_name(run, place):
    said = await run("open('a.csv', 'w').write('1,2')")
    assert said == "3\n[files made or changed: a.csv (3 bytes)]"
    (place.root / "matplotlib").mkdir()
    (place.root / "matplotlib/__init__.py").write_text("")
    (place.root / "matplotlib/pyplot.py").write_text(PYPLOT)
    said = await run("import matplotlib.pyplot")
    assert "plots/plot-1.png (1 bytes), plots/plot-2.png (1 bytes)" in said
    assert (place.root / "plots/plot-2.png").read_text() == "2"


async def test_among_thousands_of_files_those_of_the_cell_are_told(run, place):
    (place.root / "data").mkdir()
    for n in range(6_000):
        (place.root / f"data/f{n}").touch()
    await run("import os")
    assert await run("os.mkdir('zz')\nfor n in (7, 8): os.remove(f'data/f{n}')") == "(no output)"
    said = await run("for name in ('zz/new', 'data/f9'): _ = open(name, 'w').write('1')")
    assert said == "[files made or changed: data/f9 (1 bytes), zz/new (1 bytes)]"
    assert await run("os.path.exists('zz/new')") == "True"


async def test_files_that_were_not_looked_at_are_not_denied(run, place):
    (place.root / "old").touch()
    said = await run("import itertools, time\ntime.monotonic = itertools.count(0, 9).__next__")
    assert said == "[files made or changed: none seen; there are too many files to look at all]"


async def test_a_file_the_tools_wrote_can_be_changed_by_the_session(run, place):
    from samovar.tools.workspace import Text

    await run("1")
    place.write("made/by_us.txt", Text("one"))
    assert "[files made or changed: made/by_us.txt" in await run(
        "open('made/by_us.txt', 'a').write('!')"
    )


async def test_a_fork_does_not_answer_twice(run):
    await run("import os\npid = os.fork()\nif pid == 0: x = 'child'\nelse: os.waitpid(pid, 0)")
    assert await run("5") == "5"
