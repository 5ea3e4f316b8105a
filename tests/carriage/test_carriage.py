"""Tasks whose files travel by the database: two folders that do not know each other."""

import json

import pytest
from actions import call

from samovar.carriage.label import Label, read
from samovar.core.errors import ToolError
from samovar.memory.skills.shelf import Shelf
from samovar.org.outbox import OutboxEntry, listed, outbox_of, post
from samovar.org.seams import Filter, Job

from .conftest import git, hire

EDIT = call("edit_text", path="page.html", search="Utilize", replace="Use")
SHOUT = b'''def shout(text: str) -> str:
    """Return a text, louder."""
    return text.upper() + "!"


def test_shout():
    assert shout("a") == "A!"
'''
DONE = call("reply", text="One word is shorter.")


async def test_an_empty_folder_works_on_a_task_and_the_branch_and_the_report_come_home(two):
    hire(two.home, "writer", permissions={"tools": ["edit_text"], "repositories": [".."]})
    job = await two.team.submit("Shorten the heading of page.html", "writer")
    assert await two.drain(two.worker([EDIT, DONE])) == 1
    [done] = await two.team.tasks("writer")
    assert (done.state, done.attempts) == ("done", 1), done.reason
    [report] = [letter.entry for letter in await two.team.messages("writer")]
    assert (report.kind, report.job) == ("report", job.id)
    project = two.home.parent
    assert report.repo == str(project)
    shown = git(project, "show", f"samovar/{report.run}")
    assert "+<h1>Use the form" in shown and f"Samovar-Run: {report.run}" in shown
    run = two.home / "runs" / report.run
    assert "Use the form" in (run / "change.diff").read_text()
    assert (run / "events.jsonl").read_text().count("\n") > 3
    assert (project / "page.html").read_text() == "<h1>Utilize the form</h1>\n"
    assert git(project, "fsck", "--strict") == ""
    assert (await two.there.ledger.balance("writer")) < 10**9, "the agent paid for it"
    assert not list(two.folder.rglob("*.json")), "nothing of the team stays at the worker"
    await two.dispatch.exchange()
    assert await two.there.parcels.names() == []


async def test_the_receipt_of_a_run_stands_beside_its_commit_at_home(two):
    hire(two.home, "writer", craft="code", permissions={"repositories": [".."]})
    await two.team.submit("Shorten the heading of page.html", "writer")
    shorter = two.worker(lambda _: "```html\n<h1>Use the form</h1>\n```\n")
    assert await two.drain(shorter) == 1
    [done] = await two.team.tasks("writer")
    assert done.state == "done", done.reason
    [run] = {letter.entry.run for letter in await two.team.messages("writer")} - {""}
    facts = (two.home / "runs" / run / "receipt.json").read_text()
    noted = git(two.home.parent, "notes", "--ref=samovar", "show", f"samovar/{run}")
    assert noted == facts.strip() and '"commit": "' in noted


async def test_what_an_agent_wrote_and_noted_for_itself_comes_home(two):
    tools = ["write_file", "read_file", "memory"]
    hire(two.home, "writer", permissions={"tools": tools, "read_outboxes": ["boss"]})
    hire(two.home, "boss")
    post(two.home, "boss", OutboxEntry(sender="boss", tick=0, seq=0, text="We take SQLite."))
    said = [
        call("read_file", path="team/boss.md"),
        call("write_file", path="spec.md", content="- SQLite\n"),
        call("memory", action="store", text="The database is SQLite."),
        call("reply", text="spec.md holds one decision."),
    ]
    await two.team.submit("Write down what was decided", "writer")
    await two.drain(two.worker(said))
    [done] = await two.team.tasks("writer")
    assert done.result == "spec.md holds one decision.", done
    assert (two.home / "agents/writer/files/spec.md").read_text() == "- SQLite\n"
    notes = list((two.home / "agents/writer/memory").rglob("*.md"))
    assert any("The database is SQLite." in n.read_text() for n in notes)
    assert "We take SQLite" in "".join(p.read_text() for p in two.home.glob("runs/*/events.jsonl"))


async def test_what_an_agent_made_and_no_commit_takes_comes_home(two):
    hire(two.home, "analyst", permissions={"tools": ["python"], "repositories": [".."]})
    await two.there.ledger.grant("analyst", 10**9, by="test")
    code = "import os; os.mkdir('plots'); open('plots/a.png', 'wb').write(bytes(9))"
    await two.team.submit("plot it", "analyst")
    await two.drain(two.worker([call("python", code=code), call("reply", text="Drawn.")]))
    [done] = await two.team.tasks("analyst")
    [run] = (two.home / "runs").iterdir()
    assert done.result == f"Drawn.\n\n(run {run.name}, kept in runs/{run.name}/files: plots/a.png)"
    assert (run / "files/plots/a.png").read_bytes() == bytes(9)


