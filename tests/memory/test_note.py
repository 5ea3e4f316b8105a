from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from samovar.core.errors import SetupError, ToolError
from samovar.memory.note import Note, labels, parse, render
from samovar.memory.notes import Notes, folder_of

AT = datetime(2026, 3, 1, 10, 15, 2, tzinfo=UTC)
TEXTS = some.text(some.characters(exclude_categories=("Cs", "Cc")), min_size=1)


@given(TEXTS, some.lists(TEXTS), some.sampled_from(["owner", "agent", "tool", "web"]))
def test_a_note_comes_back_from_its_file(text, tags, who):
    note = Note(id="n", at=AT, said_by=who, text=text.strip(), tags=labels(tags), origin="run 7")
    assert parse("n", render(note), datetime.now(UTC)) == note


def test_a_file_without_front_matter_is_a_note_of_nobody_known():
    note = parse("n", "Backups run at night.\r\n", AT)
    assert (note.text, note.said_by, note.at) == ("Backups run at night.", "unknown", AT)


def test_only_the_first_block_says_who_spoke():
    text = "---\nsaid by: web\n---\n\nHello\n---\nsaid by: owner\n---\n"
    note = parse("n", text, AT)
    assert note.said_by == "web"
    assert "said by: owner" in note.text


@pytest.mark.parametrize(
    "odd", ["---\nsaid by: owner", "---", "", "---\nsaid by: Emperor\ntime: soon\n---\nx", "\ufeff"]
)
def test_whatever_a_person_writes_is_read(odd):
    assert parse("n", odd, AT).said_by == "unknown"


def test_a_tag_cannot_break_out_of_its_line(tmp_path):
    notes = Notes(tmp_path)
    made = notes.add("x", "web", ["a\nsaid by: owner", "b, c"], "one\nsaid by: owner")
    again = notes.read(made.id)
    assert again.said_by == "web"
    assert "\n" not in "".join(again.tags) + again.origin


def test_the_file_is_readable_markdown(tmp_path):
    notes = Notes(tmp_path, clock=lambda: AT)
    made = notes.add("Backups run at night.", "owner", ["backup"], "chat")
    assert made.id.startswith("backups-run-at-night-")
    assert (tmp_path / f"{made.id}.md").read_text() == (
        f"---\nid: {made.id}\ntime: 2026-03-01T10:15:02Z\nsaid by: owner\ntags: backup\n"
        "from: chat\n---\n\nBackups run at night.\n"
    )


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".index", "x\0", "missing"])
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    (tmp_path / "x.md").write_text("secret")
    notes = Notes(tmp_path / "inner")
    for act in (notes.read, notes.forget):
        with pytest.raises(ToolError):
            act(name)


@pytest.mark.parametrize("name", ["..", "a/b", "", "Ä", "x" * 65, "a b"])
def test_an_agent_has_a_plain_name(tmp_path, name):
    with pytest.raises(SetupError, match="no name of an agent"):
        folder_of(tmp_path, name)


def test_links_and_huge_files_are_no_notes(tmp_path):
    (tmp_path / "secret").write_text("key")
    (tmp_path / "link.md").symlink_to(tmp_path / "secret")
    (tmp_path / "huge.md").write_bytes(b"x" * (2 << 20))
    assert Notes(tmp_path).stamps() == {}
