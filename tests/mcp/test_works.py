"""A word counts for one act of one run; a run in progress is kept when the server ends."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from samovar.app import Wish
from samovar.core.errors import SetupError
from samovar.core.event import Asked, Closed, Entry, Opened
from samovar.core.log import now
from samovar.core.task import Task
from samovar.mcp.works import WAITING, Works


class Asking:
    """An App whose runs ask one question and end."""

    def __init__(self, ask, question):
        self.ask, self.question, self.answers = ask, question, []

    async def start(self, wish):
        yield Entry(0, now(), Opened(run=wish.text, task=Task(id=wish.text, text=wish.text)))
        self.answers.append(await self.ask(self.question, ""))
        yield Entry(1, now(), Closed(outcome="over", ok=True))

    async def resume(self, run):
        self.answers.append(await self.ask(self.question, ""))
        yield Entry(1, now(), Closed(outcome="over", ok=True))


def works_of(question):
    apps = []

    @asynccontextmanager
    async def opened(ask, _live):
        apps.append(Asking(ask, question))
        yield apps[-1]

    return Works(opened), apps


async def over(order):
    async with asyncio.timeout(5):
        while order.open:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        (Asked(act="commit", digest="a" * 64), True),
        (Asked(act="commit", digest="b" * 64), None),
        (Asked(act="push", digest="a" * 64), None),
    ],
)
async def test_a_word_counts_for_exactly_the_act_it_was_given_for(said, counts):
    works, apps = works_of(Asked(act="commit", digest="a" * 64))
    async with works.open_day():
        await over(works.answer("run-1", said, True))
        await over(works.answer("run-1", said, False))
        await over(works.submit(Wish(text="run-1")))
    assert apps[0].answers == [counts, False if counts else None, None]


async def test_a_word_for_one_run_is_none_for_another():
    works, apps = works_of(Asked(act="commit", digest="a" * 64))
    first = works.answer("run-1", Asked(act="commit", digest="a" * 64), True)
    works.stop("run-1")
    other = works.submit(Wish(text="run-2"))
    async with works.open_day():
        await over(other)
    assert (first.stage, other.run, apps[0].answers) == ("failed", "run-2", [None])


async def test_what_cannot_begin_says_so_and_too_many_are_refused():
    @asynccontextmanager
    async def closed(_ask, _live):
        raise SetupError("there is no model")
        yield

    works = Works(closed)
    orders = [works.submit(Wish(text="x")) for _ in range(WAITING)]
    with pytest.raises(SetupError, match="wait already"):
        works.submit(Wish(text="x"))
    async with works.open_day():
        await over(orders[-1])
    assert {o.error for o in orders} == {"there is no model"}
