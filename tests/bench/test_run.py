"""Whole runs with a scripted model."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from samovar.bench import rows
from samovar.bench.budget import budget, half
from samovar.bench.command import measured, options_of, peers_of, run
from samovar.bench.harness import find
from samovar.bench.report import pairs, save, table
from samovar.bench.run import Bench, Setting
from samovar.bench.sets import choose, load, named
from samovar.bench.work import counted
from samovar.boot import Choice
from samovar.core.errors import SetupError, Unreachable
from samovar.core.event import Closed
from samovar.core.log import read
from samovar.core.message import Reply, Request, Sampling
from samovar.models.endpoint import Endpoint
from samovar.models.profile import Profile
from samovar.models.scripted import Rules

RIGHT = "```python\ndef add(a, b):\n    return a + b\n```\n"
WRONG = "```python\ndef add(a, b):\n    return 7\n```\n"


@pytest.fixture(autouse=True)
def _own_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("SAMOVAR_MODEL_URL", raising=False)


def bench(sandbox, out, rule, **setting):
    model = Rules(rule)
    endpoint = Endpoint(url="http://127.0.0.1:1/v1", model="scripted")
    choice = Choice(model, endpoint, Profile(context=16_384))
    return model, Bench(Setting(out=out, model="scripted", **setting), choice, sandbox)


async def test_samovar_solves_a_task_from_repository_to_grade(sets, tmp_path, sandbox):
    _, one = bench(sandbox, tmp_path / "rows.jsonl", lambda _: RIGHT)
    (row,) = await one.run(load(sets, "tiny")[:1])
    assert row.error == ""
    assert row.solved and row.first and row.claimed
    assert row.calls == 1 or row.calls == 2
    assert row.generated > 0 and row.prompt > 0
    assert (row.passed, row.wanted) == (2, 2)


async def test_the_logs_of_runs_are_kept_where_that_is_wanted(sets, tmp_path, sandbox):
    keep = tmp_path / "logs" / "today"
    given = {"mode": "hid", "keep": keep}
    _, one = bench(sandbox, tmp_path / "rows.jsonl", lambda _: WRONG, **given)
    await one.run(load(sets, "tiny")[:1])
    names = ["tiny-one-samovar-0-first.jsonl", "tiny-one-samovar-0-second.jsonl"]
    assert sorted(p.name for p in keep.iterdir()) == names
    for name in names:
        assert isinstance(read(keep / name)[-1].event, Closed)
    said = options_of(["tiny", "--keep", str(keep)])
    assert (said.keep, options_of([]).keep) == (keep, None)


async def test_what_is_done_is_not_done_again(sets, tmp_path, sandbox):
    out = tmp_path / "rows.jsonl"
    model, one = bench(sandbox, out, lambda _: RIGHT, harnesses=("raw",))
    tasks = load(sets, "tiny")
    await one.run(tasks[:1])
    done = await one.run(tasks[:2])
    assert len(model.asked) == 2
    assert [r.task for r in done] == ["tiny/one", "tiny/three"]
    assert rows.read(out) == done


async def test_what_was_broken_off_or_asked_for_again_is_measured_anew(sets, tmp_path, sandbox):
    out, told = tmp_path / "rows.jsonl", []
    (task,) = load(sets, "tiny")[:1]
    _, broken = bench(sandbox, out, lambda _: SetupError("no"), harnesses=("raw",), commit="a")
    (row,) = await broken.run([task])
    assert row.error and not row.solved
    cells = dict(zip(*(li.split("|") for li in table([row]).splitlines()[::2]), strict=True))
    assert cells[" errors "] == " 1 "
    _, whole = bench(sandbox, out, lambda _: RIGHT, harnesses=("raw",), commit="a")
    assert (await whole.run([task]))[0].solved
    model, later = bench(sandbox, out, lambda _: WRONG, harnesses=("raw",), commit="b")
    await Bench(later.setting, later.choice, sandbox, kept=told.extend).run([task])
    assert [r.commit for r in told] == ["a"] and model.asked == []
    _, again = bench(sandbox, out, lambda _: WRONG, harnesses=("raw",), commit="b", again=True)
    assert not (await again.run([task]))[0].solved
    assert [(r.commit, r.solved) for r in rows.read(out)] == [("b", False)]


async def test_a_model_that_is_gone_ends_the_bench_and_is_no_task_s_fault(sets, tmp_path, sandbox):
    out, said = tmp_path / "rows.jsonl", iter([RIGHT, Unreachable("gone")])
    _, one = bench(sandbox, out, lambda _: next(said), harnesses=("raw",))
    with pytest.raises(Unreachable, match="gone"):
        await one.run(load(sets, "tiny")[:2])
    assert [(r.task, r.solved) for r in rows.read(out)] == [("tiny/one", True)]


class Meeting(Rules):
    """Answers once two tasks ask at the same time."""

    def __init__(self) -> None:
        super().__init__(lambda _: RIGHT)
        self.barrier = asyncio.Barrier(2)

    async def reply(self, request: Request, /) -> Reply:
        await asyncio.wait_for(self.barrier.wait(), 30)
        return await super().reply(request)


async def test_two_lanes_work_on_two_tasks_at_once(sets, tmp_path, sandbox):
    _, one = bench(sandbox, tmp_path / "rows.jsonl", str, harnesses=("raw",), lanes=2)
    choice = Choice(Meeting(), one.choice.endpoint, one.choice.profile)
    done = await Bench(one.setting, choice, sandbox).run(load(sets, "tiny")[:2])
    assert [(r.task, r.error) for r in done] == [("tiny/one", ""), ("tiny/three", "")]
    assert sorted(rows.read(tmp_path / "rows.jsonl"), key=lambda r: r.task) == done


async def test_a_plain_call_that_is_wrong_is_not_solved(sets, tmp_path, sandbox):
    model, one = bench(sandbox, tmp_path / "rows.jsonl", lambda _: WRONG, harnesses=("raw",))
    (row,) = await one.run(load(sets, "tiny")[:1])
    assert not row.solved and row.calls == 1
    assert "test_sum" in model.asked[0].messages[0].text


async def test_hidden_tests_are_shown_once_and_only_after_a_failure(sets, tmp_path, sandbox):
    def rule(request: Request) -> str:
        return RIGHT if "The tests said" in request.messages[-1].text else WRONG

    model, one = bench(sandbox, tmp_path / "rows.jsonl", rule, harnesses=("raw",), mode="hid")
    (row,) = await one.run(load(sets, "tiny")[:1])
    assert row.solved and not row.first
    assert (row.calls, row.second_calls) == (2, 1)
    assert "test_sum" not in model.asked[0].messages[0].text


async def test_the_first_try_can_be_measured_alone(sets, tmp_path, sandbox):
    given = {"harnesses": ("raw",), "mode": "hid", "off": ("second-try",)}
    _, one = bench(sandbox, tmp_path / "rows.jsonl", lambda _: WRONG, **given)
    (row,) = await one.run(load(sets, "tiny")[:1])
    assert not row.solved
    assert (row.calls, row.second_calls, row.off) == (1, 0, ("second-try",))


async def test_samples_stop_at_the_first_green_one(sets, tmp_path, sandbox):
    said = iter([WRONG, RIGHT, WRONG])
    _, one = bench(sandbox, tmp_path / "rows.jsonl", lambda _: next(said), harnesses=("raw-best5",))
    (row,) = await one.run(load(sets, "tiny")[:1])
    assert row.solved and row.calls == 2


async def test_retries_carry_the_failure_in_the_conversation(sets, tmp_path, sandbox):
    said = iter([WRONG, RIGHT])
    model, one = bench(
        sandbox, tmp_path / "rows.jsonl", lambda _: next(said), harnesses=("raw-retry8",)
    )
    (row,) = await one.run(load(sets, "tiny")[:1])
    assert row.solved and row.calls == 2
    assert [m.role for m in model.asked[1].messages] == ["user", "assistant", "user"]
    assert "test_sum" in model.asked[1].messages[-1].text


def test_a_half_line_is_dropped_and_mended(tmp_path):
    out = tmp_path / "rows.jsonl"
    row = rows.Row(task="t", set="s", mode="vis", harness="raw", solved=True, first=True)
    rows.append(out, row)
    with open(out, "ab") as handle:
        handle.write(b'{"task": "ha')
    assert rows.read(out) == [row]
    rows.append(out, row)
    assert rows.read(out) == [row]
    again = replace(row, solved=False)
    rows.append(out, again)
    assert rows.read(out) == [again], "what was measured anew counts"


def test_a_damaged_line_is_named(tmp_path):
    out = tmp_path / "rows.jsonl"
    out.write_text("nonsense\n")
    with pytest.raises(SetupError, match="line 1"):
        rows.read(out)


def test_the_table_and_the_comparison_count_what_the_rows_say(tmp_path):
    def row(task: str, harness: str, solved: bool) -> rows.Row:
        return rows.Row(
            task=task, set="s", mode="vis", harness=harness, solved=solved, first=solved,
            claimed=True, calls=2, prompt=100, cached=40, generated=10,
        )  # fmt: skip

    made = [row("1", "a", True), row("2", "a", True), row("1", "b", True), row("2", "b", False)]
    shown = table(made).splitlines()
    assert "| 2/2 |" in shown[2] and "| 1/2 |" in shown[3]
    assert "100 (40)" in shown[2]
    other = [replace(r, model="larger", machine="here", solved=False) for r in made[:1]]
    cells = [[c.strip() for c in li.split("|")] for li in table([*made, *other]).splitlines()[2:]]
    assert [(c[3], c[4], c[6]) for c in cells] == [
        *(("", "a", "2/2"), ("", "b", "1/2"), ("larger", "a", "0/1")),
    ], "two models are two lines"
    (pair,) = pairs(made)
    assert (pair.both, pair.only_one, pair.only_other, pair.neither) == (1, 1, 0, 0)
    out = tmp_path / "rows.jsonl"
    save(out, made)
    assert out.with_suffix(".md").exists() and out.with_suffix(".json").exists()
    assert (tmp_path / "rows-s-vis.svg").read_text().startswith("<svg")


def test_a_harness_that_chooses_by_tests_is_refused_where_they_are_hidden():
    with pytest.raises(SetupError, match="vis"):
        find("raw-best5", "hid", {})
    with pytest.raises(SetupError, match="raw-retry8"):
        find("nothing", "vis", {})


def test_halves_and_limits_share_the_tasks_out(sets):
    tasks = load(sets, "tiny")
    assert [t.facts.id for t in choose(tasks, 0, 0)] == ["tiny/one", "tiny/two"]
    assert [t.facts.id for t in choose(tasks, 1, 0)] == ["tiny/three"]
    assert len(choose(tasks, None, 2)) == 2
    assert [t.facts.id for t in named(tasks, ["three", "one"])] == ["tiny/three", "tiny/one"]
    assert [t.facts.id for t in named(tasks, ["tiny/two"])] == ["tiny/two"]
    assert named(tasks, []) == tasks
    with pytest.raises(SetupError, match="no task 'four'"):
        named(tasks, ["four"])


def test_the_scale_stretches_the_budget_and_two_tries_share_it():
    assert (budget(2).calls, budget(2).generated, budget(2).reply) == (16, 5000, 1200)
    assert (half(budget(1)).calls, half(budget(1)).generated) == (4, 1250)


def test_repetitions_draw_other_samples_but_greedy_stays_greedy():
    model = Rules(lambda _: RIGHT)
    choice = Choice(model, Endpoint(url="http://127.0.0.1:1/v1", model="m"), Profile())
    moved, count = counted(choice, 2)
    for drawn in (Sampling(0.7, seed=5), Sampling(0.0, seed=5)):
        asyncio.run(moved.model.reply(Request(messages=(), limit=1, sampling=drawn)))
    assert [r.sampling.seed for r in model.asked] == [200_005, 5]
    assert count.calls == 2


async def test_what_is_no_mechanism_cannot_be_switched_off(sets, tmp_path):
    options = options_of(["tiny", "--sets", str(sets), "--ablate", "message", "--ablate", "serach"])
    with pytest.raises(
        SetupError, match=r"'serach' to switch off; .*search, stops, trace, second-try"
    ):
        await run(options)


def test_the_command_line_says_every_option():
    words = ["quixbugs", "--sets", "x", "--harness", "raw", "--seed", "1", "--seed", "2"]
    said = options_of([*words, "--half", "1", "--ablate", "search", "--scale", "2"])
    assert (said.set, said.sets, said.harnesses) == ("quixbugs", Path("x"), ("raw",))
    assert (said.seeds, said.half, said.ablate, said.scale) == ((1, 2), 1, ("search",), 2.0)
    assert measured(options_of([]), ()) == ("samovar",)
    assert measured(said, ("aider",)) == ("raw", "aider") and measured(options_of([]), "a") == (
        "a",
    )
    line = "aider-whole=aider --model=openai/$MODEL"
    peers = peers_of(options_of(["--peer", line, "--peer", "b=c"]))
    assert peers == {"aider-whole": "aider --model=openai/$MODEL", "b": "c"}
