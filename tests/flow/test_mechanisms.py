"""What can be switched off by name, and that it is off then."""

import re
from pathlib import Path
from typing import get_args

import pytest
from doubles import RIGHT, WRONG, Cases, Heard, Memory, answering, drive, fenced, kit, opened

from samovar.bench.command import ABLATED
from samovar.core.log import MemoryLog
from samovar.core.task import MECHANISMS, Way

ROOT = Path(__file__).parents[2]
LONG = "".join(f"LINE_{n} = {n}\n" for n in range(200)) + "\n\n"
SHOWN = '''def middle(values):
    """Return the middle.

    A word that
    nobody says twice: xylophone.
    """
'''


def test_every_name_is_described_and_asked_for_by_the_flow():
    table = (ROOT / "docs" / "reference" / "mechanisms.md").read_text()
    assert sorted(re.findall(r"^\| ([\w-]+) \| (?!what)", table, re.M)) == sorted(ABLATED)
    code = "".join(p.read_text() for p in (ROOT / "src" / "samovar" / "flow").glob("*.py"))
    asked = set(re.findall(r'"(\w+)" (?:not )?in [\w.]*off\b', code))
    # How a model is asked is looked up by the way's own name.
    assert "way in state.task.off" in code
    assert asked | set(get_args(Way)) - {"fresh"} == set(MECHANISMS)


@pytest.mark.parametrize(("off", "solved"), [((), True), (("climb",), False)])
async def test_a_search_goes_on_from_the_edit_that_helped(off, solved):
    near = "def sign(n):\n    return n >= 0\n\n\ndef last(values):\n    return values[0]\n"
    stub = "def sign(n):\n    pass\n\n\ndef last(values):\n    pass\n"
    cases = {
        "test_few.py::test_sign": "sign(0) is False",
        "test_few.py::test_positive": "sign(2) is True",
        "test_few.py::test_last": "last([4, 5]) == 5 and last('abc') == 'c'",
    }
    used = kit(answering(fenced(near)), {"middle.py": stub}, cases)
    log = MemoryLog([opened(text="Write `sign` and `last` in middle.py.", off=off)])
    assert (await drive(used, log)).closed.ok is solved


@pytest.mark.parametrize(("off", "solved"), [((), True), (("guards",), False)])
async def test_a_guard_is_learned_from_the_calls_in_the_tests(off, solved):
    tests = (
        "def test_big():\n    assert half(65) == -1\n\n\n"
        "def test_good():\n    assert half(64) == 32\n    assert half(2) == 1\n"
    )
    files = {"middle.py": "def half(n):\n    pass\n", "test_few.py": tests}
    cases = {
        "test_few.py::test_big": "half(65) == -1 and half(99) == -1",
        "test_few.py::test_good": "[half(n) for n in range(65)] == [n // 2 for n in range(65)]",
    }
    used = kit(answering(fenced("def half(n):\n    return n // 2\n")), files, cases)
    log = MemoryLog([opened(text="Write `half` in middle.py.", off=off)])
    assert (await drive(used, log)).closed.ok is solved


@pytest.mark.parametrize(("off", "ran"), [((), True), (("beside",), False)])
async def test_a_search_runs_the_green_tests_beside_the_red_ones(off, ran):
    class Watching(Cases):
        async def trials(self, variants, probe, changed, **limits):
            probed.append(set(probe.tests))
            return await super().trials(variants, probe, changed, **limits)

    probed = []
    tree = Memory({"middle.py": WRONG})
    cases = {"test_middle.py::test_one": "middle([4]) == 4", "test_middle.py::test_never": "1 == 2"}
    used = kit(answering("no idea"), checks=Watching(tree, cases))
    await drive(used, MemoryLog([opened(off=off, candidates=1)]))
    assert probed
    assert any("test_middle.py::test_one" in tests for tests in probed) is ran


@pytest.mark.parametrize(("off", "shown"), [((), False), (("docstrings",), True)])
async def test_a_long_docstring_is_shown_short(off, shown):
    model = Heard(fenced(RIGHT))
    before = LONG + WRONG.replace("def middle(values):\n", SHOWN)
    used = kit(model, {"middle.py": before})
    assert (await drive(used, MemoryLog([opened(off=off)]))).closed.ok
    assert ("xylophone" in model.asked[0].messages[-1].text) is shown
    [(_, _, changed)] = used.repo.commits
    assert ("xylophone" in changed["middle.py"]) is not shown


@pytest.mark.parametrize("before", [WRONG, LONG + WRONG])
@pytest.mark.parametrize(("off", "solved"), [((), True), (("imports",), False)])
async def test_forgotten_imports_are_added_and_unknown_names_are_told(before, off, solved):
    right = RIGHT.replace("len(ordered) // 2", "math.floor(len(ordered) / 2)")
    used = kit(answering(fenced(right)), {"middle.py": before})
    state = await drive(used, MemoryLog([opened(off=("search", *off), candidates=1)]))
    assert state.closed.ok is solved
    judged = [c.name for a in state.attempts if a.verdict for c in a.verdict.checks]
    assert judged == ["tests"]


@pytest.mark.parametrize(
    ("off", "places"), [((), ["middle", "other"]), (("localise",), ["other", "middle"])]
)
async def test_the_likeliest_place_comes_first(off, places):
    before = f"{LONG}def other(values):\n    return 1\n\n\n{WRONG}"
    used = kit(answering(fenced(RIGHT)), {"middle.py": before})
    state = await drive(used, MemoryLog([opened(off=off, candidates=1)]))
    assert [t.symbol for t in state.plan.steps[0].targets] == places
