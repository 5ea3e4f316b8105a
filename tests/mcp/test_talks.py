"""What a client reads of conversations, and of the work of agents with tools."""

import asyncio
from typing import get_args

import pytest
from escapes import paths

from samovar.boot import home_of
from samovar.core.event import Done
from samovar.core.log import JsonlLog
from samovar.core.talk import (
    Began,
    Condensed,
    Continued,
    Heard,
    Looked,
    Offered,
    Replied,
    Started,
    Stopped,
    Talk,
    Told,
    Used,
)
from samovar.core.tool import Call, Returned, Said
from samovar.mcp.talks import line
from samovar.repo import git

RUN = "20261121-083444-mend-the-sum-1a2b"
EDIT = Call("edit_text", {"path": "sums.py"}, "1.0.0")
EVENTS: tuple[Talk, ...] = (
    Began(run=RUN, agent="ann", title="mend the sum", model="small", sandbox="bubblewrap"),
    Heard(text="mend add in sums.py"),
    Looked(facts="no file is changed"),
    Offered(tools=("read_file", "edit_text")),
    Replied(text="{}", said=Said("", (EDIT,))),
    Started(call=EDIT),
    Used(result=Returned(call=EDIT, text="changed sums.py")),
    Told(text="the person looked on"),
    Condensed(places=(3,)),
    Continued(summary="What happened", kept=(0, 1, 2, 3, 4, 5)),
    Replied(text="Mended.", said=Said("Mended.")),
    Stopped(end="answered"),
)
SAID = (
    "mend the sum (with small, sandbox bubblewrap)",
    "the person: mend add in sums.py",
    "no file is changed",
    "tools: read_file, edit_text",
    'edit_text(path="sums.py")',
    'begins edit_text(path="sums.py")',
    'edit_text(path="sums.py") -> changed sums.py',
    "the person looked on",
    "1 old result shortened to make room",
    "the context was full: it goes on in a fresh one with a summary",
    "Mended.",
    "answered",
)


@pytest.fixture
async def log(project) -> JsonlLog:
    folder = home_of(await git.open(project)) / "runs" / RUN
    folder.mkdir(parents=True)
    return JsonlLog(folder / "events.jsonl")


def kept(log: JsonlLog, *events: object) -> None:
    for event in events:
        log.append(event)


def test_every_event_of_a_conversation_is_told_in_words():
    assert {type(e) for e in EVENTS} == set(get_args(Talk))
    assert tuple(line(e) for e in EVENTS) == SAID
    refused = Replied(text="{", complaint="not JSON")
    assert line(refused) == "sent back: not JSON"
    failed = Used(result=Returned(call=EDIT, text="no such file", ok=False))
    assert line(failed).endswith("-> failed: no such file")


async def test_a_conversation_is_followed_and_says_how_it_stands(near, says, log):
    kept(log, *EVENTS, Done(act="commit", key="Samovar-Run: x", result="ab" * 20))
    seen = await says(near, "follow", run=RUN)
    assert [e["text"] for e in seen["events"]][: len(SAID)] == list(SAID)
    assert seen["state"] == "answered"
    stands = await says(near, "status", run=RUN)
    assert (stands["state"], stands["last"]) == ("answered", "commit " + "ab" * 20)
    for told in (stands, await says(near, "show", run=RUN)):
        talk = told["conversation"]
        assert (talk["kind"], talk["agent"]) == ("talk", "ann")
        assert (talk["asked"], talk["answer"]) == ("mend add in sums.py", "Mended.")
        assert talk["commits"] == ["ab" * 20]
    assert "receipt" not in await says(near, "show", run=RUN), "it would be empty"
    (row,) = (await says(near, "runs"))["runs"]
    assert (row["kind"], row["state"]) == ("talk", "answered")


@pytest.mark.parametrize("tool", ["show", "status", "follow"])
async def test_no_name_of_a_run_leads_out(near, refuses, project, log, tool):
    kept(log, *EVENTS)
    for name in (p for p in paths(project / "outside") if p):
        said = await refuses(near, tool, run=name)
        assert "\n" not in said and "Mended" not in said and "root:x:" not in said, name


async def test_work_on_a_task_that_stopped_says_why(near, says, log):
    why = "the limit of 20 steps is reached; the work is kept"
    kept(log, Began(run=RUN, agent="ann", task=7), *EVENTS[1:4], Stopped(end="steps", why=why))
    stands = await says(near, "status", run=RUN)
    assert stands["state"] == "steps" and stands["last"] == f"steps: {why}"
    talk = stands["conversation"]
    assert (talk["kind"], talk["task"], talk["why"]) == ("task", 7, why)


async def test_more_of_an_open_turn_is_waited_for(near, says, log):
    kept(log, *EVENTS[:-1])
    assert (await says(near, "status", run=RUN))["state"] == "open"
    asked = asyncio.create_task(says(near, "follow", run=RUN, after=len(EVENTS) - 2, wait=20))
    await asyncio.sleep(0.3)
    kept(log, EVENTS[-1])
    seen = await asyncio.wait_for(asked, 10)
    assert [e["text"] for e in seen["events"]] == ["answered"] and seen["state"] == "answered"


async def test_a_damaged_conversation_spoils_no_list(near, says, log):
    kept(log, *EVENTS)
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(b"".join([*lines[:2], b"{broken\n", *lines[3:]]))
    (row,) = (await says(near, "runs"))["runs"]
    assert (row["run"], row["state"]) == (RUN, "damaged")
