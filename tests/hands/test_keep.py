"""Copying what an agent made out of its workspace, whatever its programs do meanwhile."""

import os
from pathlib import Path

import pytest

from samovar.core.errors import SetupError
from samovar.hands import keep as keeping
from samovar.hands.keep import MOST, keep


@pytest.fixture
def root(tmp_path) -> Path:
    made = tmp_path / "work"
    made.mkdir()
    return made


def test_files_keep_their_paths_and_one_that_is_gone_is_none(root, tmp_path):
    folder = tmp_path / "files"
    (root / "plots").mkdir()
    for data in (b"older", b"new"):
        (root / "plots/a.png").write_bytes(data)
        keep(root, ["gone.png", "plots/a.png"], folder)
    assert [p.relative_to(folder).as_posix() for p in folder.rglob("*.png")] == ["plots/a.png"]
    assert (folder / "plots/a.png").read_bytes() == b"new"


def test_nothing_but_a_plain_file_of_the_workspace_is_kept(root, tmp_path):
    folder = tmp_path / "files"
    os.mkfifo(root / "pipe")
    (tmp_path / "secret").write_text("secret")
    (root / "plots").symlink_to(tmp_path)
    for path, why in (("pipe", "a device or a pipe"), ("plots/secret", "a link out of")):
        with pytest.raises(SetupError, match=f"cannot keep {path} in .*{why}"):
            keep(root, [path], folder)
    assert not any(p.is_file() for p in folder.rglob("*"))


def test_what_there_is_no_room_for_is_counted(root, tmp_path, monkeypatch):
    names = [f"{n:03}.csv" for n in range(MOST + 3)]
    for name in names:
        (root / name).write_bytes(b"x")
    folder = tmp_path / "files"
    assert keep(root, names, folder) == 3
    assert sorted(p.name for p in folder.iterdir()) == names[:MOST]
    (root / "large").write_bytes(b"x" * 10)
    monkeypatch.setattr(keeping, "ROOM", 11)
    assert keep(root, ["large", "large", *names[:2]], tmp_path / "more") == 2
    assert sorted(p.name for p in (tmp_path / "more").iterdir()) == [names[0], "large"]
