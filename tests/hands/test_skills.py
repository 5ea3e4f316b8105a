"""Agents of a team make tools, and use them at once where their resumes name them."""

import pytest
from actions import call, reply

from .conftest import hire, results

TRIPLE = (
    "def triple(x: int) -> int:\n"
    '    """Triple a whole number."""\n'
    "    return 3 * x\n\n\n"
    "def test_triple():\n    assert triple(2) == 6\n"
)
WRITE = call("write_file", path="triple.py", content=TRIPLE)
PROMOTE = call("promote_skill", file_path="triple.py", function_name="triple")


KEPT = "triple is kept (version 1); its tests passed, but your resume does not name it"


@pytest.mark.parametrize(
    ("named", "told"),
    [
        (["triple"], ["triple is now a tool (version 1); its tests passed", "42"]),
        ([], [f"{KEPT}: others may use it"]),
    ],
)
async def test_a_skill_is_a_tool_in_the_task_that_made_it_where_the_resume_names_it(
    home, open_books, named, told
):
    hire(home, "maker", "write_file", "promote_skill", *named)
    books = open_books([WRITE, PROMOTE, call("triple", x=14), reply("Made.")])
    team = books.team()
    await team.submit("Make a tool that triples", "maker")
    await team.tick()
    assert [r.text for r in results(home)][1:] == told
