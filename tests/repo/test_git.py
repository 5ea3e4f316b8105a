"""A repository read and written by plumbing: the person's tree, index and HEAD stay as they are."""

import asyncio
import os
import re
import shutil
import stat
import subprocess

import pytest
from msgspec.structs import replace

from samovar.core.errors import SetupError, ToolError
from samovar.core.seams import Deed, Repo, Tree
from samovar.repo import command, git

MESSAGE = "fix: greet properly\n\nSamovar-Run: r1\n"


def deed(base, changed, branch="samovar/r1", message=MESSAGE):
    return Deed(base=base, branch=branch, message=message, changed=changed)


def look(person):
    """Everything of the person's that must not change."""
    folder = person.folder / ".git"
    return (
        person.git("--no-optional-locks", "status", "--porcelain"),
        person.git("rev-parse", "HEAD", check=False),
        (folder / "HEAD").read_text(),
        (folder / "index").read_bytes() if (folder / "index").exists() else b"",
        (folder / "config").read_text(),
        sorted((str(p), p.lstat().st_mtime_ns) for p in person.folder.glob("[!.]*")),
    )


async def test_it_is_the_repo_of_the_core(person):
    repo: Repo = await git.open(person.folder)
    tree: Tree = await (await git.open(person.folder)).tree("")
    assert repo and tree


async def test_a_commit_holds_exactly_the_changed_files_and_touches_nothing_else(person):
    base = person.git("rev-parse", "HEAD")
    person.write("src/app.py", "uncommitted work\n")
    person.write("note", "untracked")
    person.git("add", "src/app.py")
    before = look(person)
    repo = await git.open(person.folder)
    made = await repo.commit(deed(base, {"src/app.py": "print('hi')\n", "new/file.txt": "x"}))
    assert look(person) == before
    assert person.git("diff", "--name-status", base, made) == "A\tnew/file.txt\nM\tsrc/app.py"
    assert person.git("show", f"{made}:src/app.py") == "print('hi')"
    assert person.git("rev-parse", "samovar/r1", f"{made}^") == f"{made}\n{base}"
    assert person.git("log", "-1", "--format=%an %ae %cn|%B", made) == (
        f"Ada ada@example.org Ada|{MESSAGE.strip()}"
    )
    assert person.git("fsck", "--strict") == ""


async def test_a_submodule_is_neither_shown_nor_replaced(person, nobody):
    nobody.write("x.py", "1\n")
    nobody.commit()
    allowed = ("-c", "protocol.file.allow=always")
    person.git(*allowed, "submodule", "--quiet", "add", str(nobody.folder), "vendor/lib")
    base = person.commit()
    repo = await git.open(person.folder)
    assert "vendor/lib" not in (await repo.tree(base)).paths()
    for path in ("vendor/lib/x.py", "vendor/lib"):
        with pytest.raises(ToolError, match="submodule"):
            await repo.commit(deed(base, {path: "2\n"}))
    made = await repo.commit(deed(base, {"src/app.py": "2\n"}))
    assert person.git("diff", "--name-only", base, made) == "src/app.py"
    lacking = (await repo.tree(base)).lacking()
    assert lacking == "not in the copy: submodules: vendor/lib; tests that need them fail"
    assert (await repo.tree("")).lacking() == ""


async def test_what_git_lfs_keeps_is_told_and_neither_read_nor_replaced(person, tmp_path):
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12345\n"
    for name in ("a", "b\u202e", "c", "d"):
        person.write(f"{name}.png", pointer)
    person.write("notes.md", f"A pointer begins so:\n{pointer}")
    base = person.commit()
    repo = await git.open(person.folder)
    tree = await repo.tree(base)
    told = 'Git LFS files, here as pointers: a.png, "b⟨U+202E⟩.png", c.png and 1 more'
    assert tree.lacking() == f"not in the copy: {told}; tests that need them fail"
    assert "A pointer" in tree.read("notes.md")
    with pytest.raises(ToolError, match="Git LFS"):
        tree.read("a.png")
    with pytest.raises(ToolError, match="Git LFS"):
        tree.write_to(tmp_path / "copy", {"a.png": "2\n"})
    with pytest.raises(ToolError, match="Git LFS"):
        await repo.commit(deed(base, {"a.png": "2\n"}))
    tree.write_to(tmp_path / "copy", {"notes.md": "2\n"})
    assert (tmp_path / "copy" / "a.png").read_text() == pointer


