"""What is kept of an agent's work, also when it is cut off in the middle."""

import pytest
from actions import call, reply

from samovar.core.message import Request
from samovar.core.talk import Looked, Replied, Stopped
from samovar.hands import ground
from samovar.hands.ground import Ground
from samovar.models.scripted import Rules
from samovar.org.seams import StoreAway

from .conftest import Killed, events, git, held, hire, results

EDIT = call("edit_text", path="page.html", search="Utilize the form", replace="Use the form")


PLOT = """
import os
os.makedirs("plots", exist_ok=True)
open("plots/plot-1.png", "wb").write(b"\\x89PNG\\0 new")
"""


BUILD = """
import os
os.makedirs("build/deep")
open("build/.gitignore", "w").write("*")
for n in range(21): open(f"build/deep/{n}.o", "w").close()
"""


async def test_a_build_is_not_kept_and_that_is_told(home, open_books):
    hire(home, "analyst", "python", permissions={"repositories": [".."]})
    books = open_books([call("python", code=BUILD), reply("Built.")])
    team = books.team()
    await team.submit("build it", "analyst")
    await team.tick()
    [job] = await team.tasks("analyst", ("done",))
    [run] = (home / "runs").iterdir()
    assert job.result == f"Built.\n\n(run {run.name}, not kept: build/deep (21 files))"
    assert not (run / "files").exists()


async def test_what_no_commit_takes_is_kept_with_the_run_and_named(home, open_books):
    hire(home, "analyst", "python", permissions={"repositories": [".."]})
    code = PLOT + "'\\n'.join(str(n) for n in range(2_000))"
    books = open_books([call("python", code=code), reply("See plots/plot-1.png.")])
    team = books.team()
    await team.submit("plot the sales", "analyst")
    await team.tick()
    [job] = await team.tasks("analyst", ("done",))
    [run] = (home / "runs").iterdir()
    named = "plots/plot-1.png, results/result-1.txt"
    text = f"See plots/plot-1.png.\n\n(run {run.name}, kept in runs/{run.name}/files: {named})"
    assert job.result == text
    assert (run / "files/plots/plot-1.png").read_bytes() == b"\x89PNG\0 new"
    assert (run / "files/results/result-1.txt").read_text().endswith("\n1999")
    assert not (run / "work").exists() and not git(home.parent, "branch", "--list", "samovar/*")
    looked = [e.facts for e in events(home) if isinstance(e, Looked)]
    assert looked[-1].startswith("changed: plots/plot-1.png"), "the model is told so too"


async def test_what_is_kept_is_named_also_when_a_crash_came_before_the_copy_was_gone(
    home, open_books, monkeypatch
):
    project = home.parent
    (project / "plots").mkdir()
    (project / "plots/plot-1.png").write_bytes(b"\x89PNG\0 old")
    git(project, "add", "plots")
    git(project, "commit", "-qm", "a plot")
    hire(home, "analyst", "python", "edit_text", permissions={"repositories": [".."]})
    team = open_books([call("python", code=PLOT), EDIT, reply("Drawn anew.")]).team()
    await team.engine.grant(team.engine.folder.read())
    job = await team.submit("draw the plot anew, shorten page.html", "analyst")

    keep = ground.keep

    def killed(*arguments):
        keep(*arguments)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(ground, "keep", killed)
        with pytest.raises(Killed):
            await team.engine.turns.crew.work(job, held)
    ended = await team.engine.turns.crew.work(job, held)
    [run] = (home / "runs").iterdir()
    assert ended.text.endswith(
        f"(run {run.name}, branch samovar/{run.name}, "
        f"kept in runs/{run.name}/files: plots/plot-1.png)"
    )
    assert (run / "files/plots/plot-1.png").read_bytes() == b"\x89PNG\0 new"
    changed = git(project, "show", "--name-only", "--format=", f"samovar/{run.name}")
    assert changed == "page.html", "the plot stays in the commit as it was"
    assert not list(run.glob("work*"))


async def test_a_copy_that_a_crash_removed_in_part_is_not_taken_for_a_change(
    home, open_books, monkeypatch
):
    hire(home, "reader", "read_file", permissions={"repositories": [".."]})
    team = open_books([reply("A heading.")]).team()
    await team.engine.grant(team.engine.folder.read())
    job = await team.submit("what is in page.html?", "reader")
    remove = ground.remove

    async def killed(folder):
        if folder.exists():
            (folder / "server.log").unlink()
            raise Killed
        await remove(folder)

    with monkeypatch.context() as patch:
        patch.setattr(ground, "remove", killed)
        with pytest.raises(Killed):
            await team.engine.turns.crew.work(job, held)
    ended = await team.engine.turns.crew.work(job, held)
    assert ended.text == "A heading." and not list((home / "runs").glob("*/work*"))
    assert not git(home.parent, "branch", "--list", "samovar/*")


