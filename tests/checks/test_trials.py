"""Versions of a small project tried one after the other, and compared by what they do."""

import time

import pytest

from samovar.core.task import Probe, Trials

from .conftest import ADD, CALC, COMMAND, GOOD, ZERO


@pytest.mark.parametrize(
    "probe", [Probe((ADD,)), Probe(scripts=("from calc import add\nassert add(2, 3) == 5\n",))]
)
async def test_trials_end_at_the_first_green_one(project, one_lane, probe):
    versions = [
        {"calc.py": CALC.replace("a - b", "a * b")},
        {"calc.py": "not python ("},
        {"calc.py": CALC.replace("return a - b", "while True: pass")},
        {"calc.py": GOOD},
        {"calc.py": CALC},
    ]
    assert await project.trials(versions, probe, {}, seconds=1.0) == Trials(4, 3, 0)


KINDS = """
import asyncio
import unittest
import pytest
from calc import add

@pytest.fixture
def four():
    return add(2, 2)

def test_good(): assert add(1, 1) == 2
def test_bad(): assert add(1, 1) == 3
def test_skipped(): pytest.skip("not here")
def test_bad_exit(): raise SystemExit(0)
def test_fixture(four): assert four == 4
def test_bad_fixture(four): assert four == 5
@pytest.mark.parametrize("n", [1, 2])
def test_param(n): assert add(n, n) == 2 * n
@pytest.mark.xfail
def test_expected(): assert add(1, 1) == 3
@pytest.mark.skipif(True, reason="never")
def test_never(): assert False

class TestPlain:
    def setup_method(self): self.two = add(1, 1)
    def test_good(self): assert self.two == 2
    def test_bad(self): assert self.two == 3

class Case(unittest.TestCase):
    def setUp(self): self.two = add(1, 1)
    def test_good(self): self.assertEqual(self.two, 2)
    def test_bad(self): self.assertEqual(self.two, 3)
    @unittest.skip("never")
    def test_never(self): self.fail()
    @unittest.expectedFailure
    def test_expected(self): self.fail()

class Whole(unittest.TestCase):
    @classmethod
    def setUpClass(cls): cls.two = add(1, 1)
    def test_good(self): self.assertEqual(self.two, 2)
    def test_bad(self): self.assertEqual(self.two, 3)

class Awaited(unittest.IsolatedAsyncioTestCase):
    async def test_good(self): self.assertEqual(add(1, 1), 2)
    async def test_bad(self): self.assertEqual(add(1, 1), 3)
"""
KIND_NAMES = [
    *["test_good", "test_bad", "test_skipped", "test_bad_exit", "test_fixture", "test_bad_fixture"],
    *["test_param[1]", "test_param[2]", "test_expected", "test_never"],
    *["TestPlain::test_good", "TestPlain::test_bad", "Case::test_good", "Case::test_bad"],
    *["Case::test_never", "Case::test_expected", "Whole::test_good", "Whole::test_bad"],
    *["Awaited::test_good", "Awaited::test_bad"],
]


async def test_trials_run_in_lanes_and_the_first_good_one_ends_them_all(project, monkeypatch):
    monkeypatch.setattr("samovar.checks.project.LANES", 2)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    endless = {"calc.py": CALC.replace("return a - b", "while True: pass")}
    began = time.monotonic()
    found = await project.trials([endless, {"calc.py": GOOD}], Probe((ADD,)), {}, seconds=60.0)
    assert found == Trials(2, 1, 0)
    assert time.monotonic() - began < 14, "the lane that loops is not waited for"


async def test_a_trial_that_leaves_fewer_tests_red_than_the_bar_ends_them(project, one_lane):
    files = project.tree.files
    files["test_more.py"] = (
        "import pytest\nfrom calc import add\n\n\n"
        "@pytest.mark.parametrize('n', range(4))\n"
        "def test_sum(n):\n    assert add(n, n) == 2 * n\n"
    )
    versions = [
        {"calc.py": CALC},
        {"calc.py": CALC.replace("a - b", "a * b")},
        {"calc.py": GOOD},
    ]
    probe = Probe(tuple(f"test_more.py::test_sum[{n}]" for n in (1, 3, 0, 2)))
    assert await project.trials(versions, probe, {}, bar=3) == Trials(2, 1, 2)
    assert await project.trials(versions, probe, {}, bar=2) == Trials(3, 2, 0)
    files["conftest.py"] = "import calc\n"
    assert await project.trials(versions, probe, {}, bar=3, seconds=8.0) == Trials(2, 1, 2)


async def test_tests_of_every_kind_are_counted_in_a_trial(project):
    project.tree.files["test_kinds.py"] = KINDS
    probe = Probe(tuple(f"test_kinds.py::{name}" for name in KIND_NAMES))
    found = await project.trials([{"calc.py": GOOD}], probe, {}, bar=20, seconds=8.0)
    assert found.red == sum("bad" in name for name in KIND_NAMES)
    checked = await project.test("tests", f"{COMMAND} test_kinds.py", {"calc.py": GOOD})
    assert checked.counts.failed == found.red


