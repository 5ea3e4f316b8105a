"""A place where tasks of a home elsewhere are worked on."""

from samovar.office import open_outpost
from samovar.org.seams import Job
from samovar.store.store import open_store


async def test_its_bell_listens_for_everybody_who_has_a_task(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("SAMOVAR_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'shared.db'}")
    monkeypatch.setenv("SAMOVAR_BELL_URL", "redis://127.0.0.1:9")
    monkeypatch.setenv("SAMOVAR_CARRY_MEGABYTES", "8")
    place = tmp_path / "empty"
    place.mkdir()
    async with open_outpost(place) as outpost:
        assert list(await outpost.bell.agents()) == []
        async with open_store(place, f"sqlite+aiosqlite:///{tmp_path / 'shared.db'}") as store:
            await store.queue.add(Job(agent="bob"))
            await store.queue.add(Job(agent="ada"))
        assert list(await outpost.bell.agents()) == ["ada", "bob"]
