"""A worker in this process: how attempts end, and how it stops."""

import asyncio
import subprocess
import sys
import time

import pytest

from samovar.core.errors import ToolError, Unreachable
from samovar.org.hold import Manner
from samovar.org.seams import Ended, Filter, Job, Overtaken, StoreAway
from samovar.store.bell import LocalBell
from samovar.store.ringing import Ringing
from samovar.store.store import memory
from samovar.worker import Worker

QUICK = Manner(lease=0.6, pause=0.0, patience=0.0)
POLL = 0.05
TIMES = {"manner": QUICK, "poll": POLL, "grace": 0.2}


def worker(store, work, **more):
    return Worker(store.claims, more.pop("bell", LocalBell()), work, **TIMES, **more)


async def well(job, hold):
    return Ended(text=f"{job.text} done")


async def run_for(seconds, *workers):
    stop = asyncio.Event()
    running = [asyncio.create_task(w.run(stop)) for w in workers]
    await asyncio.sleep(seconds)
    begin = time.monotonic()
    stop.set()
    await asyncio.gather(*running)
    return time.monotonic() - begin


async def ended(store, *texts, work=well, attempts=None):
    for text in texts:
        await store.queue.add(Job(agent="ada", text=text))
    made = await worker(store, work).drain()
    assert attempts is None or made == attempts
    return await store.queue.list(Filter())


async def test_jobs_are_worked_on_in_order_and_done():
    jobs = await ended(memory(), "a", "b", attempts=2)
    assert [(j.state, j.result) for j in jobs] == [("done", "a done"), ("done", "b done")]


@pytest.mark.parametrize("state", ["failed", "waiting"])
async def test_the_work_says_how_it_ended(state):
    async def work(job, hold):
        return Ended(state=state, text="because")

    (job,) = await ended(memory(), "a", work=work)
    assert (job.state, job.reason) == (state, "because")


async def test_an_error_counts_and_three_make_a_dead_letter():
    async def work(job, hold):
        raise ToolError("the file is missing")

    (job,) = await ended(memory(), "a", work=work, attempts=3)
    assert (job.state, job.reason) == ("dead", "the file is missing (attempt 3 of 3)")


async def test_a_mistake_in_the_program_ends_the_attempt_and_not_the_worker(caplog):
    async def work(job, hold):
        if job.text == "bad":
            raise KeyError("x")
        return Ended()

    bad, good = await ended(memory(), "bad", "good", work=work, attempts=4)
    assert bad.state == "dead" and "a mistake in samovar: KeyError: 'x'" in bad.reason
    assert good.state == "done"
    assert "work_broke" in caplog.text


async def test_a_model_that_does_not_answer_costs_no_attempt():
    silent = 5

    async def work(job, hold):
        nonlocal silent
        silent -= 1
        if silent:
            raise Unreachable("no model answers at http://x")
        return Ended()

    (job,) = await ended(memory(), "a", work=work, attempts=5)
    assert (job.state, job.attempts) == ("done", 1)


async def test_long_work_keeps_its_lease():
    store = memory()

    async def work(job, hold):
        await asyncio.sleep(QUICK.lease * 2)
        return Ended(text=str(job.attempts))

    await store.queue.add(Job(agent="ada"))
    await run_for(QUICK.lease * 3, worker(store, work), worker(store, work))
    (job,) = await store.queue.list(Filter())
    assert (job.state, job.attempts, job.result) == ("done", 1, "1")


async def test_work_on_a_cancelled_job_is_broken_off():
    store, broken_off = memory(), asyncio.Event()

    async def work(job, hold):
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            broken_off.set()
            raise
        return Ended()

    job = await store.queue.add(Job(agent="ada"))
    stop = asyncio.Event()
    running = asyncio.create_task(worker(store, work).run(stop))
    await asyncio.sleep(0.1)
    await store.queue.cancel(job.id, "no")
    await asyncio.wait_for(broken_off.wait(), QUICK.lease)
    stop.set()
    await running
    assert (await store.queue.get(job.id)).state == "cancelled"


async def test_work_asks_before_it_acts_whether_the_job_is_still_its_own():
    store, acted = memory(), []

    async def work(job, hold):
        await store.queue.cancel(job.id, "no")
        with pytest.raises(Overtaken):
            await hold()
        await hold()
        acted.append(job.id)
        return Ended()

    (job,) = await ended(store, "a", work=work, attempts=1)
    assert job.state == "cancelled" and acted == []


async def test_a_worker_that_is_stopped_puts_its_job_back():
    store = memory()

    async def work(job, hold):
        await asyncio.sleep(60)
        return Ended()

    await store.queue.add(Job(agent="ada"))
    took = await run_for(0.1, worker(store, work))
    (job,) = await store.queue.list(Filter())
    assert (job.state, job.attempts, job.reason) == ("ready", 0, "the worker was stopped")
    assert took < 1


async def test_a_worker_that_is_stopped_finishes_what_is_nearly_done():
    store = memory()

    async def work(job, hold):
        await asyncio.sleep(0.2)
        return Ended()

    await store.queue.add(Job(agent="ada"))
    await run_for(0.1, worker(store, work))
    assert (await store.queue.counts()) == {"ada": {"done": 1}}


async def test_work_that_does_not_stop_does_not_stop_the_worker(monkeypatch):
    monkeypatch.setattr("samovar.org.hold._LET_GO", 0.1)
    store, over = memory(), asyncio.Event()

    async def work(job, hold):
        while not over.is_set():
            try:
                await over.wait()
            except asyncio.CancelledError:
                continue
        return Ended()

    await store.queue.add(Job(agent="ada"))
    assert await run_for(0.1, worker(store, work)) < 1
    over.set()
    await asyncio.sleep(0)


