"""Live pages: what was missed is replayed, what comes fast is merged, nobody is left hanging."""

import asyncio
from collections.abc import AsyncIterator

from structlog.testing import capture_logs

from samovar.org.seams import StoreAway
from samovar.web import live
from samovar.web.live import Channel, Hub, Trouble, Update, encode, partial


class Counter:
    """A source that counts; every look finds one more."""

    pace = 0.01

    def __init__(self) -> None:
        self.looks = 0

    async def look(self) -> Update | None:
        self.looks += 1
        await asyncio.sleep(0.01)
        return Update(str(self.looks), f"<p>{self.looks}</p>")

    async def since(self, id: str, /) -> Update | None:
        return Update(str(self.looks), f"after {id}") if id else None


async def first(updates: AsyncIterator[Update | None], count: int) -> list[Update | None]:
    found = []
    async for update in updates:
        found.append(update)
        if len(found) == count:
            break
    await updates.aclose()
    return found


async def test_a_listener_gets_what_was_missed_and_then_what_comes():
    channel = Channel(Counter())
    missed, then = await first(channel.listen("3"), 2)
    assert missed.html == "after 3"
    assert then.html == "<p>2</p>"


async def test_updates_leave_at_most_ten_times_a_second(monkeypatch):
    source = Counter()
    channel = Channel(source)
    clock = asyncio.get_running_loop().time
    began = clock()
    await first(channel.listen(""), 4)
    assert clock() - began >= 3 * live.GAP


async def test_a_source_is_not_looked_at_when_nobody_listens():
    source = Counter()
    hub = Hub()
    await first(hub.listen("x", lambda: source, ""), 2)
    await asyncio.sleep(0.25)
    seen = source.looks
    await asyncio.sleep(0.25)
    assert source.looks == seen
    assert hub.listeners == 0


async def test_a_listener_who_falls_behind_is_let_go_with_what_it_can_ask_for(monkeypatch):
    monkeypatch.setattr(live, "BEHIND", 3)
    monkeypatch.setattr(live, "GAP", 0.01)
    channel = Channel(Counter())
    updates = channel.listen("")
    await anext(updates)
    await asyncio.sleep(0.3)
    rest = [u async for u in updates]
    assert len(rest) <= 3
    assert channel.listeners == 0


async def test_listeners_share_one_look():
    source, hub = Counter(), Hub()
    found = await asyncio.gather(
        *(first(hub.listen("x", lambda: source, ""), 3) for _ in range(20))
    )
    assert len(found) == 20
    assert source.looks < 10


async def test_pages_that_open_together_share_one_watcher(monkeypatch):
    monkeypatch.setattr(live, "GAP", 0.05)
    source, hub = Counter(), Hub()
    began = asyncio.get_running_loop().time()
    found = await asyncio.gather(*(first(hub.listen("x", lambda: source), 4) for _ in range(8)))
    took = asyncio.get_running_loop().time() - began
    assert {tuple(u.id for u in updates) for updates in found} == {("2", "3", "4", "5")}
    assert source.looks <= 2 + took / live.GAP


async def test_who_leaves_during_the_first_look_takes_nothing_from_the_others():
    source, hub = Counter(), Hub()
    leaving = asyncio.create_task(anext(hub.listen("x", lambda: source)))
    staying = asyncio.create_task(first(hub.listen("x", lambda: source), 2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert [u.id for u in await asyncio.wait_for(staying, 5)] == ["2", "3"]
    assert hub.listeners == 0


async def test_a_stream_that_begins_while_the_database_is_away_waits_for_it():
    class Away(Counter):
        async def look(self) -> Update | None:
            found = await super().look()
            if self.looks == 1:
                raise StoreAway("the database does not answer")
            return found

    found = await first(Channel(Away()).listen(""), 3)
    assert found[:2] == [Trouble("the database does not answer"), Trouble("")]
    assert found[2].id == "2"


async def test_why_a_page_gets_no_news_is_said_once_to_everybody(monkeypatch):
    monkeypatch.setattr(live, "GAP", 0.01)

    class Away(Counter):
        async def look(self) -> Update | None:
            found = await super().look()
            if 2 <= self.looks <= 9:
                raise StoreAway("the database <b>is away</b>")
            return found

    source = Away()
    channel = Channel(source)
    with capture_logs() as logged:
        listening = asyncio.create_task(first(channel.listen(""), 3))
        while source.looks < 5:
            await asyncio.sleep(0.01)
        late = await first(channel.listen(""), 1)
        found = await asyncio.wait_for(listening, 5)
    away = Trouble("the database <b>is away</b>")
    assert found[:2] == [away, Trouble("")] and found[2].id == "10"
    assert late == [away], "also to who comes later"
    assert [line["error"] for line in logged] == [away.text], "once, not at each look"
    said = encode(away).decode()
    assert 'hx-target="#live"' in said and "no news: the database &lt;b&gt;is away" in said
    assert "id:" not in said, "who comes back asks for what came before"
    assert encode(Trouble("")).decode().endswith('hx-swap="innerMorph">live</hx-partial>\n\n')


async def test_a_silent_stream_says_that_it_is_alive(monkeypatch):
    monkeypatch.setattr(live, "BEAT", 0.05)

    class Silent(Counter):
        pace = 60.0

        async def look(self) -> Update | None:
            return None

    assert await first(Channel(Silent()).listen(""), 2) == [None, None]
    assert encode(None).startswith(b":")


async def test_a_source_that_breaks_ends_its_streams_instead_of_hanging():
    class Broken(Counter):
        async def look(self) -> Update | None:
            self.looks += 1
            if self.looks > 1:
                raise RuntimeError("a mistake of ours")
            return None

    found = [u async for u in Channel(Broken()).listen("")]
    assert found == []


def test_an_event_keeps_every_line_of_its_html():
    sent = encode(Update("7", "<pre>a\nb\r\nc</pre>")).decode()
    assert sent == "id: 7\ndata: <pre>a\ndata: b\ndata: c</pre>\n\n"
    assert partial("x", "y") == '<hx-partial hx-target="#x" hx-swap="innerMorph">y</hx-partial>'
