"""The agents that come along do what their resumes promise."""

from samovar.models.scripted import Rules
from samovar.org.found import found

from .conftest import call, git, hire, reply

SUMS = "def add(a, b):\n    return a + b\n"
TEST = "from sums import add\n\n\ndef test_two_numbers_are_added():\n    assert add(2, 3) == 5\n"


async def test_the_tester_commits_a_test_and_leaves_what_it_tests_alone(project, home, open_books):
    (project / "sums.py").write_text(SUMS)
    git(project, "add", ".")
    git(project, "commit", "-qm", "sums")
    found(home, "..")
    books = open_books([call("write_file", path="tests/test_sums.py", content=TEST), reply("One.")])
    team = books.team()
    await team.submit("Write tests for add of sums.py in tests/test_sums.py", "tester")
    await team.tick()
    [job] = await team.tasks("tester", ("done",))
    report = (await team.messages("tester"))[0].entry
    branch = f"samovar/{report.run}"
    assert git(project, "diff", "--name-only", "main", branch) == "tests/test_sums.py", job
    assert git(project, "show", f"{branch}:tests/test_sums.py") == TEST.strip()
    offered = books.model.asked[0].messages[0].text
    assert "never change what is tested" in offered and "write_file" in offered


async def test_what_the_resume_of_a_coder_says_stands_before_its_task(project, home, open_books):
    (project / "sums.py").write_text(SUMS.replace("+", "-"))
    (project / "test_sums.py").write_text(TEST)
    git(project, "add", ".")
    git(project, "commit", "-qm", "sums")
    who = {"instructions": "Type every argument.", "soul": {"skills": ["numbers", "tests"]}}
    hire(home, "dev", craft="code", permissions={"repositories": [".."]}, **who)
    books = open_books(Rules(lambda _: f"```python\n{SUMS}```"), search_seconds=0)
    team = books.team()
    await team.submit("Mend `add` in sums.py", "dev")
    await team.tick()
    assert len(await team.tasks("dev", ("done",))) == 1
    rules = "House rules:\nType every argument.\nSkills: numbers, tests"
    told = books.model.asked[0].messages[-1].text
    assert told.startswith(f"{rules}\n\nMend `add` in sums.py")
