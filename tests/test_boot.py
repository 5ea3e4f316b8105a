"""Which model is taken."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from samovar.boot import (
    Choice,
    choose_model,
    first,
    fitting,
    quiet,
    silent,
    surroundings,
    usual,
)
from samovar.core.errors import SamovarError, SetupError, Unreachable
from samovar.models.endpoint import Endpoint
from samovar.models.profile import UNMEASURED
from samovar.models.scripted import Scripted
from samovar.settings import Server, Settings

AWAY = Server(name="away", url="http://127.0.0.1:9/v1")
HERE = Endpoint(url="http://127.0.0.1:8/v1", model="qwen2.5-coder:7b")
NOTES = Endpoint(url="http://127.0.0.1:8/v1", model="bge-m3")


@pytest.mark.parametrize("model", ["", "qwen2.5-coder:7b"])
async def test_a_configured_server_that_is_away_is_not_replaced_by_another(
    tmp_path: Path, model: str
) -> None:
    server = Server(name="away", url=AWAY.url, model=model)
    settings = Settings(models=(server,), fetch=False)
    async with AsyncExitStack() as stack:
        for wanted in dict.fromkeys(("", "away", model)):
            with pytest.raises(Unreachable, match=r"no model answers at http://127\.0\.0\.1:9/v1"):
                await choose_model(settings, tmp_path, stack, wanted, quiet, lambda _h, _a: None)


@pytest.mark.parametrize("error", [Unreachable("silent"), SetupError("no such model")])
async def test_the_next_model_is_taken_where_one_does_not_answer(error: SamovarError) -> None:
    async def choose(name: str) -> Choice:
        if name == "spare":
            return Choice(Scripted([]), HERE, UNMEASURED)
        raise error

    assert (await first(("big", "spare"), choose)).endpoint == HERE
    with pytest.raises(type(error), match=str(error)):
        await first(("big", "huge"), choose)
    with pytest.raises(SetupError, match="no model is named"):
        await first((), choose)


def test_the_name_that_counts_is_the_one_given_last() -> None:
    notes = Server(name="notes", url=NOTES.url, model=NOTES.model)
    settings = Settings(models=(notes, AWAY), embeddings="notes")
    assert usual(settings, "") == "away", "what embeds notes is no model to work with"
    assert usual(Settings(model="b", models=(AWAY,)), "") == "b"
    assert usual(Settings(model="b", models=(AWAY,)), "c") == "c"
    assert usual(Settings(), "") == ""


def test_a_model_for_embeddings_is_taken_on_a_person_s_word_alone() -> None:
    found = [("bge-m3", NOTES), (HERE.model, HERE)]
    assert fitting(found, "") == [HERE]
    assert fitting(found, "bge-m3") == [NOTES]
    assert fitting(found[:1], "") == []


def test_what_is_configured_and_does_not_answer_is_known() -> None:
    near = Server(name="near", url=HERE.url)
    assert silent(Settings(models=(AWAY, near)), [("near", HERE)]) == [AWAY]


def test_what_tests_may_read_is_theirs_what_a_person_grants_and_what_git_does_not_hold(
    tmp_path: Path,
) -> None:
    for name in ("project/node_modules", "project/.samovar", "kit/bin"):
        (tmp_path / name).mkdir(parents=True)
    project, home = tmp_path / "project", tmp_path / "project" / ".samovar"
    granting = Settings(readable=(str(tmp_path / "kit"),))
    found = surroundings([project], granting, home, ["package.json"])
    assert found.lent == {"node_modules": project / "node_modules"}
    assert surroundings([tmp_path / "linked", project], granting, home, ["a"]).lent == found.lent
    assert found.readable[-1] == tmp_path / "kit"
    assert str(tmp_path / "kit" / "bin") in found.path.split(":")
    assert not surroundings([project], Settings(), home).lent, (
        "without files nothing is beside them"
    )
    with pytest.raises(SetupError, match=r"\.samovar is shown to no sandbox"):
        surroundings([project], Settings(readable=(str(project),)), home)
