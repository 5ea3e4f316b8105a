"""Agents of the team at work with the tools of their resumes, on real files."""

import json

import pytest

from samovar.core.errors import ModelError, Unreachable
from samovar.core.log import read
from samovar.core.message import Request
from samovar.core.talk import Began, Looked, Offered, Replied, Stopped, Used
from samovar.hands import ground
from samovar.hands.errand import Errand
from samovar.hands.ground import Ground
from samovar.memory.notebook import Notebook
from samovar.models.scripted import Rules
from samovar.org.outbox import OutboxEntry, post
from samovar.org.seams import StoreAway

from .conftest import LOG, call, cancelled_before_asked, git, hire, notes, reply

EDIT = call("edit_text", path="page.html", search="Utilize the form", replace="Use the form")


class Killed(BaseException):
    """As if the process had been killed."""


async def held() -> None:
    """Hold a job that nobody else wants."""


def events(home):
    """Return what happened in every conversation, in its order."""
    paths = sorted((home / "runs").glob("*/events.jsonl"))
    return [entry.event for path in paths for entry in read(path)]


def results(home):
    return [e.result for e in events(home) if isinstance(e, Used)]


async def test_a_log_summarizer_reads_a_log_and_reports(home, open_books):
    hire(home, "log_summarizer", "read_file", "search", permissions={"repositories": [".."]})
    books = open_books([call("search", pattern="ERROR"), reply("1 failed: disk full (line 41)")])
    team = books.team()
    await team.submit("Summarize server.log", "log_summarizer")
    assert (await team.tick()).turns == {"log_summarizer": "work"}
    [job] = await team.tasks("log_summarizer", ("done",))
    assert job.result == "1 failed: disk full (line 41)"
    report = (await team.messages("log_summarizer"))[0].entry
    assert report.kind == "report" and report.text.endswith(job.result) and not report.run
    [began] = [e for e in events(home) if isinstance(e, Began)]
    assert began.task == job.id, "people see that it is no conversation of theirs"
    read_first, searched = results(home)
    assert read_first.call.arguments == {"path": "server.log"}, "what a task names is read at once"
    assert "server.log:41" in searched.text and "ERROR disk full" in searched.text
    assert (home.parent / "server.log").read_text() == LOG
    assert not list((home / "runs").glob("*/work")), "the copy is gone when nothing was changed"


async def test_a_spec_writer_reads_what_was_said_and_writes_a_file_of_its_own(home, open_books):
    hire(home, "manager")
    hire(home, "rival")
    tools = ("list_files", "read_file", "write_file", "memory")
    hire(home, "spec_writer", *tools, permissions={"read_outboxes": ["manager"]})
    for name, text in (("manager", "We take SQLite."), ("rival", "We take MySQL.")):
        post(home, name, OutboxEntry(sender=name, tick=0, seq=0, text=text))
    secret = OutboxEntry(sender="manager", tick=0, seq=0, to=("rival",), text="for rival alone")
    post(home, "manager", secret)
    books = open_books(
        [
            call("read_file", path="team/manager.md"),
            call("write_file", path="spec.md", content="# Decisions\n\n- SQLite (manager)\n"),
            call("memory", action="store", text="The database is SQLite."),
            reply("spec.md holds one decision."),
        ]
    )
    team = books.team()
    own = home / "agents" / "spec_writer" / "files"
    outside = home.parent / "outside"
    own.mkdir()
    outside.mkdir()
    (own / "team").symlink_to(outside)
    await team.submit("Write down what was decided", "spec_writer")
    await team.tick()
    assert not list(outside.iterdir()), "no link leads what is written out of the folder"
    assert "SQLite" in (own / "spec.md").read_text()
    assert sorted(p.name for p in (own / "team").iterdir()) == ["manager.md"]
    found = results(home)[0].text
    assert "We take SQLite." in found and "MySQL" not in found and "rival" not in found
    memory = notes(home, "spec_writer")
    assert "SQLite" in await memory.recall("which database", 200)
    memory.close()
    heard = books.model.asked[0].messages[1].text
    assert "Your folder holds: team/manager.md" in heard


