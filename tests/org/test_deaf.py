"""A queue that never empties makes nobody deaf to its teammates."""

from pathlib import Path

from samovar.core.message import Request
from samovar.org.choice import LISTENS
from samovar.org.outbox import OutboxEntry, post

from .conftest import act, hire, office, reading


async def test_words_that_wait_behind_tasks_are_heard_after_so_many_of_them(home: Path) -> None:
    hire(home, "a")
    hire(home, "b", **reading("a"))
    post(home, "a", OutboxEntry(sender="a", tick=0, seq=0, text="gossip"))
    heard: list[bool] = []

    def rule(request: Request) -> str:
        if request.schema is None:
            return "tea"
        heard.append("gossip" in request.messages[1].text)
        return act("nothing")

    team = office(home, rule)
    for n in range(3 * LISTENS):
        await team.submit(f"make tea {n}", "b")
    done = [(await team.tick()).turns["b"] for _ in range(2 * LISTENS)]
    assert done == ["work"] * LISTENS + ["nothing"] + ["work"] * (LISTENS - 1)
    assert heard == [True], "once, and a new count begins where nothing waits"


async def test_where_nobody_speaks_every_turn_is_work(home: Path) -> None:
    hire(home, "b")
    team = office(home, lambda request: act("nothing") if request.schema else "tea")
    for n in range(2 * LISTENS):
        await team.submit(f"make tea {n}", "b")
    done = [(await team.tick()).turns["b"] for _ in range(2 * LISTENS)]
    assert done == ["work"] * (2 * LISTENS)