@pytest.mark.parametrize("kind", ["sha1", "sha256"])
async def test_a_file_is_removed_whatever_its_name(nobody, kind):
    person = type(nobody)(nobody.folder / kind)
    person.folder.mkdir()
    person.git("init", "-q", f"--object-format={kind}")
    odd = os.fsdecode(b"caf\xe9")
    person.write(odd, "1\n")
    person.write("b", "2\n")
    base = person.commit()
    repo = await git.open(person.folder)
    made = await repo.commit(replace(deed(base, {}), removed=(odd,)))
    assert person.git("ls-tree", "--name-only", made) == "b"


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


async def test_modes_links_line_ends_and_bytes_are_kept(person, tmp_path):
    repo = await git.open(person.folder)
    base = await repo.head()
    made = await repo.commit(
        deed(base, {"run.sh": "#!/bin/sh\nexit\n", "dos.txt": "1\r\n2\r\n", "bom": "\ufeffx"})
    )
    listed = person.git("ls-tree", "-r", made)
    assert "100755 blob" in next(r for r in listed.splitlines() if r.endswith("run.sh"))
    assert "120000 blob" in next(r for r in listed.splitlines() if r.endswith("\tlink"))
    out = tmp_path / "out"
    (await repo.tree(made)).write_to(out, {"src/app.py": "changed\r\n"})
    assert (out / "dos.txt").read_bytes() == b"1\r\n2\r\n"
    assert (out / "bom").read_bytes() == b"\xef\xbb\xbfx"
    assert (out / "src/app.py").read_bytes() == b"changed\r\n"
    assert (out / "blob.bin").read_bytes() == bytes(range(256))
    assert os.readlink(out / "out") == "/etc"
    assert stat.S_IMODE((out / "run.sh").stat().st_mode) & 0o111
    assert not (out / ".git").exists()
    assert not list(out.rglob("samovar*"))


async def test_a_tree_tells_its_text_files_and_complains_about_the_others(person):
    repo = await git.open(person.folder)
    tree = await repo.tree(await repo.head())
    assert sorted(tree.paths()) == sorted(
        ["README.md", "blob.bin", "dos.txt", "latin.txt", "run.sh", "src/app.py"]
    )
    assert tree.read("dos.txt") == "one\r\ntwo\r\n"
    for path, why in (
        ("none", "no file"),
        ("link", "symbolic link"),
        ("blob.bin", "not a text"),
        ("latin.txt", "not UTF-8"),
        ("src", "no file"),
        ("../x", "no file"),
    ):
        with pytest.raises(ToolError, match=why):
            tree.read(path)


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


async def test_what_is_not_committed_is_listed(person):
    person.write(".gitignore", "*.log\n")
    person.commit("chore: ignore")
    repo = await git.open(person.folder)
    assert await repo.dirty() == ()
    person.write("src/app.py", "changed")
    person.write("new file", "x")
    person.write("x.log", "ignored")
    person.write(".samovar/runs/x", "ignored too")
    with open(person.folder / ".git/info/exclude", "a") as file:
        file.write("/.samovar/\n")
    (person.folder / "run.sh").unlink()
    person.git("add", "src/app.py")
    assert sorted(await repo.dirty()) == ["new file", "run.sh", "src/app.py"]


async def test_a_branch_that_exists_elsewhere_or_is_checked_out_is_left_alone(person):
    repo = await git.open(person.folder)
    base = await repo.head()
    with pytest.raises(SetupError, match="checked out"):
        await repo.commit(deed(base, {"f": "x"}, branch="main"))
    made = await repo.commit(deed(base, {"f": "x"}))
    with pytest.raises(SetupError, match="already stands"):
        await repo.commit(deed(base, {"f": "y"}))
    again = await repo.commit(deed(made, {"f": "z"}))
    assert person.git("rev-parse", f"{again}^") == made
    for name in ("-x", "a..b", "a b", "", "x.lock", "HEAD", "a\nb"):
        with pytest.raises(SetupError, match="not a name"):
            await repo.commit(deed(base, {"f": "x"}, branch=name))


async def test_a_change_that_changes_nothing_is_refused(person):
    repo = await git.open(person.folder)
    with pytest.raises(ToolError, match="as it was"):
        await repo.commit(deed(await repo.head(), {"run.sh": "#!/bin/sh\n"}))
    assert "samovar" not in person.git("branch")