async def test_a_copy_editor_reads_the_page_and_suggests_words(home, open_books):
    hire(home, "ui_copy_editor", "read_file", permissions={"repositories": [".."]})
    books = open_books([reply("old: Utilize the form; new: Use the form")])
    team = books.team()
    await team.submit("Improve the words of page.html", "ui_copy_editor")
    await team.tick()
    assert "Utilize the form" in books.model.asked[0].messages[1].text
    [job] = await team.tasks("ui_copy_editor", ("done",))
    assert "new: Use the form" in job.result


async def test_the_plan_and_the_notebook_of_the_home_stand_in_the_prompt(home, open_books):
    hire(home, "writer", "read_file", permissions={"repositories": [".."]})
    (home / "project.md").write_text("# Shop\n\nPhase: planning\n\n## Tasks\n\n- [ ] sell tea\n")
    Notebook(home).add("customers want green tea", "ada")
    books = open_books([reply("Green tea.")])
    team = books.team()
    await team.submit("Which tea?", "writer")
    await team.tick()
    told = books.model.asked[0].messages[1].text
    assert "Next: 1. sell tea\nLast noted by ada: customers want green tea" in told


async def test_what_is_changed_in_a_repository_becomes_a_commit_on_a_branch(home, open_books):
    hire(home, "writer", "edit_text", permissions={"repositories": [".."]})
    hire(home, "reviewer", permissions={"read_outboxes": ["writer"]})
    edit = call("edit_text", path="page.html", search="Utilize the form", replace="Use the form")
    books = open_books([edit, reply("One heading is shorter.")])
    team = books.team()
    await team.submit("Shorten the heading of page.html", "writer")
    await team.tick()
    report = (await team.messages("writer"))[0].entry
    assert report.run and f"branch samovar/{report.run}" in report.text
    project = home.parent
    shown = git(project, "show", f"samovar/{report.run}")
    assert "+<h1>Use the form" in shown and f"Samovar-Run: {report.run}" in shown
    assert "Utilize" in (project / "page.html").read_text(), "the person's files stay"
    assert "Use the form" in (home / "runs" / report.run / "change.diff").read_text()
    # Whoever works on something about that run starts from its commit.
    hire(home, "reviewer", "read_file", permissions={"repositories": [".."]})
    books = open_books([call("read_file", path="page.html"), reply("no mistakes found")])
    team = books.team()
    job = await team.submit("review it", "reviewer")
    books.store.queue.jobs.keep(_about(job, report.run))
    await team.tick()
    assert "Use the form" in results(home)[-1].text


def _about(job, run):
    from msgspec.structs import replace

    return replace(job, run=run)


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


async def test_only_the_tools_of_the_resume_can_be_called(home, open_books):
    hire(home, "writer", "read_file", "tool1", permissions={"repositories": [".."]})
    answers = [
        call("write_file", path="page.html", content="mine"),
        call("shell", command="echo hi"),
        reply("I may only read."),
    ]
    books = open_books(answers)
    team = books.team()
    await team.submit("change the heading", "writer")
    await team.tick()
    assert results(home) == [], "what is not permitted is not even a call"
    offered = books.model.asked[0].messages[0].text
    assert "read_file" in offered and "write_file" not in offered and "shell" not in offered
    assert "not to be had here: tool1" in str(team.log("writer"))


async def test_an_agent_whose_tools_nobody_has_gives_one_plain_answer(home, open_books):
    hire(home, "writer", "tool1", "tool2")
    books = open_books(["a line about tea"])
    team = books.team()
    await team.submit("write about tea", "writer")
    await team.tick()
    assert [j.result for j in await team.tasks("writer")] == ["a line about tea"]
    assert [e for e in events(home) if isinstance(e, Offered | Used)] == []
    assert books.model.asked[0].schema is None


