"""An agent at work asks: for a person's word on a call, a person or a teammate a question."""

import json

import pytest
from actions import call, reply

from samovar.core.talk import Used
from samovar.hands.errand import Errand

from .conftest import Killed, cancelled_before_asked, git, held, hire, results


async def test_a_person_reads_all_of_what_a_word_counts_for(home, open_books):
    hire(home, "writer", "write_file", permissions={"repositories": [".."]})
    rules = {"ask": ({"tool": "write_file", "why": "files matter"},)}
    content = "tea\n" * 6_000 + "the end"
    write = call("write_file", path="new.md", content=content)
    team = open_books([write], rules=_rules(rules)).team()
    await team.submit("write new.md", "writer")
    await team.tick()
    [asked] = await team.approvals()
    assert json.dumps(content) in asked.text


async def test_a_call_cut_off_after_a_persons_yes_is_not_asked_for_and_done_again(
    home, open_books, monkeypatch
):
    hire(home, "writer", "write_file", permissions={"repositories": [".."]})
    rules = {"ask": ({"tool": "write_file", "why": "files matter"},)}
    write = call("write_file", path="new.md", content="tea\n")
    books = open_books([write, reply("written")], rules=_rules(rules))
    team = books.team()
    await team.submit("write new.md", "writer")
    await team.tick()
    [asked] = await team.approvals()
    await team.approve(asked.id)
    job = await books.store.claims.claim("one", 60, ("writer",))
    append = Errand._append

    def killed(self, event):
        if isinstance(event, Used):
            raise Killed
        append(self, event)

    monkeypatch.setattr(Errand, "_append", killed)
    with pytest.raises(Killed):
        await team.engine.turns.crew.work(job, held)
    monkeypatch.setattr(Errand, "_append", append)
    ended = await team.engine.turns.crew.work(job, held)
    assert ended.state == "done" and not await team.approvals()
    [told] = results(home)
    assert "begun and broken off" in told.text


async def test_a_question_waits_for_a_person_and_the_task_goes_on_with_the_answer(home, open_books):
    hire(home, "writer", "ask", "search", permissions={"repositories": [".."]})
    books = open_books([call("ask", question="May I be brief?"), reply("Brief.")])
    team = books.team()
    await team.submit("write about tea", "writer")
    await team.tick()
    assert [j.state for j in await team.tasks("writer")] == ["waiting"]
    [asked] = await team.approvals()
    assert (asked.agent, asked.text, asked.task) == ("writer", "May I be brief?", 1)
    await team.refuse(asked.id, "take your time", by="ann")
    await team.tick()
    await team.tick()
    [job] = await team.tasks("writer")
    assert (job.state, job.result) == ("done", "Brief.")
    [answer] = results(home)
    assert answer.text == "person answers: take your time"


async def test_a_task_that_goes_on_after_a_question_is_told_its_variables_are_gone(
    home, open_books
):
    hire(home, "writer", "ask", "python", permissions={"repositories": [".."]})
    code = [call("python", code=code) for code in ("x = 1", "x")]
    books = open_books([code[0], call("ask", question="Shall I?"), code[1], reply("Done.")])
    team = books.team()
    await team.submit("count", "writer")
    await team.tick()
    [asked] = await team.approvals()
    await team.refuse(asked.id, "yes, do", by="ann")
    await team.tick()
    await team.tick()
    first, _answer, last = results(home)
    assert first.text == "(no output)"
    assert last.text.startswith("[a new session: earlier variables and imports are gone]\n")


async def test_a_question_to_a_teammate_becomes_a_message_and_the_task_goes_on(home, open_books):
    hears = {"read_outboxes": ["writer", "ada"]}
    hire(home, "ada", permissions={"read_outboxes": ["writer"]})
    hire(home, "bob", permissions={"read_outboxes": ["writer"]})
    hire(home, "writer", "ask", permissions=hears)
    asks = [call("ask", question="Green or black?", whom=name) for name in ("bob", "ada")]
    books = open_books([*asks, reply("Tea. Open: which.")])
    team = books.team()
    await team.submit("write about tea", "writer")
    await team.tick()
    [job] = await team.tasks("writer")
    assert (job.state, job.result) == ("done", "Tea. Open: which.") and not await team.approvals()
    unheard, sent = results(home)
    assert unheard.text == "there is no 'bob' to ask; ask one of: person, ada"
    assert (
        sent.ok
        and "sent to ada; an answer, if any, comes as a message in a later turn" in sent.text
    )
    [report, letter] = [m.entry for m in await team.messages("writer")]
    assert (letter.kind, letter.to, letter.text) == ("message", ("ada",), "Green or black?")
    assert letter.job == job.id and report.kind == "report"
    team.engine.mailroom.look(team.engine.folder.read())
    heard = team.engine.mailroom.unread("ada", {}, 9, 9).entries
    assert [e.text for e in heard if e.kind == "message"] == ["Green or black?"]


