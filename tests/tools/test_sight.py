"""Tools that find files by themselves show none that a rule forbids to show."""

import time
from dataclasses import replace

import pytest

from samovar.core.errors import ToolError
from samovar.core.rules import Rule, Rules, sight
from samovar.tools.edit_symbol import edit_symbol
from samovar.tools.files import list_files
from samovar.tools.search import find_ripgrep, search
from samovar.tools.workspace import Workspace

DENIED = Rules(deny=(Rule(path="secrets/**"),))


@pytest.fixture
def project(place):
    files = {
        "app.py": "password = read()\n",
        "secrets/a.txt": "password hunter2\n",
        ".env": "password hunter2\n",
        "keys/server.key": "password hunter2\n",
        "keys/README": "password rules\n",
    }
    for name, text in files.items():
        (place.root / name).parent.mkdir(parents=True, exist_ok=True)
        (place.root / name).write_text(text)
    (place.root / "door").symlink_to("secrets")
    return place


def ruled(place: Workspace, rules: Rules) -> Workspace:
    return replace(place, sight=sight(rules, str(place.root)))


@pytest.fixture(params=["ripgrep", "by hand"])
def found(request):
    """Return what makes the tool that searches, in either way."""
    program = find_ripgrep() if request.param == "ripgrep" else ""
    return lambda place: search(place, program)


async def test_a_search_shows_no_line_of_a_file_that_a_rule_denies(found, project):
    said = await found(ruled(project, DENIED)).run(pattern="password")
    assert "hunter2" not in said and "secrets" not in said
    assert said.startswith("2 lines in 2 files\n[3 files left out: a rule forbids")
    assert "app.py:1:" in said and "keys/README:1:" in said
    everything = await found(project).run(pattern="password")
    assert everything.count("hunter2") == 3, "without rules all is shown"


async def test_a_search_does_not_tell_whether_a_hidden_file_fits(found, project):
    tool = found(ruled(project, DENIED))
    hit, miss = await tool.run(pattern="hunter2"), await tool.run(pattern="hunter3")
    assert hit.replace("hunter2", "hunter3") == miss
    assert "3 files left out" in hit


async def test_a_link_into_a_denied_folder_shows_nothing(found, project):
    for tool in (found(ruled(project, DENIED)), list_files(ruled(project, DENIED))):
        arguments = {"pattern": "hunter2"} if tool.name == "search" else {}
        with pytest.raises(ToolError, match="not permitted"):
            await tool.run(path="door", **arguments)


async def test_a_list_names_no_file_that_a_rule_denies(project):
    said = await list_files(ruled(project, DENIED)).run()
    assert said.splitlines()[0] == "2 files" and "3 files left out" in said.splitlines()[-1]
    assert not any(name in said for name in ("secrets", ".env", "server.key"))
    none = await list_files(ruled(project, Rules(deny=(Rule(path="keys/*"),)))).run(path="keys")
    assert none.startswith("keys has no files to be shown\n[2 files left out")


async def test_a_rename_names_no_line_of_a_file_that_a_rule_denies(project):
    for path in ("app.py", "secrets/keys.py", "other.py"):
        (project.root / path).write_text("def key():\n    return 1\n")
    said = await edit_symbol(ruled(project, DENIED)).run(
        path="app.py", action="rename", name="key", new_name="lock"
    )
    assert "still stands at other.py:1" in said and "secrets" not in said


async def test_a_rule_speaks_of_the_tools_it_names(found, project):
    rules = Rules(deny=(Rule(tool="list_files", path="app.py"), Rule(tool="search")))
    assert "app.py:1" in await found(ruled(project, rules)).run(pattern="password")
    assert "app.py" not in await list_files(ruled(project, rules)).run()


async def test_what_is_to_be_asked_is_shown_where_the_person_said_yes_to_it(found, project):
    tool = found(ruled(project, Rules(ask=(Rule(path="secrets/**"),))))
    assert "secrets" not in await tool.run(pattern="password")
    assert "secrets/a.txt:1:" in await tool.run(pattern="password", path="secrets")


async def test_what_a_rule_allows_is_shown_in_spite_of_a_built_in_denial(found, project):
    tool = found(ruled(project, Rules(allow=(Rule(path="keys/*.key"),))))
    said = await tool.run(pattern="hunter2")
    assert "keys/server.key:1:" in said and ".env" not in said


async def test_hits_that_crowd_out_all_others_are_not_called_nothing(project):
    (project.root / "a").mkdir()
    for number in range(40):
        (project.root / "a" / f"{number}.key").write_text("password\n" * 50)
    with pytest.raises(ToolError, match="name a folder"):
        await search(ruled(project, DENIED)).run(pattern="password")


def test_5000_paths_are_judged_in_less_than_100_milliseconds(place):
    shows = ruled(place, DENIED).shows("search", ".")
    began = time.process_time()
    assert all(shows(f"src/package{n % 50}/part{n % 7}/module{n}.py") for n in range(5000))
    assert time.process_time() - began < 0.1
