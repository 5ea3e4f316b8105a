"""What the forms do, and that they say it on the next page."""

import asyncio

import pytest
from household import put_waiting

from samovar.core.event import Asked
from samovar.flow.kit import Word
from samovar.web import acts
from samovar.web.forms import FIELD
from samovar.web.shelf import question
from samovar.workshop import Workshop

RUN = "20261121-110000-waits-0001"


def send(person, path, **fields):
    return person.post(path, data={**fields, FIELD: person.csrf}, follow_redirects=False)


def told(person, path="/dashboard"):
    text = person.get(path).text
    return text.partition('class="note" role="status">')[2].partition("</p>")[0]


def test_a_task_goes_to_the_queue_of_the_named_agent(person, team):
    answer = send(person, "/tasks", text="mend it", agent="writer")
    assert answer.headers["location"] == "/dashboard"
    job = team.jobs[max(team.jobs)]
    assert (job.agent, job.text) == ("writer", "mend it")
    assert told(person) == f"Task {job.id} is in the queue of writer."
    assert told(person) == "", "it is said once"


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_an_empty_task_is_answered_with_what_to_do(person, text):
    answer = send(person, "/tasks", text=text)
    assert answer.status_code == 409
    assert "say what to do" in answer.text


def test_jobs_are_moved_put_first_cancelled_and_revived(person, team):
    send(person, "/jobs/2/move", agent="writer")
    assert team.jobs[2].agent == "writer"
    send(person, "/jobs/9/before", before="3")
    assert team.jobs[9].position < team.jobs[3].position
    send(person, "/jobs/3/cancel")
    assert team.jobs[3].state == "cancelled"
    send(person, "/jobs/7/revive")
    assert team.jobs[7].state == "ready"


def test_a_word_counts_for_the_exact_act_it_was_given_for(person, team):
    wrong = send(person, "/approvals/7", answer="yes", digest="cd" * 32)
    assert wrong.status_code == 409
    assert team.asked[7].state == "asked"
    send(person, "/approvals/7", answer="no", digest="ab" * 32, note="too early")
    assert (team.asked[7].state, team.asked[7].note) == ("refused", "too early")
    assert send(person, "/approvals/7", answer="yes", digest="ab" * 32).status_code == 409


def test_credits_are_given_exactly(person, team):
    send(person, "/credits", agent="writer", amount="2.5")
    assert team.ledger[-1].amount == 2_500_000
    for amount in ("nan", "inf", "1e99", "", "x", "1,5"):
        assert send(person, "/credits", agent="writer", amount=amount).status_code == 409


def test_credits_are_taken_back_by_the_other_button(person, team):
    send(person, "/credits", agent="writer", amount="2.5", how="take")
    assert team.ledger[-1].amount == -2_500_000
    lines = len(team.ledger)
    more = send(person, "/credits", agent="writer", amount="9999999", how="take")
    assert more.status_code == 409 and "writer has not that much" in more.text
    assert len(team.ledger) == lines


def test_a_daily_limit_is_set_shown_and_lifted(person, team):
    send(person, "/credits", agent="writer", per_day="2.5", how="limit")
    assert told(person, "/credits") == "writer may spend 2.5 credits a day."
    row = person.get("/credits").text.partition(">writer</a></th>")[2].partition("</tr>")[0]
    assert '<td class="num">2.50</td>' in row
    send(person, "/credits", agent="writer", per_day="", how="limit")
    assert team.most == {}
    assert send(person, "/credits", agent="eve", per_day="1", how="limit").status_code == 404


def test_a_message_may_be_to_everybody(person, client, team):
    sent = send(person, "/tasks", agent="all", text="good morning", how="message")
    assert sent.headers["location"] == "/dashboard"
    assert (team.mail[0].to, team.mail[0].text) == ((), "good morning")
    assert client.post("/api/messages", json={"to": "all", "text": "good night"}).status_code == 201
    assert (team.mail[0].to, team.mail[0].text) == ((), "good night")


def test_a_message_reaches_its_agent(person, team):
    send(person, "/agents/writer/messages", text="look at the README")
    assert team.mail[0].text == "look at the README"


def test_a_run_without_a_workshop_says_where_to_start_the_server(person):
    answer = send(person, f"/runs/{RUN}/resume")
    assert answer.status_code == 409
    assert "no repository" in answer.text


class Nothing:
    """A workshop that only takes orders."""

    def __call__(self, home, ask, live):
        raise AssertionError("nothing is worked on in this test")


@pytest.fixture
def shop(desk, home) -> Workshop:
    made = Workshop(Nothing())
    object.__setattr__(desk, "workshop", made)
    return made


def digest(desk) -> str:
    found = question(desk.app, RUN)
    assert found is not None
    return found.asked.digest


def test_a_yes_takes_the_run_up_again_with_that_yes(desk, shop, home):
    put_waiting(home)
    asked = Asked(act="commit", digest=digest(desk))

    async def answer(given: str, yes: bool) -> str:
        return await acts.give_word(desk, RUN, given, yes, "go on")

    with pytest.raises(Exception, match="has changed since you looked"):
        asyncio.run(answer("0" * 64, True))
    assert shop.orders == []
    assert asyncio.run(answer(asked.digest, True)) == f"Approved: commit of run {RUN}."
    assert [o.run for o in shop.orders] == [RUN]
    assert shop.orders[0].words == {("commit", asked.digest): Word(True, note="go on")}


def test_a_change_that_is_not_the_asked_one_cannot_be_approved(person, home):
    (home / "runs" / RUN / "change.diff").write_text("another change\n")
    text = person.get(f"/approvals/{RUN}").text
    assert "is not the one that was asked about" in text
    assert 'value="yes"' not in text
