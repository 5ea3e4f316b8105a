"""What may be done with a run: by its task where it has one, else in its own repository."""

import subprocess
from pathlib import Path

import household
import pytest
from hired import hire, team_of
from household import BASE, BEARER
from litestar.testing import AsyncTestClient

from samovar.core.errors import SetupError
from samovar.org.kept import Kept, keep, kept
from samovar.org.seams import Job
from samovar.org.team import Team
from samovar.web.commission import commission
from samovar.web.conduct import buttons, retry
from samovar.web.desk import Desk
from samovar.web.server import desk_of
from samovar.web.site import site
from samovar.web.team import office

CUT, SOLVED, FREE = (f"20261121-100000-{name}-0001" for name in ("cut", "solved", "free"))
GO_ON, AGAIN, STOP = ("resume", "Go on"), ("retry", "Retry as a new run"), ("stop", "Stop")
CANCEL = ("stop", "Cancel its task")


class Place:
    """A bootstrapped home outside of the two repositories its developer works in."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "team"
        self.first, self.second = folder / "first", folder / "second"
        for repo in (self.first, self.second):
            (repo / ".samovar").mkdir(parents=True)
            subprocess.run(["git", "init", "-q", str(repo)], check=True)
        household.put_run(self.second / ".samovar", CUT, "solved", cut=12)
        household.put_run(self.second / ".samovar", SOLVED, "solved")
        household.put_run(self.second / ".samovar", FREE, "solved")
        may = {"repositories": [str(self.first), str(self.second)]}
        hire(self.home, "dev", craft="code", permissions=may)
        self.team: Team = team_of(self.home)
        self.desk: Desk = desk_of(self.home, 8000, office=office(self.team))

    async def task(self, run: str, *earlier: str) -> Job:
        """Return a task of the developer that a run works on, or did."""
        job = await self.team.submit(f"the task of {run}", "dev", repo=str(self.second))
        for each in (*earlier, run):
            keep(self.home, job.id, Kept(each))
        return job

    async def buttons(self, run: str) -> list[tuple[str, str]]:
        line = self.desk.shelf.line(run)
        return list(buttons(self.desk, line, None, await commission(self.desk, run)))

    async def tell(self, run: str, verb: str, **form: str) -> str:
        """Say something to a run on its page; return where that leads."""
        async with AsyncTestClient(site(self.desk), base_url=BASE) as client:
            client.headers.update(BEARER)
            path = f"/runs/{run}/{verb}"
            answer = await client.post(path, data=form, follow_redirects=False)
            assert answer.status_code == 303, answer.text
            return answer.headers["location"]

    async def states(self) -> dict[int, str]:
        return {j.id: j.state for j in await self.team.tasks()}


@pytest.fixture
async def place(tmp_path, monkeypatch) -> Place:
    monkeypatch.setenv("SAMOVAR_WEB_TOKEN", household.TOKEN)
    made = Place(tmp_path)
    # As the server does before it serves: whose repositories there are.
    await made.desk.office.roster.agents()
    return made


async def test_in_a_home_outside_of_the_repositories_every_run_can_be_handled(place):
    cut, solved = await place.task(CUT), await place.task(SOLVED)
    assert await place.buttons(CUT) == [CANCEL], "it is in the queue and goes on by itself"
    await place.team.cancel(cut.id)
    await place.team.cancel(solved.id)
    assert await place.buttons(CUT) == [GO_ON, AGAIN]
    assert await place.buttons(SOLVED) == [AGAIN], "what is over is not gone on with"
    assert await place.buttons(FREE) == [AGAIN]
    async with AsyncTestClient(site(place.desk), base_url=BASE) as client:
        client.headers.update(BEARER)
        text = (await client.get(f"/runs/{CUT}")).text
        assert f'action="/runs/{CUT}/resume"' in text and f"task {cut.id} of" in text
        past = (await client.get(f"/runs/{SOLVED}?at=4")).text
        assert f'action="/runs/{SOLVED}/fork"' in past and "a task of dev, which pays" in past


async def test_a_task_that_runs_is_stopped_by_cancelling_it_and_goes_on_when_revived(place):
    job = await place.task(CUT)
    claims = place.team.engine.turns.kit.claims
    assert (await claims.claim("w", 60)).id == job.id
    await place.tell(CUT, "stop")
    assert await place.states() == {job.id: "cancelled"}
    await place.tell(CUT, "resume")
    assert await place.states() == {job.id: "ready"}
    assert kept(place.home, job.id).run == CUT, "the same run goes on"
    assert place.desk.workshop.orders == [], "nothing is begun past the queue"


async def test_to_retry_a_run_of_a_task_files_the_task_anew_for_its_agent(place):
    job = await place.task(SOLVED)
    await place.team.cancel(job.id)
    await place.tell(SOLVED, "retry")
    [anew] = await place.team.tasks(states=("ready",))
    assert (anew.agent, anew.text, anew.repo) == (job.agent, job.text, str(place.second))
    assert anew.id != job.id and anew.created_by.startswith("person:")
    assert kept(place.home, anew.id) == Kept(), "with a run of its own"
    assert place.desk.workshop.orders == []


async def test_the_run_of_an_earlier_attempt_still_belongs_to_its_task(place):
    job = await place.task(CUT, SOLVED)
    await place.team.cancel(job.id)
    assert await place.buttons(SOLVED) == [AGAIN]
    await place.tell(SOLVED, "retry")
    assert place.desk.workshop.orders == []
    with pytest.raises(AssertionError, match=f"task {job.id} went on with run {CUT}"):
        await place.tell(SOLVED, "stop")


async def test_a_fork_of_a_run_of_a_task_is_a_task_that_goes_on_with_it(place):
    job = await place.task(SOLVED)
    await place.team.cancel(job.id)
    name = (await place.tell(SOLVED, "fork", at="4", note="shorter")).rpartition("/")[2]
    [anew] = await place.team.tasks(states=("ready",))
    assert (kept(place.home, anew.id).run, anew.repo) == (name, str(place.second))
    assert (place.second / ".samovar" / "runs" / name / "events.jsonl").exists()
    assert place.desk.workshop.orders == []


async def test_a_run_of_no_task_is_retried_in_its_own_repository(place):
    assert place.desk.shelf.app_of(FREE).home == place.second / ".samovar"
    await retry(place.desk, FREE)
    [order] = place.desk.workshop.orders
    assert (order.home, order.run) == (place.second / ".samovar", "")
    assert await place.team.tasks() == []


async def test_the_history_of_a_home_is_no_repository_to_work_on(place):
    subprocess.run(["git", "init", "-q", str(place.home)], check=True)
    household.put_run(place.home, "20261121-130000-odd-0001", "solved")
    with pytest.raises(SetupError, match="belongs to no repository"):
        await place.desk.workshop.undo(place.home, "20261121-130000-odd-0001")
    assert not (place.home / ".samovar").exists()


async def test_a_question_of_an_agents_run_is_asked_by_its_agent(place):
    run = "20261121-140000-waits-0001"
    household.put_waiting(place.second / ".samovar", run)
    await place.task(run)
    async with AsyncTestClient(site(place.desk), base_url=BASE) as client:
        client.headers.update(BEARER)
        text = (await client.get(f"/runs/{run}")).text
        assert "dev asks for your word" in text and f'href="/approvals/{run}"' not in text
        asked = (await client.get("/api/approvals")).json()
        assert asked["runs"] == []