async def test_a_task_cut_off_anywhere_goes_on_where_its_log_ends(home, open_books):
    hire(home, "writer", "edit_text", "search", permissions={"repositories": [".."]})

    edit = call("edit_text", path="page.html", search="Utilize the form", replace="Use the form")
    script = [call("search", pattern="Utilize"), edit, reply("done")]
    asked = 0

    def rule(_request: Request) -> str:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise Killed
        return script[min(len([e for e in events(home) if isinstance(e, Replied)]), 2)]

    books = open_books(Rules(rule))
    team = books.team()
    await team.engine.grant(team.engine.folder.read())
    await team.submit("Shorten page.html", "writer")
    job = await books.store.claims.claim("dead", 0.0, ("writer",))

    async def hold() -> None:
        return None

    with pytest.raises(Killed):
        await team.engine.turns.crew.work(job, hold)
    again = await books.store.claims.claim("alive", 60, ("writer",))
    assert again is not None and again.attempts == 2
    ended = await team.engine.turns.crew.work(again, hold)
    assert ended.state == "done" and "branch samovar/" in ended.text
    assert [r.call.tool for r in results(home)] == ["search", "edit_text"], "none twice"
    [branch] = git(home.parent, "branch", "--list", "samovar/*").split()
    assert "Use the form" in git(home.parent, "show", f"{branch}:page.html")
    # The report was lost as well: what is done is told again, and not done again.
    (path,) = (home / "agents" / "writer" / "outbox").glob("*.json")
    path.unlink()
    assert await team.engine.turns.crew.work(again, hold) == ended
    assert asked == 4


async def test_an_answer_that_could_not_be_delivered_is_not_worked_out_again(home, open_books):
    hire(home, "writer", "edit_text", permissions={"repositories": [".."]})
    books = open_books([EDIT, reply("One heading is shorter.")])
    team = books.team()
    await team.engine.grant(team.engine.folder.read())
    await team.submit("Shorten the heading of page.html", "writer")

    async def hold() -> None:
        if any(isinstance(e, Stopped) for e in events(home)):
            raise StoreAway("the database does not answer")

    job = await books.store.claims.claim("one", 60, ("writer",))
    with pytest.raises(StoreAway):
        await team.engine.turns.crew.work(job, hold)
    # What stops a worker costs no attempt: the next one is the first again.
    await books.store.claims.release(job, "away")
    again = await books.store.claims.claim("two", 60, ("writer",))
    assert again.attempts == 1
    ended = await team.engine.turns.crew.work(again, held)
    assert ended.state == "done" and "branch samovar/" in ended.text
    assert len(books.model.asked) == 2 and len(list((home / "runs").iterdir())) == 1


async def test_a_copy_begun_before_a_crash_is_never_compared_with_a_later_commit(
    home, open_books, monkeypatch
):
    hire(home, "writer", "edit_text", permissions={"repositories": [".."]})
    team = open_books([EDIT, reply("shorter")]).team()
    await team.engine.grant(team.engine.folder.read())
    job = await team.submit("Shorten the heading of page.html", "writer")
    opened = Ground.open

    async def killed(self, began):
        await opened(self, began)
        raise Killed

    monkeypatch.setattr(Ground, "open", killed)
    with pytest.raises(Killed):
        await team.engine.turns.crew.work(job, held)
    monkeypatch.setattr(Ground, "open", opened)
    (home.parent / "server.log").write_text("rotated\n")
    git(home.parent, "commit", "-qam", "meanwhile")
    await team.engine.turns.crew.work(job, held)
    [branch] = git(home.parent, "branch", "--list", "samovar/*").split()
    assert git(home.parent, "show", "--name-only", "--format=", branch) == "page.html"


async def test_the_copy_is_removed_also_when_a_crash_came_first(home, open_books, monkeypatch):
    hire(home, "writer", "edit_text", permissions={"repositories": [".."]})
    team = open_books([EDIT, reply("shorter")]).team()
    await team.engine.grant(team.engine.folder.read())
    job = await team.submit("Shorten the heading of page.html", "writer")
    leave = Ground.leave

    async def killed(*_):
        raise Killed

    monkeypatch.setattr(Ground, "leave", killed)
    with pytest.raises(Killed):
        await team.engine.turns.crew.work(job, held)
    monkeypatch.setattr(Ground, "leave", leave)
    assert (await team.engine.turns.crew.work(job, held)).state == "done"
    assert not list((home / "runs").glob("*/work"))
