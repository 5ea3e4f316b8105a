"""A git repository: commits made by plumbing, without a working tree, hooks or filters.

The user's working tree, index and HEAD are never touched, and git never runs in a folder that a
sandbox can write. See README.md for what is trusted.
"""

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from samovar.core.errors import SetupError, ToolError
from samovar.core.event import marker
from samovar.core.scratch import Scratch
from samovar.core.seams import Deed
from samovar.repo import note, remote
from samovar.repo.command import (
    DATA,
    FLAGS,
    OFFLINE,
    Place,
    Private,
    Result,
    line,
    must,
    run,
    unopened,
)
from samovar.repo.tree import FILE, PROGRAM, Files, encode, parse
from samovar.repo.trust import refuse_settings

__all__ = ["FLAGS", "Git", "open"]

RECENT = 500
"""How many commits of a branch are searched for a marker."""
UNDONE = "refs/samovar/undone"


async def open(path: Path) -> "Git":
    """Return the repository that holds `path`. Raises SetupError when there is none to be used."""
    where = path.resolve()
    if not where.is_dir():
        raise SetupError(f"{path} is not a folder")
    asked = await run(
        "-C",
        str(where),
        "rev-parse",
        "--path-format=absolute",
        "--git-dir",
        "--git-common-dir",
        "--git-path",
        "objects",
        "--show-object-format",
        "--is-bare-repository",
        "--is-inside-work-tree",
    )
    if asked.status != 0:
        raise unopened(path, asked.error)
    rows = asked.text.split("\n")
    if len(rows) != 6:
        # An older git takes --path-format for a name and repeats it.
        raise SetupError(f"cannot read what git says of {path}: git 2.31 or later is needed")
    git_dir, common, objects, hash_name, bare, inside = rows
    work = None
    if inside == "true":
        top = await run("-C", str(where), "rev-parse", "--path-format=absolute", "--show-toplevel")
        work = Path(top.text)
    elif bare != "true":
        raise SetupError(f"{path} is inside git's own folder: name the project's folder")
    listed = await run("--git-dir", git_dir, "config", "-z", "--includes", "--list")
    values = _settings(listed.out.decode("utf-8", "replace"))
    bare = values.get("core.bare", bare)  # of a linked worktree git says no, whatever it is of
    place = Place(Path(git_dir), Path(common), Path(objects), hash_name, work, bare == "true")
    for tree in place.trees:
        await refuse_settings(tree)
    return Git(place, values)


