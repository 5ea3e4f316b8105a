"""A day of a team: a person says two things, the agents make the tasks that come of them."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from .conftest import act, asked, hire, office, reading

PARTS = {
    "we need add()": [("dev", "write add()"), ("writer", "describe add()")],
    "we need sub()": [
        ("dev", "write sub()"),
        ("writer", "describe sub()"),
        ("tester", "try sub()"),
    ],
}


def rule(request: Any) -> str:
    """Plan as boss, work as asked, and have a tester try what dev reports."""
    name, said = asked(request), request.messages[-1].text
    if request.schema is None:
        return f"{name} did it"
    if name == "boss":
        parts = next(parts for wish, parts in PARTS.items() if wish in said)
        return json.dumps({"tasks": [{"to": to, "text": text} for to, text in parts]})
    if name == "tester" and "dev did it" in said:
        return act("task", "tester", "try what dev wrote")
    return act("nothing")


async def test_most_tasks_of_a_day_are_made_by_agents_and_all_are_done(home: Path) -> None:
    hire(home, "boss", craft="plan", model="m-32b")
    hire(home, "dev", model="m-32b", **reading("boss"))
    hire(home, "writer", model="m-32b", **reading("boss"))
    hire(home, "tester", model="m-32b", **reading("boss", "dev"))
    team = office(home, rule)
    for name in ("boss", "dev", "writer", "tester"):
        await team.add_credits(name, 10_000_000)
    for wish in PARTS:
        await team.submit(wish, "boss", by="ann")
    for _ in range(12):
        await team.tick()
    jobs = await team.latest_tasks()
    assert {job.state for job in jobs} == {"done"}
    made = Counter(job.created_by for job in jobs)
    assert made == {"person:ann": 2, "boss": 5, "tester": 1}, (
        "dev reported twice while the tester worked"
    )
    parents = {job.id: job for job in jobs}
    planned = [job for job in jobs if job.created_by == "boss"]
    assert all(parents[job.parent].created_by == "person:ann" for job in planned)
    assert not (await team.tick()).turns, "nobody finds more to do"
