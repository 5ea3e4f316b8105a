"""The whole chain, through the real command line, with a scripted model: `make smoke`."""

import asyncio
import json
import re
import socket
import urllib.request
from pathlib import Path

import openai
import pytest
from mcp.client.stdio import StdioServerParameters, stdio_client

from mcp import Client

from .conftest import CODE, COMMAND, git

pytestmark = pytest.mark.smoke
TASK = "add() in sums.py subtracts; make the tests pass"
QUICK = "python3 -c 'import test_sums; test_sums.test_two_numbers_are_added()'"
STOCK = {
    "type": "function",
    "function": {
        "name": "read_file",
        "parameters": {"type": "object", "properties": {"path": {"type": "string"}}},
    },
}


def test_do_plans_tries_in_the_sandbox_and_commits(samovar, project: Path):
    done = samovar("do", TASK, "--yes", "--test", QUICK)
    assert "verified" in done
    shown = json.loads(samovar("show", "--json"))
    kinds = [entry["event"]["type"] for entry in shown["entries"]]
    for kind in ("opened", "surveyed", "planned", "wrote", "judged", "chose", "done", "closed"):
        assert kind in kinds, kinds
    (branch,) = git(project, "branch", "--list", "samovar/*", "--format=%(refname:short)").split()
    assert "a + b" in git(project, "show", f"{branch}:sums.py")
    assert (project / "sums.py").read_text() == CODE, "the person's own files stay as they are"


def test_chat_reads_edits_runs_and_commits(samovar, project: Path):
    done = samovar("chat", stdin="mend add and try it\n/diff\n/commit fix: add\n")
    for line in ("* read_file(", "* edit_text(", "* python(", "It adds now: 2 and 3 make 5."):
        assert line in done, done
    assert "+    return a + b" in done
    branch = re.search(r"committed \w+ on (\S+):", done)
    assert branch is not None and "a + b" in git(project, "show", f"{branch[1]}:sums.py")


def test_model_serve_answers_the_official_client_with_a_call(stays, model: str):
    with stays("model", "serve", "--upstream", model, "--port", "0") as line:
        url = line.split(" answers at ")[1].split(";")[0]
        with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
            assert [m.id for m in client.models.list()] == ["scripted"]
            said = [{"role": "user", "content": "read sums.py"}]
            got = client.chat.completions.create(model="scripted", messages=said, tools=[STOCK])
    (call,) = got.choices[0].message.tool_calls
    assert json.loads(call.function.arguments) == {"path": "sums.py"}


async def test_mcp_serve_submits_follows_and_approves(project: Path, environment, tmp_path: Path):
    words = [*COMMAND[1:], "mcp", "serve", "--repo", str(project)]
    start = StdioServerParameters(command=COMMAND[0], args=words, env=environment)
    with (tmp_path / "errors.txt").open("w") as errors:
        async with Client(stdio_client(start, errlog=errors)) as client:

            async def use(tool: str, **arguments: object) -> dict:
                result = await client.call_tool(tool, arguments)
                assert not result.is_error, result.content[0].text
                return result.structured_content

            run = (await use("submit", task=TASK, test=QUICK))["run"]
            await until(use, run, "waiting")
            asked = (await use("status", run=run))["question"]
            assert "+    return a + b" in asked["text"]
            await use("approve", run=run, digest=asked["digest"])
            await until(use, run, "done")
    assert git(project, "rev-list", "--count", f"samovar/{run}") == "2"


async def until(use, run: str, state: str) -> None:
    async with asyncio.timeout(60):
        while (await use("status", run=run))["state"] != state:
            await asyncio.sleep(0.1)


def test_a_team_is_made_written_to_works_and_is_shown(samovar, stays, project: Path):
    samovar("bootstrap")
    samovar("send", "writer", "hello")
    samovar("queue", "add", TASK, "--agent", "developer")
    ticked = json.loads(samovar("run-once", "--json"))
    assert ticked["turns"]["developer"] == "work" and ticked["failed"] == {}, ticked
    assert json.loads(samovar("status", "--json"))["jobs"] == {"done": 1}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    with stays("serve", "--port", port) as line:
        assert f"http://127.0.0.1:{port}/" in line
        token = (project / ".samovar" / "web.token").read_text().strip()
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/status", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            assert json.load(answer)["status"]["tick"] == 1
