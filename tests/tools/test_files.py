"""Listing, reading, writing, and what .gitignore leaves out."""

import subprocess
import time

import pytest

from samovar.core.errors import ToolError
from samovar.tools import ignore
from samovar.tools.files import list_files, read_file, write_file


async def test_a_part_of_a_file_is_shown_exactly_and_the_rest_is_offered(place):
    (place.root / "a.txt").write_text("".join(f"row {n}\n" for n in range(1, 901)))
    said = await read_file(place).run(path="a.txt", start=10, lines=2)
    assert said == (
        "a.txt, lines 10-11 of 900\nrow 10\nrow 11\n[... 889 more lines: read_file with start 12]"
    )
    whole = await read_file(place).run(path="a.txt", lines=2000)
    assert len(whole) < 4200 and "more lines: read_file with start" in whole


async def test_ends_of_files_and_lines_are_shown_as_they_are(place):
    (place.root / "a.txt").write_bytes(b"one\r\ntwo")
    said = await read_file(place).run(path="a.txt")
    assert said == "a.txt, lines 1-2 of 2\none\ntwo"
    (place.root / "empty").write_text("")
    assert "of 0" in await read_file(place).run(path="empty")
    with pytest.raises(ToolError, match=r"has 2 lines: start at 1 to 2"):
        await read_file(place).run(path="a.txt", start=3)


async def test_one_endless_line_is_cut(place):
    (place.root / "min.js").write_text("x" * 100_000)
    said = await read_file(place).run(path="min.js")
    assert len(said) < 4200 and "96000 more characters in this line" in said


async def test_a_missing_file_is_named(place):
    with pytest.raises(ToolError, match=r"there is no 'nope.py'; list_files shows"):
        await read_file(place).run(path="nope.py")
    with pytest.raises(ToolError, match=r"a folder: use list_files"):
        (place.root / "d").mkdir()
        await read_file(place).run(path="d")


async def test_a_whole_file_is_written_with_the_line_ends_it_had(place):
    said = await write_file(place).run(path="a/b.txt", content="one\ntwo\n")
    assert said == "wrote a/b.txt: 2 lines, 8 bytes"
    (place.root / "dos.txt").write_bytes(b"x\r\n")
    await write_file(place).run(path="dos.txt", content="one\ntwo\n")
    assert (place.root / "dos.txt").read_bytes() == b"one\r\ntwo\r\n"


async def test_python_that_does_not_parse_is_not_written(place):
    with pytest.raises(ToolError, match=r"nothing was written.*line 1: '\(' was never closed"):
        await write_file(place).run(path="a.py", content="print(\n")
    assert list(place.root.iterdir()) == []


async def test_many_files_are_counted_by_folder(place):
    for n in range(300):
        (place.root / f"src/p{n % 7}").mkdir(parents=True, exist_ok=True)
        (place.root / f"src/p{n % 7}/m{n}.py").write_text("")
    said = await list_files(place).run()
    assert said.startswith("300 files in .\nsrc/ (300 files)") and "with a path" in said
    said = await list_files(place).run(path="src")
    assert "src/p0/ (43 files)" in said and len(said) < 4200
    said = await list_files(place).run(path="src/p1", pattern="*1.py")
    assert "src/p1/m1.py (0 bytes)" in said
    assert await list_files(place).run(pattern="*.rs") == "none of 300 files fits '*.rs'"


IGNORING = """
# comment
*.log
!keep.log
build/
/root_only.txt
docs/**/*.html
a/**/z
**/deep
trail \\ 
\\#hash
[ab].c
x[!y]z
temp*/
"""
TREE = [
    *("a.log", "keep.log", "sub/a.log", "sub/keep.log", "build/x", "sub/build/y", "root_only.txt"),
    *("sub/root_only.txt", "docs/a.html", "docs/x/y/b.html", "other/docs/a.html", "a/z", "a/b/c/z"),
    *("b/z", "q/deep", "q/deep2", "deep", "a.c", "b.c", "c.c", "xyz", "xaz", "temp1/f", "temp2"),
    *("sub/inner/k.txt", "sub/inner/l.txt", "#hash", "n/build", "m/keep.log/f", "trail "),
]