class Flaky:
    """Claims of a database that is away at times."""

    def __init__(self, claims):
        self.claims, self.away, self.said = claims, False, 0

    def __getattr__(self, name):
        async def call(*given):
            if self.away:
                self.said += 1
                raise StoreAway("the database does not answer")
            return await getattr(self.claims, name)(*given)

        return call


async def test_a_result_waits_until_the_database_is_back():
    store = memory()
    flaky = Flaky(store.claims)

    async def work(job, hold):
        flaky.away = True
        asyncio.get_running_loop().call_later(0.2, setattr, flaky, "away", False)
        return Ended(text="kept")

    await store.queue.add(Job(agent="ada"))
    await Worker(flaky, LocalBell(), work, **TIMES).drain()
    (job,) = await store.queue.list(Filter())
    assert (job.state, job.result, job.attempts) == ("done", "kept", 1)
    assert flaky.said > 0


async def test_work_that_holds_its_job_waits_for_the_database_and_is_not_begun_anew():
    store, begun = memory(), []
    flaky = Flaky(store.claims)

    async def work(job, hold):
        begun.append(job.fence)
        flaky.away = True
        asyncio.get_running_loop().call_later(0.2, setattr, flaky, "away", False)
        await hold()
        return Ended(text="kept")

    await store.queue.add(Job(agent="ada"))
    await Worker(flaky, LocalBell(), work, **TIMES).drain()
    (job,) = await store.queue.list(Filter())
    assert (job.state, job.result, begun) == ("done", "kept", [1])


async def test_a_worker_is_stopped_in_short_time_also_without_a_database(monkeypatch):
    monkeypatch.setattr("samovar.org.hold._LET_GO", 0.1)
    store = memory()
    flaky = Flaky(store.claims)

    async def work(job, hold):
        flaky.away = True
        await asyncio.sleep(60)
        return Ended()

    await store.queue.add(Job(agent="ada"))
    patient = TIMES | {"manner": Manner(lease=30.0)}
    assert await run_for(0.1, Worker(flaky, LocalBell(), work, **patient)) < 5
    (job,) = await store.queue.list(Filter())
    assert job.state == "running", "its lease will end"


async def test_what_is_done_in_spite_of_being_stopped_counts_as_done():
    store = memory()

    async def work(job, hold):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return Ended(text="it was pushed already")

    await store.queue.add(Job(agent="ada"))
    await run_for(0.1, worker(store, work))
    (job,) = await store.queue.list(Filter())
    assert (job.state, job.result) == ("done", "it was pushed already")


async def test_work_ends_when_the_lease_can_no_longer_be_renewed():
    store, broken_off = memory(), []
    flaky = Flaky(store.claims)

    async def work(job, hold):
        flaky.away = True
        begin = time.monotonic()
        try:
            await asyncio.sleep(10)
        finally:
            broken_off.append(time.monotonic() - begin)
        return Ended()

    await store.queue.add(Job(agent="ada"))
    await run_for(QUICK.lease * 2, Worker(flaky, LocalBell(), work, **TIMES))
    assert QUICK.lease * 0.9 < broken_off[0] < QUICK.lease * 1.8


async def test_a_bell_wakes_a_worker_before_its_next_look():
    store, bell = memory(), LocalBell()
    slow = Manner(lease=5, pause=0)
    stop = asyncio.Event()
    running = asyncio.create_task(Worker(store.claims, bell, well, manner=slow, poll=5).run(stop))
    await asyncio.sleep(0.1)
    await Ringing(store.queue, bell).add(Job(agent="ada"))
    await asyncio.sleep(0.2)
    assert await store.queue.counts() == {"ada": {"done": 1}}
    stop.set()
    await running


async def test_a_dead_workers_job_is_taken_up_when_its_lease_ends_and_not_at_the_next_look():
    store, begun = memory(), asyncio.Event()

    async def work(job, hold):
        begun.set()
        return Ended()

    await store.queue.add(Job(agent="ada"))
    assert await store.claims.claim("dead", 0.2) is not None
    stop = asyncio.Event()
    slow = Worker(store.claims, LocalBell(), work, manner=Manner(), poll=600)
    running = asyncio.create_task(slow.run(stop))
    await asyncio.wait_for(begun.wait(), 20)
    stop.set()
    await running


async def test_a_lost_ring_costs_a_look_and_nothing_else():
    store = memory()
    stop = asyncio.Event()
    running = asyncio.create_task(worker(store, well).run(stop))
    await asyncio.sleep(0.1)
    await store.queue.add(Job(agent="ada"))
    await asyncio.sleep(POLL * 4)
    assert await store.queue.counts() == {"ada": {"done": 1}}
    stop.set()
    await running


async def test_a_worker_takes_only_the_jobs_of_its_agents():
    store = memory()
    for agent in ("ada", "bob"):
        await store.queue.add(Job(agent=agent))
    assert await worker(store, well, agents=("bob",)).drain() == 1
    assert await store.queue.counts() == {"ada": {"ready": 1}, "bob": {"done": 1}}


@pytest.mark.parametrize("clings", ["task", "thread"])
def test_a_process_ends_in_time_whatever_does_not_let_go(clings):
    code = """
import asyncio, sys, time
from samovar.worker import end_within

async def cling():
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            continue

async def main():
    end_within(0.2)
    if sys.argv[1] == "task":
        task = asyncio.create_task(cling())
        await asyncio.sleep(0)
    else:
        asyncio.get_running_loop().run_in_executor(None, time.sleep, 600)

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", code, clings], timeout=60, check=False)
    assert done.returncode == 0