async def test_a_planner_looks_before_it_hands_out(home, open_books):
    hire(home, "boss", "search", craft="plan", model="m-32b", permissions={"repositories": [".."]})
    hire(home, "dev", permissions={"read_outboxes": ["boss"]})
    plan = json.dumps({"tasks": [{"to": "dev", "text": "mend page.html line 1"}]})
    books = open_books([call("search", pattern="Utilize"), reply("page.html line 1"), plan])
    team = books.team()
    await team.submit("simpler words", "boss")
    await team.tick()
    assert [j.text for j in await team.tasks("dev")] == ["mend page.html line 1"]
    asked = books.model.asked[-1].messages[1].text
    assert "What you found out:\npage.html line 1" in asked


async def test_a_planner_pays_for_its_look_and_for_its_plan(home, open_books):
    hire(home, "boss", "search", craft="plan", model="m-32b", permissions={"repositories": [".."]})
    hire(home, "dev", permissions={"read_outboxes": ["boss"]})
    free = {"prompt": 0, "cached": 0, "generated": 0}
    prices = {"agents": {"*": {"credits_left": 1}}, "tariffs": {"*": {"call": 100, **free}}}
    (home / "credits.json").write_text(json.dumps(prices))
    plan = json.dumps({"tasks": [{"to": "dev", "text": "mend page.html line 1"}]})
    books = open_books([call("search", pattern="Utilize"), reply("page.html line 1"), plan])
    team = books.team()
    await team.submit("simpler words", "boss")
    await team.tick()
    spent = [e.amount for e in await team.entries("boss") if e.amount < 0]
    assert len(books.model.asked) == len(spent) == 3


async def test_every_call_is_charged_and_empty_credits_stop_in_the_middle(home, open_books):
    hire(home, "writer", "search", permissions={"repositories": [".."]})
    free = {"prompt": 0, "cached": 0, "generated": 0}
    prices = {"agents": {"*": {"credits_left": 0.0002}}, "tariffs": {"*": {"call": 100, **free}}}
    (home / "credits.json").write_text(json.dumps(prices))
    answers = [call("search", pattern=f"0{n}") for n in range(2)]
    books = open_books([*answers, reply("done")])
    team = books.team()
    await team.submit("look around", "writer")
    ticked = await team.tick()
    assert "samovar credits add writer" in ticked.failed["writer"]
    spent = [e for e in await team.entries("writer") if e.amount < 0]
    assert len(spent) == 2 and {e.task for e in spent} == {1}
    [job] = await team.tasks("writer")
    assert (job.state, job.attempts) == ("ready", 0), "the task waits for credits"
    await team.add_credits("writer", 1_000_000)
    for _ in range(12):
        await team.tick()
    assert [j.state for j in await team.tasks("writer")] == ["done"]
    assert len(books.model.asked) == 3, "nothing that was paid is asked again"
    assert len(results(home)) == 2


async def test_a_task_ends_at_the_credits_of_the_settings(home, open_books):
    hire(home, "writer", "search", permissions={"repositories": [".."]})
    free = {"prompt": 0, "cached": 0, "generated": 0}
    (home / "credits.json").write_text(json.dumps({"tariffs": {"*": {"call": 100, **free}}}))
    looks = [call("search", pattern=f"0{n}") for n in range(3)]
    books = open_books([*looks, reply("done")], turn_credits=0.0002)
    team = books.team()
    await team.add_credits("writer", 1_000_000)
    await team.submit("look around", "writer")
    await team.tick()
    [job] = await team.tasks("writer")
    said = (await team.messages("writer"))[0].entry.text
    assert job.state == "failed" and "the limit of 0.0002 credits is reached" in said
    assert len(books.model.asked) == 2


