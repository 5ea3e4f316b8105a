"""A commit pushed, noted on, and taken back."""

import asyncio
import subprocess

import pytest

from samovar.core.errors import SetupError
from samovar.repo import git

from .conftest import deed, look


async def test_a_push_arrives_and_is_seen_to_have_arrived(person, tmp_path):
    repo = await git.open(person.folder)
    await repo.commit(deed(await repo.head(), {"f": "x"}))
    assert repo.remote() == "" and await repo.pushed("samovar/r1") == ""
    with pytest.raises(SetupError, match="git remote add origin"):
        await repo.push("samovar/r1")
    bare = tmp_path / "remote.git"
    person.git("init", "-q", "--bare", str(bare))
    person.git("remote", "add", "origin", "../remote.git")
    repo = await git.open(person.folder)
    assert repo.remote() == "origin"
    assert await repo.pushed("samovar/r1") == ""
    assert await repo.push("samovar/r1") == "origin/samovar/r1"
    assert await repo.pushed("samovar/r1") == "origin/samovar/r1"
    assert await repo.push("samovar/r1") == "origin/samovar/r1"
    person.git("push", "-q", "-f", "origin", "main:samovar/r1")
    person.write("f", "other")
    person.commit()
    person.git("push", "-q", "-f", "origin", "main:samovar/r1")
    assert await repo.pushed("samovar/r1") == ""
    with pytest.raises(SetupError, match="nothing was overwritten"):
        await repo.push("samovar/r1")
    with pytest.raises(SetupError, match="no branch"):
        await repo.push("none")


async def test_a_remote_that_is_away_is_one_clear_line_without_the_token(person):
    url = "http://user:secret-token@127.0.0.1:9/x.git"
    person.git("remote", "add", "origin", url)
    repo = await git.open(person.folder)
    await repo.commit(deed(await repo.head(), {"f": "x"}))
    for act in (repo.push, repo.pushed):
        with pytest.raises(SetupError) as caught:
            await act("samovar/r1")
        assert "127.0.0.1:9" in str(caught.value)
        assert "secret-token" not in str(caught.value) and "\n" not in str(caught.value)


async def test_undo_deletes_the_branch_and_keeps_the_commit(person):
    repo = await git.open(person.folder)
    made = await repo.commit(deed(await repo.head(), {"f": "x"}))
    before = look(person)
    assert "deleted samovar/r1" in await repo.undo("samovar/r1", "r1", made)
    assert look(person) == before
    assert person.git("for-each-ref", "--format=%(refname)", "refs/heads") == "refs/heads/main"
    assert person.git("rev-parse", "refs/samovar/undone/r1") == made
    assert "nothing to undo" in await repo.undo("samovar/r1", "r1", made)


async def test_undo_takes_nothing_back_that_somebody_merged(person):
    repo = await git.open(person.folder)
    made = await repo.commit(deed(await repo.head(), {"f": "x"}))
    person.git("merge", "-q", "samovar/r1")
    person.git("branch", "-d", "samovar/r1")
    for onto in ("", person.git("rev-parse", "HEAD~1")):
        with pytest.raises(SetupError, match=f"git revert {made[:12]}"):
            await repo.undo("samovar/r1", "r1", made, onto)
    person.git("update-ref", "refs/samovar/undone/r1", "HEAD~1")
    with pytest.raises(SetupError, match=f"git revert {made[:12]}"):
        await repo.undo("samovar/r1", "r1", made)


async def test_undo_goes_back_to_the_commit_before_where_one_is_named(person):
    repo = await git.open(person.folder)
    first = await repo.commit(deed(await repo.head(), {"f": "x"}))
    again = deed(first, {"f": "y"}, message="second\n\nSamovar-Run: r1/2\n")
    second = await repo.commit(again)
    said = await repo.undo("samovar/r1", "r1/2", second, first)
    assert f"samovar/r1 is back at {first[:12]}" in said
    assert person.git("rev-parse", "samovar/r1") == first
    assert person.git("rev-parse", "refs/samovar/undone/r1-2") == second
    assert "nothing to undo" in await repo.undo("samovar/r1", "r1/2", second, first)


async def test_a_text_stands_beside_a_commit_until_it_is_undone(person):
    repo = await git.open(person.folder)
    base = await repo.head()
    made = await repo.commit(deed(base, {"f": "x"}))
    before = look(person)
    for text in ('{\n  "a": 1\n}\n', '# "b"\n\n\n'):
        await repo.note(made, text)
        shown = subprocess.check_output(
            ["git", "notes", "--ref=samovar", "show", made], cwd=person.folder
        )
        assert shown.decode() == text
    await repo.note(base, "mine")
    assert look(person) == before
    assert "mine" not in person.git("log", "--all")
    await repo.undo("samovar/r1", "r1", made)
    assert person.git("notes", "--ref=samovar", "list").split()[1:] == [base]


async def test_two_that_note_at_once_lose_nothing(person):
    base = await (await git.open(person.folder)).head()
    made = [_empty(person, f"chore: {n}") for n in range(6)]
    repos = [await git.open(person.folder) for _ in made]
    await asyncio.gather(*(r.note(c, c) for r, c in zip(repos, made, strict=True)))
    for commit in made:
        assert person.git("notes", "--ref=samovar", "show", commit) == commit
    assert person.git("rev-parse", f"{made[0]}~1") == base


def _empty(person, message):
    person.git("commit", "-q", "--allow-empty", "-m", message)
    return person.git("rev-parse", "HEAD")


async def test_undo_says_what_to_revert_once_others_build_on_it(person):
    repo = await git.open(person.folder)
    base = await repo.head()
    made = await repo.commit(deed(base, {"f": "x"}))
    with pytest.raises(SetupError, match="does not end with the commit of run"):
        await repo.undo("samovar/r1", "r2", made)
    person.git("merge", "-q", "samovar/r1")
    with pytest.raises(SetupError, match=f"git revert {made[:12]}"):
        await repo.undo("samovar/r1", "r1", made)
    person.git("reset", "-q", "--hard", base)
    person.git("checkout", "-q", "samovar/r1")
    with pytest.raises(SetupError, match="checked out"):
        await repo.undo("samovar/r1", "r1", made)
    person.write("g", "mine")
    person.commit("feat: mine")
    person.git("checkout", "-q", "main")
    with pytest.raises(SetupError, match="does not end with the commit of run"):
        await repo.undo("samovar/r1", "r1", made)
    assert person.git("rev-parse", "samovar/r1~1") == made
