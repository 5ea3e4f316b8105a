"""A copy of the files in which an agent may write, and what of it is kept."""

import os
import subprocess
from pathlib import Path

import msgspec
import pytest

from samovar.companion.draft import LARGEST, Draft, open_draft
from samovar.core.errors import ToolError
from samovar.repo import git


@pytest.fixture
async def draft(project, tmp_path) -> Draft:
    repo = await git.open(project)
    head = await repo.head()
    return await open_draft(tmp_path / "run", repo, head, head)


def shell(folder: Path, line: str) -> None:
    subprocess.run(["sh", "-c", line], cwd=folder, check=True)


async def test_a_fresh_draft_is_the_commit(draft, project):
    assert (await draft.change()).paths == ()
    assert await draft.diff() == ""
    assert (draft.root / "sums.py").read_text() == (project / "sums.py").read_text()
    assert os.access(draft.root / "run.sh", os.X_OK)
    assert not (draft.root / ".git").exists()


async def test_what_is_changed_new_and_removed_is_found(draft):
    shell(draft.root, "echo x = 1 > new.py; mkdir -p a/b; echo y > a/b/c.txt; rm run.sh")
    shell(draft.root, "echo '# end' >> sums.py")
    change = await draft.change()
    assert set(change.texts) == {"new.py", "a/b/c.txt", "sums.py"}
    assert change.removed == ("run.sh",)
    diff = await draft.diff()
    assert "+x = 1" in diff and "deleted file mode 100755" in diff and "+# end" in diff


async def test_a_second_look_sees_a_second_change(draft):
    (draft.root / "sums.py").write_text("one\n")
    assert (await draft.change()).texts["sums.py"] == "one\n"
    (draft.root / "sums.py").write_text("two\n")
    assert (await draft.change()).texts["sums.py"] == "two\n"


async def test_rubbish_is_left_alone_and_what_is_no_text_is_named(draft):
    shell(draft.root, "mkdir build __pycache__; touch build/a.o __pycache__/a.pyc")
    (draft.root / "plot.png").write_bytes(b"\x89PNG\0")
    change = await draft.change()
    assert change.texts == {} and change.removed == ()
    assert set(change.left_out) == {"plot.png"}
    assert "# plot.png: not text" in await draft.diff()


async def test_a_file_of_git_lfs_is_left_out_and_may_be_removed(project, tmp_path):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    (project / "a.dat").write_text(pointer)
    (project / "b.dat").write_text(pointer)
    shell(project, "git add -A; git commit -qm data")
    repo = await git.open(project)
    head = await repo.head()
    draft = await open_draft(tmp_path / "run", repo, head, head)
    shell(draft.root, "echo text > a.dat; rm b.dat; echo '# end' >> sums.py")
    change = await draft.change()
    assert set(change.texts) == {"sums.py"} and change.removed == ("b.dat",)
    assert "a.dat: kept by Git LFS" in await draft.diff()


async def test_what_was_made_and_no_commit_takes_is_named(draft):
    shell(draft.root, "mkdir -p build __pycache__ .venv results; echo '*' > results/.gitignore")
    shell(draft.root, "echo .venv > .gitignore; echo build/ >> .gitignore")
    shell(draft.root, "touch build/a.o __pycache__/a.pyc .venv/x; echo 1 > results/table-1.csv")
    shell(draft.root, "echo x > new.py; ln -s new.py new; rm link; printf '\\0' > plot.png")
    (draft.root / "blob.bin").write_bytes(b"\0 another")
    (draft.root / "large.txt").write_bytes(b"x" * LARGEST)
    found = await draft.made()
    assert found.paths == (
        *("blob.bin", "build/a.o", "large.txt", "plot.png", "results/table-1.csv"),
    )
    assert found.rest == ""


