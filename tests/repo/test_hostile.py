"""A hostile repository and a hostile workspace: no program of theirs runs on the host.

Many vectors are planted at once, each leaving a mark of its own when it runs. Plain git, make and
Python spring all of them but those of IDLE.
"""

import os
import pty
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from samovar.boot import surroundings
from samovar.checks.environment import find_command, find_environment
from samovar.checks.project import Project
from samovar.core.errors import SetupError
from samovar.core.seams import Deed, text_of
from samovar.repo import git
from samovar.sandboxes.find import find_sandbox
from samovar.settings import Settings

HOOKS = [
    "applypatch-msg",
    "commit-msg",
    "fsmonitor-watchman",
    "post-applypatch",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-receive",
    "post-rewrite",
    "post-update",
    "pre-applypatch",
    "pre-auto-gc",
    "pre-commit",
    "pre-merge-commit",
    "pre-push",
    "pre-rebase",
    "pre-receive",
    "prepare-commit-msg",
    "proc-receive",
    "push-to-checkout",
    "reference-transaction",
    "sendemail-validate",
    "update",
]
RECEIVING = ("pre-receive", "update", "post-receive", "post-update", "reference-transaction")
"""Hooks of a repository that is pushed to."""
SETTINGS = {
    "core.fsmonitor": "{}",
    "core.sshCommand": "{}",
    "core.gitProxy": "{}",
    "core.askPass": "{}",
    "core.editor": "{}",
    "core.pager": "{}",
    "core.alternateRefsCommand": "{}",
    "diff.external": "{}",
    "diff.evil.textconv": "{}",
    "diff.evil.command": "{}",
    "filter.evil.clean": "{}",
    "filter.evil.smudge": "{}",
    "filter.evil2.process": "{}",
    "merge.evil.driver": "{}",
    "gpg.program": "{}",
    "gpg.ssh.program": "{}",
    "gpg.ssh.defaultKeyCommand": "{}",
    "gpg.x509.program": "{}",
    "credential.helper": "!{}",
    "sequence.editor": "{}",
    "uploadpack.packObjectsHook": "{}",
    "remote.origin.uploadpack": "{}",
    "remote.origin.receivepack": "{}",
    "remote.origin.vcs": "x",
    "trailer.evil.command": "{}",
    "submodule.sub.update": "!{}",
    "interactive.diffFilter": "{}",
    "browser.x.cmd": "{}",
    "difftool.x.cmd": "{}",
    "mergetool.x.cmd": "{}",
    "pager.log": "{}",
    "pager.diff": "{}",
    "pager.status": "{}",
    "alias.commit-tree": "!{}",
    "alias.rev-parse": "!{}",
    "protocol.ext.allow": None,
    "log.showSignature": None,
    "commit.gpgSign": None,
    "push.gpgSign": None,
    "diff.submodule": None,
}
PLAIN = {
    "protocol.ext.allow": "always",
    "log.showSignature": "true",
    "commit.gpgSign": "true",
    "push.gpgSign": "if-asked",
    "diff.submodule": "diff",
}
PROGRAMS = (
    *("conftest.py", "sitecustomize.py", "usercustomize.py", "setup.py", "noxfile.py"),
    "test_app.py",
)


IDLE = {
    *("alias.commit-tree", "alias.rev-parse", "difftool.x.cmd", "mergetool.x.cmd"),
    *("core.pager", "diff.external", "filter.evil2.process", "nested-src_bare"),
    *("hook-fsmonitor-watchman", "hook-pre-auto-gc", "hook-proc-receive", "hook-push-to-checkout"),
    *("hook-sendemail-validate", "interactive.diffFilter", "submodule.sub.update"),
    *("remote.origin.uploadpack", "remote.origin.receivepack", "remote.origin.vcs"),
    "uploadpack.packObjectsHook",
}
"""What nothing here springs: another vector comes first, or git heeds it from elsewhere only."""


