"""Programs of others, which ask over HTTP and are counted at the door."""

import sys

import pytest

from samovar.bench import command, peer
from samovar.bench.run import Bench, Setting
from samovar.bench.sets import load
from samovar.boot import Choice
from samovar.core.errors import SetupError
from samovar.core.message import Reply, Usage
from samovar.models.endpoint import Endpoint
from samovar.models.profile import Profile
from samovar.models.scripted import Rules

RIGHT = "def add(a, b):\n    return a + b\n"
WRONG = "def add(a, b):\n    return 7\n"
ASKING = """
import json, os, pathlib, sys, urllib.error, urllib.request

def ask(**more):
    said = {"role": "user", "content": pathlib.Path(os.environ["TASK"]).read_text()}
    body = {"model": os.environ["MODEL"], "messages": [said], **more}
    url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
    request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)
"""
WRITING = """
assert os.environ["TESTS"] == "test_add.py" and pathlib.Path("test_add.py").exists()
assert pathlib.Path.home() != pathlib.Path(HOME)
made = ask(temperature=0.5, max_tokens=50)
pathlib.Path(os.environ["FILES"]).write_text(made["choices"][0]["message"]["content"])
print("spent", made["usage"]["completion_tokens"])
"""
GREEDY = """
for n in range(99):
    try:
        ask()
    except urllib.error.HTTPError as error:
        sys.exit(f"{n} answers, then {json.load(error)['error']['message']}")
"""


def bench(tmp_path, sandbox, rule, program, **setting):
    path = tmp_path / "program.py"
    path.write_text(f"{ASKING}\nHOME = {str(tmp_path)!r}\n{program}")
    peers = {"other": f"{sys.executable} {path}"}
    model = Rules(rule)
    endpoint = Endpoint(url="http://127.0.0.1:1/v1", model="folder/scripted.gguf")
    setting = Setting(
        out=tmp_path / "rows.jsonl", harnesses=("other",), peers=peers, model="scripted", **setting
    )
    return model, Bench(setting, Choice(model, endpoint, Profile(context=16_384)), sandbox)


async def test_what_a_program_leaves_is_judged_and_what_it_asked_is_counted(
    sets, tmp_path, sandbox
):
    model, one = bench(tmp_path, sandbox, lambda _: RIGHT, WRITING)
    (row,) = await one.run(load(sets, "tiny")[:1])
    assert row.solved and not row.error
    assert (row.calls, row.why) == (1, f"spent {row.generated}")
    assert row.generated > 0 and row.prompt > 0
    (asked,) = model.asked
    assert (asked.limit, asked.sampling.temperature) == (50, 0.5)
    assert asked.messages[0].text.startswith("Add two numbers")


async def test_the_door_closes_when_the_budget_is_spent(sets, tmp_path, sandbox):
    model, one = bench(tmp_path, sandbox, lambda _: WRONG, GREEDY)
    (row,) = await one.run(load(sets, "tiny")[:1])
    assert not row.solved and not row.claimed
    assert row.why == "8 answers, then the budget of this task is spent"
    assert row.calls == len(model.asked) == 8


async def test_no_answer_is_longer_than_what_is_left(sets, tmp_path, sandbox):
    def wordy(request):
        return Reply(text="so", usage=Usage(prompt=9, generated=request.limit), finish="length")

    model, one = bench(tmp_path, sandbox, wordy, GREEDY)
    (row,) = await one.run(load(sets, "tiny")[:1])
    assert [request.limit for request in model.asked] == [1200, 1200, 100]
    assert (row.generated, row.calls) == (2500, 3)
    assert row.why == "3 answers, then the budget of this task is spent"


async def test_a_program_that_never_ends_is_ended(sets, tmp_path, sandbox, monkeypatch):
    monkeypatch.setattr(peer, "LONGEST", 1.0)
    _, one = bench(tmp_path, sandbox, lambda _: RIGHT, "import time; time.sleep(60)")
    (row,) = await one.run(load(sets, "tiny")[:1])
    assert (row.why, row.solved) == ("time", False)
    assert row.seconds < 20


@pytest.mark.parametrize("given", ["aider", "=aider", "aider=", "raw=aider"])
async def test_a_program_needs_a_name_of_its_own(given, sets):
    options = command.options_of(["tiny", "--sets", str(sets), "--peer", given])
    assert options.harnesses == ()
    with pytest.raises(SetupError, match="NAME=LINE"):
        await command.run(options)
