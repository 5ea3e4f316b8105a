"""Leases, fences and attempts; over memory, SQLite and PostgreSQL."""

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from math import inf

import aiosqlite
import pytest

from samovar.org.filing import Filing
from samovar.org.outbox import OutboxEntry
from samovar.org.seams import Ended, Filter, Job, Overtaken
from samovar.store.bell import LocalBell
from samovar.store.store import open_store
from samovar.worker import Worker

SHORT = 0.3
"""Seconds of a lease that a test lets run out; on PostgreSQL the time really passes."""


@pytest.fixture
def pass_time(store, hands):
    async def passing(seconds):
        hands.seconds += seconds
        if "postgresql" in store.shown:
            await asyncio.sleep(seconds)

    return passing


async def one(store, **fields):
    return await store.queue.add(Job(agent="ada", text="a", **fields))


async def test_a_claim_names_its_worker_and_counts(store):
    made = await one(store)
    job = await store.claims.claim("w1", 60)
    assert (job.id, job.state, job.owner) == (made.id, "running", "w1")
    assert (job.fence, job.attempts) == (1, 1)
    assert job.started is not None
    assert 50 < (job.until - job.started).total_seconds() < 70
    assert await store.claims.claim("w2", 60) is None


async def test_nothing_to_claim_is_none(store):
    assert await store.claims.claim("w", 60) is None


async def test_only_the_named_agents_jobs_are_claimed(store):
    await one(store)
    assert await store.claims.claim("w", 60, ["bob", "li"]) is None
    assert (await store.claims.claim("w", 60, ["bob", "ada"])) is not None


async def test_of_many_claims_at_once_each_job_goes_to_one(store):
    for _ in range(15):
        await one(store)
    claimed = await asyncio.gather(*(store.claims.claim(f"w{n}", 60) for n in range(20)))
    ids = [job.id for job in claimed if job]
    assert len(ids) == len(set(ids)) == 15


async def test_of_a_group_one_job_runs_at_a_time(store):
    for _ in range(3):
        await one(store, group="ada")
    await one(store, group="bob")
    claimed = await asyncio.gather(*(store.claims.claim(f"w{n}", 60) for n in range(6)))
    running = [job for job in claimed if job]
    assert sorted(job.group for job in running) == ["ada", "bob"]
    ada = next(job for job in running if job.group == "ada")
    await store.claims.finish(ada, "done", "")
    assert (await store.claims.claim("w", 60)).group == "ada"


async def test_two_workers_never_run_two_jobs_of_one_agent_at_the_same_time(store, tmp_path):
    """As tasks are filed in life: by an agent, for itself and for a teammate; one is moved."""
    (tmp_path / "agents" / "ada").mkdir(parents=True)
    filing, running, most = Filing(tmp_path, store.queue), Counter(), Counter()
    for n in range(4):
        for to in ("ada", "bob"):
            draft = OutboxEntry(sender="ada", tick=1, seq=0, to=(to,), text=f"{to} {n}")
            _, job = await filing.file(draft, 0, "")
    moved = await store.queue.move(job.id, "ada")
    assert (moved.agent, moved.group) == ("ada", "ada")

    async def work(job, hold):
        running[job.agent] += 1
        most[job.agent] = max(most[job.agent], running[job.agent])
        await asyncio.sleep(0.02)
        running[job.agent] -= 1
        return Ended()

    async def all_done():
        while await store.queue.list(Filter(states=("ready", "running"), limit=1)):
            await asyncio.sleep(0.02)

    stop = asyncio.Event()
    workers = [Worker(store.claims, LocalBell(), work, poll=0.02) for _ in range(3)]
    at_work = [asyncio.create_task(w.run(stop)) for w in workers]
    await asyncio.wait_for(all_done(), 30)
    stop.set()
    await asyncio.gather(*at_work)
    assert await store.queue.counts() == {"ada": {"done": 5}, "bob": {"done": 3}}
    assert most == {"ada": 1, "bob": 1}


async def test_a_finished_job_keeps_its_result(store):
    await one(store)
    job = await store.claims.claim("w", 60)
    done = await store.claims.finish(job, "done", "all green")
    assert (done.state, done.result, done.owner) == ("done", "all green", "")
    assert done.ended is not None and done.until is None


@pytest.mark.parametrize("ending", ["failed", "waiting"])
async def test_another_ending_keeps_its_reason(store, ending):
    await one(store)
    job = await store.claims.claim("w", 60)
    ended = await store.claims.finish(job, ending, "tests are red")
    assert (ended.state, ended.reason, ended.result) == (ending, "tests are red", "")


async def test_an_ending_said_twice_counts_once(store):
    await one(store)
    job = await store.claims.claim("w", 60)
    first = await store.claims.finish(job, "done", "x")
    assert await store.claims.finish(job, "done", "x") == first
    with pytest.raises(Overtaken):
        await store.claims.finish(job, "done", "something else")
    with pytest.raises(Overtaken):
        await store.claims.finish(job, "failed", "x")


async def test_a_lease_that_ran_out_is_claimed_by_another_worker(store, pass_time):
    await one(store)
    old = await store.claims.claim("w1", SHORT)
    await pass_time(SHORT + 0.1)
    new = await store.claims.claim("w2", 60)
    assert (new.id, new.owner, new.attempts) == (old.id, "w2", 2)
    assert new.fence > old.fence
    assert "w1" in new.reason


async def test_a_late_writer_is_refused_everything(store, pass_time):
    await one(store)
    old = await store.claims.claim("w1", SHORT)
    await pass_time(SHORT + 0.1)
    new = await store.claims.claim("w2", 60)
    for late in (
        store.claims.beat(old, 60),
        store.claims.look(old),
        store.claims.finish(old, "done", "late"),
        store.claims.fail(old, "late"),
        store.claims.release(old, "late"),
    ):
        with pytest.raises(Overtaken, match="no longer held by w1"):
            await late
    assert await store.queue.get(new.id) == new


