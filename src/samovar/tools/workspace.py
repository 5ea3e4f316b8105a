"""The one folder tools work in: every path goes through here."""

import codecs
import io
import os
import secrets
import stat
import tokenize
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from samovar.core.errors import SetupError, ToolError
from samovar.core.rules import Sight, Verdict
from samovar.core.text import count, file_name
from samovar.tools import beneath, ignore
from samovar.tools.beneath import Missing, Spot

LARGEST = 8 << 20
"""Bytes of a text file that is read or written as a whole."""
_PIECE = 1 << 20
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_TOO_WIDE = ("/", "/proc", "/sys", "/dev", "/etc", "/usr", "/var", "/home", "/root", "/run")


class Text(Struct, frozen=True):
    """The text of a file, and what is needed to write it back byte by byte."""

    text: str
    """With the line ends the file has."""
    encoding: str = "utf-8"
    mark: bytes = b""
    """The byte order mark it began with."""

    @property
    def newline(self) -> str:
        """The line end of its first line; a line feed where it has none."""
        end = self.text.find("\n")
        return "\r\n" if end > 0 and self.text[end - 1] == "\r" else "\n"

    def data(self) -> bytes:
        """Return the bytes of the file. Raises ToolError for a letter the encoding lacks."""
        try:
            return self.mark + self.text.encode(self.encoding)
        except UnicodeEncodeError as error:
            bad = error.object[error.start]
            raise ToolError(
                f"the file is {self.encoding}, which has no {bad!r} (U+{ord(bad):04X})"
            ) from error


def _open(_tool: str, _path: str, /) -> Verdict:
    return "allow"


def _nothing(_path: str, /) -> str:
    return ""


@dataclass(frozen=True)
class Workspace:
    """A folder and all below it, without what belongs to git or samovar.

    Paths are relative to it, or begin with it, or with /w, where sandboxes show it. Raises
    SetupError for a folder that is missing or a whole system's.
    """

    root: Path
    largest: int = LARGEST
    sight: Sight = _open
    """What the rules let tools show that find files by themselves."""
    beyond: Callable[[str], str] = _nothing
    """Tells of a path that is not there where else it is; empty for nowhere."""

    def __post_init__(self) -> None:
        if not self.root.is_absolute() or not self.root.is_dir():
            raise SetupError(f"there is no folder {self.root} to work in: name one that exists")
        if os.path.realpath(self.root) in _TOO_WIDE:
            raise SetupError(f"{self.root} as a whole is no workspace: name a project's folder")

    def read(self, path: str) -> Text:
        """Return the text of a file. Raises ToolError for what is missing, binary or too large."""
        return decode(self.data(path), path)

    def data(self, path: str) -> bytes:
        """Return the bytes of a file. Raises ToolError as `read` does, but for binary ones."""
        with self._spot(path) as place:
            number = beneath.opened(place)
            with open(number, "rb") as file:
                size = os.fstat(number).st_size
                if size > self.largest:
                    raise ToolError(
                        f"{place.path} has {megabytes(size)}, the limit is "
                        f"{megabytes(self.largest)}: use search with this path, data_view or shell "
                        "(head, tail)"
                    )
                # A file may grow while it is read.
                return file.read(self.largest)

    def lines(self, path: str) -> Iterator[tuple[int, bytes]]:
        """Yield the lines of a text file of any size with their numbers, from 1 on.

        A line of more than a megabyte comes in pieces with one number. Raises ToolError as `read`
        does, but for large files.
        """
        with self._spot(path) as place, open(beneath.opened(place), "rb") as file:
            number = 1
            while piece := file.readline(_PIECE):
                if number == 1 and b"\0" in piece[:65536]:
                    raise ToolError(f"{path} is binary, not text")
                yield number, piece
                number += piece.endswith(b"\n")

    def write(self, path: str, text: Text) -> None:
        """Put a file in place as a whole, or leave everything as it was.

        Missing folders are made; an existing file keeps its mode and owner.
        """
        data = text.data()
        if len(data) > self.largest:
            raise ToolError(f"{megabytes(len(data))} are too much for one file; use shell")
        with beneath.spot(self.root, path, make=True) as place:
            _replace(place, data)

    def shows(self, tool: str, within: str) -> Callable[[str], bool]:
        """Return what says whether a tool may show a file that it found below a path.

        A file about which a person is to be asked is shown where the path was one as well: the
        person said yes to it. Raises ToolError where the path itself, links followed, is denied.
        """
        here = self.sight(tool, within)
        if here == "deny":
            raise ToolError(f"not permitted: a rule forbids to look into {within}")

        def shown(path: str) -> bool:
            return self.sight(tool, path) in ("allow", here)

        return shown

    def find(self, path: str) -> str:
        """Return the relative path, without links, of a file or folder that exists."""
        with self._spot(path) as place:
            os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
            return place.path

    def exists(self, path: str) -> bool:
        """Whether anything has this path. Raises ToolError for one that is not allowed."""
        try:
            self.find(path)
        except Missing:
            return False
        return True

    def regular(self, path: str) -> str:
        """Return the path, without links, of a regular file, however large."""
        with self._spot(path) as place:
            os.close(beneath.opened(place))
            return place.path

    @contextmanager
    def _spot(self, path: str) -> Iterator[Spot]:
        try:
            with beneath.spot(self.root, path) as place:
                yield place
        except Missing as error:
            raise Missing(self.beyond(path) or str(error)) from error