async def test_a_model_that_goes_away_loses_nothing(home, open_books):
    hire(home, "writer", "search", permissions={"repositories": [".."]})
    away = Unreachable("no model answers at http://localhost:1")
    books = open_books([call("search", pattern="ERROR"), away, reply("disk full")])
    team = books.team()
    await team.submit("what failed?", "writer")
    assert 3 in (await team.tick()).codes.values()
    assert not any(isinstance(e, Stopped) for e in events(home))
    for _ in range(4):
        await team.tick()
    [job] = await team.tasks("writer")
    assert (job.state, job.result, job.attempts) == ("done", "disk full", 1)
    assert len(results(home)) == 1 and len([e for e in events(home) if isinstance(e, Began)]) == 1


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


async def test_a_person_reads_all_of_what_a_word_counts_for(home, open_books):
    hire(home, "writer", "write_file", permissions={"repositories": [".."]})
    rules = {"ask": ({"tool": "write_file", "why": "files matter"},)}
    content = "tea\n" * 6_000 + "the end"
    write = call("write_file", path="new.md", content=content)
    team = open_books([write], rules=_rules(rules)).team()
    await team.submit("write new.md", "writer")
    await team.tick()
    [asked] = await team.approvals()
    assert json.dumps(content) in asked.text


async def test_a_call_cut_off_after_a_persons_yes_is_not_asked_for_and_done_again(
    home, open_books, monkeypatch
):
    hire(home, "writer", "write_file", permissions={"repositories": [".."]})
    rules = {"ask": ({"tool": "write_file", "why": "files matter"},)}
    write = call("write_file", path="new.md", content="tea\n")
    books = open_books([write, reply("written")], rules=_rules(rules))
    team = books.team()
    await team.submit("write new.md", "writer")
    await team.tick()
    [asked] = await team.approvals()
    await team.approve(asked.id)
    job = await books.store.claims.claim("one", 60, ("writer",))
    append = Errand._append

    def killed(self, event):
        if isinstance(event, Used):
            raise Killed
        append(self, event)

    monkeypatch.setattr(Errand, "_append", killed)
    with pytest.raises(Killed):
        await team.engine.turns.crew.work(job, held)
    monkeypatch.setattr(Errand, "_append", append)
    ended = await team.engine.turns.crew.work(job, held)
    assert ended.state == "done" and not await team.approvals()
    [told] = results(home)
    assert "begun and broken off" in told.text


async def test_a_question_waits_for_a_person_and_the_task_goes_on_with_the_answer(home, open_books):
    hire(home, "writer", "ask", "search", permissions={"repositories": [".."]})
    books = open_books([call("ask", question="May I be brief?"), reply("Brief.")])
    team = books.team()
    await team.submit("write about tea", "writer")
    await team.tick()
    assert [j.state for j in await team.tasks("writer")] == ["waiting"]
    [asked] = await team.approvals()
    assert (asked.agent, asked.text, asked.task) == ("writer", "May I be brief?", 1)
    await team.refuse(asked.id, "take your time", by="ann")
    await team.tick()
    await team.tick()
    [job] = await team.tasks("writer")
    assert (job.state, job.result) == ("done", "Brief.")
    [answer] = results(home)
    assert answer.text == "person answers: take your time"


async def test_a_task_that_goes_on_after_a_question_is_told_its_variables_are_gone(
    home, open_books
):
    hire(home, "writer", "ask", "python", permissions={"repositories": [".."]})
    code = [call("python", code=code) for code in ("x = 1", "x")]
    books = open_books([code[0], call("ask", question="Shall I?"), code[1], reply("Done.")])
    team = books.team()
    await team.submit("count", "writer")
    await team.tick()
    [asked] = await team.approvals()
    await team.refuse(asked.id, "yes, do", by="ann")
    await team.tick()
    await team.tick()
    first, _answer, last = results(home)
    assert first.text == "(no output)"
    assert last.text.startswith("[a new session: earlier variables and imports are gone]\n")


