"""The agents of a home as tools."""

import msgspec
import pytest

from mcp import Client
from samovar.cli.bootstrap import bootstrap
from samovar.core.rules import Rules
from samovar.mcp import people
from samovar.mcp.people import People
from samovar.mcp.server import make_server
from samovar.office import open_team
from samovar.org.kept import Kept, keep
from samovar.org.lock import alone
from samovar.org.seams import Approval


@pytest.fixture
async def team(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert await bootstrap(tmp_path / "home", None, False, True) == 0
    async with open_team(tmp_path / "home") as made:
        yield made


async def test_every_agent_is_a_tool_that_writes_or_files_a_task(team, says):
    names = [m.name for m in await team.agents()]
    assert names
    server = make_server(await People(team).tools(), Rules())
    async with Client(server) as client:
        listed = {t.name for t in (await client.list_tools()).tools}
        assert {f"ask_{n}" for n in names} <= listed
        await says(client, f"ask_{names[0]}", text="how far are you?")
        filed = await says(client, f"ask_{names[0]}", text="write a README", kind="task")
        assert (await team.tasks(names[0]))[0].id == filed["task"]
        assert (await team.tasks(names[0]))[0].created_by == "person:mcp"
        found = (await says(client, "messages"))["messages"]
        assert [m["text"] for m in found if m["from"] == "person:mcp"] == ["how far are you?"]


async def test_a_task_is_filed_for_a_repository_of_its_agent_and_no_other(team, says, refuses):
    resume = team.home / "agents" / "developer" / "resume.json"
    known = msgspec.json.decode(resume.read_bytes())
    known["permissions"]["repositories"] = ["..", "../two"]
    resume.write_bytes(msgspec.json.encode(known))
    async with Client(make_server(await People(team).tools(), Rules())) as client:
        asked = {"text": "mend it", "kind": "task"}
        await says(client, "ask_developer", **asked, repo="../two")
        told = await refuses(client, "ask_developer", **asked, repo="/etc")
        assert "it has: .., ../two" in told
    assert [j.repo for j in await team.tasks("developer")] == ["../two"]


async def test_an_answer_is_promised_only_while_an_engine_runs(team, says):
    name = (await team.agents())[0].name
    async with Client(make_server(await People(team).tools(), Rules())) as client:
        for kind in ("message", "task"):
            answer = (await says(client, f"ask_{name}", text="hello", kind=kind))["answer"]
            assert "no engine runs in this home" in answer and "'samovar up'" in answer
        with alone(team.home):
            answer = (await says(client, f"ask_{name}", text="hello"))["answer"]
        assert answer == "the agent reads it at its next turn; see messages"


async def test_agents_beyond_the_most_share_a_tool_that_names_them(
    team, says, refuses, monkeypatch
):
    monkeypatch.setattr(people, "_MOST", 1)
    names = [m.name for m in await team.agents()]
    async with Client(make_server(await People(team).tools(), Rules())) as client:
        listed = {t.name: t.description for t in (await client.list_tools()).tools}
        assert [n for n in names if f"ask_{n}" in listed] == names[:1]
        assert f"one of the {len(names) - 1} agents" in listed["write_to_agent"]
        assert all(n in listed["write_to_agent"] for n in names[1:])
        await says(client, "write_to_agent", agent=names[1], text="hello")
        letter = (await says(client, "messages"))["messages"][0]
        assert letter["text"] == "hello" and names[1] in letter["to"]
        assert "no agent 'nobody'" in await refuses(
            client, "write_to_agent", agent="nobody", text="hello"
        )


async def test_an_act_is_allowed_by_its_very_digest_only(team, says, refuses):
    name = (await team.agents())[0].name
    asked = Approval(agent=name, act="push", digest="ab" * 32, text="push it")
    await team.engine.turns.kit.approvals.ask(asked, 60.0)
    async with Client(make_server(await People(team).tools(), Rules())) as client:
        listed = (await says(client, "approvals"))["approvals"]
        assert [a["digest"] for a in listed] == [asked.digest]
        assert "no agent asks" in await refuses(client, "approve_act", digest="cd" * 32)
        assert "no agent asks" in await refuses(client, "approve_act", digest="ab" * 16)
        assert len(await team.approvals()) == 1
        await says(client, "approve_act", digest=asked.digest)
        used = await team.engine.turns.kit.approvals.use(asked.digest)
        assert used.by == "person:mcp"
        assert msgspec.structs.asdict(used)["agent"] == name


async def test_a_task_that_was_filed_can_be_looked_up(team, says, refuses):
    names = [m.name for m in await team.agents()]
    async with Client(make_server(await People(team).tools(), Rules())) as client:
        first = await says(client, f"ask_{names[0]}", text="write a README", kind="task")
        other = await says(client, f"ask_{names[1]}", text="test it", kind="task")
        keep(team.home, first["task"], Kept(run="20261121-083444-readme-1a2b", waits="push"))
        (found,) = (await says(client, "tasks", id=first["task"]))["tasks"]
        assert (found["agent"], found["text"], found["state"]) == (
            names[0],
            "write a README",
            "ready",
        )
        assert (found["by"], found["run"]) == ("person:mcp", "20261121-083444-readme-1a2b")
        assert found["waits_for"] == "push"
        await team.cancel(other["task"], "not now")
        listed = (await says(client, "tasks"))["tasks"]
        assert [(t["id"], t["state"]) for t in listed] == [
            (other["task"], "cancelled"),
            (first["task"], "ready"),
        ]
        assert listed[0]["reason"] == "not now"
        assert [t["id"] for t in (await says(client, "tasks", agent=names[0]))["tasks"]] == [
            first["task"]
        ]
        assert "there is no task 99" in await refuses(client, "tasks", id=99)
