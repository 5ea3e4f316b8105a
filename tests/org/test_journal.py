"""Logs are put aside when they grow large; whoever reads them reads on."""

from pathlib import Path

import pytest

from samovar.org import journal
from samovar.org.journal import KEPT, Journal, Place, read_on, tail


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    """Return a log that is put aside with every fifth line."""
    monkeypatch.setattr(journal, "LARGEST", 200)
    return Journal(tmp_path)


def write(log: Journal, *numbers: int) -> None:
    for number in numbers:
        log.add("turn", n=number)


def kept(log: Journal) -> int:
    return len(list(log.path.parent.iterdir()))


def test_the_last_lines_are_the_last_lines_though_the_log_was_put_aside(log: Journal) -> None:
    for number in range(18):
        write(log, number)
        for lines in (1, 4, 9):
            found = [row["n"] for row in tail(log.path, lines)]
            assert found == list(range(max(0, number + 1 - lines), number + 1))
    assert kept(log) == 1 + KEPT


def test_a_damaged_last_line_brings_no_older_file_in(log: Journal) -> None:
    write(log, *range(8))
    assert kept(log) == 2
    with log.path.open("ab") as handle:
        handle.write(b"cut o\n")
    assert [row["n"] for row in tail(log.path, 3)] == [6, 7]


@pytest.mark.parametrize("step", [1, 2, 4, 7, 9])
def test_whoever_follows_a_log_reads_every_line_once(log: Journal, step: int) -> None:
    heard: list[int] = []
    place = Place()
    for begin in range(0, 60, step):
        write(log, *range(begin, begin + step))
        rows, place = read_on(log.path, place)
        heard += [row["n"] for row in rows]
    assert heard == list(range(begin + step))
    assert kept(log) == 1 + KEPT
    assert read_on(log.path, place) == ([], place)


def test_a_log_that_is_put_aside_while_it_is_read_is_read_once(log: Journal) -> None:
    write(log, *range(7))
    looked = journal._files(log.path)
    first, _ = next(looked)
    for number in range(7, 10):
        write(log, number)
    assert log.path.stat().st_ino != first
    assert first not in [number for number, _ in looked]


def test_a_log_that_was_emptied_is_read_from_its_begin(log: Journal) -> None:
    write(log, 1, 2)
    _, place = read_on(log.path, Place())
    log.path.write_bytes(b"")
    write(log, 3)
    assert [row["n"] for row in read_on(log.path, place)[0]] == [3]