async def test_a_question_to_a_teammate_becomes_a_message_and_the_task_goes_on(home, open_books):
    hears = {"read_outboxes": ["writer", "ada"]}
    hire(home, "ada", permissions={"read_outboxes": ["writer"]})
    hire(home, "bob", permissions={"read_outboxes": ["writer"]})
    hire(home, "writer", "ask", permissions=hears)
    asks = [call("ask", question="Green or black?", whom=name) for name in ("bob", "ada")]
    books = open_books([*asks, reply("Tea. Open: which.")])
    team = books.team()
    await team.submit("write about tea", "writer")
    await team.tick()
    [job] = await team.tasks("writer")
    assert (job.state, job.result) == ("done", "Tea. Open: which.") and not await team.approvals()
    unheard, sent = results(home)
    assert unheard.text == "there is no 'bob' to ask; ask one of: person, ada"
    assert (
        sent.ok
        and "sent to ada; an answer, if any, comes as a message in a later turn" in sent.text
    )
    [report, letter] = [m.entry for m in await team.messages("writer")]
    assert (letter.kind, letter.to, letter.text) == ("message", ("ada",), "Green or black?")
    assert letter.job == job.id and report.kind == "report"
    team.engine.mailroom.look(team.engine.folder.read())
    heard = team.engine.mailroom.unread("ada", {}, 9, 9).entries
    assert [e.text for e in heard if e.kind == "message"] == ["Green or black?"]


@pytest.mark.parametrize("yes", [True, False])
async def test_a_word_that_comes_before_the_task_waits_for_it_is_not_lost(home, open_books, yes):
    hire(home, "writer", "write_file", permissions={"repositories": [".."]})
    rules = {"ask": ({"tool": "write_file", "why": "files matter"},)}
    write = call("write_file", path="new.md", content="tea\n")
    books = open_books([write, reply("written")], rules=_rules(rules))
    team = books.team()
    ask = books.store.approvals.ask

    async def at_once(approval, seconds):
        """As a person who answers while the worker is still putting the task aside."""
        asked = await ask(approval, seconds)
        await (team.approve if yes else team.refuse)(asked.id)
        return asked

    books.store.approvals.ask = at_once
    await team.submit("write new.md", "writer")
    for _ in range(3):
        await team.tick()
    [job] = await team.tasks("writer")
    assert (job.state, [r.ok for r in results(home)]) == ("done", [yes])


async def test_nobody_is_asked_about_a_task_that_was_cancelled_a_moment_before(home, open_books):
    hire(home, "writer", "write_file", permissions={"repositories": [".."]})
    rules = {"ask": ({"tool": "write_file"},)}
    books = open_books([call("write_file", path="new.md", content="tea\n")], rules=_rules(rules))
    team = books.team()
    cancelled_before_asked(books, team)
    await team.submit("write new.md", "writer")
    await team.tick()
    assert [j.state for j in await team.tasks("writer")] == ["cancelled"]
    assert await team.approvals() == []


async def test_a_call_the_rules_leave_to_a_person_waits_for_exactly_one_word(home, open_books):
    hire(home, "writer", "write_file", permissions={"repositories": [".."]})
    rules = {"ask": ({"tool": "write_file", "why": "files matter"},)}
    write = call("write_file", path="new.md", content="tea\n")
    books = open_books([write, write, reply("written")], rules=_rules(rules))
    team = books.team()
    await team.submit("write new.md", "writer")
    await team.tick()
    [asked] = await team.approvals()
    assert asked.act == "write_file" and "files matter" in asked.text and "tea" in asked.text
    await team.approve(asked.id)
    await team.tick()
    assert [r.ok for r in results(home)] == [True], "done once, on one yes"
    [second] = await team.approvals()
    assert second.id != asked.id
    await team.refuse(second.id, "once is enough")
    await team.tick()
    assert [r.ok for r in results(home)] == [True, False]
    assert "a person refused this call: once is enough; go on without it" in results(home)[1].text
    [job] = await team.tasks("writer")
    assert job.state == "done" and job.result.startswith("written"), "what it did so far is kept"
    report = (await team.messages("writer"))[0].entry
    assert git(home.parent, "show", f"samovar/{report.run}:new.md") == "tea"


