"""Editing by quotation: exactly, but for white space, by likeness; never a guess."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.core.errors import ToolError
from samovar.tools import match
from samovar.tools.edit import edit_text

SOURCE = """\
def area(w, h):
    size = w * h
    return size


def volume(w, h, d):
    size = w * h * d
    return size
"""


@pytest.fixture
def edit(place):
    (place.root / "a.py").write_text(SOURCE)

    async def run(search, replace, path="a.py"):
        said = await edit_text(place).run(path=path, search=search, replace=replace)
        return said, (place.root / path).read_bytes().decode("utf-8", "replace")

    return run


async def test_an_exact_piece_is_replaced_and_shown(edit):
    said, text = await edit("    size = w * h\n    return", "    size = h * w\n    return")
    assert text == SOURCE.replace("size = w * h\n", "size = h * w\n")
    assert said.startswith("changed a.py at line 2\n@@")
    assert "-    size = w * h\n+    size = h * w" in said


@pytest.mark.parametrize(
    "search",
    [
        "size = w * h * d\nreturn size",
        "\tsize  =  w * h * d   \n\treturn size\n",
        "\n\nsize = w * h * d",
    ],
)
async def test_white_space_may_differ_and_the_indentation_is_kept(edit, search):
    indent = "\t" if search.startswith("\t") else ""
    more = f"\n{indent}return size" if "return" in search else ""
    said, text = await edit(search, f"{indent}size = 0{more}")
    assert "def volume(w, h, d):\n    size = 0\n    return size\n" in text
    assert "but for white space" in said


TABBED = SOURCE.replace("    ", "\t")
SPLIT = "{0}if w:\n{0}{0}return w\n"


@pytest.mark.parametrize(
    ("source", "unit", "ours"),
    [(TABBED, "    ", "\t"), (TABBED, "  ", "\t"), (SOURCE, "\t", "    ")],
)
@pytest.mark.parametrize("head", ["", "def area(w, h):\n"])
async def test_tabs_and_spaces_are_never_mixed(edit, place, source, unit, ours, head):
    (place.root / "a.py").write_text(source)
    _, text = await edit(f"{head}{unit}size = w * h\n", f"{head}{SPLIT.format(unit)}")
    assert text == source.replace(f"{ours}size = w * h\n", SPLIT.format(ours), 1)


async def test_a_line_quoted_in_its_midst_stays_in_its_line(edit):
    _, text = await edit("w * h\n    return", "h\n    return")
    assert text == SOURCE.replace("w * h\n", "h\n")
    _, text = await edit("size = h\n", "size = 2\n")
    assert text == SOURCE.replace("w * h\n", "2\n")


NARROW = SOURCE.replace("    ", "  ")


@pytest.mark.parametrize(("source", "unit", "ours"), [(SOURCE, 2, 4), (NARROW, 4, 2)])
@pytest.mark.parametrize("head", ["", "def area(w, h):\n"])
@pytest.mark.parametrize("quoted", ["size = w * h", "sizes = w * h"])
async def test_rows_are_as_deep_as_those_of_the_file(edit, place, source, unit, ours, head, quoted):
    (place.root / "a.py").write_text(source)
    unit, ours = " " * unit, " " * ours
    _, text = await edit(f"{head}{unit}{quoted}\n", f"{head}{SPLIT.format(unit)}")
    assert text == source.replace(f"{ours}size = w * h\n", SPLIT.format(ours), 1)


@pytest.mark.parametrize("gap", ["", " "])
async def test_rows_quoted_a_level_higher_keep_their_steps(edit, place, gap):
    deep = "class A:\n    def f(self):\n        return 1\n"
    (place.root / "a.py").write_text(deep)
    _, text = await edit(f"    return {gap}1\n", "    if self:\n        return 2\n")
    assert text == deep.replace("return 1", "if self:\n            return 2")
    quoted = "    if  self:\n        return 2\n"
    _, text = await edit(quoted, "    if (self and\n      1):\n        return 2\n")
    assert text == deep.replace("return 1", "if (self and\n          1):\n            return 2")
    (place.root / "a.py").write_text(deep)
    _, text = await edit("def f(self):\n  return 1\n", "def f(self):\n  return 3\n")
    assert text == deep.replace("return 1", "return 3")


async def test_a_likely_piece_is_taken_and_said(edit):
    said, text = await edit(
        "def volume(w, h, deep):\n    size = w * h * d\n", "def volume(w, h, d):\n    size = 1\n"
    )
    assert "alike)" in said and text.endswith(
        "def volume(w, h, d):\n    size = 1\n    return size\n"
    )


async def test_an_ambiguous_piece_is_refused_with_its_lines(edit):
    for search in ("    return size\n", "return   size"):
        with pytest.raises(ToolError, match=r"2 times, at lines 3, 8: quote the lines before"):
            await edit(search, "x")


async def test_a_miss_names_the_nearest_lines(edit):
    with pytest.raises(ToolError, match=r"nearest is lines 6-7 \(\d\d%\):\ndef volume") as caught:
        await edit("def volumes(a, b):\n    total = a * b * c", "x")
    assert "size = w * h * d" in str(caught.value)
    with pytest.raises(ToolError, match=r"nothing in it is alike"):
        await edit("§§§", "x")
    with pytest.raises(ToolError, match=r"search is empty"):
        await edit("  \n", "x")


async def test_python_that_would_not_parse_is_refused_and_nothing_is_written(edit, place):
    with pytest.raises(ToolError, match=r"nothing was written, for a.py would not parse: line 2"):
        await edit("    size = w * h\n", "    size = (w * h\n")
    assert (place.root / "a.py").read_text() == SOURCE


async def test_a_file_that_was_broken_may_be_mended_step_by_step(edit, place):
    (place.root / "b.py").write_text("x = (\ny = [\n")
    said, text = await edit("x = (", "x = ()", "b.py")
    assert "does not yet" in said and text == "x = ()\ny = [\n"


async def test_nothing_to_do_is_said(edit):
    with pytest.raises(ToolError, match=r"nothing to do"):
        await edit("size = w * h\n", "size = w * h\n")


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
async def test_line_ends_and_marks_are_kept(edit, place, end, mark):
    data = mark + SOURCE.replace("\n", end).encode()
    (place.root / "c.py").write_bytes(data)
    await edit("size = w * h\n    return size", "size = 1\n    return size", "c.py")
    assert (place.root / "c.py").read_bytes() == data.replace(
        b"size = w * h" + end.encode(), b"size = 1" + end.encode()
    )


async def test_an_old_encoding_is_kept(edit, place):
    (place.root / "d.txt").write_bytes(b"caf\xe9 one\ncaf\xe9 two\n")
    await edit("café one", "thé", "d.txt")
    assert (place.root / "d.txt").read_bytes() == b"th\xe9\ncaf\xe9 two\n"
    with pytest.raises(ToolError, match=r"latin-1, which has no"):
        await edit("thé", "€", "d.txt")


@given(
    st.lists(st.sampled_from(["a = 1", "  b = 2", "", "\tc", "d d", "é"]), min_size=1), st.data()
)
def test_all_but_the_place_stays(rows, data):
    """Whatever is found, what stands before and behind it is not touched."""
    text = "\n".join(rows)
    start = data.draw(st.integers(0, len(rows) - 1))
    quoted = "\n".join(rows[start : start + data.draw(st.integers(1, 4))])
    try:
        found = match.locate(text, quoted)
    except ToolError:
        return
    new = match.replaced(text, found, "NEW")
    assert new.startswith(text[: found.start]) and new.endswith(text[found.end :])


def test_a_large_file_is_searched_quickly():
    text = "".join(f"line number {n} of many lines\n" for n in range(20_000))
    with pytest.raises(ToolError):
        match.locate(text, "something that is not there\nat all, in any line\n")