async def test_two_runs_at_once_commit_to_their_own_branches(person):
    repo = await git.open(person.folder)
    base = await repo.head()
    made = await asyncio.gather(
        *(repo.commit(deed(base, {"f": str(n)}, branch=f"s/{n}")) for n in range(12))
    )
    assert len(set(made)) == 12
    same = await asyncio.gather(
        *(repo.commit(deed(base, {"g": str(n)}, branch="s/one")) for n in range(6)),
        return_exceptions=True,
    )
    assert sum(isinstance(r, str) for r in same) == 1
    assert sum(isinstance(r, SetupError) for r in same) == 5


async def test_the_difference_is_git_s_and_stores_nothing(person):
    person.git("config", "diff.noprefix", "true")
    objects = sorted((person.folder / ".git/objects").rglob("*"))
    repo = await git.open(person.folder)
    base = await repo.head()
    shown = await repo.diff(base, {"src/app.py": "print('hi')\n", "n": "1"})
    assert shown.startswith("diff --git a/n b/n\nnew file mode 100644\nindex 0000000")
    assert "-print('hello')\n+print('hi')\n" in shown
    assert "\\ No newline at end of file" in shown
    assert sorted((person.folder / ".git/objects").rglob("*")) == objects
    person.write("p", shown)
    person.git("apply", "--check", "p")
    assert await repo.diff(base, {}) == ""


async def test_a_marker_is_found_as_a_whole_line_only(person):
    repo = await git.open(person.folder)
    assert await repo.find("samovar/r1", "Samovar-Run: r1") == ""
    made = await repo.commit(deed(await repo.head(), {"f": "x"}))
    assert await repo.find("samovar/r1", "Samovar-Run: r1") == made
    for marker in ("Samovar-Run: r", "Run: r1", "", "greet"):
        assert await repo.find("samovar/r1", marker) == ""


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


async def test_a_name_set_in_the_repository_is_used_and_none_at_all_too(person, tmp_path):
    person.git("config", "user.name", "Grace <Hopper>\nx")
    person.git("config", "user.email", "grace@example.org")
    repo = await git.open(person.folder)
    made = await repo.commit(deed(await repo.head(), {"f": "x"}))
    assert person.git("log", "-1", "--format=%an|%ae", made).endswith("|grace@example.org")
    person.git("config", "--unset", "user.name")
    person.git("config", "--unset", "user.email")
    (tmp_path / "gitconfig").write_text("[safe]\ndirectory = *\n")
    repo = await git.open(person.folder)
    made = await repo.commit(deed(await repo.head(), {"f": "x"}, branch="s/2"))
    assert person.git("log", "-1", "--format=%an|%ae|%cn", made) == (
        "Samovar|samovar@localhost|Samovar"
    )


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen")
async def test_a_commit_is_signed_when_the_person_s_own_settings_say_so(person, tmp_path):
    key = tmp_path / "key"
    made = subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)])
    if made.returncode != 0:
        pytest.skip("ssh-keygen makes no key for a user without a name")
    with open(tmp_path / "gitconfig", "a") as file:
        file.write(f"[commit]\ngpgsign = true\n[gpg]\nformat = ssh\n[user]\nsigningkey = {key}\n")
    repo = await git.open(person.folder)
    made = await repo.commit(deed(await repo.head(), {"f": "x"}))
    assert "BEGIN SSH SIGNATURE" in person.git("cat-file", "commit", made)
    key.unlink()
    with pytest.raises(SetupError, match="could not be signed"):
        await repo.commit(deed(made, {"f": "y"}))


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


async def test_5000_files_are_written_within_six_times_the_time_of_plain_writing(nobody, tmp_path):
    texts = {f"d{n % 60}/f{n}.py": f"value = {n}\n" * 100 for n in range(5000)}
    for path, text in texts.items():
        nobody.write(path, text)
    nobody.commit()
    repo = await git.open(nobody.folder)
    ours, plain = [], []
    for place in ("one", "two", "three"):
        before = sum(os.times()[:4])
        tree = await repo.tree(await repo.head())
        tree.write_to(tmp_path / place, {"d1/f1.py": "changed\n"})
        between = sum(os.times()[:4])
        for path, text in texts.items():
            target = tmp_path / "plain" / place / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        ours.append(between - before)
        plain.append(sum(os.times()[:4]) - between)
        assert sum(1 for p in (tmp_path / place).rglob("*.py")) == 5000
    assert min(ours) < 6 * min(plain), "processor seconds, measured beside each other"
