"""Entries, the virtual inbox, and 500 forged entries of which none is accepted (row I3)."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from samovar.core.errors import SetupError
from samovar.org import sound
from samovar.org.mailroom import Mailroom
from samovar.org.outbox import (
    LARGEST,
    LONGEST,
    OutboxEntry,
    encode,
    listed,
    name_of,
    outbox_of,
    post,
    read,
)
from samovar.org.roster import Folder
from samovar.org.sound import examine

from .conftest import hire, reading


def say(home: Path, sender: str, text: str, tick: int = 1, **more: object) -> OutboxEntry:
    return post(home, sender, OutboxEntry(sender=sender, tick=tick, seq=0, text=text, **more))


def open_mail(home: Path) -> Mailroom:
    mailroom = Mailroom(home)
    mailroom.look(Folder(home).read())
    return mailroom


def test_an_entry_is_named_by_tick_number_and_content(home: Path) -> None:
    hire(home, "a")
    first, second = say(home, "a", "one", 3), say(home, "a", "two", 3)
    assert (first.seq, second.seq) == (1, 2)
    names = listed(outbox_of(home, "a"))
    assert [n.file[:16] for n in names] == ["00000003-000001-", "00000003-000002-"]
    assert read(outbox_of(home, "a"), "a", names[0]) == first
    assert b'"from": "a"' in (outbox_of(home, "a") / names[0].file).read_bytes()


def test_nobody_writes_into_the_outbox_of_another(home: Path) -> None:
    hire(home, "a")
    with pytest.raises(SetupError, match="may not write"):
        post(home, "a", OutboxEntry(sender="b", tick=1, seq=0, text="x"))
    with pytest.raises(SetupError, match="may not write"):
        post(home, "people", OutboxEntry(sender="a", tick=1, seq=0, text="x"))


def test_a_text_that_is_too_long_is_cut_visibly(home: Path) -> None:
    hire(home, "a")
    entry = say(home, "a", "\N{SNOWMAN}" * 100_000)
    assert "cut here" in entry.text and len(encode(entry)) < LARGEST
    assert read(outbox_of(home, "a"), "a", listed(outbox_of(home, "a"))[0]) == entry


def test_the_inbox_is_what_may_be_read_and_was_not(home: Path) -> None:
    hire(home, "a")
    hire(home, "b", **reading("a", "c"))
    hire(home, "c")
    hire(home, "d")
    for n in range(3):
        say(home, "a", f"a{n}", n)
        say(home, "c", f"c{n}", n)
        say(home, "d", f"d{n}", n)
    say(home, "a", "for c only", 2, to=("c",))
    mailroom = open_mail(home)
    found = mailroom.unread("b", {}, 3, 4)
    assert [e.text for e in found.entries] == ["a0", "c0", "a1", "c1"]
    rest = mailroom.unread("b", found.place, 3, 100)
    assert [e.text for e in rest.entries] == ["a2", "c2"]
    assert rest.place == {"a": 4, "c": 3}
    assert mailroom.unread("b", rest.place, 3, 100).entries == ()
    assert mailroom.unread("d", {}, 3, 100).entries == ()


def test_whoever_reads_everybody_reads_what_is_said_to_others_but_not_its_own_tasks(
    home: Path,
) -> None:
    hire(home, "a")
    hire(home, "b", **reading("*"))
    for to in ((), ("person",), ("c",), ("b",)):
        say(home, "a", f"to {to}", to=to)
        say(home, "a", f"task for {to}", to=to, kind="task")
    mailroom = open_mail(home)
    heard = [e.text for e in mailroom.unread("b", {}, 9, 100).entries]
    assert heard.pop() == "to ('b',)", "its tasks come through its queue"
    assert heard == [
        f"{what} {to}" for to in ((), ("person",), ("c",)) for what in ("to", "task for")
    ]


def test_nothing_is_lost_or_doubled_however_the_reading_is_cut_up(home: Path) -> None:
    draw = random.Random(7)
    writers = [f"w{n}" for n in range(5)]
    for writer in writers:
        hire(home, writer)
    hire(home, "r", **reading(*writers))
    place: dict[str, int] = {}
    written: dict[str, list[str]] = {w: [] for w in writers}
    heard: dict[str, list[str]] = {w: [] for w in writers}
    mailroom = open_mail(home)
    folder = Folder(home)
    for tick in range(1, 60):
        for _ in range(draw.randint(0, 6)):
            writer = draw.choice(writers)
            text = f"{writer} {len(written[writer])}"
            written[writer].append(text)
            say(home, writer, text, tick)
        if draw.random() < 0.1:
            mailroom, folder = Mailroom(home), Folder(home)
        mailroom.look(folder.read())
        found = mailroom.unread("r", place, tick, draw.randint(1, 9))
        place = dict(found.place)
        for entry in found.entries:
            heard[entry.sender].append(entry.text)
    mailroom.look(folder.read())
    for entry in mailroom.unread("r", place, 100, 1000).entries:
        heard[entry.sender].append(entry.text)
    assert heard == written


def raw(home: Path, owner: str, file: str, data: bytes) -> Path:
    box = outbox_of(home, owner)
    box.mkdir(parents=True, exist_ok=True)
    (box / file).write_bytes(data)
    return box / file


def good(owner: str, tick: int, seq: int) -> OutboxEntry:
    return OutboxEntry(sender=owner, tick=tick, seq=seq, text="obey me")


def forge(home: Path, draw: random.Random, number: int) -> Path:
    """Put one forged entry into an outbox; return its file."""
    seq, tick = 1000 + number, draw.randint(0, 9)
    entry = good("victim", tick, seq)
    data = encode(entry)
    file = name_of(entry, data).file
    kinds: list[Callable[[], Path]] = [
        # From somebody else.
        lambda: _named(home, replace(entry, sender=draw.choice(["boss", "", "person:ann", "*"]))),
        # In the outbox of another.
        lambda: raw(home, "other", file, data),
        # A name that does not fit the content.
        lambda: raw(home, "victim", f"{tick:08d}-{seq:06d}-{draw.getrandbits(64):016x}.json", data),
        # Another tick, or another number, than the name says.
        lambda: raw(home, "victim", file.replace(f"{tick:08d}", f"{tick + 1:08d}", 1), data),
        lambda: raw(home, "victim", file.replace(f"{seq:06d}", f"{seq + 5000:06d}", 1), data),
        # Changed after it was written, cut short, too large.
        lambda: raw(home, "victim", file, data.replace(b"obey", b"serve")),
        lambda: raw(home, "victim", file, data[: draw.randrange(1, len(data))]),
        lambda: _named(home, replace(entry, text="x" * (LARGEST + number))),
        lambda: _named(home, replace(entry, text="x" * (LONGEST + 1 + number))),
        # No entry at all.
        lambda: _of_bytes(home, tick, seq, draw.randbytes(40)),
        lambda: _of_bytes(home, tick, seq, b'{"from": "victim"}'),
        lambda: _of_bytes(home, tick, seq, b'{"from": "victim", "tick": "1", "seq": []}'),
        # A link, a second name, a folder, a pipe.
        lambda: _link(home, entry),
        lambda: _second(home, entry),
        lambda: _special(home, entry, os.mkfifo),
        lambda: _special(home, entry, lambda path: Path(path).mkdir()),
        # Names no entry has, and places where none lies.
        lambda: raw(home, "victim", f"{seq}.json", data),
        lambda: raw(home, "victim", file.upper(), data),
        lambda: raw(home, "victim", file.replace(f"{tick:08d}", "٠٠٠٠٠٠٠٣", 1), data),
    ]
    if os.geteuid() == 0:
        kinds.append(lambda: _foreign(home, entry))
    return kinds[number % len(kinds)]()


def _named(home: Path, entry: OutboxEntry) -> Path:
    data = encode(entry)
    return raw(home, "victim", name_of(entry, data).file, data)


def _of_bytes(home: Path, tick: int, seq: int, data: bytes) -> Path:
    return raw(home, "victim", name_of(good("victim", tick, seq), data).file, data)


def _link(home: Path, entry: OutboxEntry) -> Path:
    data = encode(entry)
    (home / f"real-{entry.seq}").write_bytes(data)
    path = outbox_of(home, "victim") / name_of(entry, data).file
    path.symlink_to(home / f"real-{entry.seq}")
    return path


def _second(home: Path, entry: OutboxEntry) -> Path:
    data = encode(entry)
    (home / f"real-{entry.seq}").write_bytes(data)
    path = outbox_of(home, "victim") / name_of(entry, data).file
    path.hardlink_to(home / f"real-{entry.seq}")
    return path


def _special(home: Path, entry: OutboxEntry, make: Callable[[str], object]) -> Path:
    path = outbox_of(home, "victim") / name_of(entry, encode(entry)).file
    make(str(path))
    return path


def _foreign(home: Path, entry: OutboxEntry) -> Path:
    path = _named(home, entry)
    os.chown(path, 65534, 65534)
    return path


def test_of_500_forged_entries_none_is_accepted_and_each_is_reported(home: Path) -> None:
    draw = random.Random(1)
    hire(home, "victim")
    hire(home, "other")
    hire(home, "reader", **reading("victim", "other"))
    say(home, "victim", "true one", 1)
    forged = {str(forge(home, draw, n)) for n in range(500)}
    assert len(forged) == 500
    say(home, "victim", "true two", 2)
    mailroom = open_mail(home)
    found = mailroom.unread("reader", {}, 99, 10_000)
    assert [e.text for e in found.entries] == ["true one", "true two"]
    said = "\n".join(mailroom.refused())
    assert all(path in said for path in forged)
    mailroom.look(Folder(home).read())
    assert mailroom.refused() == [], "each is reported once"


def test_two_good_entries_with_one_number_are_both_refused(home: Path) -> None:
    hire(home, "victim")
    hire(home, "reader", **reading("victim"))
    for text in ("one", "two"):
        _named(home, replace(good("victim", 1, 5), text=text))
    mailroom = open_mail(home)
    assert mailroom.unread("reader", {}, 9, 10).entries == ()
    assert len(mailroom.refused()) == 2
    found = examine(home, Folder(home).read())
    files = [f"agents/victim/outbox/{n.file}" for n in listed(outbox_of(home, "victim"))]
    assert sorted(p.file for p in found) == sorted(files), "validate says it as well"
    assert {p.line.partition(" ")[2] for p in found} == {
        "has the number of another entry, so neither is read; remove one of the two"
    }


def test_of_an_outbox_full_of_strange_files_validate_names_some_and_counts_the_rest(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound, "MOST", 3)
    hire(home, "a")
    box = outbox_of(home, "a")
    box.mkdir()
    for n in range(3):
        (box / f"{n}.txt").touch()
    lines = [p.line for p in examine(home, Folder(home).read())]
    assert len(lines) == 3
    (box / "3.txt").touch()
    (box / "4.txt").touch()
    more = "agents/a/outbox holds 2 more that are refused; mend those above, then look again"
    assert [p.line for p in examine(home, Folder(home).read())] == [*lines, more]


def test_an_entry_of_a_tick_to_come_waits_for_it(home: Path) -> None:
    hire(home, "a")
    hire(home, "b", **reading("a"))
    say(home, "a", "later", 5)
    mailroom = open_mail(home)
    assert mailroom.unread("b", {}, 5, 10).entries == ()
    assert len(mailroom.unread("b", {}, 6, 10).entries) == 1


def test_an_outbox_that_is_a_link_is_not_read(home: Path, tmp_path: Path) -> None:
    hire(home, "a")
    hire(home, "b", **reading("a"))
    other = tmp_path / "elsewhere"
    other.mkdir()
    entry = good("a", 1, 1)
    (other / name_of(entry, encode(entry)).file).write_bytes(encode(entry))
    outbox_of(home, "a").symlink_to(other)
    mailroom = open_mail(home)
    assert mailroom.unread("b", {}, 9, 10).entries == ()
    assert "symbolic link" in mailroom.refused()[0]
    with pytest.raises(SetupError, match="symbolic link"):
        say(home, "a", "x")


def test_entries_survive_being_encoded_and_decoded() -> None:
    entry = OutboxEntry(sender="a", tick=1, seq=2, to=("b",), read={"c": 3}, text='"\n')
    assert msgspec.json.decode(encode(entry), type=OutboxEntry) == entry


def test_a_forged_number_far_ahead_hides_nothing(home: Path) -> None:
    hire(home, "victim")
    hire(home, "reader", **reading("victim"))
    raw(home, "victim", f"{1:08d}-{999_999_999}-{7:016x}.json", b"{}")
    mailroom, folder, place, heard = Mailroom(home), Folder(home), {}, []
    for n in range(3):
        say(home, "victim", f"true {n}", n)
        mailroom.look(folder.read())
        found = mailroom.unread("reader", place, 9, 10)
        place = dict(found.place)
        heard += [e.text for e in found.entries]
    assert heard == ["true 0", "true 1", "true 2"]
    assert place == {"victim": 3}


def test_the_number_of_a_damaged_entry_is_not_given_again(home: Path) -> None:
    hire(home, "a")
    hire(home, "b", **reading("a"))
    say(home, "a", "one")
    mailroom = open_mail(home)
    place = mailroom.unread("b", {}, 9, 10).place
    [name] = listed(outbox_of(home, "a"))
    (outbox_of(home, "a") / name.file).write_bytes(b"{")
    assert say(home, "a", "two").seq == 2
    mailroom.look(Folder(home).read())
    assert [e.text for e in mailroom.unread("b", place, 9, 10).entries] == ["two"]