def decode(data: bytes, path: str) -> Text:
    """Return the text of some bytes. Raises ToolError for binary ones.

    UTF-8, what a byte order mark or Python's coding line says, else Latin-1, which keeps every
    byte as it is.
    """
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return Text(_exactly(data[len(mark) :], encoding, path), encoding, mark)
    if b"\0" in data[:65536]:
        raise ToolError(f"{path} is binary ({megabytes(len(data))}), not text")
    for encoding in (_declared(data) if path.endswith((".py", ".pyi")) else "utf-8", "latin-1"):
        try:
            text = data.decode(encoding)
            if text.encode(encoding) == data:
                return Text(text, encoding)
        except UnicodeError:
            continue
    raise ToolError(f"{path} is not text in any encoding known here")


def left_out(number: int) -> str:
    """Return the line that tells of files which are not shown; nothing for none."""
    return f"\n[{count(number, 'file')} left out: a rule forbids to show them]" if number else ""


def unlisted(place: Workspace, within: str, fits: Callable[[str], bool]) -> str:
    """Return the line that tells of files below a folder which .gitignore leaves out."""
    paths = [f.path for f in ignore.hidden(place.root, within) if fits(f.path)]
    if not paths:
        return ""
    many = f"{count(len(paths), 'file')} .gitignore leaves out, such as {file_name(paths[0])}"
    return f"\n[{many}: name one to read or search it]"


def megabytes(size: int) -> str:
    """Return a number of bytes as people write it."""
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size:,} bytes"


def _exactly(data: bytes, encoding: str, path: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ToolError(f"{path} begins like {encoding} but is not: byte {error.start}") from error


def _declared(data: bytes) -> str:
    try:
        return tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    except (SyntaxError, UnicodeDecodeError):
        return "utf-8"


def _replace(place: Spot, data: bytes) -> None:
    if not place.parts:
        raise ToolError("the workspace itself is a folder: name a file in it")
    mode, uid, gid = _kept(place)
    name = f".{secrets.token_hex(8)}.part"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    number = os.open(name, flags, 0o600, dir_fd=place.folder)
    try:
        with open(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(number, mode)
            if os.geteuid() == 0:
                os.fchown(number, uid, gid)
            os.fsync(number)
        os.rename(name, place.name, src_dir_fd=place.folder, dst_dir_fd=place.folder)
    except OSError:
        os.unlink(name, dir_fd=place.folder)
        raise


def _kept(place: Spot) -> tuple[int, int, int]:
    """Return mode and owner for a file: its own, else those of its folder."""
    above = os.fstat(place.folder)
    try:
        found = os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
    except FileNotFoundError:
        return 0o644, above.st_uid, above.st_gid
    if not stat.S_ISREG(found.st_mode):
        raise ToolError(f"{place.path} is a folder or a device and cannot be written")
    return stat.S_IMODE(found.st_mode) & 0o777, found.st_uid, found.st_gid
