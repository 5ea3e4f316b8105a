"""Clocks that jump: nobody loses a lease early, and none lasts for ever."""

import time

import pytest

from samovar.org.seams import Job, Overtaken
from samovar.store.clock import machine
from samovar.store.store import open_store

DAY = 86_400.0


@pytest.mark.parametrize("jump", [DAY, -DAY, 3600.0, -3600.0])
async def test_a_jump_of_the_wall_clock_moves_no_lease(tmp_path, hands, jump):
    async with open_store(tmp_path, clock=hands.clock()) as store:
        await store.queue.add(Job(agent="ada"))
        job = await store.claims.claim("w1", 60)
        for _ in range(30):
            hands.jump += jump
            hands.seconds += 19
            jump = -jump
            assert await store.claims.claim("w2", 60) is None
            job = await store.claims.beat(job, 60)
        hands.jump += jump
        hands.seconds += 61
        assert (await store.claims.claim("w2", 60)).id == job.id


async def test_after_a_restart_of_the_machine_no_old_lease_holds(tmp_path, hands):
    async with open_store(tmp_path, clock=hands.clock()) as store:
        await store.queue.add(Job(agent="ada"))
        old = await store.claims.claim("w1", 60)
    hands.seconds, hands.boot = 3.0, "second"
    async with open_store(tmp_path, clock=hands.clock()) as store:
        assert (await store.queue.get(old.id)).until is None
        assert (await store.claims.claim("w2", 60)).id == old.id
        with pytest.raises(Overtaken):
            await store.claims.finish(old, "done", "")


async def test_without_a_name_of_the_start_a_lease_is_counted_anew(tmp_path, hands):
    hands.boot = ""
    async with open_store(tmp_path, clock=hands.clock()) as store:
        await store.queue.add(Job(agent="ada"))
        old = await store.claims.claim("w1", 60)
    hands.seconds = 3.0
    async with open_store(tmp_path, clock=hands.clock()) as store:
        assert await store.claims.claim("w2", 60) is None
        hands.seconds += 61
        assert (await store.claims.claim("w2", 60)).id == old.id


async def test_a_server_whose_clock_was_set_back_counts_leases_anew(tmp_path, database):
    psycopg = pytest.importorskip("psycopg")
    async with open_store(tmp_path, database) as store:
        await store.queue.add(Job(agent="ada"))
        job = await store.claims.claim("w1", 0.4)
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("UPDATE tasks SET until = until + 86400")
        assert await store.claims.claim("w2", 0.4) is None
        left = (await store.queue.get(job.id)).until - job.until
        assert left.total_seconds() < 1


async def test_the_clock_of_the_machine_of_another_worker_does_not_matter(
    tmp_path, database, hands
):
    hands.jump, hands.seconds, hands.boot = 10 * DAY, 9e9, "other"
    async with (
        open_store(tmp_path, database) as here,
        open_store(tmp_path, database, hands.clock()) as there,
    ):
        await here.queue.add(Job(agent="ada"))
        job = await here.claims.claim("w1", 60)
        assert await there.claims.claim("w2", 60) is None
        assert (await there.queue.get(job.id)).until == job.until


def test_this_machine_knows_its_clocks():
    clock = machine()
    assert clock.wall().tzinfo is not None
    assert abs(clock.steady() - time.monotonic()) < 60, "not the clock that people set"
    assert clock.boot == machine().boot
