"""Leases, fences and attempts; over memory, SQLite and PostgreSQL."""

import asyncio

import pytest

from samovar.org.seams import Filter, Job, Overtaken

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


async def test_a_released_job_has_lost_no_attempt(store):
    await one(store)
    for _ in range(5):
        back = await store.claims.release(await store.claims.claim("w", 60), "stopped")
    assert (back.state, back.attempts, back.reason) == ("ready", 0, "stopped")
    assert back.fence == 5


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