async def test_the_skills_an_agent_may_use_are_at_the_worker_too(two):
    shelf = Shelf(two.home / "skills")
    for name in ("shout", "whisper"):
        shelf.add(name, SHOUT, "shout", {"agent": "ada"})
    hire(two.home, "writer", permissions={"tools": ["shout", "read_file"]})
    said = [call("shout", text="tea"), call("reply", text="done")]
    await two.team.submit("Shout", "writer")
    await two.drain(two.worker(said))
    [done] = await two.team.tasks("writer")
    assert done.state == "done", done
    [log] = two.home.glob("runs/*/events.jsonl")
    assert "TEA!" in log.read_text()


async def test_tasks_handed_out_at_a_worker_are_in_the_queue_once_with_the_homes_repository(two):
    reads = {"read_outboxes": ["*"], "repositories": [".."]}
    hire(two.home, "writer", craft="plan", model="m-32b", permissions=reads)
    hire(two.home, "mate", permissions=reads)
    plan = json.dumps({"tasks": [{"to": "mate", "text": "mend the page"}]})
    await two.team.submit("Plan it", "writer", repo="..")

    def meanwhile(_request):
        entry = OutboxEntry(sender="writer", tick=1, seq=0, text="written at home")
        post(two.home, "writer", entry)
        return plan

    worker = two.worker(meanwhile)
    worker.agents = ("writer",)
    await two.drain(worker)
    [task] = await two.team.tasks("mate")
    assert (task.text, task.created_by, task.repo) == (
        "mend the page",
        "writer",
        str(two.home.parent),
    )
    kinds = [x.entry.kind for x in await two.team.messages("writer")]
    assert sorted(kinds) == ["message", "report", "task"]
    # As an engine does that starts anew: it follows up the latest entry.
    filed = next(x.entry for x in await two.team.messages("writer") if x.entry.kind == "task")
    await two.team.engine.turns._follow_up(filed)
    assert len(await two.team.tasks("mate")) == 1


async def test_a_worker_that_died_after_bringing_its_work_home_leaves_nothing_double(two):
    """The home took it in, but the task was not recorded as done: the next attempt finds it."""
    hire(two.home, "writer")
    job = await two.team.submit("write a line", "writer")
    worker = two.worker(lambda _: "A line.")
    finish = two.here.claims.finish

    async def dies(*_):
        raise ToolError("as if it were killed")

    two.here.claims.finish = dies
    await two.drain(worker)
    two.here.claims.finish = finish
    held = await two.there.queue.get(job.id)
    assert held.state == "running" and len(listed(outbox_of(two.home, "writer"))) == 1
    await two.there.claims.fail(held, "its lease ran out")
    await two.drain(two.worker(lambda _: "Another line."))
    [done] = await two.team.tasks("writer")
    assert (done.state, done.attempts) == ("done", 2)
    assert len(listed(outbox_of(two.home, "writer"))) == 1


async def test_who_was_overtaken_brings_nothing_home(two, tmp_path):
    hire(two.home, "writer")
    hire(tmp_path / "slow", "writer")
    job = await two.team.submit("write a line", "writer")
    held = await two.there.claims.claim("slow", 60)
    entry = post(tmp_path / "slow", "writer", OutboxEntry(sender="writer", tick=1, seq=0, text="x"))
    box = outbox_of(tmp_path / "slow", "writer")
    [name] = listed(box)
    late = {f"home/agents/writer/outbox/{name.file}": box / name.file}
    await two.there.claims.release(held, "overtaken")
    assert (await two.there.claims.claim("next", 60)).fence == held.fence + 1
    await two.here.parcels.send(f"back/{job.id}/{held.fence}", {}, late)
    await two.dispatch.exchange()
    assert await two.there.parcels.names() == [] and entry.text == "x"
    assert listed(outbox_of(two.home, "writer")) == []


async def test_a_worker_brings_home_what_is_its_agents_own_and_nothing_else(two, tmp_path):
    hire(two.home, "writer")
    hire(two.home, "other")
    before = (two.home / "agents/writer/resume.json").read_text()
    job = await two.team.submit("write a line", "writer")
    held = await two.there.claims.claim("bad", 60)
    bad, slip = tmp_path / "bad", tmp_path / "slip"
    bad.write_text("bad")
    slip.write_text('{"run": "mine"}')
    sent = {
        f"home/tasks/{job.id}.json": slip,
        "home/agents/writer/resume.json": bad,
        "home/agents/other/files/x": bad,
        "home/credits.json": bad,
        "home/samovar.toml": bad,
        "runs/other/events.jsonl": bad,
        "home/agents/writer/files/mine": bad,
    }
    await two.here.parcels.send(f"back/{job.id}/{held.fence}", {"run": "mine"}, sent)
    await two.dispatch.exchange()
    assert (two.home / "agents/writer/files/mine").read_text() == "bad"
    assert (two.home / "agents/writer/resume.json").read_text() == before
    for name in ("agents/other/files/x", "credits.json", "samovar.toml", "runs/other"):
        assert not (two.home / name).exists(), name