class Trap:
    """A repository full of them."""

    def __init__(self, person, tmp_path: Path) -> None:
        self.person = person
        self.marks = tmp_path / "marks"
        self.marks.mkdir()
        self.tools = tmp_path / "tools"
        self.tools.mkdir()
        self.vectors: list[str] = []
        self._remote(tmp_path / "remote.git")
        self._files(person.folder)
        person.commit("chore: hostile files")
        self._settings(person.folder / ".git")
        self._hooks(person.folder / ".git/hooks")
        self._nested(person.folder)
        self._included(person.folder / ".git")
        self._environment(person.folder / ".venv")
        person.write("src/app.py", "changed, so that filters have work\n")

    def tool(self, name: str) -> str:
        """A program that leaves its mark."""
        place = self.tools / name.replace("/", "_")
        self.vectors.append(place.name)
        place.write_text(f"#!/bin/sh\ntouch '{self.marks}/{place.name}'\ntimeout 1 cat\n")
        place.chmod(0o755)
        return str(place)

    def sprung(self) -> list[str]:
        return sorted(p.name for p in self.marks.iterdir())

    def _remote(self, place: Path) -> None:
        subprocess.run(["git", "init", "-q", "--bare", str(place)], check=True)
        self.person.git("remote", "add", "origin", str(place))
        for name in RECEIVING:
            hook = place / "hooks" / name
            hook.parent.mkdir(exist_ok=True)
            hook.unlink(missing_ok=True)
            hook.symlink_to(self.tool(f"remote-{name}"))

    def _files(self, folder: Path) -> None:
        attributes = "* filter=evil diff=evil merge=evil\n*.py filter=evil2\n"
        self.person.write(".gitattributes", attributes)
        self.person.write("Makefile", f"all:\n\t{self.tool('make')}\n")
        for name in PROGRAMS:
            self.person.write(name, f"import os\nos.system({self.tool(name)!r})\n")
        self.person.write("ruff.toml", "")
        self.person.write(".gitmodules", '[submodule "sub"]\npath = sub\nurl = ext::sh -c x\n')

    def _settings(self, place: Path) -> None:
        for key, value in SETTINGS.items():
            text = PLAIN[key] if value is None else value.format(self.tool(key))
            self.person.git("config", key, text)
        (place / "info").mkdir(exist_ok=True)
        (place / "info/attributes").write_text("* filter=evil diff=evil merge=evil\n")

    def _hooks(self, place: Path) -> None:
        place.mkdir(exist_ok=True)
        for name in HOOKS:
            (place / name).unlink(missing_ok=True)
            (place / name).symlink_to(self.tool(f"hook-{name}"))

    def _nested(self, folder: Path) -> None:
        """A repository in the repository, and a bare one lying about in a subfolder."""
        for name, words in (("sub", ()), ("src/bare", ("--bare",))):
            subprocess.run(["git", "init", "-q", *words, str(folder / name)], check=True)
            where = ["git", "-C", str(folder / name), "config"]
            subprocess.run([*where, "core.fsmonitor", self.tool(f"nested-{name}")], check=True)

    def _environment(self, place: Path) -> None:
        (place / "bin").mkdir(parents=True)
        (place / "bin" / "python").symlink_to(self.tool("venv-python"))
        (place / "pyvenv.cfg").write_text("home = /usr/bin\n")

    def _included(self, place: Path) -> None:
        place.joinpath("more").write_text(f"[core]\n\tpager = {self.tool('include.path')}\n")
        self.person.git("config", "include.path", "more")


@pytest.fixture
def trap(person, tmp_path):
    return Trap(person, tmp_path)


async def _export(repo, base, folder):
    (await repo.tree(base)).write_to(folder / "out", {"src/app.py": "x\n"})


async def _diff(repo, base, folder):
    assert await repo.diff(base, {"src/app.py": "x\n", "conftest.py": "y\n"})


async def _commit(repo, base, folder):
    assert await repo.commit(_deed(base))


async def _find(repo, base, folder):
    await repo.commit(_deed(base))
    assert await repo.find("s", "Samovar-Run: r1")


async def _undo(repo, base, folder):
    assert await repo.undo("s", "r1", await repo.commit(_deed(base)))


async def _note(repo, base, folder):
    await repo.note(await repo.commit(_deed(base)), "{}")


async def _push(repo, base, folder):
    await repo.commit(_deed(base))
    assert await repo.push("s") == "origin/s"
    assert await repo.pushed("s") == "origin/s"


async def _dirty(repo, base, folder):
    assert "src/app.py" in await repo.dirty()


async def _read(repo, base, folder):
    tree = await repo.tree(base)
    assert all(tree.read(p) for p in tree.paths() if p.endswith(".py"))


def _deed(base):
    message = "fix: x\n\nSamovar-Run: r1\nevil: x\n"
    return Deed(base=base, branch="s", message=message, changed={"src/app.py": "x\n"})


async def _checked(repo, base, folder):
    """Test, lint and run an example, with the Python the project names and with our own."""
    tree = await repo.tree(base)
    named = surroundings(repo.place.trees, Settings(), folder, tree.paths())
    assert named.python == str(repo.place.root / ".venv/bin/python")
    for around in (named, find_environment(folder)):
        project = Project(tree, await find_sandbox(), around, folder / "copies", seconds=20)
        command = find_command(tree.paths(), partial(text_of, tree), around.python)
        assert command.endswith(" -m pytest -q")
        for words in (command, "make"):
            await project.test("tests", words, {"src/app.py": "x = 1\n"})
        await project.snippet("example", "import conftest\n", {})
        assert await project.lint({"src/app.py": "x = 1\n"}) or around is named


ACTS = [_export, _diff, _commit, _find, _undo, _note, _push, _dirty, _read, _checked]


@pytest.mark.parametrize("act", ACTS)
async def test_no_vector_runs_anything_on_the_host(act, trap, tmp_path):
    _forget(trap)
    repo = await git.open(trap.person.folder)
    await act(repo, await repo.head(), tmp_path)
    assert trap.sprung() == []


