"""The log on disk: durable, whole lines only, and never a traceback."""

import os
import random
import resource
import stat

import pytest
from msgspec.structs import replace

from samovar.core.errors import SetupError
from samovar.core.event import Answered, Asked, Closed, Opened
from samovar.core.log import JsonlLog, MemoryLog, plain, read, write
from samovar.core.task import Task

OPENED = Opened(run="r", task=Task(id="r", text="say \u201chi\u201d\nand \x00 bye"))
THREE = (OPENED, Asked(act="commit", digest="d"), Answered(act="commit", digest="d", yes=True))


@pytest.fixture
def log(tmp_path) -> JsonlLog:
    return JsonlLog(tmp_path / "runs" / "events.jsonl")


def test_entries_come_back_as_they_were_appended(log):
    stored = [log.append(event) for event in THREE]
    assert list(log.read()) == stored
    assert [e.seq for e in stored] == [0, 1, 2]
    assert list(JsonlLog(log.path).read()) == stored


def test_a_memory_log_numbers_its_entries_as_the_file_does():
    log = MemoryLog(THREE[:2])
    log.append(THREE[2])
    assert [(e.seq, e.event) for e in log.read()] == list(enumerate(THREE))


def test_a_missing_file_holds_no_entries(log):
    assert log.read() == ()


def test_only_its_owner_may_read_a_log(log):
    log.append(OPENED)
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600


def test_a_line_is_synced_before_append_returns(log, monkeypatch):
    synced = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda h: (synced.append(os.fstat(h).st_ino), real(h))[1])
    log.append(OPENED)
    assert synced == [log.path.stat().st_ino, log.path.parent.stat().st_ino]
    log.append(THREE[1])
    assert len(synced) == 3


@pytest.mark.parametrize("kept", [1, 20, -1])
def test_a_half_line_is_dropped_when_the_log_is_opened_again(log, kept):
    first = log.append(OPENED)
    log.append(THREE[1])
    data = log.path.read_bytes()
    start = data.index(b"\n") + 1
    log.path.write_bytes(data[: start + kept] if kept > 0 else data[:kept])
    again = JsonlLog(log.path)
    assert list(again.read()) == [first]
    assert again.append(THREE[2]).seq == 1
    assert [e.event for e in again.read()] == [OPENED, THREE[2]]


def test_a_damaged_line_is_named(log):
    for event in THREE:
        log.append(event)
    lines = log.path.read_bytes().splitlines(keepends=True)
    lines[1] = b'{"seq": 1, "at": "yesterday"}\n'
    log.path.write_bytes(b"".join(lines))
    with pytest.raises(SetupError, match=r"events\.jsonl, line 2"):
        log.read()
    with pytest.raises(SetupError, match="line 2"):
        JsonlLog(log.path).append(OPENED)


def test_a_lost_line_is_noticed(log):
    for event in THREE:
        log.append(event)
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(lines[0] + lines[2])
    with pytest.raises(SetupError, match="entry 2 where 1 belongs"):
        log.read()


def test_a_log_that_cannot_be_read_is_an_error_for_the_person(tmp_path):
    with pytest.raises(SetupError, match="cannot read"):
        read(tmp_path)


def test_half_a_character_is_refused_and_nothing_is_written(log):
    log.append(OPENED)
    before = log.path.read_bytes()
    with pytest.raises(SetupError, match="half a character"):
        log.append(Closed(outcome="\ud83d", ok=False))
    assert log.path.read_bytes() == before
    assert log.append(Closed(outcome="ok", ok=True)).seq == 1


def test_a_full_disk_leaves_no_half_line(log):
    log.append(OPENED)
    before = log.path.read_bytes()
    with _at_most(len(before) + 10), pytest.raises(SetupError, match="cannot write"):
        log.append(THREE[1])
    assert log.path.read_bytes() == before
    assert log.append(THREE[1]).seq == 1


def test_a_full_disk_leaves_a_replaced_file_as_it_was(tmp_path):
    place = tmp_path / "facts.json"
    write(place, b"old")
    with _at_most(100), pytest.raises(SetupError, match="cannot write"):
        write(place, b"x" * 1000)
    assert place.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [place]


def test_five_hundred_damaged_logs_give_a_clear_error_or_a_log(tmp_path):
    log = JsonlLog(tmp_path / "events.jsonl")
    for event in (*THREE, Closed(outcome="done", ok=True)):
        log.append(event)
    whole = log.path.read_bytes()
    dice = random.Random(7)
    refused = 0
    for _ in range(500):
        log.path.write_bytes(_damaged(dice, whole))
        try:
            entries = read(log.path)
            assert [e.seq for e in entries] == list(range(len(entries)))
        except SetupError as error:
            refused += 1
            assert "events.jsonl" in str(error)
    assert refused > 100


def test_a_deeply_nested_line_is_refused(tmp_path):
    place = tmp_path / "events.jsonl"
    place.write_bytes(b'{"seq":0,"at":"2026-01-01T00:00:00Z","event":' + b"[" * 100_000 + b"\n")
    with pytest.raises(SetupError, match="line 1"):
        read(place)


def test_an_entry_keeps_its_event_when_another_field_is_replaced():
    entry = MemoryLog(THREE).read()[1]
    assert replace(entry, seq=7).event is entry.event


def _damaged(dice: random.Random, data: bytes) -> bytes:
    place = dice.randrange(len(data))
    match dice.randrange(5):
        case 0:
            return data[:place] + bytes([dice.randrange(256)]) + data[place + 1 :]
        case 1:
            return data[:place]
        case 2:
            return data[:place] + dice.randbytes(dice.randrange(1, 40)) + data[place:]
        case 3:
            return data[:place] + data[min(len(data), place + dice.randrange(1, 200)) :]
        case _:
            lines = data.splitlines(keepends=True)
            dice.shuffle(lines)
            return b"".join(lines)


class _at_most:
    """No file may grow beyond so many bytes: the kernel cuts the write short, as a full disk."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __enter__(self) -> None:
        self.before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, self.before[1]))

    def __exit__(self, *_: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self.before)


def test_a_file_that_is_replaced_keeps_its_mode(tmp_path):
    path = tmp_path / "mine.json"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write(path, b"new")
    assert path.read_bytes() == b"new" and path.stat().st_mode & 0o777 == 0o600


def test_only_a_plain_file_of_one_name_owner_and_size_is_read(tmp_path):
    names = ("own", "link", "first", "second", "pipe")
    own, link, first, second, pipe = (tmp_path / name for name in names)
    own.write_bytes(b"12345")
    first.write_bytes(b"1")
    link.symlink_to(own)
    second.hardlink_to(first)
    os.mkfifo(pipe)
    assert plain(own, 5) == plain(own, 5, os.geteuid()) == b"12345"
    with pytest.raises(OSError, match="has 5 bytes, at most 4"):
        plain(own, 4)
    with pytest.raises(OSError, match="another user"):
        plain(own, 5, os.geteuid() + 1)
    for path in (link, second, pipe, tmp_path, tmp_path / "missing"):
        with pytest.raises(OSError):
            plain(path, 5)
