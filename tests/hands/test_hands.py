"""Agents of the team at work with the tools of their resumes, on real files."""

import json

from actions import call, reply

from samovar.core.errors import ModelError, Unreachable
from samovar.core.talk import Began, Offered, Stopped, Used
from samovar.memory.notebook import Notebook
from samovar.models.scripted import Rules
from samovar.org.outbox import OutboxEntry, post

from .conftest import LOG, events, git, hire, notes, results


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
