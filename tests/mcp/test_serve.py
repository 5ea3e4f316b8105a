"""The official client against `samovar mcp serve`, over standard input and output."""

import json
import subprocess

import pytest

from samovar.app import App
from samovar.core.event import Opened, Overridden
from samovar.core.log import JsonlLog
from samovar.core.task import Task
from samovar.mcp.desk import Desk
from samovar.settings import Settings
from samovar.workshop import Workshop

from .conftest import held, stdio

QUICK = "python3 -c 'import test_sums; test_sums.test_two_numbers_are_added()'"


async def until(says, client, run, *states):
    """Follow a run until it stands so; return the kinds of its events."""
    kinds, after = [], -1
    for _ in range(60):
        found = await says(client, "follow", run=run, after=after, wait=5)
        kinds += [e["kind"] for e in found["events"]]
        after = found["after"]
        if found["state"] in states:
            return kinds
    raise AssertionError(f"{run} never was {states}: {kinds}")


def commits(project, branch):
    done = subprocess.run(
        ["git", "rev-list", "--count", branch], cwd=project, capture_output=True, text=True
    )
    return done.stdout.strip()


async def test_a_task_becomes_a_commit_once_its_very_digest_is_approved(
    client, says, refuses, project
):
    begun = await says(client, "submit", task="add() must add its two numbers", test=QUICK)
    run = begun["run"]
    assert run
    kinds = await until(says, client, run, "waiting")
    assert kinds[0] == "opened"
    assert "asked" in kinds
    asked = (await says(client, "status", run=run))["question"]
    assert asked["act"] == "commit"
    assert "+    return a + b" in asked["text"]
    assert commits(project, f"samovar/{run}") == ""

    forged = await refuses(client, "approve", run=run, digest="0" * 64)
    assert "not what run" in forged
    part = await refuses(client, "approve", run=run, digest=asked["digest"][:32])
    assert "not what run" in part
    assert (await says(client, "status", run=run))["state"] == "waiting"
    assert commits(project, f"samovar/{run}") == ""

    await says(client, "approve", run=run, digest=asked["digest"])
    await until(says, client, run, "done")
    assert commits(project, f"samovar/{run}") == "2"
    shown = await says(client, "show", run=run)
    assert shown["receipt"]["verified"] is True
    assert "+    return a + b" in shown["diff"]
    again = await refuses(client, "approve", run=run, digest=asked["digest"])
    assert "asks nothing now" in again
    assert [r["state"] for r in (await says(client, "runs"))["runs"]] == ["done"]


async def test_rules_of_the_settings_hold_and_nobody_is_there_to_be_asked(
    project, environment, says, refuses, tmp_path
):
    home = project / ".samovar"
    home.mkdir()
    rules = '[rules]\ndeny = [{tool = "stop", why = "ask Ann"}]\nask = [{tool = "submit"}]\n'
    (home / "samovar.toml").write_text(rules)
    async with held(stdio(project, environment, tmp_path / "errors.txt")) as client:
        assert "not permitted: ask Ann" in await refuses(client, "stop", run="x")
        assert "nobody allowed this call" in await refuses(client, "submit", task="mend add")
        assert (await says(client, "runs"))["runs"] == []


async def test_a_refused_change_is_not_kept(near, says, project):
    begun = await says(near, "submit", task="add() must add its two numbers", test=QUICK)
    await until(says, near, begun["run"], "waiting")
    asked = (await says(near, "status"))["question"]
    await says(near, "refuse", digest=asked["digest"])
    await until(says, near, begun["run"], "failed")
    assert commits(project, f"samovar/{begun['run']}") == ""


async def test_a_yes_for_one_run_is_none_for_another(near, says, refuses, project):
    first = (await says(near, "submit", task="add() must add", test=QUICK))["run"]
    await until(says, near, first, "waiting")
    other = (await says(near, "submit", task="sum must be right", test=QUICK))["run"]
    await until(says, near, other, "waiting")
    digest = (await says(near, "status", run=first))["question"]["digest"]
    await says(near, "approve", run=first, digest=digest)
    await until(says, near, first, "done")
    assert (await says(near, "status", run=other))["state"] == "waiting"
    assert commits(project, f"samovar/{other}") == ""


@pytest.mark.parametrize("letter", ["a", "\u754c", "\U0001f375", '"', "\x01"])
async def test_following_in_full_comes_to_the_end_however_large_each_event_is(tmp_path, letter):
    run = "20261121-083444-a-1a2b"
    log = JsonlLog(tmp_path / "runs" / run / "events.jsonl")
    log.append(Opened(run=run, task=Task(id=run, text="mend it")))
    for _ in range(2):
        log.append(Overridden(phase="reviewing", by="Ann", why=letter * 30_000))
    desk = Desk(App(tmp_path), Workshop(None), Settings())
    after, seen = -1, []
    for _ in range(3):
        found = json.loads(await desk.follow(run=run, after=after, wait=0, full=True))
        after = found["after"]
        seen += [event["seq"] for event in found["events"]]
        if not found["more"]:
            break
    assert seen == [0, 1, 2]


async def test_what_cannot_be_done_is_one_line(near, refuses):
    assert "no runs here yet" in await refuses(near, "status")
    assert "there is no tool 'destroy'" in await refuses(near, "destroy")
    assert "task is empty" in await refuses(near, "submit", task="  ")
    for name in ("../../etc/passwd", "x/../../y", "a\0b", "-"):
        line = await refuses(near, "show", run=name)
        assert "no runs here yet" in line
    wrong = await refuses(near, "follow", run="x", wait="long")
    assert "A correct call has arguments" in wrong


async def test_approvals_are_marked_as_weighty_and_reading_as_harmless(near):
    tools = {t.name: t for t in (await near.list_tools()).tools}
    assert {"submit", "status", "follow", "approve", "refuse", "runs", "show"} <= tools.keys()
    assert tools["approve"].annotations.destructive_hint
    assert tools["approve"].input_schema["required"] == ["digest"]
    assert tools["follow"].annotations.read_only_hint
    assert not [n for n in tools if n.startswith("ask_")]
