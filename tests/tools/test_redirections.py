"""Where a page leads, the rules hold as for the page itself."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from samovar.companion import tools as companion
from samovar.core.rules import Broker, Rule, Rules, perform
from samovar.core.tool import Call
from samovar.memory.notes import Notes
from samovar.memory.recall import Memory
from samovar.settings import Settings
from samovar.tools.address import Web

HERE, THERE = "127.0.0.1", "localhost"
ALL = Rule(tool="fetch")


@pytest.fixture
async def server():
    """A server that leads where it is told to; it counts who comes."""
    reached = []

    async def answer(reader, writer):
        asked = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        reached.append(asked.partition("Host: ")[2].partition(":")[0])
        target = asked.split()[1].partition("?to=")[2]
        head = (
            f"302 Found\r\nLocation: {target}" if target else "200 OK\r\nContent-Type: text/plain"
        )
        head += "\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
        writer.write(f"HTTP/1.1 {head}".encode())
        await writer.drain()
        writer.close()

    running = await asyncio.start_server(answer, "0.0.0.0", 0)
    async with running:
        yield running.sockets[0].getsockname()[1], reached


@pytest.mark.parametrize(
    ("rules", "then", "said"),
    [
        (Rules(deny=(Rule(host=THERE, why="not there"),), allow=(ALL,)), THERE, "not there"),
        (Rules(ask=(Rule(host=THERE),), allow=(ALL,)), THERE, "a person is to be asked"),
        (Rules(allow=(Rule(host=HERE),)), THERE, "a person is to be asked about that host"),
        (Rules(), THERE, "a person is to be asked about that host: fetch that address itself"),
        (Rules(), HERE, ""),
        (Rules(allow=(ALL,)), THERE, ""),
        (Rules(allow=(Rule(host=HERE), Rule(host=THERE))), THERE, ""),
    ],
)
async def test_rules_by_host_hold_for_every_redirection(
    server, place, sandbox, tmp_path, rules, then, said
):
    port, reached = server
    asked = []

    async def yes(call, why):
        asked.append((call, why))
        return True

    web = Web(hosts=(f"{HERE}:{port}", f"{THERE}:{port}"))
    seat = companion.Place(tmp_path / "home", [place.root], place.root, "ada", "run", None)
    memory = Memory(Notes(tmp_path / "memory"))
    url = f"http://{HERE}:{port}/?to=http://{then}:{port}/"
    async with AsyncExitStack() as stack:
        whole = Settings(web=web, rules=rules)
        tools = companion.tools(seat, whole, sandbox, memory, None, stack)()
        broker = Broker(rules, yes, str(place.root))
        found = await perform(Call("fetch", {"url": url}), tools, broker)
    memory.close()
    assert len(asked) == (not rules.allow), "a person is asked about the first address alone"
    assert reached == ([HERE] if said else [HERE, then])
    assert found.ok is not bool(said) and said in found.text
