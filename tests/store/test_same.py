"""Memory and SQLite do the same, whatever is done to them: random histories, compared."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from samovar.core.errors import SamovarError
from samovar.org.seams import Filter, Job
from samovar.store.store import memory, open_store

IDS = st.integers(1, 6)
STEPS = st.one_of(
    st.tuples(
        st.just("add"),
        st.sampled_from(["ada", "bob"]),
        st.integers(0, 2),
        st.sampled_from(["", "g"]),
        st.sampled_from(["", "k1", "k2"]),
    ),
    st.tuples(st.just("claim"), st.sampled_from([(), ("ada",), ("bob",)]), st.integers(1, 30)),
    st.tuples(st.just("beat"), IDS, st.integers(1, 30)),
    st.tuples(st.just("look"), IDS),
    st.tuples(st.just("finish"), IDS, st.sampled_from(["done", "failed", "waiting"])),
    st.tuples(st.just("fail"), IDS, st.integers(0, 20)),
    st.tuples(st.just("release"), IDS, st.integers(0, 20)),
    st.tuples(st.just("cancel"), IDS),
    st.tuples(st.just("move"), IDS, st.sampled_from(["ada", "bob"])),
    st.tuples(st.just("reorder"), IDS, st.integers(0, 6)),
    st.tuples(st.just("revive"), IDS),
    st.tuples(st.just("pass"), st.integers(1, 40)),
)


async def do(store, held, step):
    """Do one step and return what was said; `held` are the jobs as their claimers knew them."""
    match step:
        case ("add", agent, priority, group, key):
            job = Job(agent=agent, priority=priority, group=group, tries=2)
            return await store.queue.add(job, key=key)
        case ("claim", agents, seconds):
            job = await store.claims.claim("w", float(seconds), agents)
            if job is not None:
                held[job.id] = job
            return job
        case ("beat", id, seconds) if id in held:
            return await store.claims.beat(held[id], float(seconds))
        case ("look", id) if id in held:
            return await store.claims.look(held[id])
        case ("finish", id, state) if id in held:
            return await store.claims.finish(held[id], state, "so")
        case ("fail" | "release" as verb, id, pause) if id in held:
            return await getattr(store.claims, verb)(held[id], "why", float(pause))
        case ("cancel", id):
            return await store.queue.cancel(id, "no")
        case ("move", id, agent):
            return await store.queue.move(id, agent)
        case ("reorder", id, before):
            return await store.queue.reorder(id, before)
        case ("revive", id):
            return await store.queue.revive(id)
    return None


async def said(store, held, step):
    try:
        return plain(await do(store, held, step))
    except SamovarError as error:
        return f"{type(error).__name__}: {error}"


def plain(job):
    return job if job is None else {k: str(v) for k, v in asdict(job).items()}


async def compare(history, hands, folder):
    one, first = memory(hands.clock()), {}
    async with open_store(folder, clock=hands.clock()) as other:
        second = {}
        for step in history:
            if step[0] == "pass":
                hands.seconds += step[1]
            assert await said(one, first, step) == await said(other, second, step), step
        here = [plain(j) for j in await one.queue.list(Filter())]
        there = [plain(j) for j in await other.queue.list(Filter())]
        assert here == there
        assert await one.queue.counts() == await other.queue.counts()


@pytest.mark.parametrize("examples", [25, pytest.param(500, marks=pytest.mark.slow)])
def test_random_histories_end_the_same(hands, examples):
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.lists(STEPS, min_size=5, max_size=40))
    def check(history):
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(compare(history, hands, Path(folder)))

    check()
