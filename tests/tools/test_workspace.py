"""Text files come back byte by byte; others are refused with one line."""

import os
from pathlib import Path

import pytest

from samovar.core.errors import SetupError, ToolError
from samovar.tools.workspace import Text, Workspace, decode


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"plain\n", "utf-8"),
        ("naïve\r\n".encode(), "utf-8"),
        (b"\xef\xbb\xbfmarked\n", "utf-8"),
        ("wide".encode("utf-16"), "utf-16-le"),
        (b"\xfe\xff\x00a\x00b", "utf-16-be"),
        (b"caf\xe9\n", "latin-1"),
        (b"", "utf-8"),
        (b"a\rb\r\nc\n", "utf-8"),
    ],
)
def test_text_of_every_kind_comes_back_byte_by_byte(data, encoding):
    found = decode(data, "file.txt")
    assert (found.encoding, found.data()) == (encoding, data)
    assert "\ufeff" not in found.text


def test_the_coding_line_of_python_counts():
    data = "# coding: cp1251\nx = 'да'\n".encode("cp1251")
    found = decode(data, "a.py")
    assert "да" in found.text and found.data() == data
    odd = b"# coding: nosuch\nx = 1\n"
    assert decode(odd, "a.py").data() == odd


def test_a_letter_the_encoding_lacks_is_named():
    with pytest.raises(ToolError, match=r"latin-1, which has no '€' \(U\+20AC\)"):
        Text("1 €", "latin-1").data()


def test_a_binary_file_is_refused_in_one_line(place):
    (place.root / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 9)
    with pytest.raises(ToolError, match=r"^a.png is binary \(\d+ bytes\), not text$"):
        place.read("a.png")


def test_200_megabytes_are_refused_without_being_read(place):
    with open(place.root / "big.log", "wb") as file:
        file.truncate(200_000_000)
    with pytest.raises(
        ToolError, match=r"200.0 MB, the limit is 8.4 MB: use search with this path"
    ):
        place.read("big.log")


def test_a_written_file_keeps_its_mode_and_leaves_nothing_beside(place):
    script = place.root / "run.sh"
    script.write_text("old")
    script.chmod(0o755)
    place.write("run.sh", Text("new"))
    place.write("a/b/c.txt", Text("made"))
    assert (script.read_text(), script.stat().st_mode & 0o777) == ("new", 0o755)
    assert (place.root / "a/b/c.txt").read_text() == "made"
    names = sorted(p.name for p in place.root.rglob("*"))
    assert names == ["a", "b", "c.txt", "run.sh"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_writes_belongs_to_who_owns_the_folder(place):
    os.chown(place.root, 1234, 1234)
    place.write("a/b.txt", Text("x"))
    assert {(place.root / p).stat().st_uid for p in ("a", "a/b.txt")} == {1234}


def test_the_folder_itself_cannot_be_written(place):
    for path in (".", "/w", str(place.root)):
        with pytest.raises(ToolError, match="name a file in it"):
            place.write(path, Text("x"))


@pytest.mark.parametrize("root", ["/", "/etc", "/nowhere", "relative"])
def test_a_whole_system_is_no_workspace(root):
    with pytest.raises(SetupError):
        Workspace(Path(root))
