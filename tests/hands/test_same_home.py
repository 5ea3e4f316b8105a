"""The same home and the same ticks give the same outboxes, whatever the time of day."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

from actions import call, reply

from samovar.coder import name_work
from samovar.core.message import Request
from samovar.models.scripted import Rules
from samovar.org.seams import Job
from samovar.repo import git as repos
from samovar.store.clock import Clock
from samovar.store.store import memory

from .conftest import git, hire

GOOD = "```python\ndef add(a, b):\n    return a + b\n```"
EDIT = call("edit_text", path="page.html", search="Utilize the form", replace="Use the form")
TEST = "from sums import add\n\n\ndef test_two_numbers_are_added():\n    assert add(2, 3) == 5\n"
ORDERS = ("Mend `add` in sums.py", "Improve the words of page.html", "Which page is it?")


def play(request: Request) -> str:
    """Play every part: a choice, a step with tools, or code."""
    said = "\n".join(m.text for m in request.messages)
    if "action" in (request.schema or {}).get("properties", {}):
        return json.dumps({"action": "work", "to": "person", "text": ""})
    if request.schema is None:
        return GOOD
    if "Which page" in said:
        return reply("page.html")
    return reply("It says it plainly now.") if "Result of " in said else EDIT


async def outboxes(home: Path, day: int, open_books) -> dict[str, bytes]:
    """Let a team work on a day of the month until nothing is left to do."""
    store = memory()
    store.queue.jobs.clock = Clock(wall=lambda: datetime(2026, 5, day, 12, 0, day, tzinfo=UTC))
    team = open_books(Rules(play), store, search_seconds=0).team()
    for text, agent in zip(ORDERS, ("dev", "writer", "clerk"), strict=True):
        await team.submit(text, agent)
    for _ in range(4):
        await team.tick()
    assert len(await team.tasks("", ("done",))) == len(ORDERS)
    files = sorted(home.rglob("outbox/*.json"))
    return {p.relative_to(home).as_posix(): p.read_bytes() for p in files}


async def test_what_is_worked_on_with_tools_and_in_code_is_reported_in_the_same_bytes(
    project, home, tmp_path, open_books
):
    (project / "sums.py").write_text("def add(a, b):\n    return a - b\n")
    (project / "test_sums.py").write_text(TEST)
    git(project, "add", ".")
    git(project, "commit", "-qm", "sums")
    hire(home, "dev", craft="code", permissions={"repositories": [".."]})
    hire(home, "writer", "edit_text", permissions={"repositories": [".."]})
    hire(home, "clerk", "read_file")
    kept = tmp_path / "kept"
    shutil.copytree(project, kept)
    found = []
    for day in (1, 2):
        shutil.rmtree(project)
        shutil.copytree(kept, project)
        found.append(await outboxes(home, day, open_books))
    assert found[0] == found[1]
    reports = [json.loads(data) for data in found[0].values()]
    runs = {r["from"]: r.get("run") for r in reports if r["kind"] == "report"}
    assert runs == {
        "dev": "task-00001-1-mend-add-in-sums",
        "writer": "task-00002-1-improve-the-words-of",
        "clerk": None,
    }
    assert "add" in git(project, "show", "samovar/task-00001-1-mend-add-in-sums:sums.py")


async def test_a_name_that_a_run_or_a_commit_has_already_gets_a_number(project, home):
    repo = await repos.open(project)
    job = Job(id=7, agent="dev", text="Mend the page", fence=2)
    names = []
    for _ in range(2):
        names.append(await name_work(job, (home,), repo))
        (home / "runs" / names[-1]).mkdir(parents=True)
    git(project, "commit", "-q", "--allow-empty", "-m", f"x\n\nSamovar-Run: {names[0]}-3")
    git(project, "branch", f"samovar/{names[0]}-3")
    names.append(await name_work(job, (home,), repo))
    assert names == [f"task-00007-2-mend-the-page{end}" for end in ("", "-2", "-4")]