async def test_a_worker_brings_home_no_other_tasks_run(two, tmp_path):
    hire(two.home, "writer")
    log = two.home / "runs" / "other" / "events.jsonl"
    log.parent.mkdir(parents=True)
    log.write_text("as it was")
    job = await two.team.submit("write a line", "writer")
    bad, slip = tmp_path / "bad", tmp_path / "slip"
    bad.write_text("bad")
    slip.write_text('{"run": "other"}')
    sent = {f"home/tasks/{job.id}.json": slip, "runs/other/events.jsonl": bad}
    for files in (sent, {"runs/other/events.jsonl": bad}):
        held = await two.there.claims.claim("bad", 60)
        await two.here.parcels.send(f"back/{job.id}/{held.fence}", {"run": "other"}, files)
        await two.dispatch.exchange()
        said = await two.here.parcels.take(f"taken/{job.id}/{held.fence}", tmp_path / "said")
        assert "another task's" in said["wrong"]
        await two.there.claims.release(held, "again")
    assert log.read_text() == "as it was"


async def test_a_parcel_that_cannot_be_unpacked_is_refused_and_the_engine_goes_on(two, tmp_path):
    hire(two.home, "writer")
    job = await two.team.submit("write a line", "writer")
    held = await two.there.claims.claim("bad", 60)
    bad = tmp_path / "bad"
    bad.write_text("bad")
    await two.here.parcels.send(f"back/{job.id}/{held.fence}", {}, {"a": bad, "a/b": bad})
    await two.dispatch.exchange()
    said = await two.here.parcels.take(f"taken/{job.id}/{held.fence}", tmp_path / "said")
    assert said["wrong"]


async def test_what_an_agent_removed_for_itself_is_gone_at_home_too(two):
    tools = ["shell", "write_file"]
    hire(two.home, "writer", permissions={"tools": tools})
    own = two.home / "agents" / "writer" / "files"
    own.mkdir(parents=True)
    for name in ("old.md", "kept.md"):
        (own / name).write_text(name)

    def remove(request):
        made = [f for f in two.folder.rglob("files/old.md")]
        if not made:
            return call("reply", text="renamed")
        # At home, a person adds a file meanwhile.
        (own / "fresh.md").write_text("fresh")
        made[0].unlink()
        return call("write_file", path="new.md", content="x")

    await two.team.submit("rename old.md", "writer")
    await two.drain(two.worker(remove))
    [done] = await two.team.tasks("writer")
    assert done.state == "done", done
    found = sorted(p.name for p in own.iterdir() if p.is_file())
    assert found == ["fresh.md", "kept.md", "new.md"]


async def test_a_home_that_sends_nothing_costs_no_attempt(two):
    hire(two.home, "writer")
    await two.team.submit("write a line", "writer")
    assert await two.worker(lambda _: "x", patience=0.3).drain() == 1
    [job] = await two.there.queue.list(Filter())
    assert (job.state, job.attempts) == ("ready", 0)
    assert "is 'samovar up' running there" in job.reason


@pytest.mark.parametrize("place", ["nowhere", "~nowhere/x", "no\0where"])
async def test_what_the_home_finds_wrong_is_the_tasks_reason(two, place):
    hire(two.home, "writer", craft="code", permissions={"repositories": [place]})
    await two.there.queue.add(Job(agent="writer", text="mend it", tries=1))
    await two.drain(two.worker(lambda _: "x"))
    [job] = await two.team.tasks("writer")
    assert job.state == "dead" and repr(place)[1:-1] in job.reason


async def test_a_task_of_an_agent_that_is_not_at_home_is_put_back(two):
    await two.there.queue.add(Job(agent="old", text="write a line", tries=1))
    assert await two.drain(two.worker(lambda _: "x")) == 1
    [job] = await two.there.queue.list(Filter())
    assert (job.state, job.attempts) == ("ready", 0)
    assert job.reason == "old cannot work: its resume is missing or broken (samovar validate)"


async def test_more_than_may_travel_is_said(two):
    hire(two.home, "writer", permissions={"repositories": [".."]})
    two.there.parcels.most = 100
    await two.there.queue.add(Job(agent="writer", text="mend it", tries=1))
    await two.drain(two.worker(lambda _: "x"))
    [job] = await two.team.tasks("writer")
    assert job.state == "dead" and "raise carry_megabytes" in job.reason


@pytest.mark.parametrize("name", ["to/1", "to/1/x", "other/1/1", "to/1/1/2", ""])
def test_other_names_are_no_labels(name):
    assert read(name) is None


def test_a_label_is_read_as_it_was_written():
    assert read(Label("back", 17, 3).name) == Label("back", 17, 3)
