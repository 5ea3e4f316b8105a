"""Room for one model on this machine: it is loaded when asked, and makes way for another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from msgspec.structs import replace as replace_struct

from samovar import pool as pools
from samovar.boot import Choice
from samovar.core.errors import SetupError
from samovar.core.message import Message, Reply, Request
from samovar.models import weights
from samovar.models.endpoint import Endpoint
from samovar.models.profile import Profile
from samovar.pool import HERE, Pool, answers
from samovar.settings import Server, Settings

SMALL, LARGE = "qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"
ASK = Request(messages=(Message("user", "tea?"),), limit=5)


class Machine:
    """Starts models and remembers which; a server beside it has a model called far."""

    def __init__(self) -> None:
        self.running: list[str] = []
        self.asking = 0
        self.files = False
        """Whether models of this machine are called by their files."""

    async def choose(self, settings, home, stack, wanted, live, progress) -> Choice:
        if wanted == "far":
            return self.choice("http://far/v1", "far")
        if wanted == "nowhere":
            raise SetupError("no model called nowhere")
        await stack.enter_async_context(self.started(wanted))
        found = self.choice(f"http://127.0.0.1/{wanted}", wanted)
        if not self.files:
            return found
        return replace(found, endpoint=replace_struct(found.endpoint, model=f"/x/{wanted}-q4.gguf"))

    def choice(self, url: str, name: str) -> Choice:
        machine = self

        class Model:
            async def reply(self, _request: Request, /) -> Reply:
                assert name == "far" or machine.running == [name], "it runs, and it alone"
                machine.asking += 1
                assert machine.asking == 1, "one at a time"
                await asyncio.sleep(0)
                machine.asking -= 1
                return Reply(text=name)

        return Choice(Model(), Endpoint(url=url, model=name), Profile())

    @asynccontextmanager
    async def started(self, name: str) -> AsyncIterator[None]:
        self.running.append(name)
        yield
        self.running.remove(name)


@pytest.fixture
def machine(monkeypatch) -> Machine:
    made = Machine()

    async def none(*_: object) -> list[object]:
        return []

    monkeypatch.setattr(pools, "choose_model", made.choose)
    monkeypatch.setattr(pools, "endpoints", none)
    return made


async def test_a_name_that_was_found_stands_for_the_same_model_as_the_one_asked_for(
    machine, tmp_path
):
    pool = Pool(tmp_path, Settings())
    machine.files = True
    name, _ = await pool.find((SMALL,))
    assert name != SMALL and pool.real(name) == pool.real(SMALL) == SMALL
    other, _ = await pool.find(("nowhere", ""))
    assert pool.real(other) == LARGE and pool.real("nowhere") == "nowhere"
    assert (pool.missed("nowhere"), pool.missed(SMALL)) == ("no model called nowhere", "")
    await pool.close()


@pytest.mark.parametrize(
    ("names", "here", "fetch", "answer"),
    [
        (("",), (), True, LARGE),
        (("",), ("far",), True, "far"),
        ((SMALL, ""), ("far",), True, SMALL),
        ((SMALL, ""), ("far",), False, "far"),
        ((SMALL, ""), (), False, ""),
        ((SMALL, ""), (SMALL,), False, SMALL),
        (("embedded",), ("far",), True, LARGE),
        (("nowhere", "far"), ("far",), True, "far"),
    ],
)
def test_which_of_its_models_would_answer_an_agent_is_known_beforehand(
    monkeypatch, names, here, fetch, answer
):
    monkeypatch.setattr(weights, "here", lambda _entry: False)
    found = [(name, Endpoint(url="http://far/v1", model=name)) for name in here]
    assert answers(Settings(fetch=fetch), found, names) == answer


async def test_models_take_turns_and_are_loaded_again_when_asked(machine, tmp_path):
    pool = Pool(tmp_path, Settings())
    _, small = await pool.find((SMALL,))
    _, usual = await pool.find(("",))
    said = [(await m.reply(ASK)).text for m in (small, small, usual, small)]
    assert said == [SMALL, SMALL, LARGE, SMALL] and machine.running == [SMALL]
    assert pool.swaps == 5 and pool.loaded == SMALL, "two were found, three are asked for anew"
    several = await asyncio.gather(*(m.reply(ASK) for m in (small, usual, small)))
    assert [r.text for r in several] == [SMALL, LARGE, SMALL]
    await pool.close()
    assert machine.running == []


async def test_two_names_of_one_model_load_it_once(machine, tmp_path):
    pool = Pool(tmp_path, Settings())
    for name in ("", LARGE, "embedded", ""):
        _, model = await pool.find((name,))
        await model.reply(ASK)
    assert pool.swaps == 1
    await pool.close()


async def test_what_shares_this_machine_has_one_slot(machine, tmp_path):
    pool = Pool(tmp_path, Settings())
    assert {pool.slot(n) for n in ("", SMALL, LARGE, "embedded")} == {HERE}
    await pool.find(("nowhere", "far"))
    assert pool.slot("far") == "http://far/v1" and pool.loaded == "far"
    assert machine.running == [], "a server needs no room here"
    with pytest.raises(SetupError, match="nowhere"):
        await pool.find(("nowhere",))
    served = Settings(model="far", models=(Server(name="far", url="http://far/v1"),))
    assert Pool(tmp_path, served).slot("") == "far"


async def test_every_name_of_a_model_stands_for_it(machine, tmp_path, monkeypatch):
    pool = Pool(tmp_path, Settings())
    assert [pool.real(n) for n in ("", "embedded", LARGE, SMALL)] == [LARGE, LARGE, LARGE, SMALL]
    _, usual = await pool.find(("",))
    await usual.reply(ASK)
    assert pool.loaded == pool.real("") == LARGE
    assert Pool(tmp_path, Settings(model=SMALL)).real("") == SMALL
    assert Pool(tmp_path, Settings(model="embedded")).real("") == LARGE

    async def choose(*_: object) -> Choice:
        return machine.choice("http://far/v1", "far")

    monkeypatch.setattr(pools, "choose_model", choose)
    await (served := Pool(tmp_path, Settings())).find(("",))
    assert served.loaded == served.real("") == "far", "a server was found that nobody had named"


async def test_it_is_said_once_that_weights_are_fetched(machine, tmp_path, monkeypatch, caplog):
    async def fetched(settings, home, stack, wanted, live, progress) -> Choice:
        if wanted == SMALL:
            for have in (0, 200 << 20, 400 << 20):
                progress(have, 400 << 20)
        return await machine.choose(settings, home, stack, wanted, live, progress)

    monkeypatch.setattr(pools, "choose_model", fetched)
    pool = Pool(tmp_path, Settings())
    for name in (LARGE, SMALL):
        await pool.find((name,))
    said = [(r.message, r.model, r.megabytes, r.levelname) for r in caplog.records]
    assert said == [("fetching_weights", SMALL, 400, "WARNING")]
    await pool.close()
