"""A person's word counts for one exact act, once, in time, whoever asks and however often."""

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from itertools import count

import pytest
from hired import desk_of, team_of

from samovar.core.errors import Refused, SetupError
from samovar.core.log import now
from samovar.org.seams import Approval, Approvals
from samovar.store.clock import Clock
from samovar.store.memory_books import MemoryApprovals
from samovar.web.acts import give_word
from samovar.web.desk import Desk

HOUR = 3600.0


class Home:
    """A team whose clock the test moves, what it asks, and a person who answers."""

    def __init__(self, desk: Desk, books: Approvals, ahead: list[float]) -> None:
        self.desk, self.books, self.ahead = desk, books, ahead
        self.executed: list[str] = []
        self._numbers: Iterator[int] = count()

    async def ask(self, text: str = "push branch") -> Approval:
        """Let an agent ask for an act; every act is another one."""
        text = f"{text} {next(self._numbers)} to origin"
        act = Approval(agent="ada", act="push", digest=digest(text), text=text)
        return await self.books.ask(act, HOUR)

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


@pytest.fixture
def home(tmp_path):
    ahead = [0.0]
    books = MemoryApprovals(Clock(wall=lambda: now() + timedelta(seconds=ahead[0])))
    return Home(desk_of(tmp_path, team_of(tmp_path, approvals=books)), books, ahead)


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
        asked = await home.ask()
        if answered:
            assert await home.answer(asked)
        home.ahead[0] += HOUR + 1
        if not answered:
            assert not await home.answer(asked)
        await home.act(asked.text)
    assert home.executed == []