@pytest.mark.parametrize("yes", [True, False])
async def test_a_word_that_comes_before_the_task_waits_for_it_is_not_lost(home, open_books, yes):
    hire(home, "writer", "write_file", permissions={"repositories": [".."]})
    rules = {"ask": ({"tool": "write_file", "why": "files matter"},)}
    write = call("write_file", path="new.md", content="tea\n")
    books = open_books([write, reply("written")], rules=_rules(rules))
    team = books.team()
    ask = books.store.approvals.ask

    async def at_once(approval, seconds):
        """As a person who answers while the worker is still putting the task aside."""
        asked = await ask(approval, seconds)
        await (team.approve if yes else team.refuse)(asked.id)
        return asked

    books.store.approvals.ask = at_once
    await team.submit("write new.md", "writer")
    for _ in range(3):
        await team.tick()
    [job] = await team.tasks("writer")
    assert (job.state, [r.ok for r in results(home)]) == ("done", [yes])


async def test_nobody_is_asked_about_a_task_that_was_cancelled_a_moment_before(home, open_books):
    hire(home, "writer", "write_file", permissions={"repositories": [".."]})
    rules = {"ask": ({"tool": "write_file"},)}
    books = open_books([call("write_file", path="new.md", content="tea\n")], rules=_rules(rules))
    team = books.team()
    cancelled_before_asked(books, team)
    await team.submit("write new.md", "writer")
    await team.tick()
    assert [j.state for j in await team.tasks("writer")] == ["cancelled"]
    assert await team.approvals() == []


async def test_a_call_the_rules_leave_to_a_person_waits_for_exactly_one_word(home, open_books):
    hire(home, "writer", "write_file", permissions={"repositories": [".."]})
    rules = {"ask": ({"tool": "write_file", "why": "files matter"},)}
    write = call("write_file", path="new.md", content="tea\n")
    books = open_books([write, write, reply("written")], rules=_rules(rules))
    team = books.team()
    await team.submit("write new.md", "writer")
    await team.tick()
    [asked] = await team.approvals()
    assert asked.act == "write_file" and "files matter" in asked.text and "tea" in asked.text
    await team.approve(asked.id)
    await team.tick()
    assert [r.ok for r in results(home)] == [True], "done once, on one yes"
    [second] = await team.approvals()
    assert second.id != asked.id
    await team.refuse(second.id, "once is enough")
    await team.tick()
    assert [r.ok for r in results(home)] == [True, False]
    assert "a person refused this call: once is enough; go on without it" in results(home)[1].text
    [job] = await team.tasks("writer")
    assert job.state == "done" and job.result.startswith("written"), "what it did so far is kept"
    report = (await team.messages("writer"))[0].entry
    assert git(home.parent, "show", f"samovar/{report.run}:new.md") == "tea"


def _rules(raw):
    import msgspec

    from samovar.core.rules import Rules as Law

    return msgspec.convert(raw, Law)


async def test_two_reads_that_each_need_a_yes_are_done_after_two(home, open_books):
    hire(home, "reader", "read_file", permissions={"repositories": [".."]})
    rules = {"ask": ({"tool": "read_file"},)}
    looks = [{"tool": "read_file", "arguments": {"path": p}} for p in ("page.html", "server.log")]
    books = open_books([json.dumps(looks), reply("read")], rules=_rules(rules))
    team = books.team()
    await team.submit("look at both", "reader")
    for _ in range(2):
        await team.tick()
        [asked] = await team.approvals()
        await team.approve(asked.id)
    await team.tick()
    assert [r.call.arguments["path"] for r in results(home)] == ["page.html", "server.log"]
    assert [j.state for j in await team.tasks("reader")] == ["done"]
