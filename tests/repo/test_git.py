"""A repository read and written by plumbing: the person's tree, index and HEAD stay as they are."""

import asyncio
import os
import shutil
import stat
import subprocess

import pytest
from msgspec.structs import replace

from samovar.core.errors import SetupError, ToolError
from samovar.core.seams import Repo, Tree
from samovar.repo import git

from .conftest import MESSAGE, deed, look


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