async def test_of_many_files_in_a_folder_that_is_ignored_as_a_whole_the_number_is_told(draft):
    shell(draft.root, "printf 'target/\\n*.png\\n' > .gitignore; mkdir -p target/deep plots")
    shell(
        draft.root,
        "touch $(seq -f target/deep/%g.o 15) $(seq -f target/%g 5) $(seq -f plots/%g.png 30)",
    )
    found = await draft.made()
    assert len(found.paths) == 50 and found.rest == "", "a few are told one by one"
    shell(draft.root, "touch target/last.o")
    found = await draft.made()
    assert len(found.paths) == 30 and all(p.startswith("plots/") for p in found.paths)
    assert found.rest == "target (21 files)"


async def test_a_link_leads_nowhere(draft, tmp_path):
    (tmp_path / "secret.txt").write_text("the secret")
    shell(draft.root, f"ln -s {tmp_path}/secret.txt a.txt; ln -s {tmp_path} folder")
    shell(draft.root, f"rm sums.py; ln -s {tmp_path}/secret.txt sums.py")
    change = await draft.change()
    assert "secret" not in str(change.texts)
    assert change.texts == {} and change.removed == ()
    assert set(change.left_out) == {"a.txt", "folder", "sums.py"}
    assert "# folder: a link; links cannot be committed from here" in await draft.diff()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("rm link", "a link that is gone"),
        ("ln -sf run.sh link", "a link;"),
        ("rm link; echo x > link", "a file where a link was"),
        ("ln -s nothing new", "a link;"),
    ],
)
async def test_a_changed_link_is_named_and_nothing_of_it_is_committed(draft, line, why):
    shell(draft.root, line)
    change = await draft.change()
    assert len(change.paths) == 1 and change.left_out[change.paths[0]].startswith(why)
    with pytest.raises(ToolError, match="nothing to commit"):
        await draft.commit("samovar/talk", "feat: link")
    (draft.root / "new.py").write_text("x = 1\n")
    made = await draft.commit("samovar/talk", "feat: new")
    modes = (await draft.repo.tree(made)).modes()
    assert modes["link"] == "120000" and "new" not in modes


async def test_links_are_taken_back(draft):
    before = os.readlink(draft.root / "link")
    await draft.mark(1)
    shell(draft.root, "mkdir own; ln -s ../sums.py own/near; ln -s nothing lost; rm link")
    shell(draft.root, "mkdir link; echo x > link/inside; chmod -x run.sh")
    await draft.mark(2)
    shell(draft.root, "rm -r link lost; ln -s run.sh link; mkdir lost; echo y > lost/and")
    shell(draft.root, "chmod +x run.sh sums.py")
    assert set(await draft.undo()) == {
        *("link", "link/inside", "lost", "lost/and", "run.sh", "sums.py")
    }
    assert (draft.root / "link" / "inside").read_text() == "x\n"
    assert os.readlink(draft.root / "lost") == "nothing"
    assert not os.access(draft.root / "run.sh", os.X_OK)
    assert set(await draft.undo()) == {"link", "link/inside", "lost", "own/near", "run.sh"}
    assert os.readlink(draft.root / "link") == before
    assert (await draft.change()).paths == ()
    assert os.access(draft.root / "run.sh", os.X_OK)


async def test_a_mark_of_before_modes_were_kept_can_be_taken_back(draft):
    (draft.root / "sums.py").write_text("first\n")
    await draft.mark(1)
    mark = next((draft.root.parent / "marks").glob("*.json"))
    kept = msgspec.json.decode(mark.read_bytes())
    assert kept.pop("modes")
    mark.write_bytes(msgspec.json.encode(kept))
    shell(draft.root, "echo second > sums.py; echo '# end' >> run.sh")
    assert await draft.undo() == ("run.sh", "sums.py")
    assert (draft.root / "sums.py").read_text() == "first\n"
    assert set((await draft.change()).paths) == {"sums.py"}