async def test_tests_with_and_without_fixtures_of_several_files_take_turns(project):
    """What a fixture of one file set up is gone before the next file."""
    text = "import pytest\nfrom calc import add\n\n\n@pytest.fixture(scope='module')\n"
    text += "def two():\n    yield add(1, 1)\n\n\ndef test_it(two):\n    assert two == 2\n\n\n"
    text += "def test_plain():\n    assert add(2, 2) == 4\n"
    project.tree.files |= {"test_x.py": text, "test_y.py": text}
    probe = Probe(tuple(f"test_{f}.py::test_{n}" for f in "xy" for n in ("it", "plain")))
    assert await project.trials([{"calc.py": GOOD}], probe, {}) == Trials(1, 0, 0)


async def test_scripts_and_tests_count_together(project, one_lane):
    scripts = tuple(f"from calc import add\nassert add({n}, 3) == {n} + 3\n" for n in (0, 4))
    half = CALC.replace("a - b", "b")
    lost = CALC.replace("a - b", "a + b if a != 2 else 0")
    versions = [{"calc.py": CALC}, {"calc.py": lost}, {"calc.py": half}, {"calc.py": GOOD}]
    probe = Probe((ADD,), scripts)
    assert await project.trials(versions, probe, {}, bar=3) == Trials(2, 1, 1)
    assert await project.trials(versions[2:], probe, {}, bar=2) == Trials(2, 1, 0)
    assert await project.trials(versions[:3], Probe(scripts=scripts), {}, bar=1) == Trials(2, 1, 0)


@pytest.mark.parametrize("probe", [Probe(), Probe(("collection",))])
async def test_a_probe_that_names_no_file_runs_every_test(project, probe):
    assert await project.trials([{"calc.py": CALC}, {"calc.py": GOOD}], probe, {}) == Trials(2, 1)


async def test_trials_start_afresh_where_a_conftest_imports_the_code(project):
    project.tree.files["conftest.py"] = "import calc\n"
    tried = [{"calc.py": "import os\nos._exit(0)\n"}, {"calc.py": GOOD}]
    assert (await project.trials(tried, Probe((ADD,)), {}, seconds=4.0)).index == 1


@pytest.mark.parametrize(
    "probe", [Probe((ADD,)), Probe(scripts=("from calc import add\nadd(1, 2)\n",))]
)
async def test_the_lines_a_probe_reaches_are_counted(project, probe):
    found = await project.reach(probe, {})
    assert found["calc.py"][2] >= 1
    assert 6 not in found["calc.py"]


async def test_what_runs_while_a_scripts_modules_load_is_not_reached_by_it(project):
    project.tree.files["calc.py"] = CALC + "\n\nclass Loaded:\n    size = add(1, 2)\n"
    found = await project.reach(Probe(scripts=("from calc import add\nadd(1, 2)\n",)), {})
    assert found["calc.py"] == {2: 1}


async def test_what_trials_load_of_python_is_not_the_projects_module_of_that_name(project):
    project.tree.files["colorsys.py"] = "def five():\n    return 5\n"
    script = "from calc import add\nfrom colorsys import five\nassert add(2, 3) == five()\n"
    versions = [{"calc.py": CALC.replace("a - b", "a * b")}, {"calc.py": GOOD}]
    assert (await project.trials(versions, Probe(scripts=(script,)), {})).index == 1


async def test_versions_are_compared_by_what_calls_return(project):
    calls = ["calc:add(2, 3)", "calc:add('a', 1)", "calc:missing()"]
    ran, seen = await project.behaviours([{"calc.py": CALC}, {"calc.py": GOOD}], calls)
    assert (ran.name, ran.exit, ran.input.splitlines()) == ("agreement", 0, calls)
    assert ran.seconds > 0
    assert seen[0] == ("-1", "!TypeError", "!NameError")
    assert seen[1][0] == "5"


async def test_a_version_that_ends_the_program_says_nothing(project):
    code = CALC.replace("return a - b", "import os; os._exit(0)")
    given = ["calc:add(2, 3)"]
    _ran, seen = await project.behaviours([{"calc.py": code}, {"calc.py": GOOD}], given)
    assert seen == [("!",), ("5",)]


async def test_tests_that_are_spread_over_processes_are_tried_in_one(project, one_lane):
    options = {"pytest.ini": "[pytest]\naddopts = -n 2\n"}
    versions = [{"calc.py": CALC, **options}, {"calc.py": GOOD, **options}]
    assert await project.trials(versions, Probe((ADD,)), options) == Trials(2, 1, 0)
    found = await project.reach(Probe((ADD,)), options)
    assert found["calc.py"]


async def test_options_that_need_a_plugin_nobody_installed_are_left_out(project, one_lane):
    options = {"pytest.ini": "[pytest]\naddopts = --cov=calc --cov-branch\n"}
    seen = await project.test("tests", COMMAND, options)
    assert (seen.failing, seen.passing) == ((ADD,), (ZERO,))
    versions = [{"calc.py": CALC, **options}, {"calc.py": GOOD, **options}]
    assert await project.trials(versions, Probe((ADD,)), options) == Trials(2, 1, 0)
    found = await project.reach(Probe((ADD,)), options)
    assert found["calc.py"]