async def test_a_heartbeat_keeps_a_job(store, pass_time):
    await one(store)
    job = await store.claims.claim("w1", SHORT)
    for _ in range(3):
        await pass_time(SHORT * 0.6)
        await store.claims.look(job)
        job = await store.claims.beat(job, SHORT)
    assert await store.claims.claim("w2", 60) is None
    assert (await store.claims.finish(job, "done", "")).state == "done"


async def test_a_late_ending_counts_while_nobody_else_has_the_job(store, pass_time):
    await one(store)
    job = await store.claims.claim("w1", SHORT)
    await pass_time(SHORT + 0.1)
    assert (await store.claims.finish(job, "done", "late")).state == "done"


async def test_three_failed_attempts_make_a_dead_letter_with_its_reason(store):
    await one(store)
    for _ in range(3):
        job = await store.claims.fail(await store.claims.claim("w", 60), "it explodes")
    assert job.state == "dead" and job.ended is not None
    assert job.reason == "it explodes (attempt 3 of 3)"
    assert await store.claims.claim("w", 60) is None


async def test_three_dead_workers_make_a_dead_letter(store, pass_time):
    await one(store)
    for n in range(3):
        assert (await store.claims.claim(f"w{n}", SHORT)) is not None
        await pass_time(SHORT + 0.1)
    assert await store.claims.claim("w", 60) is None
    (job,) = await store.queue.list(Filter(states=("dead",)))
    assert job.attempts == 3
    assert "the lease of w2 ran out" in job.reason and "attempt 3 of 3" in job.reason


async def test_a_failed_job_pauses_before_its_next_attempt(store, pass_time):
    await one(store)
    await store.claims.fail(await store.claims.claim("w", 60), "no luck", SHORT)
    assert await store.claims.claim("w", 60) is None
    await pass_time(SHORT + 0.1)
    assert (await store.claims.claim("w", 60)).attempts == 2


async def test_the_store_says_what_is_due_whatever_the_wall_clock_says(store, pass_time, hands):
    await one(store)
    due = Filter(states=("ready",), due=True)
    assert len(await store.queue.list(due)) == 1
    await store.claims.fail(await store.claims.claim("w", 60), "no luck", SHORT)
    hands.jump = 7200.0
    assert await store.queue.list(due) == []
    hands.jump = -7200.0
    await pass_time(SHORT + 0.1)
    assert len(await store.queue.list(due)) == 1


async def test_a_released_job_has_lost_no_attempt(store):
    await one(store)
    for _ in range(5):
        back = await store.claims.release(await store.claims.claim("w", 60), "stopped")
    assert (back.state, back.attempts, back.reason) == ("ready", 0, "stopped")
    assert back.fence == 5


async def test_the_next_end_of_a_lease_or_a_pause_is_known(store, pass_time):
    assert await store.claims.rest() == inf
    await one(store, group="ada")
    assert await store.claims.rest() == inf
    job = await store.claims.claim("w", 60)
    await store.queue.add(Job(agent="bob"))
    assert 50 < await store.claims.rest() <= 60
    assert await store.claims.rest(["bob"]) == inf
    await store.claims.release(job, "wait", 30)
    assert 20 < await store.claims.rest(["ada", "bob"]) <= 30
    bobs = await store.claims.claim("w", SHORT, ["bob"])
    assert 0 < await store.claims.rest() <= SHORT
    await pass_time(SHORT + 0.1)
    assert await store.claims.rest() == 0
    assert (await store.claims.claim("w2", 60, ["bob"])).id == bobs.id


async def test_a_job_that_waits_for_its_group_is_no_reason_to_look_again(store, pass_time):
    first, second = await one(store, group="ada"), await one(store, group="ada")
    await store.claims.release(await store.claims.claim("w", 60), "", SHORT)
    assert (await store.claims.claim("w", 60)).id == second.id
    await pass_time(SHORT + 0.1)
    assert await store.claims.claim("w", 60) is None
    assert (await store.queue.get(first.id)).state == "ready"
    assert await store.claims.rest() > 50


async def test_jobs_of_a_poisoned_agent_do_not_stop_the_others(store):
    for _ in range(4):
        await store.queue.add(Job(agent="poison", text="bad"))
        await store.queue.add(Job(agent="ada", text="good"))
    while job := await store.claims.claim("w", 60):
        if job.text == "bad":
            await store.claims.fail(job, "poison")
        else:
            await store.claims.finish(job, "done", "")
    assert await store.queue.counts() == {"poison": {"dead": 4}, "ada": {"done": 4}}


async def test_a_write_that_is_cancelled_leaves_no_lock_on_the_file(tmp_path, monkeypatch):
    execute = aiosqlite.Cursor.execute

    async def cut_off(cursor, sql, *words):
        if sql.startswith("UPDATE"):
            asyncio.current_task().cancel()
        return await execute(cursor, sql, *words)

    async with open_store(tmp_path) as store:
        await store.queue.add(Job(agent="ada", text="x"))
        monkeypatch.setattr(aiosqlite.Cursor, "execute", cut_off)
        with pytest.raises(asyncio.CancelledError) as known:
            await asyncio.create_task(store.claims.claim("w", 60))
        monkeypatch.undo()
        # Whoever keeps the error keeps the cursor, too.
        assert known.traceback
        with closing(sqlite3.connect(tmp_path / "samovar.db", timeout=5)) as other:
            other.execute("BEGIN IMMEDIATE")
        job = await store.claims.claim("w", 60)
        assert (job.attempts, job.state) == (1, "running"), "what was cut off was not kept"
