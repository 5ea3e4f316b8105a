"""The chat bench: a good piece of work passes each case, and nothing else does."""

import json
import re
from collections.abc import Callable

import pytest

from samovar.bench.chat import Row, options_of, read, table, talk
from samovar.bench.chat_cases import Case, cases
from samovar.boot import Choice
from samovar.core.errors import SetupError
from samovar.models.endpoint import Endpoint
from samovar.models.profile import Profile
from samovar.models.scripted import Scripted
from samovar.sandboxes.find import find_sandbox

CASES = {case.id: case for case in cases(0)}


def changed(old: str, new: str, first: bool = False) -> Callable[[Case], dict[str, str]]:
    def work(case: Case) -> dict[str, str]:
        (path,) = case.may
        return {path: case.files[path].replace(old, new, 1 if first else -1)}

    return work


def named(case: Case, pattern: str) -> str:
    found = re.search(pattern, case.ask)
    assert found is not None
    return found[1]


def renamed(case: Case) -> dict[str, str]:
    old, new = named(case, r"rename (?:the function )?(\w+)"), named(case, r" to (\w+)")
    return {path: case.files[path].replace(old, new) for path in case.may}


def added(case: Case) -> dict[str, str]:
    (path,) = case.may
    name = named(case, r"(double_\w+)")
    return {path: f"{case.files[path]}\n\ndef {name}(x):\n    return 2 * x\n"}


def removed(case: Case) -> dict[str, str]:
    (path,) = case.may
    return {path: case.files[path].partition("\n\ndef old_")[0]}


def defaulted(case: Case) -> dict[str, str]:
    return changed("a, b", f"a, b={named(case, r'default (.*)')}", first=True)(case)


def limited(case: Case) -> dict[str, str]:
    return changed("= ", f"= {named(case, r' to (.*)')} or ", first=True)(case)


def covered(case: Case) -> dict[str, str]:
    (path,) = case.may
    name, module = named(case, r"test of (\w+)"), path[5:-3]
    return {
        path: f"from {module} import {name}\n\n\ndef test_it():\n    assert {name}(2, 3) == 5\n"
    }


GUARDED = "    if b == 0:\n        raise ValueError(b)\n    return"
GOOD: dict[str, Callable[[Case], dict[str, str]]] = {
    "rename": renamed,
    "rename-everywhere": renamed,
    "fix-failing-test": changed("a - b", "a + b"),
    "fix-off-by-one": changed("(1, a)", "(1, a + 1)"),
    "raise-error": changed("    return", GUARDED),
    "docstring": changed(":\n", ':\n    """Adds."""\n', first=True),
    "add-function": added,
    "remove-function": removed,
    "default": defaulted,
    "constant": limited,
    "write-test": covered,
    "create-file": lambda case: {case.has[0]: f"{case.has[1]}\n\nA sentence.\n"},
}
"""What would be right; questions are answered with what the case wants to hear."""


def call(tool: str, **arguments: object) -> str:
    return json.dumps({"tool": tool, "arguments": arguments})


async def talked(case: Case, files: dict[str, str], answer: str) -> str:
    """Return what does not hold after an agent wrote these files and said this."""
    steps = [call("write_file", path=path, content=text) for path, text in files.items()]
    reads = [call("read_file", path=path) for path in files if path in case.files]
    # Somebody who says that nothing could be done is not asked whether that is true.
    script = [*reads, *steps, *[call("reply", text=answer)] * 3]
    endpoint = Endpoint(url="http://127.0.0.1:9/v1", model="scripted")
    choice = Choice(Scripted(script), endpoint, Profile(context=16_000))
    return (await talk(case, choice, await find_sandbox(False)))[1]


@pytest.mark.parametrize("id", CASES)
async def test_good_work_passes(id):
    case = CASES[id]
    files = GOOD[id](case) if id in GOOD else {}
    answer = f"It is **{case.says[0]}**." if case.says else "That is done."
    assert await talked(case, files, answer) == ""


@pytest.mark.parametrize("id", ["rename", "what-returns"])
async def test_words_alone_are_not_work(id):
    why = await talked(CASES[id], {}, "I could not do it, it is 12345.")
    assert why == (
        "nothing is changed" if CASES[id].may else f"the answer lacks {CASES[id].says[0]}"
    )


async def test_wrong_or_stray_work_is_seen():
    case = CASES["fix-failing-test"]
    wrong = changed("a - b", "a * b")(case)
    assert "probe 1: AssertionError" in await talked(case, wrong, "That is done.")
    (test,) = set(case.files) - set(case.may)
    stray = {**GOOD[case.id](case), test: "def test_it():\n    pass\n"}
    assert await talked(case, stray, "That is done.") == f"changed besides: {test}"
    both = CASES["rename-everywhere"]
    half = dict(list(renamed(both).items())[:1])
    assert "still stands there" in await talked(both, half, "That is done.")
    weak = CASES["write-test"]
    (path,) = weak.may
    idle = {path: f"import {path[5:-3]}\n\n\ndef test_it():\n    assert True\n"}
    assert "probe 2" in await talked(weak, idle, "That is done.")


def test_a_seed_gives_the_same_cases_and_another_seed_gives_others():
    assert cases(0) == cases(0)
    assert all(
        a.ask != b.ask or a.files != b.files for a, b in zip(cases(0), cases(1), strict=True)
    )
    assert len({case.id for case in cases(0)}) == 16


def test_rows_become_a_table(tmp_path):
    row = Row(case="rename", seed=0, model="m", ok=True, generated=10, seconds=2.0)
    bad = Row(case="default", seed=0, model="m", ok=False, why="nothing is changed")
    shown = table([row, bad])
    assert "| m | - | 1/2 |" in shown and "- default/0 (-): nothing is changed" in shown
    (tmp_path / "rows.jsonl").write_text('{"x": 1}\n')
    with pytest.raises(SetupError, match="name another --out"):
        read(tmp_path / "rows.jsonl")
    said = options_of(["--url", "http://x/v1", "--case", "rename", "--seed", "3", "--label", "a"])
    assert (said.cases, said.seeds, said.label) == (("rename",), (3,), "a")
