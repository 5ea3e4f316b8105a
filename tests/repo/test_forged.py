"""Trees as git itself would not make them, and links: nothing is written outside a folder."""

import os
import subprocess
from pathlib import Path

import pytest

from samovar.core.errors import SetupError
from samovar.repo import git


def _object(folder: Path, kind: str, data: bytes) -> str:
    words = ["git", "hash-object", "-t", kind, "-w", "--literally", "--stdin"]
    done = subprocess.run(words, input=data, cwd=folder, capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.mark.parametrize(
    "names",
    [
        [("100644", "../../escaped")],
        [("100644", "..")],
        [("100644", ".git")],
        [("100644", "a/../../escaped")],
        [("120000", "a"), ("100644", "a/b")],
        [("100644", "/escaped")],
        [("100644", ".GIT")],
        [("120000", "d"), ("120000", "d/e")],
        [("100644", ".")],
    ],
)
async def test_a_forged_tree_cannot_write_outside_its_folder(names, person, tmp_path):
    """git refuses to make such trees; a server may still send one."""
    target = str(tmp_path / "target").encode()
    blob = _object(person.folder, "blob", target)
    rows = b"".join(f"{m} {n}".encode() + b"\0" + bytes.fromhex(blob) for m, n in names)
    tree = _object(person.folder, "tree", rows)
    made = person.git("commit-tree", tree, "-m", "forged")
    repo = await git.open(person.folder)
    out = tmp_path / "a" / "b" / "out"
    (tmp_path / "target").mkdir()
    files = await repo.tree(made)
    with pytest.raises(SetupError, match=r"nothing done|twice"):
        files.write_to(out, {})
    assert not (tmp_path / "escaped").exists() and not (tmp_path / "a" / "escaped").exists()
    assert os.listdir(tmp_path / "target") == []


async def test_links_of_the_project_are_written_as_links_and_never_followed(person, tmp_path):
    repo = await git.open(person.folder)
    outside = tmp_path / "outside"
    outside.mkdir()
    (person.folder / "evil").symlink_to(outside)
    made = person.commit("chore: evil link")
    files = await repo.tree(made)
    files.write_to(tmp_path / "out", {"src/app.py": "x"})
    assert (tmp_path / "out/evil").is_symlink() and os.listdir(outside) == []