def test_gitignore_means_what_git_says(place):
    for name in TREE:
        path = place.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (place.root / ".gitignore").write_text(IGNORING)
    (place.root / "sub/inner/.gitignore").write_text("*.txt\n!l.txt\n")
    git = ["git", "-C", str(place.root), "-c", "init.defaultBranch=main"]
    subprocess.run([*git, "init", "-q"], check=True)
    listed = subprocess.run(
        [*git, "ls-files", "-co", "--exclude-standard", "-z"], check=True, capture_output=True
    )
    expected = sorted(p for p in listed.stdout.decode().split("\0") if p)
    assert sorted(f.path for f in ignore.walk(place.root)) == expected
    below = sorted(f.path for f in ignore.walk(place.root, "sub"))
    assert below == [p for p in expected if p.startswith("sub/")]


def test_what_is_hidden_is_what_the_walk_leaves_out_but_for_what_programs_leave_behind(place):
    names = ("a.py", "build/x.o", "sub/build/y", "__pycache__/a.pyc", ".venv/bin/python", "a.log")
    for name in names:
        (place.root / name).parent.mkdir(parents=True, exist_ok=True)
        (place.root / name).write_text("")
    (place.root / "build/link").symlink_to("x.o")
    (place.root / ".gitignore").write_text("build/\n__pycache__\n.venv\n*.log\n")
    (place.root / ".venv/.gitignore").write_text("*\n")
    found = [f.path for f in ignore.hidden(place.root)]
    assert sorted(found) == ["a.log", "build/x.o", "sub/build/y"]
    assert [f.path for f in ignore.hidden(place.root, "sub")] == ["sub/build/y"]
    named = [f.path for f in ignore.hidden(place.root, ".venv")]
    assert named == [".venv/bin/python"], "what is named is not kept apart"


async def test_where_nothing_is_listed_what_gitignore_leaves_out_is_told(place):
    (place.root / "results").mkdir()
    (place.root / "results/.gitignore").write_text("*\n")
    (place.root / "results/table-1.csv").write_text("1\n")
    (place.root / "a.py").write_text("")
    told = (
        "[1 file .gitignore leaves out, such as results/table-1.csv: name one to read or search it]"
    )
    tool = list_files(place)
    assert await tool.run(path="results") == f"results has no files\n{told}"
    assert await tool.run(pattern="*.csv") == f"none of 1 files fits '*.csv'\n{told}"
    assert await tool.run(pattern="*.rs") == "none of 1 files fits '*.rs'"
    assert "table" not in await tool.run(), "a list that shows something is as it was"


async def test_a_list_of_5000_files_takes_less_than_300_milliseconds(place):
    for n in range(100):
        (place.root / f"p{n}").mkdir()
        for m in range(50):
            (place.root / f"p{n}/f{m}.py").touch()
    (place.root / ".gitignore").write_text("*.pyc\n__pycache__/\n.venv\n")
    spent = []
    for _ in range(3):
        # Other tests' garbage may be collected meanwhile.
        start = time.process_time()
        assert (await list_files(place).run()).startswith("5001 files")
        spent.append(time.process_time() - start)
    assert min(spent) < 0.3


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("*.py", "a/b/c.py", True),
        ("src/*.py", "src/a.py", True),
        ("src/*.py", "src/x/a.py", False),
        ("src/**/*.py", "src/x/y/a.py", True),
        ("*.{ts,tsx}", "a/b.tsx", True),
        ("test_?.py", "t/test_1.py", True),
        ("[!a]*.py", "abc.py", False),
        ("a/**", "a/b/c", True),
        ("[a&&b].py", "&.py", True),
        ("[+--].py", "-.py", True),
        ("[[~~|].py", "[.py", True),
    ],
)
def test_globs(pattern, path, fits):
    assert (ignore.glob(pattern).fullmatch(path) is not None) is fits


@pytest.mark.parametrize("pattern", ["[z-a]", r"[a-\d]", "{a,[z-a]}", "src/[a--]"])
async def test_a_glob_that_can_fit_nothing_is_told(place, pattern):
    with pytest.raises(ToolError) as told:
        await list_files(place).run(pattern=pattern)
    assert str(told.value).startswith(f"{pattern!r} is no glob: bad character range")
