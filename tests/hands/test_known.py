"""Which tools a resume may name, and what is said of those that are not to be had."""

import re
from contextlib import AsyncExitStack
from pathlib import Path

from samovar.companion.tools import Place, tools
from samovar.core.errors import SandboxMissing
from samovar.hands.bench import Nowhere, here
from samovar.hands.known import BUILT_IN, absent, known
from samovar.org.legs import TOOLS, legs
from samovar.org.resume import Permissions, Resume
from samovar.org.roster import Folder
from samovar.settings import Settings
from samovar.tools.address import Web
from samovar.tools.ask import Company
from samovar.tools.remote_server import RemoteServer

from .conftest import hire, notes

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "tools.md"
SETTINGS = Settings(mcp={"tickets": RemoteServer(url="https://tickets.example.org/mcp")})


async def test_every_tool_that_comes_along_is_known_by_its_name(home, tmp_path):
    web = Web(hosts=("docs.python.org",), search=True)
    place = Place(home, [tmp_path], tmp_path, "a", "run", None)
    memory = notes(home, "a")

    async def answer(_question: str) -> str:
        return ""

    async with AsyncExitStack() as stack:
        nowhere = Nowhere(SandboxMissing("none"))
        found = tools(place, Settings(web=web), nowhere, memory, Company(answer), stack)()
    memory.close()
    names = {t.name for t in found}
    assert names <= BUILT_IN <= TOOLS
    rows = dict(re.findall(r"^\| (\w+) \| (\w+) \|", REFERENCE.read_text(), re.MULTILINE)[1:])
    assert rows.keys() == BUILT_IN, "the reference tells of every one"
    assert {t.name: t.permission for t in found}.items() <= rows.items()
    for line in REFERENCE.read_text().splitlines():
        looks = next((t.looks for t in found if line.startswith(f"| {t.name} |")), ())
        assert re.findall(r"to `(\w+)` is read \|", line) == [*looks], line
    assert BUILT_IN - names == absent(Settings(web=web)).keys() & BUILT_IN


def test_validate_names_tools_nobody_has_and_why(home):
    hire(home, "a", "tool1", "read_fil", "push", "fetch", "tickets_search", "search")
    problems = Folder(home, known(home, SETTINGS)).read().problems
    said = {p.wrong.split('"')[1]: p for p in problems}
    assert set(said) == {"tool1", "read_fil", "push", "fetch"}
    assert all(p.weight == "warning" for p in problems)
    assert 'did you mean "read_file"' in said["read_fil"].line
    assert "nothing does it in this version" in said["push"].line
    assert "list hosts under [web]" in said["fetch"].line


def test_a_task_gets_only_what_is_there(home):
    wanted = ("tool1", "push", "tickets_search", "search")
    resume = Resume(name="a", instructions="x", permissions=Permissions(tools=wanted))
    assert here(home, SETTINGS, resume) == ("tickets_search", "search")


def test_tools_of_a_server_count_as_strangers_and_as_outside():
    wanted = Permissions(
        tools=("tickets_search", "read_file"),
        ungated=("tickets_search",),
    )
    team = {"a": Resume(name="a", instructions="x", permissions=wanted)}
    assert legs(team, ("tickets",))["a"].all
    assert not legs(team)["a"].all