def _rules(raw):
    import msgspec

    from samovar.core.rules import Rules as Law

    return msgspec.convert(raw, Law)


async def test_two_reads_that_each_need_a_yes_are_done_after_two(home, open_books):
    hire(home, "reader", "read_file", permissions={"repositories": [".."]})
    rules = {"ask": ({"tool": "read_file"},)}
    looks = [{"tool": "read_file", "arguments": {"path": p}} for p in ("page.html", "server.log")]
    books = open_books([json.dumps(looks), reply("read")], rules=_rules(rules))
    team = books.team()
    await team.submit("look at both", "reader")
    for _ in range(2):
        await team.tick()
        [asked] = await team.approvals()
        await team.approve(asked.id)
    await team.tick()
    assert [r.call.arguments["path"] for r in results(home)] == ["page.html", "server.log"]
    assert [j.state for j in await team.tasks("reader")] == ["done"]


async def test_an_agent_that_goes_in_circles_fails_and_its_task_with_it(home, open_books):
    hire(home, "writer", "search", permissions={"repositories": [".."]})
    books = open_books(Rules(lambda _: call("search", pattern="ERROR")))
    team = books.team()
    await team.submit("what failed?", "writer")
    await team.tick()
    [job] = await team.tasks("writer")
    assert job.state == "failed" and "same" in job.reason
    report = (await team.messages("writer"))[0].entry
    assert report.text.startswith("#1 what failed?\nnot done: ")


async def test_a_model_error_counts_the_attempt(home, open_books):
    hire(home, "writer", "search")
    books = open_books([ModelError("garbage")])
    team = books.team()
    await team.submit("what failed?", "writer")
    ticked = await team.tick()
    assert "garbage" in ticked.failed["writer"]
    [job] = await team.tasks("writer")
    assert (job.state, job.attempts) == ("ready", 1)


async def test_what_an_agent_remembers_stands_in_its_task(home, open_books):
    hire(home, "writer", "search")
    memory = notes(home, "writer")
    await memory.store("Deploys happen on Tuesday.", "agent")
    memory.close()
    books = open_books([reply("Tuesday")])
    team = books.team()
    await team.submit("When do deploys happen?", "writer")
    await team.tick()
    assert "Deploys happen on Tuesday." in books.model.asked[0].messages[1].text


async def test_the_same_home_gives_the_same_outboxes_also_with_tools(home, open_books, tmp_path):
    hire(home, "a", "read_file", "memory", permissions={"repositories": [".."]})
    hire(home, "b", "write_file", permissions={"read_outboxes": ["a"]})
    found = []
    for _ in range(2):
        for each in ("a", "b"):
            for path in (home / "agents" / each / "outbox").glob("*"):
                path.unlink()
            (home / "agents" / each / "state.json").unlink(missing_ok=True)
        (home / "tick.json").unlink(missing_ok=True)
        answers = {
            "a": [call("read_file", path="page.html"), reply("a heading")],
            "b": [call("write_file", path="x.md", content="x"), reply("written")],
        }

        def rule(request, answers=answers):
            name = request.messages[0].text.removeprefix("You are ").split(",")[0]
            left = answers[name]
            return (
                left.pop(0)
                if left
                else json.dumps({"action": "nothing", "to": "person", "text": ""})
            )

        team = open_books(Rules(rule)).team()
        for name in ("a", "b"):
            await team.submit("do it", name, by="ann")
        for _ in range(3):
            await team.tick()
        boxes = sorted((home / "agents").rglob("outbox/*.json"))
        found.append({p.name: p.read_bytes() for p in boxes})
    assert found[0] == found[1] and len(found[0]) == 2
