"""The queue, as people and agents see it; over memory, SQLite and PostgreSQL."""

import asyncio

import pytest
from msgspec.structs import replace

from samovar.core.errors import SetupError
from samovar.org.seams import Approval, Filter, Job, Overtaken

READY = Filter(states=("ready",))


async def add(store, *texts, agent="ada"):
    return [await store.queue.add(Job(agent=agent, text=text)) for text in texts]


async def texts(store, filter=READY):
    return [job.text for job in await store.queue.list(filter)]


async def test_a_job_is_kept_whole(store):
    given = Job(
        agent="ada",
        kind="turn",
        text="größer \N{GRINNING FACE}",
        repo="r",
        run="7",
        data={"files": ["a.py"], "n": 3, "deep": {"x": None}},
        group="ada",
        priority=4,
        tries=5,
        created_by="person:li",
        parent=9,
        depth=2,
    )
    made = await store.queue.add(given)
    assert made.id > 0 and made.created is not None and made.state == "ready"
    kept = await store.queue.get(made.id)
    assert kept == made
    for name in ("kind", "text", "repo", "run", "data", "group", "priority", "tries", "depth"):
        assert getattr(kept, name) == getattr(given, name)
    assert (kept.created_by, kept.parent) == ("person:li", 9)


async def test_a_key_that_was_used_before_makes_no_second_job(store):
    first = await store.queue.add(Job(agent="ada", text="once"), key="k")
    again = await store.queue.add(Job(agent="bob", text="other"), key="k")
    assert again == first
    assert len(await store.queue.list(Filter())) == 1


async def test_many_adds_of_one_key_at_the_same_time_make_one_job(store):
    jobs = [store.queue.add(Job(agent="ada", text=str(n)), key="k") for n in range(20)]
    assert len({job.id for job in await asyncio.gather(*jobs)}) == 1


async def test_jobs_are_listed_in_the_order_of_their_claims(store):
    await add(store, "a", "b")
    await store.queue.add(Job(agent="ada", text="urgent", priority=5))
    assert await texts(store) == ["urgent", "a", "b"]
    claimed = []
    while job := await store.claims.claim("w", 60):
        claimed.append(job.text)
    assert claimed == ["urgent", "a", "b"]


async def test_lists_are_filtered(store):
    one, two = await add(store, "a", "b")
    await add(store, "c", agent="bob")
    await store.queue.add(Job(agent="bob", text="d", kind="turn", created_by="ada", parent=one.id))
    assert await texts(store, Filter(agents=("bob",))) == ["c", "d"]
    assert await texts(store, Filter(kinds=("turn",))) == ["d"]
    assert await texts(store, Filter(created_by="ada")) == ["d"]
    assert await texts(store, Filter(parent=one.id)) == ["d"]
    assert await texts(store, Filter(order="newest", limit=2)) == ["d", "c"]
    assert await texts(store, Filter(order="newest", limit=0)) == ["d", "c", "b", "a"]
    assert await texts(store, Filter(order="newest", below=two.id)) == ["a"]


async def test_what_is_over_is_listed_by_its_end(store, hands):
    first, second, third = await add(store, "a", "b", "c")
    for job in (second, third, first):
        await store.queue.cancel(job.id, "enough")
        hands.seconds += 1
    await add(store, "d")
    ended = Filter(states=("cancelled",), order="ended", limit=2)
    assert await texts(store, ended) == ["a", "c"]
    assert await texts(store, Filter(order="ended")) == ["a", "c", "b", "d"]


async def test_counts_are_by_agent_and_state(store):
    await add(store, "a", "b")
    await add(store, "c", agent="bob")
    await store.claims.claim("w", 60)
    assert await store.queue.counts() == {"ada": {"running": 1, "ready": 1}, "bob": {"ready": 1}}


async def test_a_person_puts_a_job_before_another_or_last(store):
    a, _, c = await add(store, "a", "b", "c")
    await add(store, "x", agent="bob")
    await store.queue.reorder(c.id, a.id)
    assert await texts(store) == ["c", "a", "b", "x"]
    await store.queue.reorder(c.id, 0)
    assert await texts(store) == ["a", "b", "c", "x"]
    await store.queue.reorder(a.id, c.id)
    assert await texts(store) == ["b", "a", "c", "x"]


async def test_a_moved_job_takes_the_priority_of_its_neighbour(store):
    (low,) = await add(store, "low")
    high = await store.queue.add(Job(agent="ada", text="high", priority=3))
    moved = await store.queue.reorder(low.id, high.id)
    assert moved.priority == 3
    assert await texts(store) == ["low", "high"]


async def test_what_cannot_be_reordered_is_said(store):
    (one,) = await add(store, "a")
    (other,) = await add(store, "b", agent="bob")
    with pytest.raises(SetupError, match="not another ready job of the same agent"):
        await store.queue.reorder(one.id, other.id)
    await store.claims.claim("w", 60, ["ada"])
    with pytest.raises(SetupError, match="is not ready"):
        await store.queue.reorder(one.id, 0)
    with pytest.raises(SetupError, match="there is no task 999"):
        await store.queue.reorder(999, 0)


async def test_a_job_moves_to_the_end_of_another_agents_queue(store):
    one, _ = await add(store, "a", "b")
    await add(store, "c", agent="bob")
    moved = await store.queue.move(one.id, "bob")
    assert moved.agent == "bob"
    assert await texts(store, Filter(agents=("bob",))) == ["c", "a"]