async def test_an_executable_file_is_committed_as_one(draft, project):
    shell(draft.root, "printf '#!/bin/sh\n' > tool; chmod +x tool sums.py; chmod -x run.sh")
    change = await draft.change()
    assert change.modes == {"run.sh": "100644", "sums.py": "100755", "tool": "100755"}
    diff = await draft.diff()
    assert "new file mode 100755" in diff
    assert "old mode 100644\nnew mode 100755" in diff and "old mode 100755" in diff
    made = await draft.commit("samovar/talk", "feat: programs")
    modes = (await draft.repo.tree(made)).modes()
    assert [modes[p] for p in ("run.sh", "sums.py", "tool")] == ["100644", "100755", "100755"]
    assert (await draft.change()).paths == ()
    (draft.root / "tool").write_text("#!/bin/sh\necho\n")
    assert (await draft.change()).modes == {}, "a changed file keeps its mode"


async def test_a_commit_is_made_on_a_branch_and_the_draft_goes_on_from_it(draft, project):
    shell(draft.root, "echo x = 1 > new.py; rm run.sh")
    before = (project / "sums.py").read_text(), sorted(p.name for p in project.iterdir())
    made = await draft.commit("samovar/talk", "feat: new\n\nSamovar-Run: r\n")
    shown = subprocess.run(
        ["git", "show", "--stat", "--format=%s", made], cwd=project, capture_output=True, text=True
    ).stdout
    assert "feat: new" in shown and "new.py" in shown and "run.sh" in shown
    after = sorted(p.name for p in project.iterdir() if p.name != ".samovar")
    assert ((project / "sums.py").read_text(), after) == before
    assert (await draft.change()).paths == ()
    with pytest.raises(ToolError, match="nothing to commit"):
        await draft.commit("samovar/talk", "feat: again\n")
    shell(draft.root, "rm new.py; mkdir new.py; echo 1 > new.py/x")
    again = await draft.commit("samovar/talk", "feat: a folder\n")
    assert again != made and draft.base == again


async def test_undo_goes_back_turn_by_turn(draft):
    code = (draft.root / "sums.py").read_text()
    await draft.mark(1)
    shell(draft.root, "echo first > sums.py; echo new > new.py; rm run.sh")
    (draft.root / "blob.bin").write_bytes(b"\0other")
    await draft.mark(2)
    await draft.mark(3)
    shell(draft.root, "echo second > sums.py; rm new.py")
    assert await draft.undo() == ("new.py", "sums.py")
    assert (draft.root / "sums.py").read_text() == "first\n"
    assert (draft.root / "new.py").read_text() == "new\n"
    assert await draft.undo() == ("blob.bin", "new.py", "run.sh", "sums.py")
    assert (draft.root / "sums.py").read_text() == code
    assert (draft.root / "blob.bin").read_bytes() == bytes(range(256))
    assert (await draft.change()).paths == ()
    assert await draft.undo() == ()


async def test_undo_does_not_write_through_a_link(draft, tmp_path):
    await draft.mark(1)
    victim = tmp_path / "victim.py"
    victim.write_text("mine")
    shell(draft.root, f"rm sums.py; ln -s {victim} sums.py")
    assert await draft.undo() == ("sums.py",)
    assert victim.read_text() == "mine"
    assert not (draft.root / "sums.py").is_symlink()
    assert (await draft.change()).paths == ()


async def test_a_draft_that_was_half_written_is_written_anew(project, tmp_path):
    repo = await git.open(project)
    head = await repo.head()
    (tmp_path / "run" / "work.half").mkdir(parents=True)
    (tmp_path / "run" / "work.half" / "junk").write_text("x")
    draft = await open_draft(tmp_path / "run", repo, head, head)
    assert (await draft.change()).paths == ()
    (draft.root / "sums.py").write_text("kept\n")
    again = await open_draft(tmp_path / "run", repo, head, head)
    assert (await again.change()).texts == {"sums.py": "kept\n"}
