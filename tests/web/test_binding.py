"""A person's word counts for one exact act, once, in time, whoever asks and however often."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from hashlib import sha256
from itertools import count

import pytest
from hired import desk_of, team_of

from samovar.core.errors import Refused, SetupError
from samovar.core.log import now
from samovar.core.rules import AskPerson
from samovar.core.tool import Call
from samovar.hands.leave import Leave, Waits
from samovar.org.resume import Resume
from samovar.org.seams import Approval, Approvals, Job
from samovar.store.clock import Clock
from samovar.store.store import memory, open_store
from samovar.web.acts import give_word
from samovar.web.desk import Desk

from ..store.conftest import BACKENDS, database, postgres

__all__ = ["database", "postgres"]
HOUR = 3600.0
SHORT = 0.05


class Home:
    """A team, what it asks, and a person who answers.

    The test moves the clock; that of a server nobody moves, so there questions stay open for a
    moment only.
    """

    def __init__(self, desk: Desk, books: Approvals, ahead: list[float] | None) -> None:
        self.desk, self.books, self.ahead = desk, books, ahead
        self.executed: list[str] = []
        self._numbers: Iterator[int] = count()

    async def wait(self) -> None:
        """Let the time of a question that is open for `patience` go by."""
        if self.ahead is None:
            await asyncio.sleep(2 * self.patience)
        else:
            self.ahead[0] += self.patience + 1

    @property
    def patience(self) -> float:
        return SHORT if self.ahead is None else HOUR

    async def ask(self, text: str = "push branch", seconds: float = HOUR) -> Approval:
        """Let an agent ask for an act; every act is another one."""
        text = f"{text} {next(self._numbers)} to origin"
        act = Approval(agent="ada", act="push", digest=digest(text), text=text)
        return await self.books.ask(act, seconds)

    async def answer(self, asked: Approval, seen: str = "") -> bool:
        """Say yes as the form and the API do; return whether the word was taken."""
        given = seen or asked.digest
        try:
            await give_word(self.desk, str(asked.id), given, True, "")
        except SetupError:
            return False
        return True

    async def act(self, text: str) -> None:
        """Do an act if exactly this one is allowed, as the agents' hands and runs do."""
        try:
            await self.books.use(digest(text))
        except Refused:
            return
        self.executed.append(text)


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


@pytest.fixture(params=BACKENDS)
async def home(request, tmp_path) -> AsyncIterator[Home]:
    ahead = [0.0]
    clock = Clock(wall=lambda: now() + timedelta(seconds=ahead[0]))
    if request.param == "memory":
        books = memory(clock).approvals
        yield Home(desk_of(tmp_path, team_of(tmp_path, approvals=books)), books, ahead)
        return
    server = request.param == "postgresql"
    url = request.getfixturevalue("database") if server else ""
    async with open_store(tmp_path, url, clock) as store:
        team = team_of(tmp_path, approvals=store.approvals)
        yield Home(desk_of(tmp_path, team), store.approvals, None if server else ahead)


async def test_an_allowed_act_is_done(home):
    """Without this one the others would prove nothing."""
    asked = await home.ask()
    assert await home.answer(asked)
    await home.act(asked.text)
    assert home.executed == [asked.text]


async def test_of_100_acts_changed_after_the_approval_none_is_done(home):
    for number in range(100):
        asked = await home.ask()
        assert await home.answer(asked)
        changed = (f"{asked.text} --force", f"x{asked.text}", asked.text[:-1], asked.text.upper())
        await home.act(changed[number % 4])
    assert home.executed == []


async def test_of_100_words_for_another_act_none_is_taken(home):
    for _ in range(100):
        seen, asked = await home.ask(), await home.ask("push other branch")
        assert not await home.answer(asked, seen.digest)
        await home.act(asked.text)
    assert home.executed == []


async def test_of_50_replayed_words_none_does_anything_twice(home):
    for _ in range(50):
        asked = await home.ask()
        assert await home.answer(asked)
        await home.act(asked.text)
        assert not await home.answer(asked), "the same word once more"
        await home.act(asked.text)
    assert len(home.executed) == len(set(home.executed)) == 50


@pytest.mark.parametrize("answered", [True, False], ids=["in time", "too late"])
async def test_of_20_expired_questions_none_is_done(home, answered):
    for _ in range(20):
        asked = await home.ask(seconds=home.patience)
        if answered:
            # A server's clock goes on by itself, so that a slow answer is one too late.
            assert await home.answer(asked) or home.ahead is None
        await home.wait()
        if not answered:
            assert not await home.answer(asked)
        await home.act(asked.text)
    assert home.executed == []


async def test_of_100_calls_changed_after_the_yes_none_is_carried_out(home):
    """The gate of agents with tools, in the place of the five lines of `Home.act`."""
    job = Job(id=7, agent="ada", text="push it")
    gate = Leave(home.books, job, Resume(name="ada", instructions="Help."), _holds).gate()
    for number in range(25):
        call = Call("shell", {"command": f"git push origin b{number}", "timeout": 60})
        assert await _waits(gate, call)
        asked = (await home.books.list(("asked",)))[-1]
        assert await home.answer(asked)
        assert [await _waits(gate, changed) for changed in _changed(call)] == [True] * 4
        assert not await _waits(gate, call), "what was allowed"
        assert await _waits(gate, call), "once more"


async def _waits(gate: AskPerson, call: Call) -> bool:
    """Whether a call waits for a person; else it was carried out."""
    try:
        return not await gate(call, "reaches outside")
    except Waits:
        return True


def _changed(call: Call) -> Iterator[Call]:
    """Return calls that look alike: another command, tool, argument, or one more."""
    command = str(call.arguments["command"])
    yield Call(call.tool, {**call.arguments, "command": f"{command} --force"})
    yield Call("python", call.arguments)
    yield Call(call.tool, {**call.arguments, "timeout": 61})
    yield Call(call.tool, {**call.arguments, "also": ""})


async def _holds() -> None:
    return None
