"""Tasks run again with what a model said before."""

import pytest

from samovar.bench import replay, rows
from samovar.bench.replay import Said, Told
from samovar.bench.run import Bench, Setting
from samovar.bench.sets import load
from samovar.boot import Choice
from samovar.core.errors import ModelError, Unusable
from samovar.core.message import Message, Request, Sampling, Usage
from samovar.models.endpoint import Endpoint
from samovar.models.profile import Profile
from samovar.models.scripted import Rules

RIGHT = "```python\ndef add(a, b):\n    return a + b\n```\n"
WRONG = "```python\ndef add(a, b):\n    return len(str(a)) * 40 if b else 7\n```\n"
HELLO, BYE = (Message("user", "hello"),), (Message("user", "bye"),)


def _said(answer, *, asked=HELLO, warm=False, complaint=""):
    return Said(asked=asked, warm=warm, answer=answer, usage=Usage(9, 0, 3), complaint=complaint)


def _ask(messages, temperature=0.0):
    return Request(messages=messages, limit=9, sampling=Sampling(temperature=temperature))


async def test_a_question_gets_the_answer_it_got():
    model = Told([_said("one"), _said("two", asked=BYE), _said("three", warm=True)])
    assert (await model.reply(_ask(BYE))).text == "two"
    assert (await model.reply(_ask(HELLO, 0.8))).text == "three"
    found = await model.reply(_ask(HELLO))
    assert (found.text, found.usage) == ("one", Usage(9, 0, 3))


async def test_a_new_question_gets_the_next_answer_of_its_kind_and_then_none():
    model = Told([_said("greedy"), _said("drawn", warm=True)])
    assert (await model.reply(_ask(BYE, 0.8))).text == "drawn"
    with pytest.raises(ModelError, match="no further answer"):
        await model.reply(_ask(BYE, 0.8))
    assert (await model.reply(_ask(BYE))).text == "greedy"


async def test_an_answer_that_was_of_no_use_is_of_none_again():
    model = Told([_said("", complaint="it repeats itself"), _said("")])
    with pytest.raises(Unusable, match="repeats"):
        await model.reply(_ask(HELLO))
    with pytest.raises(Unusable, match="empty"):
        await model.reply(_ask(HELLO))


async def test_a_kept_run_comes_to_the_same_end_without_its_model(
    sets, tmp_path, sandbox, monkeypatch, capsys
):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("SAMOVAR_MODEL_URL", raising=False)
    answers = iter([WRONG, RIGHT])
    model = Rules(lambda _: next(answers, RIGHT))
    endpoint = Endpoint(url="http://127.0.0.1:1/v1", model="scripted")
    setting = Setting(out=tmp_path / "rows.jsonl", keep=tmp_path / "logs", off=("search",))
    one = Bench(setting, Choice(model, endpoint, Profile(context=8192)), sandbox)
    [before] = await one.run(load(sets, "tiny")[:1])
    assert before.solved and before.calls > 1

    out = tmp_path / "again.jsonl"
    words = ["tiny", str(tmp_path / "logs"), "--sets", str(sets), "--ablate", "search"]
    assert await replay.main([*words, "--out", str(out)]) == 0
    [after] = rows.read(out)
    assert (after.solved, after.calls, after.generated) == (True, before.calls, before.generated)
    assert "tiny/one: 2 of 2;" in capsys.readouterr().out


async def test_a_folder_without_logs_is_named(sets, tmp_path, capsys):
    assert await replay.main(["tiny", str(tmp_path), "--sets", str(sets)]) == 2
    assert "--keep" in capsys.readouterr().err