WORK = r"""
export GIT_CONFIG_COUNT=2
export GIT_CONFIG_KEY_0=commit.gpgSign GIT_CONFIG_VALUE_0=false
export GIT_CONFIG_KEY_1=push.gpgSign GIT_CONFIG_VALUE_1=false
git status; git diff; git log -p -1; git difftool -y -t x; git -C sub status
git add -u; git commit -m one; git commit --amend --no-edit; git commit --allow-empty
git branch left; git checkout -b right; echo r >> README.md; git commit -am right
git checkout left; echo l >> README.md; git commit -am left; git merge --no-edit --no-ff right
git rebase right; git rebase -i HEAD~1
git format-patch -1 --stdout > ../patch; git reset --hard HEAD~1; git am ../patch
git push . HEAD:refs/heads/near; git push "$1" HEAD:refs/heads/far
git commit -S --allow-empty -m gpg
git -c gpg.format=x509 commit -S --allow-empty -m x509
git -c gpg.format=ssh commit -S --allow-empty -m ssh
git -c gpg.format=ssh -c user.signingKey=/dev/null commit -S --allow-empty -m key
echo url=https://localhost/ | git credential fill
echo url=https://localhost/ | git -c credential.helper= credential fill
git ls-remote ssh://localhost/x; git ls-remote git://localhost/x
git web--browse -b x http://localhost/; git interpret-trailers --trailer evil=1
echo p >> README.md; echo y | git -c color.ui=always add -p
make; "$2" -c 'import conftest, noxfile, setup, sitecustomize, usercustomize, test_app'
.venv/bin/python
"""


def test_plain_git_in_the_same_repository_does_spring_them(trap, tmp_path):
    _forget(trap)
    words = ("sh", "-c", WORK, "sh", str(tmp_path / "remote.git"), sys.executable)
    at = {"cwd": trap.person.folder, "stdin": subprocess.DEVNULL}
    subprocess.run(words, **at, capture_output=True, env=os.environ | {"PYTHONPATH": "."})
    ours, theirs = pty.openpty()
    for name in ("status", "log", "diff", "show"):
        subprocess.run(["git", name], **at, stdout=theirs, stderr=theirs)
    os.close(ours)
    os.close(theirs)
    assert set(trap.vectors) - set(trap.sprung()) <= IDLE
    assert len(trap.sprung()) >= 56


def _forget(trap: Trap) -> None:
    """Making the trap sprang some already."""
    for mark in trap.marks.iterdir():
        mark.unlink()


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c 'touch {}/x'",
        "ext::touch {}/x%",
        "--upload-pack=touch {}/x",
        "fd::17",
        "-oProxyCommand=touch {}/x",
        "ssh://-oProxyCommand=touch%20{}/x/y",
        "foo://x/y",
        "ssh://-x/y",
        "a\x1b[31mb",
    ],
)
async def test_an_address_that_is_a_command_is_not_used(url, person, tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    person.git("config", "remote.origin.url", url.format(marks))
    person.git("config", "protocol.ext.allow", "always")
    repo = await git.open(person.folder)
    await repo.commit(_deed(await repo.head()))
    for act in (repo.push, repo.pushed):
        with pytest.raises(SetupError) as caught:
            await act("s")
        assert str(caught.value).isprintable()
    assert list(marks.iterdir()) == []


async def test_an_address_rewritten_by_the_repository_is_not_followed(person, tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    bare = tmp_path / "bare.git"
    person.git("init", "-q", "--bare", str(bare))
    person.git("remote", "add", "origin", str(bare))
    person.git("config", f"url.ext::sh -c touch% {marks}/x% .insteadOf", str(bare))
    person.git("config", "protocol.ext.allow", "always")
    repo = await git.open(person.folder)
    await repo.commit(_deed(await repo.head()))
    assert await repo.push("s") == "origin/s"
    assert list(marks.iterdir()) == []


async def test_the_environment_of_the_caller_does_not_steer_git(person, tmp_path, monkeypatch):
    mark = tmp_path / "mark"
    tool = tmp_path / "tool"
    tool.write_text(f"#!/bin/sh\ntouch {mark}\n")
    tool.chmod(0o755)
    for name in (
        "GIT_EXTERNAL_DIFF",
        "GIT_PAGER",
        "GIT_EDITOR",
        "GIT_SSH",
        "GIT_ASKPASS",
        "GIT_SSH_COMMAND",
        "PAGER",
    ):
        monkeypatch.setenv(name, str(tool))
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    monkeypatch.setenv("GIT_WORK_TREE", "/")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(tool))
    repo = await git.open(person.folder)
    base = await repo.head()
    await repo.commit(_deed(base))
    assert await repo.diff(base, {"src/app.py": "x"})
    assert await repo.dirty() == ()
    assert not mark.exists()