async def test_the_words_of_a_job_change_until_somebody_begins_with_it(store):
    one, _ = await add(store, "a", "b")
    assert await store.queue.edit(one.id, "A") == replace(one, text="A")
    assert await texts(store, Filter()) == ["A", "b"]
    held = await store.claims.claim("w", 60)
    with pytest.raises(SetupError, match=f"job {one.id} is running"):
        await store.queue.edit(one.id, "late")
    await store.claims.release(held, "stopped")
    with pytest.raises(SetupError, match=f"job {one.id} was begun with its words"):
        await store.queue.edit(one.id, "late")
    assert (await store.queue.get(one.id)).text == "A"
    with pytest.raises(SetupError, match="there is no task 999"):
        await store.queue.edit(999, "x")


async def test_a_running_job_does_not_move(store):
    (one,) = await add(store, "a")
    await store.claims.claim("w", 60)
    with pytest.raises(SetupError, match=f"job {one.id} is running"):
        await store.queue.move(one.id, "bob")


async def test_a_cancelled_job_is_taken_from_its_worker(store):
    await add(store, "a")
    job = await store.claims.claim("w", 60)
    ended = await store.queue.cancel(job.id, "not needed")
    assert (ended.state, ended.reason, ended.owner) == ("cancelled", "not needed", "")
    assert ended.ended is not None
    with pytest.raises(Overtaken):
        await store.claims.beat(job, 60)
    with pytest.raises(Overtaken):
        await store.claims.finish(job, "done", "late")
    with pytest.raises(SetupError, match="is cancelled"):
        await store.queue.cancel(job.id, "again")


@pytest.mark.parametrize("ending", ["failed", "dead"])
async def test_what_failed_can_be_put_away_and_what_is_done_stays(store, ending):
    await store.queue.add(Job(agent="ada", text="a", tries=1))
    job = await store.claims.claim("w", 60)
    if ending == "dead":
        await store.claims.fail(job, "why")
    else:
        await store.claims.finish(job, "failed", "why")
    assert (await store.queue.get(job.id)).state == ending
    assert (await store.queue.cancel(job.id, "not needed")).state == "cancelled"
    await add(store, "b")
    done = await store.claims.finish(await store.claims.claim("w", 60), "done", "")
    with pytest.raises(SetupError, match="is done"):
        await store.queue.cancel(done.id, "late")


@pytest.mark.parametrize("ending", ["failed", "waiting"])
async def test_an_ended_job_comes_back_with_fresh_attempts(store, ending):
    await add(store, "a")
    job = await store.claims.claim("w", 60)
    await store.claims.finish(job, ending, "why")
    back = await store.queue.revive(job.id)
    assert (back.state, back.attempts, back.ended) == ("ready", 0, None)
    again = await store.claims.claim("w", 60)
    assert again.id == job.id and again.fence > job.fence


async def test_a_done_job_does_not_come_back(store):
    await add(store, "a")
    job = await store.claims.claim("w", 60)
    await store.claims.finish(job, "done", "")
    with pytest.raises(SetupError, match="is done"):
        await store.queue.revive(job.id)


async def test_a_job_may_wait_from_the_start(store):
    made = await store.queue.add(Job(agent="ada", text="a", state="waiting", reason="ask li"))
    assert made.state == "waiting"
    assert await store.claims.claim("w", 60) is None


async def test_a_missing_job_is_named(store):
    with pytest.raises(SetupError, match="there is no task 12"):
        await store.queue.get(12)


async def test_text_that_not_every_database_takes_is_kept_all_the_same(store):
    hurt, kept = "a\0b \udce9", "a\ufffdb \ufffd"
    one = await store.queue.add(Job(agent="ada", text=hurt), key=hurt)
    assert one.text == kept and await store.queue.add(Job(agent="ada"), key=hurt) == one
    assert (await store.queue.edit(one.id, hurt)).text == kept
    held = await store.claims.claim("w", 60)
    assert (await store.claims.release(held, hurt)).reason == kept
    held = await store.claims.claim("w", 60)
    assert (await store.claims.fail(held, hurt)).reason == f"{kept} (attempt 1 of 3)"
    held = await store.claims.claim("w", 60)
    done = await store.claims.finish(held, "done", hurt)
    assert done.result == kept and await store.claims.finish(held, "done", hurt) == done
    two = await store.queue.add(Job(agent="ada", state="waiting", reason=hurt))
    assert two.reason == kept and (await store.queue.cancel(two.id, hurt)).reason == kept
    asked = await store.approvals.ask(Approval(agent="ada", act="x", digest="d", text=hurt), 60)
    word = await store.approvals.answer(asked.id, True, by="li", note=hurt)
    assert (word.text, word.note) == (kept, kept)


async def test_two_who_reorder_at_once_both_have_their_way(store):
    for _ in range(10):
        one, two, three = await add(store, "1", "2", "3")
        reorder = store.queue.reorder
        await asyncio.gather(reorder(three.id, one.id), reorder(two.id, one.id))
        assert await texts(store) in (["3", "2", "1"], ["2", "3", "1"])
        for job in (one, two, three):
            await store.queue.cancel(job.id, "the next round")
