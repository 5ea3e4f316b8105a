"""The agents that come along do what their resumes promise."""

from actions import call, reply

from samovar.models.scripted import Rules
from samovar.org.found import found

from .conftest import cancelled_before_asked, git, hire

SUMS = "def add(a, b):\n    return a + b\n"
TEST = "from sums import add\n\n\ndef test_two_numbers_are_added():\n    assert add(2, 3) == 5\n"


async def test_the_tester_commits_a_test_and_leaves_what_it_tests_alone(project, home, open_books):
    (project / "sums.py").write_text(SUMS)
    git(project, "add", ".")
    git(project, "commit", "-qm", "sums")
    found(home, "..")
    books = open_books([call("write_file", path="tests/test_sums.py", content=TEST), reply("One.")])
    books.called = "scripted-1.5b"
    team = books.team()
    await team.submit("Write tests for add of sums.py in tests/test_sums.py", "tester")
    await team.tick()
    [job] = await team.tasks("tester", ("done",))
    report = (await team.messages("tester"))[0].entry
    branch = f"samovar/{report.run}"
    assert git(project, "diff", "--name-only", "main", branch) == "tests/test_sums.py", job
    assert git(project, "show", f"{branch}:tests/test_sums.py") == TEST.strip()
    offered = books.model.asked[0].messages[0].text
    assert "never change what is tested" in offered and "edit_file" in offered


def wrong_sums(project, home, open_books, **resume):
    """A developer, a program with a mistake, and a model that mends it."""
    (project / "sums.py").write_text(SUMS.replace("+", "-"))
    (project / "test_sums.py").write_text(TEST)
    git(project, "add", ".")
    git(project, "commit", "-qm", "sums")
    hire(home, "dev", craft="code", permissions={"repositories": [".."]}, **resume)
    return open_books(Rules(lambda _: f"```python\n{SUMS}```"), search_seconds=0)


async def test_what_the_resume_of_a_coder_says_stands_before_its_task(project, home, open_books):
    who = {"instructions": "Type every argument.", "soul": {"skills": ["numbers", "tests"]}}
    books = wrong_sums(project, home, open_books, **who)
    team = books.team()
    await team.submit("Mend `add` in sums.py", "dev")
    await team.tick()
    assert len(await team.tasks("dev", ("done",))) == 1
    rules = "House rules:\nType every argument.\nSkills: numbers, tests"
    told = books.model.asked[0].messages[-1].text
    assert told.startswith(f"{rules}\n\nMend `add` in sums.py")


async def test_a_push_that_is_refused_keeps_the_commit_and_is_reported(
    project, home, tmp_path, open_books
):
    forge = tmp_path / "forge.git"
    git(tmp_path, "init", "-q", "--bare", str(forge))
    git(project, "remote", "add", "origin", str(forge))
    team = wrong_sums(project, home, open_books).team()
    await team.submit("Mend `add` in sums.py", "dev", push=True)
    await team.tick()
    [asked] = await team.approvals()
    assert (asked.act, [j.state for j in await team.tasks("dev")]) == ("push", ["waiting"])
    await team.refuse(asked.id, "not on a Friday", by="ann")
    await team.tick()
    [job] = await team.tasks("dev", ("done",))
    report = (await team.messages("dev"))[0].entry
    assert "not pushed: not on a Friday" in job.result and report.text.endswith(job.result)
    assert "a + b" in git(project, "show", f"samovar/{report.run}:sums.py")
    assert git(forge, "branch") == "" and not await team.approvals()


async def test_nobody_is_asked_to_push_for_a_task_that_was_cancelled_a_moment_before(
    project, home, tmp_path, open_books
):
    forge = tmp_path / "forge.git"
    git(tmp_path, "init", "-q", "--bare", str(forge))
    git(project, "remote", "add", "origin", str(forge))
    books = wrong_sums(project, home, open_books)
    team = books.team()
    cancelled_before_asked(books, team)
    await team.submit("Mend `add` in sums.py", "dev", push=True)
    await team.tick()
    assert [j.state for j in await team.tasks("dev")] == ["cancelled"]
    assert await team.approvals() == []
