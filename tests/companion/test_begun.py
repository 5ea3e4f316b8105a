"""The first message of a conversation, and going over to another one, when something fails."""

import asyncio

import pytest
from actions import reply

from samovar.app import App
from samovar.companion import companion
from samovar.core.errors import SetupError

from .conftest import MEND, events


async def test_a_first_message_that_is_broken_off_leaves_a_conversation_that_goes_on(
    sit, monkeypatch
):
    talker = await sit(reply("Hello."))
    begun, opened = asyncio.Event(), companion.open_draft

    async def slowly(*given):
        begun.set()
        await asyncio.sleep(0.1)
        return await opened(*given)

    monkeypatch.setattr(companion, "open_draft", slowly)
    step = asyncio.create_task(events(talker, "hello"))
    await begun.wait()
    step.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step
    assert talker.stop() == []
    await events(talker, "hello again")
    assert talker.talk.answer == "Hello."
    assert [s.run for s in App(talker.seat.home).runs()] == [talker.run]


async def test_a_copy_that_cannot_be_written_ends_no_conversation(sit, monkeypatch):
    first, second = await sit(MEND, reply("Mended."), reply("A minus.")), await sit(reply("Hello."))
    await events(first, "mend add")
    opened = companion.open_draft

    async def full(*_given):
        raise SetupError("the disk is full")

    monkeypatch.setattr(companion, "open_draft", full)
    with pytest.raises(SetupError, match="disk is full"):
        await events(second, "hello")
    monkeypatch.setattr(companion, "open_draft", opened)
    await events(second, "hello again")
    assert second.talk.answer == "Hello."
    monkeypatch.setattr(companion, "open_draft", full)
    second.close()
    with pytest.raises(SetupError, match="disk is full"):
        await first.resume(second.run)
    monkeypatch.setattr(companion, "open_draft", opened)
    await events(first, "what was wrong?")
    assert first.talk.answer == "A minus." and "+    return a + b" in await first.diff()
    third = await sit()
    await third.resume(second.run)
    with pytest.raises(SetupError, match="another process"):
        await third.resume(first.run)