class Git:
    """One repository; a core Repo."""

    def __init__(self, place: Place, settings: Mapping[str, str]) -> None:
        self.place = place
        self._settings = settings
        data = {k: v for k, v in settings.items() if DATA.match(k) and re.fullmatch(r"\w+", v)}
        self._private = Private(place, data)

    async def head(self) -> str:
        """Return the commit that is checked out; empty on an unborn branch."""
        return await self._at("HEAD")

    async def tree(self, commit: str) -> Files:
        """Return the files of a commit; an empty `commit` has none."""
        if not commit:
            return Files(self._private, ())
        self._hash(commit)
        listed = await self._objects("ls-tree", "-r", "-z", "--full-tree", f"{commit}^{{tree}}")
        if listed.status != 0:
            raise SetupError(f"there is no commit {commit[:12]} in {self.place.root}")
        return Files(self._private, parse(listed.out))

    async def dirty(self) -> tuple[str, ...]:
        """Return the paths of the working tree that are not as in HEAD; a run leaves them out."""
        work = self.place.work
        if work is None:
            return ()
        self._copy_hints(await self.head())
        env = self._private.env(keep=True) | {
            "GIT_WORK_TREE": str(work),
            "GIT_INDEX_FILE": str(self.place.git_dir / "index"),
        }
        listed = await run(
            *OFFLINE,
            "--no-optional-locks",
            "status",
            "--porcelain=v1",
            "-z",
            "--no-renames",
            "--ignore-submodules=all",
            "--untracked-files=normal",
            cwd=work,
            env=env,
        )
        return tuple(os.fsdecode(row[3:]) for row in listed.out.split(b"\0") if row)

    async def commit(self, deed: Deed, /) -> str:
        """Put a commit on the branch without touching the user's tree; return its hash.

        The branch is made when it does not exist; otherwise it must stand at `deed.base`.
        Raises ToolError for a path or a change that is not allowed, SetupError for the branch.
        """
        reference = await self._reference(deed.branch)
        old = await self._tip(deed.branch)
        if old and old != deed.base:
            raise SetupError(
                f"the branch {deed.branch} already stands at {old[:12]}: "
                f"remove it with 'git branch -D {deed.branch}', or take another name"
            )
        if deed.branch in await self._checked_out():
            raise SetupError(f"the branch {deed.branch} is checked out: samovar leaves it alone")
        tree = await self._write_tree(deed, keep=True)
        if deed.base and tree == await self._tree_hash(deed.base):
            raise ToolError("the change leaves every file as it was")
        made = await self._commit_tree(tree, deed)
        moved = await self._refs(
            "update-ref", "-m", "samovar: commit", reference, made, old or "0" * len(made)
        )
        if moved.status != 0:
            raise SetupError(f"cannot move {deed.branch}: {line(moved.error)}")
        return made

    async def find(self, branch: str, marker: str, /) -> str:
        """Return the hash of the branch's commit whose message has `marker` as a line, or ""."""
        tip = await self._tip(branch)
        if not tip or not marker.strip():
            return ""
        listed = await self._objects(
            "log",
            f"--max-count={RECENT}",
            "--first-parent",
            "--no-show-signature",
            "--no-color",
            "-z",
            "--format=tformat:%H%n%B",
            tip,
        )
        for row in listed.out.decode("utf-8", "replace").split("\0"):
            digest, _, message = row.partition("\n")
            if any(line.strip() == marker.strip() for line in message.splitlines()):
                return digest
        return ""

    async def note(self, commit: str, text: str, /) -> None:
        """Keep a text beside a commit as a git note; one that is there already is replaced."""
        stored = must(await self._objects("hash-object", "-w", "--stdin", stdin=text.encode()))
        await note.change(self._refs, self._objects, "add", "-f", "-C", stored.text, commit)

    async def diff(
        self,
        base: str,
        changed: Mapping[str, str],
        /,
        removed: Sequence[str] = (),
        modes: Mapping[str, str] | None = None,
    ) -> str:
        """Return the unified diff from `base` to the changed files; nothing is stored."""
        deed = Deed(
            base=base,
            branch="",
            message="",
            changed=changed,
            removed=tuple(removed),
            modes=modes or {},
        )
        tree = await self._write_tree(deed, keep=False)
        shown = await self._objects(
            "diff-tree",
            "-p",
            "-r",
            "--no-ext-diff",
            "--no-textconv",
            "--no-renames",
            "--no-color",
            "--full-index",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            await self._tree_hash(base),
            tree,
            keep=False,
        )
        if shown.status != 0:
            raise SetupError(f"git cannot show the difference: {line(shown.error)}")
        return shown.out.decode("utf-8", "replace")

    def remote(self) -> str:
        """Return the name of the remote that a push goes to; empty when there is none."""
        return remote.choose(self._settings)

    async def push(self, branch: str, /) -> str:
        """Push the branch, never by force; return its page, or a reference such as `origin/x`."""
        tip = await self._tip(branch)
        if not tip:
            raise SetupError(f"there is no branch {branch} to push")
        where = remote.address(self._settings, self.place.root)
        await remote.push(where, tip, branch, self._private.env(keep=True))
        return self._landed(where, branch)

    async def pushed(self, branch: str, /) -> str:
        """Return what `push` returned if the remote has this very commit, else an empty string."""
        tip = await self._tip(branch)
        if not tip or not self.remote():
            return ""
        where = remote.address(self._settings, self.place.root)
        there = await remote.tip(where, branch, self._private.env(keep=True))
        return self._landed(where, branch) if there == tip else ""

    def _landed(self, where: str, branch: str) -> str:
        return remote.page(where, branch) or f"{self.remote()}/{branch}"

    async def undo(self, branch: str, run_id: str, commit: str, onto: str = "") -> str:
        """Take the commit of a run off its branch and say so; it stays under refs/samovar/undone.

        The branch goes back to the commit `onto`; without one it is deleted. Nothing is to be done
        where `commit` is kept there already. Raises SetupError with the `git revert` to run once
        others build upon it, or where the branch does not end with it.
        """
        tip = await self._tip(branch)
        kept = f"{UNDONE}/{re.sub(r'[^A-Za-z0-9_-]', '-', run_id)}"
        if not tip or await self.find(branch, marker(run_id)) != tip:
            if await self._at(kept) == commit:
                return f"{branch} has no commit of run {run_id}: nothing to undo"
            raise SetupError(
                f"{branch} does not end with the commit of run {run_id}: "
                f"see 'git log', then 'git revert {commit[:12]}' where it is"
            )
        if branch in await self._checked_out():
            raise SetupError(f"{branch} is checked out: leave it first, or 'git revert {tip[:12]}'")
        holders = await self._refs(
            "for-each-ref", "--contains", tip, "--format=%(refname)", "refs/heads", "refs/tags"
        )
        others = [r for r in holders.text.split("\n") if r and r != f"refs/heads/{branch}"]
        if others:
            raise SetupError(f"{others[0]} already holds it: run 'git revert {tip[:12]}' there")
        move = f"update refs/heads/{branch} {onto}" if onto else f"delete refs/heads/{branch}"
        script = f"start\nupdate {kept} {tip}\n{move} {tip}\ncommit\n"
        done = await self._refs("update-ref", "--stdin", stdin=script.encode())
        if done.status != 0:
            raise SetupError(f"cannot move {branch}: {line(done.error)}")
        with suppress(SetupError):
            await note.change(self._refs, self._objects, "remove", "--ignore-missing", tip)
        went = f"{branch} is back at {onto[:12]}" if onto else f"deleted {branch}"
        return f"{went}; its commit {tip[:12]} is kept as {kept}"

    async def _refs(self, *arguments: str, stdin: bytes = b"") -> Result:
        """Run a command about references in the real repository; none of these starts programs."""
        where = ("--git-dir", str(self.place.git_dir), "-c", "core.fsync=all")
        return await run(*OFFLINE, *where, *arguments, stdin=stdin)

    async def _objects(
        self, *arguments: str, keep: bool = True, index: Path | None = None, stdin: bytes = b""
    ) -> Result:
        """Run a command about objects, deaf to the repository's configuration."""
        env = self._private.env(keep=keep)
        if index is not None:
            env["GIT_INDEX_FILE"] = str(index)
        return await run(*OFFLINE, *arguments, env=env, stdin=stdin)

    async def _tip(self, branch: str) -> str:
        return await self._at(await self._reference(branch))

    async def _at(self, name: str) -> str:
        return (await self._refs("rev-parse", "--verify", "-q", f"{name}^{{commit}}")).text

    async def _reference(self, branch: str) -> str:
        reference = f"refs/heads/{branch}"
        checked = await self._refs("check-ref-format", reference)
        if checked.status != 0 or branch.startswith("-") or branch == "HEAD":
            raise SetupError(f"{branch!r} is not a name git accepts for a branch")
        return reference

    async def _checked_out(self) -> set[str]:
        """Return the branches that some working tree has checked out."""
        listed = await self._refs("worktree", "list", "--porcelain")
        lines = listed.text.split("\n")
        return {line[len("branch refs/heads/") :] for line in lines if line.startswith("branch ")}

    async def _tree_hash(self, commit: str) -> str:
        if not commit:
            return (await self._objects("hash-object", "-t", "tree", "--stdin", keep=False)).text
        self._hash(commit)
        found = await self._objects("rev-parse", "--verify", "-q", f"{commit}^{{tree}}")
        if found.status != 0:
            raise SetupError(f"there is no commit {commit[:12]} in {self.place.root}")
        return found.text

    def _hash(self, commit: str) -> None:
        """Raise SetupError unless it is a full hash: names mean nothing where objects are read."""
        if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", commit):
            raise SetupError(f"{commit[:80]!r} is not the full hash of a commit")

    async def _write_tree(self, deed: Deed, *, keep: bool) -> str:
        base, changed, removed = deed.base, deed.changed, deed.removed
        tree = await self.tree(base)
        tree.check(changed, removed)
        modes = tree.modes()
        for path, mode in deed.modes.items():
            if path not in changed or mode not in (FILE, PROGRAM):
                raise ToolError(f"{path!r} cannot have the mode {mode}")
        with Scratch() as folder:
            index = folder / "index"
            if base:
                whole = await self._tree_hash(base)
                must(await self._objects("read-tree", whole, keep=keep, index=index))
            kept = {**modes, **deed.modes}
            rows = [await self._row(p, t, kept, keep=keep) for p, t in changed.items()]
            # Mode 0 takes a path out of the index; what is a folder now may lie below it.
            none = b"0 " + b"0" * len(base)
            rows = [none + b"\t" + os.fsencode(p) + b"\0" for p in removed if p in modes] + rows
            must(
                await self._objects(
                    "update-index",
                    "-z",
                    "--index-info",
                    keep=keep,
                    index=index,
                    stdin=b"".join(rows),
                )
            )
            return must(await self._objects("write-tree", keep=keep, index=index)).text

    async def _row(self, path: str, text: str, modes: Mapping[str, str], *, keep: bool) -> bytes:
        stored = must(
            await self._objects(
                "hash-object", "-w", "--no-filters", "--stdin", keep=keep, stdin=encode(path, text)
            )
        )
        return f"{modes.get(path, FILE)} {stored.text}\t{path}\0".encode()

    async def _commit_tree(self, tree: str, deed: Deed) -> str:
        name, mail = await self._identity()
        env = self._private.env(keep=True)
        for role in ("AUTHOR", "COMMITTER"):
            env |= {f"GIT_{role}_NAME": name, f"GIT_{role}_EMAIL": mail}
        parent = ("-p", deed.base) if deed.base else ()
        asked = await run("config", "--global", "--type=bool", "--get", "commit.gpgsign")
        sign = ("-S",) if asked.text == "true" else ()
        message = encode("the commit message", deed.message.rstrip("\n") + "\n")
        made = await run(*OFFLINE, "commit-tree", tree, *parent, *sign, env=env, stdin=message)
        if made.status != 0 and sign:
            raise SetupError(
                f"the commit could not be signed: {line(made.error)}; "
                "unlock the key, or 'git config --global commit.gpgsign false'"
            )
        return must(made).text

    async def _identity(self) -> tuple[str, str]:
        name = self._settings.get("user.name", "").strip(" \n<>.,:;\"'")
        mail = self._settings.get("user.email", "").strip(" \n<>")
        return name or "Samovar", mail or "samovar@localhost"

    def _copy_hints(self, head: str) -> None:
        """Bring what `git status` reads beside the index: private ignore rules, split index."""
        (self._private.folder / "HEAD").write_text(f"{head or 'ref: refs/heads/samovar'}\n")
        exclude = self.place.common / "info" / "exclude"
        if exclude.is_file():
            (self._private.folder / "info" / "exclude").write_bytes(exclude.read_bytes())
        for part in self.place.git_dir.glob("sharedindex.*"):
            (self._private.folder / part.name).write_bytes(part.read_bytes())


def _settings(listing: str) -> dict[str, str]:
    """Return the last value of every key in `git config -z --list`."""
    rows = (row.partition("\n") for row in listing.split("\0") if row)
    return {key: value for key, _, value in rows}
