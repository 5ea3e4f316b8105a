"""Commits that travel as a file, between two repositories of plain git."""

import pytest

from samovar.core.errors import SetupError
from samovar.core.seams import Deed
from samovar.repo import bundle, git


def deed(base, text):
    return Deed(base=base, branch="samovar/r1", message="fix: x", changed={"src/app.py": text})


@pytest.fixture
async def away(person, tmp_path):
    """A copy of the person's project in another place, made of a bundle."""
    home = await git.open(person.folder)
    assert await bundle.make(home, tmp_path / "there.bundle", [bundle.MAIN, "samovar/none"])
    known = await bundle.told(home)
    return await bundle.unpack(tmp_path / "there.bundle", tmp_path / "away.git", known)


async def test_a_copy_has_the_same_commit_and_files(person, away):
    head = person.git("rev-parse", "HEAD")
    assert await away.head() == head
    home = await git.open(person.folder)
    assert (await away.tree(head)).hashes() == (await home.tree(head)).hashes()


async def test_a_branch_made_in_the_copy_comes_home_and_nothing_else_changes(
    person, away, tmp_path
):
    base = person.git("rev-parse", "HEAD")
    made = await away.commit(deed(base, "print('hi')\n"))
    assert await bundle.make(away, tmp_path / "back.bundle", ["samovar/r1"], base)
    before = person.git("status", "--porcelain"), person.git("rev-parse", "HEAD")
    home = await git.open(person.folder)
    for _ in range(2):
        assert await bundle.take(home, tmp_path / "back.bundle", "samovar/r1", base) == made
    assert person.git("show", "samovar/r1:src/app.py") == "print('hi')"
    assert (person.git("status", "--porcelain"), person.git("rev-parse", "HEAD")) == before
    assert person.git("branch", "--format=%(refname:short)").split() == ["main", "samovar/r1"]
    assert person.git("fsck", "--strict") == ""


async def test_a_branch_that_stands_elsewhere_is_left_alone(person, away, tmp_path):
    base = person.git("rev-parse", "HEAD")
    await away.commit(deed(base, "print('hi')\n"))
    assert await bundle.make(away, tmp_path / "back.bundle", ["samovar/r1"], base)
    home = await git.open(person.folder)
    other = await home.commit(deed(base, "print('other')\n"))
    with pytest.raises(SetupError, match=r"stands at .* already"):
        await bundle.take(home, tmp_path / "back.bundle", "samovar/r1", base)
    assert person.git("rev-parse", "samovar/r1") == other


async def test_a_file_that_is_no_bundle_or_lacks_the_branch_is_refused(person, away, tmp_path):
    home, bad = await git.open(person.folder), tmp_path / "bad.bundle"
    bad.write_bytes(b"# v2 git bundle\nnonsense")
    with pytest.raises(SetupError, match="cannot take the bundle"):
        await bundle.take(home, bad, "samovar/r1", "")
    with pytest.raises(SetupError, match="cannot take the bundle"):
        await bundle.take(home, tmp_path / "there.bundle", "samovar/r1", "")
    assert person.git("branch", "--format=%(refname:short)").split() == ["main"]


async def test_an_unborn_project_travels_without_a_bundle(person, tmp_path):
    empty = person.folder / "empty"
    empty.mkdir()
    person.git("init", "-q", str(empty))
    home = await git.open(empty)
    assert not await bundle.make(home, tmp_path / "none.bundle", [bundle.MAIN])
    away = await bundle.unpack(None, tmp_path / "away.git", await bundle.told(home))
    assert await away.head() == ""


async def test_who_commits_and_where_to_push_travel_along(person, tmp_path):
    person.git("config", "user.name", "Local Ada")
    person.git("remote", "add", "origin", "https://example.org/x.git")
    home = await git.open(person.folder)
    known = await bundle.told(home)
    assert known["remote.origin.url"] == "https://example.org/x.git"
    away = await bundle.unpack(None, tmp_path / "away.git", known)
    made = await away.commit(deed("", "x\n"))
    there = tmp_path / "away.git"
    assert person.git("--git-dir", str(there), "log", "-1", "--format=%an", made) == "Local Ada"
    assert away.remote() == "origin"
