"""Outboxes that begin anew: emptied, restored, or of an agent that was hired again."""

import shutil
from pathlib import Path

from msgspec.structs import replace

from samovar.core.message import Request
from samovar.org.bookmark import Bookmark
from samovar.org.journal import engine_log, tail
from samovar.org.outbox import OutboxEntry, answer, outbox_of, post
from samovar.org.resume import PEOPLE
from samovar.org.standing import present
from samovar.org.team import Team

from .conftest import act, hire, office, reading


def say(home: Path, sender: str, text: str, **more: object) -> OutboxEntry:
    draft = OutboxEntry(sender=sender, tick=present(home) + 1, seq=0, text=text, **more)
    return post(home, PEOPLE if sender.startswith("person:") else sender, draft)


def listening(home: Path) -> tuple[Team, list[str]]:
    """Return a team in which b hears a and people, and what b was told in each of its turns."""
    hire(home, "a")
    hire(home, "b", **reading("a"))
    told: list[str] = []

    def rule(request: Request) -> str:
        if "You are b" in request.messages[0].text:
            told.append(request.messages[-1].text)
        return act("nothing")

    return office(home, rule), told


def named(home: Path) -> list[str]:
    return [r["text"] for r in tail(engine_log(home).path, 99) if "begin anew" in r.get("text", "")]


async def turns(team: Team, count: int = 2) -> None:
    for _ in range(count):
        await team.tick()


async def test_an_agent_that_was_hired_again_is_heard_from_its_first_word(home: Path) -> None:
    team, told = listening(home)
    for n in range(5):
        say(home, "a", f"old {n}")
    await turns(team)
    assert len(told) == 1
    shutil.rmtree(home / "agents" / "a")
    await turns(team)
    hire(home, "a")
    for n in range(2):
        say(home, "a", f"fresh {n}")
        await turns(team)
    heard = "\n".join(told)
    assert [heard.count(f"fresh {n}") for n in range(2)] == [1, 1]
    assert [heard.count(f"old {n}") for n in range(5)] == [1] * 5
    assert len(named(home)) == 1 and "agents/a/outbox" in named(home)[0]


async def test_people_are_heard_after_their_outbox_was_emptied(home: Path) -> None:
    team, told = listening(home)
    for n in range(3):
        say(home, "person:ann", f"old {n}")
    await turns(team)
    shutil.rmtree(outbox_of(home, PEOPLE))
    await turns(team)
    say(home, "person:ann", "fresh")
    await turns(team)
    assert sum("fresh" in each for each in told) == 1


async def test_a_restored_outbox_is_not_heard_twice_and_what_comes_after_is(home: Path) -> None:
    team, told = listening(home)
    for n in range(4):
        say(home, "a", f"word {n}")
        await turns(team, 1)
    await turns(team)
    for file in sorted(outbox_of(home, "a").iterdir())[2:]:
        file.unlink()
    await turns(team)
    say(home, "a", "fresh")
    await turns(team)
    heard = "\n".join(told)
    assert [heard.count(f"word {n}") for n in range(4)] == [1] * 4
    assert heard.count("fresh") == 1


async def test_an_outbox_that_is_away_for_a_while_is_not_heard_twice(home: Path) -> None:
    team, told = listening(home)
    say(home, "a", "word")
    await turns(team)
    box, aside = outbox_of(home, "a"), home / "aside"
    box.rename(aside)
    await turns(team)
    aside.rename(box)
    say(home, "a", "later")
    await turns(team)
    heard = "\n".join(told)
    assert (heard.count("word"), heard.count("later")) == (1, 1) and not named(home)


async def test_a_task_goes_first_and_the_new_words_are_not_lost(home: Path) -> None:
    team, told = listening(home)
    for n in range(5):
        say(home, "a", f"old {n}")
    await turns(team)
    shutil.rmtree(outbox_of(home, "a"))
    say(home, "a", "fresh")
    await team.submit("write", "b")
    await turns(team, 5)
    assert sum("fresh" in each for each in told) == 1


async def test_what_an_agent_says_anew_is_followed_up(home: Path) -> None:
    team, _ = listening(home)
    kit = team.engine.turns.kit
    say(home, "a", "May I?", kind="question")
    mark = await team.engine.turns.recover("a", Bookmark(seq=7, tick=1), 9)
    assert mark.seq == 1
    assert [q.text for q in await kit.approvals.list(("asked",))] == ["May I?"]


async def test_a_question_of_a_number_that_was_used_before_can_be_answered(home: Path) -> None:
    hire(home, "a")
    first = OutboxEntry(sender="a", tick=3, seq=0, kind="question", text="this?")
    said = OutboxEntry(sender="person:ann", tick=4, seq=0, kind="answer", text="no", reply_to="a/1")
    post(home, "a", first)
    answer(home, PEOPLE, said)
    shutil.rmtree(outbox_of(home, "a"))
    post(home, "a", OutboxEntry(sender="a", tick=8, seq=0, kind="question", text="that?"))
    again = replace(said, tick=9, text="yes")
    answer(home, PEOPLE, again)
    assert len(list(outbox_of(home, PEOPLE).iterdir())) == 2
