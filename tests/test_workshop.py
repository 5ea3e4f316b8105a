"""The server's own runs: one at a time, stoppable, never held up by a question."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from samovar import workshop as module
from samovar.app import Wish
from samovar.core.errors import SetupError
from samovar.core.event import Asked, Closed, Entry, Opened
from samovar.core.task import Task
from samovar.flow.kit import Word
from samovar.workshop import WAITING, Workshop

HOME = Path("home")


class Worker:
    """An App whose runs do what a test says."""

    def __init__(self, ask, live) -> None:
        self.ask, self.live = ask, live
        self.pause = asyncio.Event()
        self.log: list[str] = []
        self.error: Exception | None = None

    async def start(self, wish: Wish) -> AsyncIterator[Entry]:
        self.log.append(f"start {wish.text}")
        now = datetime.now(UTC)
        yield Entry(0, now, Opened(run=f"run-{wish.text}", task=Task(id="x", text=wish.text)))
        self.live("step", "planning")
        self.live("token", "Hello")
        await self.pause.wait()
        if self.error:
            raise self.error
        word = await self.ask(Asked(act="commit", digest="d"), "diff")
        yes = word and word.yes
        yield Entry(1, now, Closed(outcome=f"word {yes}", ok=bool(yes)))
        self.log.append(f"end {wish.text} {yes}")

    async def resume(self, run: str) -> AsyncIterator[Entry]:
        word = await self.ask(Asked(act="commit", digest="d"), "")
        self.log.append(f"resume {run} {word and word.yes}")
        yield Entry(2, datetime.now(UTC), Closed(outcome="", ok=True))

    async def undo(self, run: str) -> str:
        return f"undid {run}"


@pytest.fixture
def made():
    opened: list[Worker] = []

    @asynccontextmanager
    async def open_(home, ask, live):
        opened.append(Worker(ask, live))
        yield opened[-1]

    return Workshop(open_), opened


async def until(true) -> None:
    for _ in range(300):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to that")


async def test_orders_are_worked_off_in_order_and_say_how_far_they_are(made):
    shop, opened = made
    async with shop.open_day():
        one, two = shop.submit(HOME, Wish(text="a")), shop.submit(HOME, Wish(text="b"))
        await until(lambda: one.tokens == 1)
        assert (one.run, one.step, one.said) == ("run-a", "planning", "Hello")
        assert two.stage == "queued"
        assert shop.works_on("run-a")
        opened[0].pause.set()
        await until(lambda: two.stage == "ended")
    assert opened[0].log == ["start a", "end a None", "start b", "end b None"]
    assert len(opened) == 1, "the model is kept for the next order"


async def test_a_word_given_later_is_spent_by_the_run_that_goes_on(made):
    shop, opened = made
    async with shop.open_day():
        order = shop.answer(HOME, "run-a", Asked(act="commit", digest="d"), Word(True))
        await until(lambda: order.stage == "ended")
    assert opened[0].log == ["resume run-a True"]


async def test_a_run_is_stopped_and_the_next_one_begins(made):
    shop, opened = made
    async with shop.open_day():
        one, two = shop.submit(HOME, Wish(text="a")), shop.submit(HOME, Wish(text="b"))
        await until(lambda: one.tokens == 1)
        shop.stop("run-a")
        await until(lambda: two.tokens == 1)
        assert (one.stage, one.error) == ("ended", "stopped; it can be taken up again")
        opened[0].pause.set()
        await until(lambda: two.stage == "ended")
        with pytest.raises(SetupError, match="not worked on by this server"):
            shop.stop("run-a")


async def test_an_order_that_waits_can_be_taken_back(made):
    shop, opened = made
    async with shop.open_day():
        one, two = shop.submit(HOME, Wish(text="a")), shop.submit(HOME, Wish(text="b"))
        await until(lambda: one.tokens == 1)
        shop.drop(two.id)
        opened[0].pause.set()
        await until(lambda: one.stage == "ended")
        await asyncio.sleep(0.05)
    assert two.error == "taken back"
    assert "start b" not in opened[0].log


@pytest.mark.parametrize("error", [SetupError("no model answers"), RuntimeError("our mistake")])
async def test_a_run_that_fails_says_why_and_the_workshop_goes_on(made, error):
    shop, opened = made
    async with shop.open_day():
        one = shop.submit(HOME, Wish(text="a"))
        await until(lambda: one.tokens == 1)
        opened[0].error = error
        opened[0].pause.set()
        await until(lambda: one.stage == "failed")
        assert one.error == str(error)
        opened[0].error = None
        two = shop.submit(HOME, Wish(text="b"))
        await until(lambda: two.stage == "ended")


async def test_a_repository_that_cannot_be_opened_fails_the_order_only():
    tries = []

    @asynccontextmanager
    async def open_(home, ask, live):
        tries.append(1)
        raise SetupError("not a git repository")
        yield

    shop = Workshop(open_)
    async with shop.open_day():
        one = shop.submit(HOME, Wish(text="a"))
        await until(lambda: one.stage == "failed")
        two = shop.submit(HOME, Wish(text="b"))
        await until(lambda: two.stage == "failed")
    assert len(tries) == 2


async def test_the_end_of_the_day_stops_the_run_at_hand(made):
    shop, _ = made
    async with shop.open_day():
        one = shop.submit(HOME, Wish(text="a"))
        await until(lambda: one.tokens == 1)
        task = one.task
    assert task is not None
    await until(task.done)


async def test_a_model_is_let_go_when_there_is_nothing_to_do(made, monkeypatch):
    monkeypatch.setattr(module, "IDLE", 0.05)
    shop, opened = made
    async with shop.open_day():
        one = shop.answer(HOME, "r", Asked(act="commit", digest="d"), Word(False))
        await until(lambda: one.stage == "ended")
        await asyncio.sleep(0.15)
        two = shop.resume(HOME, "r")
        await until(lambda: two.stage == "ended")
    assert len(opened) == 2


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        (Asked(act="commit", digest="d"), True),
        (Asked(act="commit", digest="e"), None),
        (Asked(act="push", digest="d"), None),
    ],
)
async def test_a_word_counts_once_for_exactly_the_act_it_was_given_for(made, said, counts):
    shop, opened = made
    async with shop.open_day():
        for yes in (True, False):
            order = shop.answer(HOME, "r", said, Word(yes))
            await until(lambda order=order: not order.open)
        order = shop.resume(HOME, "r")
        await until(lambda: not order.open)
    given = [counts, None if counts is None else False, None]
    assert opened[0].log == [f"resume r {each}" for each in given]


async def test_a_word_for_one_run_is_none_for_another(made):
    shop, opened = made
    first = shop.answer(HOME, "one", Asked(act="commit", digest="d"), Word(True))
    with pytest.raises(SetupError, match="worked on"):
        shop.answer(HOME, "one", Asked(act="commit", digest="d"), Word(True))
    shop.stop("one")
    other = shop.resume(HOME, "two")
    async with shop.open_day():
        await until(lambda: not other.open)
    assert (first.stage, opened[0].log) == ("failed", ["resume two None"])


async def test_too_many_orders_are_refused_and_each_is_told_why_it_cannot_begin():
    @asynccontextmanager
    async def closed(_home, _ask, _live):
        raise SetupError("there is no model")
        yield

    shop = Workshop(closed)
    orders = [shop.submit(HOME, Wish(text="x")) for _ in range(WAITING)]
    with pytest.raises(SetupError, match="wait already"):
        shop.submit(HOME, Wish(text="x"))
    async with shop.open_day():
        await until(lambda: not orders[-1].open)
    assert {o.error for o in orders} == {"there is no model"}
    assert all(o.begun.is_set() for o in orders)


async def test_an_order_is_found_by_its_own_name_and_by_that_of_its_run(made):
    shop, opened = made
    async with shop.open_day():
        order = shop.submit(HOME, Wish(text="a"))
        assert shop.find(order.name) is order and shop.find("") is None
        await asyncio.wait_for(order.begun.wait(), 5)
        assert shop.find("run-a") is order and shop.find(f"order-{order.id}") is order
        opened[0].pause.set()
        await until(lambda: not order.open)


def test_an_empty_task_is_no_order(made):
    with pytest.raises(SetupError, match="empty"):
        made[0].submit(HOME, Wish(text=" \n"))
