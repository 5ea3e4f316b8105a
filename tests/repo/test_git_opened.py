"""Which repositories can be opened, and what is said of those that cannot."""

import os
import re
import subprocess

import pytest

from samovar.core.errors import SetupError
from samovar.repo import command, git

from .conftest import deed


async def test_what_keeps_git_from_opening_a_folder_is_said_with_what_to_do(person, monkeypatch):
    person.git("worktree", "add", "-q", "../beside")
    person.folder.rename(person.folder.with_name("moved"))
    with pytest.raises(SetupError, match="git worktree repair"):
        await git.open(person.folder.with_name("beside"))
    below = person.folder.with_name("moved") / "src"
    other = "GIT_TEST_ASSUME_DIFFERENT_OWNER"
    monkeypatch.setenv(other, "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setattr(command, "KEPT", (*command.KEPT, other))
    with pytest.raises(SetupError, match=f"safe.directory {below.parent}'"):
        await git.open(below)


async def test_a_git_that_knows_too_little_is_named(person, monkeypatch):
    async def old(*_words, **_more):
        return command.Result(0, b"--path-format=absolute\n.git\n.git\nx\nsha1\nfalse\ntrue\n", "")

    monkeypatch.setattr(git, "run", old)
    with pytest.raises(SetupError, match=r"git 2\.31 or later"):
        await git.open(person.folder)


async def test_a_partial_clone_is_mended_by_the_command_that_is_named(person, tmp_path):
    person.git("config", "uploadpack.allowFilter", "true")
    part = type(person)(tmp_path / "part")
    source = f"file://{person.folder}"
    person.git("clone", "-q", "--filter=blob:none", "--sparse", source, str(part.folder))
    repo = await git.open(part.folder)
    tree = await repo.tree(await repo.head())
    with pytest.raises(SetupError, match="in a partial clone") as error:
        tree.write_to(tmp_path / "early", {})
    command = re.findall("'git (.+?)'", str(error.value))[-1]
    part.git(*command.split())
    assert part.git("config", "remote.origin.partialclonefilter") == "blob:none", "still partial"
    tree = await repo.tree(await repo.head())
    tree.write_to(tmp_path / "copy", {})
    assert (tmp_path / "copy" / "src" / "app.py").read_text() == "print('hello')\n"


async def test_an_unborn_branch_gets_a_first_commit_elsewhere(nobody):
    repo = await git.open(nobody.folder)
    assert await repo.head() == ""
    assert list((await repo.tree("")).paths()) == []
    assert "+x" in await repo.diff("", {"a/b": "x\n"})
    made = await repo.commit(deed("", {"a/b": "x\n"}))
    assert nobody.git("rev-list", "samovar/r1") == made
    assert nobody.git("rev-parse", "--verify", "-q", "HEAD", check=False) == ""
    assert await repo.dirty() == ()


async def test_a_detached_head_a_subfolder_and_a_linked_worktree_work(person, tmp_path):
    base = person.git("rev-parse", "HEAD")
    person.git("checkout", "-q", "--detach")
    person.git("worktree", "add", "-q", str(tmp_path / "other"), "-b", "other")
    for number, folder in enumerate((person.folder, person.folder / "src", tmp_path / "other")):
        repo = await git.open(folder)
        assert await repo.head() == base
        made = await repo.commit(deed(base, {"f": str(number)}, branch=f"s/{number}"))
        assert person.git("rev-parse", f"s/{number}") == made
        assert await repo.dirty() == ()


async def test_all_trees_of_a_repository_share_a_home(person, tmp_path):
    linked, bare = tmp_path / "linked", tmp_path / "bare" / ".git"
    person.git("worktree", "add", "-q", str(linked))
    place = (await git.open(linked)).place
    assert place.home == person.folder / ".samovar"
    assert place.trees == (linked, person.folder) and place.root == linked
    assert (await git.open(person.folder)).place.trees == (person.folder,)
    person.git("clone", "-q", "--bare", str(person.folder), str(bare))
    person.git("--git-dir", str(bare), "worktree", "add", "-q", str(tmp_path / "of-bare"))
    place = (await git.open(tmp_path / "of-bare")).place
    assert place.home == bare / "samovar" == (await git.open(bare)).place.home
    assert place.trees == (tmp_path / "of-bare",)


async def test_a_bare_repository_works(person, tmp_path):
    bare = tmp_path / "bare.git"
    person.git("clone", "-q", "--bare", str(person.folder), str(bare))
    repo = await git.open(bare)
    made = await repo.commit(deed(await repo.head(), {"f": "x"}))
    assert await repo.find("samovar/r1", "Samovar-Run: r1") == made
    assert await repo.dirty() == ()


async def test_sha256_and_odd_paths_and_shallow_clones_work(tmp_path, nobody, person):
    odd = tmp_path / 'odd: "name" \\ \u00e9'
    odd.mkdir()
    subprocess.run(["git", "init", "-q", "--object-format=sha256", str(odd)], check=True)
    (odd / "caf\u00e9 \u2615.txt").write_text("x\n")
    subprocess.run("git add -A && git commit -qm x", shell=True, cwd=odd, check=True)
    repo = await git.open(odd)
    base = await repo.head()
    assert len(base) == 64
    assert (await repo.tree(base)).read("caf\u00e9 \u2615.txt") == "x\n"
    assert "+y" in await repo.diff(base, {"caf\u00e9 \u2615.txt": "y\n"})
    assert len(await repo.commit(deed(base, {"caf\u00e9 \u2615.txt": "y\n"}))) == 64
    person.write("f", "2")
    person.commit("chore: two")
    shallow = tmp_path / "shallow"
    url = f"file://{person.folder}"
    subprocess.run(["git", "clone", "-q", "--depth=1", url, str(shallow)], check=True)
    repo = await git.open(shallow)
    made = await repo.commit(deed(await repo.head(), {"f": "3"}))
    assert await repo.find("samovar/r1", "Samovar-Run: r1") == made


async def test_what_is_no_repository_is_told_in_one_line(tmp_path, person, monkeypatch):
    plain = tmp_path / "plain"
    plain.mkdir()
    for folder, why in (
        (plain, "git init && git add -A && git commit -m start"),
        (tmp_path / "none", "not a folder"),
        (person.folder / ".git", "git's own folder"),
    ):
        with pytest.raises(SetupError, match=why) as caught:
            await git.open(folder)
        assert caught.value.exit_code == 2 and "\n" not in str(caught.value)
    (person.folder / ".git/config").write_text("[core\n")
    with pytest.raises(SetupError, match="cannot open"):
        await git.open(person.folder)
    monkeypatch.setenv("PATH", str(plain))
    with pytest.raises(SetupError, match="apt install git"):
        await git.open(person.folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
async def test_a_repository_of_somebody_else_is_not_touched(person, tmp_path):
    (tmp_path / "gitconfig").write_text("")
    subprocess.run(["chown", "-R", "12345", str(person.folder)], check=True)
    with pytest.raises(SetupError, match=r"safe\.directory"):
        await git.open(person.folder)


async def test_a_missing_object_or_commit_is_told(person, tmp_path):
    repo = await git.open(person.folder)
    for name in ("HEAD", "main", "--output=x", "0" * 39):
        with pytest.raises(SetupError, match="not the full hash"):
            await repo.tree(name)
    with pytest.raises(SetupError, match="no commit"):
        await repo.tree("0" * 40)
    with pytest.raises(SetupError, match="no commit"):
        await repo.diff("0" * 40, {"f": "x"})
    tree = await repo.tree(await repo.head())
    digest = person.git("rev-parse", "HEAD:src/app.py")
    (person.folder / ".git/objects" / digest[:2] / digest[2:]).unlink()
    with pytest.raises(SetupError, match="git fsck"):
        tree.read("src/app.py")
    with pytest.raises(SetupError, match="git fsck"):
        tree.write_to(tmp_path / "out", {})
