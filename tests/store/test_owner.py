"""A database belongs to one team; over SQLite and PostgreSQL."""

import asyncio
import shutil

import pytest

from samovar.core.errors import SetupError
from samovar.org.seams import Job
from samovar.store import migrate
from samovar.store.identity import FILE, identity
from samovar.store.store import open_store


@pytest.fixture
def homes(tmp_path):
    made = (tmp_path / "one", tmp_path / "two")
    for home in made:
        home.mkdir()
    return made


async def opened(home, url):
    async with open_store(home, url, own=True) as store:
        return await store.queue.counts()


async def test_of_two_homes_the_second_is_refused_with_the_way_out(homes, url):
    one, two = homes
    async with open_store(one, url, own=True) as store:
        await store.queue.add(Job(agent="ada", text="mend the parser"))
    with pytest.raises(SetupError) as caught:
        await opened(two, url)
    said = str(caught.value)
    assert f"belongs to the team in {one} on " in said and "SAMOVAR_DATABASE_URL" in said
    assert f"write {identity(one)} into {two / FILE}" in said and "\n" not in said
    assert await opened(one, url) == {"ada": {"ready": 1}}


async def test_a_home_that_moved_or_lost_its_id_goes_on(homes, url, tmp_path):
    one, two = homes
    await opened(one, url)
    shutil.move(one, tmp_path / "moved")
    await opened(tmp_path / "moved", url)
    with pytest.raises(SetupError, match=f"the team in {tmp_path / 'moved'} on ") as caught:
        await opened(two, url)
    (two / FILE).write_text(str(caught.value).partition("write ")[2].split()[0])
    assert await opened(two, url) == {}


async def test_a_database_of_before_is_that_of_the_first_home(homes, url, monkeypatch):
    one, two = homes
    with monkeypatch.context() as patch:
        known = [s for s in migrate._scripts("sqlite" if "sqlite" in url else "postgresql")]
        patch.setattr(migrate, "_scripts", lambda dialect: [s for s in known if s[0] < 3])
        async with open_store(one, url) as store:
            await store.queue.add(Job(agent="ada"))
    assert await opened(one, url) == {"ada": {"ready": 1}}
    with pytest.raises(SetupError, match="belongs to the team in"):
        await opened(two, url)


async def test_many_that_open_a_new_home_at_once_are_one_team(homes, url):
    one, two = homes
    assert await asyncio.gather(*(opened(one, url) for _ in range(5))) == [{}] * 5
    told = await asyncio.gather(
        *(asyncio.to_thread(identity, two) for _ in range(20)), return_exceptions=True
    )
    assert len(set(told)) == 1 and told[0] != identity(one)


async def test_a_worker_with_no_home_and_a_home_without_a_server_need_no_id(homes, url):
    one, two = homes
    await opened(one, url)
    async with open_store(two, url) as store:
        assert await store.queue.counts() == {}
    async with open_store(two, own=True) as store:
        assert await store.queue.counts() == {}
    assert not (two / FILE).exists()
