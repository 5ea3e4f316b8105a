"""MCP servers of samovar.toml in a conversation: offered, asked about, called; and their faults."""

import asyncio
import json
import sys
from typing import Any

import pytest

from samovar.core.talk import Offered, Stopped, Used
from samovar.memory.skills.shelf import Shelf
from samovar.settings import load

SERVER = """
import json, sys
SCHEMA = {"type": "object", "properties": {"item": {"type": "string"}}, "required": ["item"]}
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    answers = {
        "initialize": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                       "serverInfo": {"name": "store", "version": "1"}},
        "tools/list": {"tools": [{"name": "count", "description": "Counts items of the store.",
                                  "inputSchema": SCHEMA}]},
        "tools/call": {"content": [{"type": "text", "text": "17 lamps"}]},
    }
    found = answers.get(asked["method"])
    answer = {"jsonrpc": "2.0", "id": asked["id"]}
    answer |= {"result": found} if found else {"error": {"code": -32601, "message": "no"}}
    print(json.dumps(answer), flush=True)
"""
COUNT = json.dumps({"tool": "store_count", "arguments": {"item": "lamp"}})
REPLY = json.dumps({"tool": "reply", "arguments": {"text": "There are 17."}})
ASK = "how many items does the store count?"


@pytest.fixture
def described(project, tmp_path):
    """Return what writes samovar.toml; the server's program lies where the sandbox may read."""
    place = tmp_path / "servers"
    place.mkdir(mode=0o755)
    (place / "store.py").write_text(SERVER)
    home = project / ".samovar"
    home.mkdir()

    def write(*tables: str):
        program = json.dumps([sys.executable, str(place / "store.py")])
        text = "\n".join(tables).replace("PROGRAM", program).replace("PLACE", str(place))
        (home / "samovar.toml").write_text(text)
        return load(home, {})

    return write


STORE = '[mcp.store]\ncommand = PROGRAM\nreadable = ["PLACE"]\n'


async def events(talker, text: str) -> list[Any]:
    return [entry.event async for entry in talker.say(text)]


async def test_a_tool_of_a_server_is_offered_asked_about_and_called(sit, described):
    asked: list[tuple[str, str]] = []

    async def ask(call, why: str) -> bool:
        asked.append((call.tool, why))
        return len(asked) == 1

    told: list[str] = []
    settings = described(STORE)
    talker = await sit(
        COUNT, COUNT, REPLY, settings=settings, ask=ask, live=lambda *t: told.append(t[1])
    )
    seen = await events(talker, ASK)
    offered = [name for event in seen if isinstance(event, Offered) for name in event.tools]
    assert "store_count" in offered
    first, second = [e.result for e in seen if isinstance(e, Used)]
    assert first.ok and first.text.endswith("17 lamps") and "data of others" in first.text
    assert asked == [("store_count", "it reaches other machines")] * 2
    assert not second.ok and "nobody allowed this call" in second.text
    assert isinstance(seen[-1], Stopped) and talker.talk.answer == "There are 17."
    assert told == [], "where all is well nothing is told"


async def test_a_skill_never_answers_in_a_servers_place(sit, described, project):
    source = (
        b'def store_count(item: str) -> int:\n    """Count the items of a store."""\n    return 3\n'
    )
    shelf = Shelf(project / ".samovar" / "skills")
    shelf.add("store_count", source, "store_count", {"agent": "ada"})
    shelf.add("storey", source, "store_count", {"agent": "ada"})
    asked: list[str] = []

    async def ask(call, _why: str) -> bool:
        asked.append(call.tool)
        return True

    talker = await sit(COUNT, REPLY, settings=described(STORE), ask=ask)
    seen = await events(talker, ASK)
    (used,) = [e.result for e in seen if isinstance(e, Used)]
    assert asked == ["store_count"] and used.text.endswith("17 lamps")
    assert "storey" in {t.name for t in await talker.tools()}


async def test_the_rules_of_a_person_decide_on_a_servers_tool(sit, described):
    rule = '[[rules.deny]]\ntool = "store_*"\nwhy = "not today"\n'
    talker = await sit(COUNT, REPLY, settings=described(STORE, rule))
    seen = await events(talker, ASK)
    (used,) = [e.result for e in seen if isinstance(e, Used)]
    assert not used.ok and "not permitted: not today" in used.text
    allowed = described(STORE, '[[rules.allow]]\ntool = "store_count"\n')
    talker = await sit(COUNT, REPLY, settings=allowed)
    (used,) = [e.result for e in await events(talker, ASK) if isinstance(e, Used)]
    assert used.ok, "a person who allowed it is not asked again"


async def test_a_server_that_is_missing_or_slow_costs_one_line_and_the_rest_goes_on(sit, described):
    told: list[tuple[str, str]] = []
    settings = described(
        '[mcp.gone]\ncommand = ["no-such-program"]\n',
        '[mcp.slow]\ncommand = ["/bin/sleep", "60"]\nstart_seconds = 0.5\n',
        STORE + 'permission = "read"\n',
    )
    talker = await sit(COUNT, REPLY, REPLY, settings=settings, live=lambda *t: told.append(t))
    async with asyncio.timeout(40):
        seen = await events(talker, ASK)
        await events(talker, "thank you")
    notes = sorted(text for kind, text in told if kind == "note")
    assert len(notes) == 2, "each fault is told once"
    assert notes[0].startswith("MCP server gone: ") and "no-such-program" in notes[0]
    assert notes[1] == "MCP server slow: it did not answer within 0.5 s"
    assert all("\n" not in note for note in notes)
    (used,) = [e.result for e in seen if isinstance(e, Used)]
    assert used.ok
