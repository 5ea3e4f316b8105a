"""A run that goes on with another model, or behind another sandbox, says so."""

from contextlib import AsyncExitStack, aclosing

import pytest
from doubles import RIGHT, TASK, WRONG, always, answering, fenced

from samovar.app import App, Wish
from samovar.boot import Choice, Desk
from samovar.core.event import Closed, Judged, Opened
from samovar.models.endpoint import Endpoint
from samovar.models.profile import Profile
from samovar.repo import git
from samovar.repo.home import home_of
from samovar.sandboxes import find
from samovar.settings import Settings

LARGEST = WRONG.replace("ordered[0]", "ordered[-1]")
TEST = "python3 -c 'import test_middle as t; t.test_one(); t.test_three()'"
FIRST, SECOND = "1" * 64, "2" * 64


@pytest.fixture
async def work(project):
    """Return an App at work on the project with a model of a name, which gives one answer."""
    repo = await git.open(project)
    home = home_of(repo)
    async with AsyncExitStack() as stack:

        def at_work(name: str, digest: str, code: str, *, yes=True, no_sandbox=False) -> App:
            endpoint = Endpoint(url="http://127.0.0.1:9/v1", model=name)
            choice = Choice(answering(fenced(code)), endpoint, Profile(digest=digest))
            desk = Desk(repo, Settings(), home, stack, always(yes))
            desk.choice, desk.no_sandbox = choice, no_sandbox
            return App(home, desk)

        yield at_work


async def first(app: App, end: type) -> str:
    """Work until an event of a kind, as a process that is killed then; return the run."""
    wish = Wish(text=TASK, test=TEST, off=("search",))
    async with aclosing(app.start(wish)) as entries:
        async for entry in entries:
            if isinstance(entry.event, end):
                break
    return app.find()


async def rest(app: App, run: str) -> list:
    return [entry.event async for entry in app.resume(run)]


async def test_a_receipt_names_every_model_that_was_asked_and_every_sandbox(
    work, project, monkeypatch, run_git
):
    run = await first(work("a", FIRST, LARGEST), Judged)
    monkeypatch.setattr(find, "candidates", lambda: ())
    again = work("b", SECOND, RIGHT, no_sandbox=True)
    events = await rest(again, run)
    assert isinstance(events[0], Opened) and events[0].task.text == TASK
    facts = again.receipt(run)
    assert facts.verified
    assert (facts.model, facts.digest) == ("a, b", f"{FIRST}, {SECOND}")
    assert facts.sandbox == "bubblewrap, none"
    message = run_git(project, "log", "-1", "--format=%B", facts.branch)
    assert "Samovar-Model: a, b" in message.splitlines()


async def test_a_model_that_only_stood_ready_is_not_named(work):
    run = await first(work("a", FIRST, RIGHT, yes=None), Closed)
    again = work("b", "", LARGEST)
    assert isinstance((await rest(again, run))[0], Opened)
    facts = again.receipt(run)
    assert (facts.model, facts.digest, bool(facts.commit)) == ("a", FIRST, True)


async def test_a_model_that_died_before_it_was_asked_is_not_named(work):
    run = await first(work("a", FIRST, RIGHT), Opened)
    again = work("b", "", RIGHT)
    await rest(again, run)
    assert (again.receipt(run).model, again.receipt(run).digest) == ("b", "")


async def test_a_run_that_goes_on_as_it_was_is_not_opened_again(work):
    run = await first(work("a", FIRST, RIGHT), Judged)
    assert not any(isinstance(e, Opened) for e in await rest(work("a", FIRST, RIGHT), run))
