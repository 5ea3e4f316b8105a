"""The checks of a small project, in the machine's own sandbox."""

import json
import os
import sys
from dataclasses import replace

import pytest
from msgspec import structs

from samovar.checks.failures import STOPPED
from samovar.checks.project import REPORT, read_report
from samovar.core.task import NO_TESTS, Probe, Trials
from samovar.flow.source import module_of
from samovar.sandboxes.find import find_sandbox
from samovar.sandboxes.limits import Limits

from .conftest import ADD, CALC, COMMAND, GOOD, TEST, ZERO


async def test_tests_are_told_by_name(project):
    checked = await project.test("tests", COMMAND, {})
    assert checked.exit == 1
    assert (checked.failing, checked.passing) == ((ADD,), (ZERO,))
    assert checked.counts.skipped == 1
    assert "assert -1 == 5" in checked.excerpt


HEAVY = """
import sys
from calc import add

HEAVY = {"schemathesis", "faker", "hypothesis"} & set(sys.modules)


def test_add():
    assert not HEAVY
"""


async def test_plugins_of_samovars_own_tests_are_not_loaded_for_a_project(project):
    checked = await project.test("tests", COMMAND, {"test_calc.py": HEAVY})
    assert checked.passing == (ADD,), checked.excerpt
    assert await project.trials([{"calc.py": GOOD}], Probe((ADD,)), {"test_calc.py": HEAVY}) == (
        Trials(1, 0, 0)
    )


async def test_a_failing_statement_of_several_lines_is_told_whole(project):
    test = (
        "import unittest\nfrom calc import add\n\n\nclass TestAdd(unittest.TestCase):\n"
        "    def test_add(self):\n        self.assertEqual(\n            add(20, 22),\n"
        "            42,\n        )\n"
    )
    checked = await project.test("tests", COMMAND, {"test_calc.py": test})
    assert checked.excerpt.splitlines()[0] == "self.assertEqual(add(20, 22), 42)"


async def test_a_failing_call_is_told_with_what_it_was_given(project):
    test = (
        "import pytest\nfrom calc import add\n\n\n"
        "@pytest.mark.parametrize(('pair', 'wanted'), [([2, 3], 5)])\n"
        "def test_add(pair, wanted):\n    assert add(*pair) == wanted\n\n\n"
        "def test_wrong():\n    with pytest.raises(ValueError):\n        add(1, 1)\n"
    )
    checked = await project.test("tests", COMMAND, {"test_calc.py": test})
    first, second = checked.excerpt.split("\n\n")
    assert first.splitlines()[:2] == ["assert add(2, 3) == 5", "assert -1 == 5"]
    assert second.splitlines()[:2] == ["with pytest.raises(ValueError):", "    add(1, 1)"]


async def test_a_change_is_tested_and_the_next_copy_is_fresh(project):
    good = await project.test("tests", COMMAND, {"calc.py": GOOD})
    assert (good.exit, good.failing, good.excerpt) == (0, (), "")
    assert (await project.test("tests", COMMAND, {})).exit == 1


async def test_a_test_that_hangs_is_stopped_and_named(project):
    slow = CALC.replace("return a - b", "while True:\n        pass")
    checked = await project.test("tests", COMMAND, {"calc.py": slow})
    assert set(checked.failing) == {ADD, ZERO}
    assert checked.seconds < 25


@pytest.mark.parametrize(
    ("code", "seconds", "limit"),
    [
        ("import os\nwhile True:\n  try: os.fork()\n  except OSError: pass", 3.0, "time"),
        ("n = 0\nwhile True: n += 1; open(f'f{n}', 'wb').write(bytes(8 << 20))", 30.0, "disk"),
        ("while True: print('x' * 100_000)", 30.0, "output"),
    ],
    ids=["forks", "fills the disk", "prints"],
)
async def test_code_that_a_limit_stops_is_told_by_the_limit(project, code, seconds, limit):
    small = Limits(processes=64, disk=32 << 20, flood=8 << 20)
    bombed = replace(project, sandbox=await find_sandbox(False, small), seconds=seconds)
    checked = await bombed.test("tests", f"{sys.executable} -c 'import calc'", {"calc.py": code})
    assert (checked.exit, checked.excerpt) == (124, STOPPED[limit])
    assert (await project.test("tests", COMMAND, {"calc.py": GOOD})).exit == 0, "and it goes on"


@pytest.mark.parametrize("end", ["os._exit(0)", "sys.exit(0)"])
@pytest.mark.parametrize("place", ["at import", "in the call"])
async def test_code_that_ends_the_program_does_not_pass(project, end, place):
    code = f"import os\nimport sys\n\n{CALC}"
    if place == "at import":
        code += f"{end}\n"
    else:
        code = code.replace("return a - b", end)
    changed = {"calc.py": code}
    assert ADD not in (await project.test("tests", COMMAND, changed)).passing
    snippet = "from calc import add\nassert add(2, 3) == 5\n"
    assert (await project.snippet("example", snippet, changed)).exit != 0
    assert (await project.trials([changed], Probe((ADD,)), {})).index is None
    assert (await project.trials([changed], Probe(scripts=(snippet,)), {})).index is None


QUOTED = """import unittest
from calc import add

def test_sum(self):
    given = (2, 3)
    self.assertEqual(add(*given), 5)

test_sum(unittest.TestCase())
"""


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("from calc import add\nassert add(2, 3) == 5\n", "assert add(2, 3) == 5\nassert -1 == 5"),
        ("from calc import add\nx = add(2, 3)\nassert 5 != 1 + x, x\n", ""),
        ("from calc import add\nx = add(2, 3)\nassert x == 5, x\n", "AssertionError: -1"),
        (QUOTED, "self.assertEqual(add(2, 3), 5)\nAssertionError: -1 != 5"),
        ("from calc import add\nadd('a', 3)\n", "calc.py:2: return a - b\nTypeError: "),
        ("import calc\ncalc.nothing\n", "AttributeError: module 'calc' has no"),
        ("import sys\nsys.exit(3)\n", ""),
        ("s = [2, 3]\nassert s.pop() == 2\n", "AssertionError"),
        ("import nothing_there\n", "ModuleNotFoundError: No module named 'nothing_there'"),
        ("raise KeyboardInterrupt\n", "KeyboardInterrupt"),
        ("x = (\n", "SyntaxError"),
        ("assert 'a' == '\\udce9' * 9000, '\\ud800' * 9000\n", "AssertionError: ?"),
        ("print('x' * 30_000_000)\nassert 1 == 2\n", "1 == 2"),
    ],
)
async def test_a_failed_example_is_told_with_its_values(project, code, told):
    red = await project.snippet("example", code, {})
    assert red.exit != 0 or "!=" in code
    assert told in red.excerpt
    assert red.input == code


async def test_an_example_is_run_against_the_change(project):
    code = "from calc import add\nassert add(2, 3) == 5, 'sum'\n"
    assert (await project.snippet("example", code, {"calc.py": GOOD})).exit == 0
    red = await project.snippet("example", code, {})
    assert red.exit == 1
    assert "AssertionError: sum" in red.excerpt


@pytest.mark.parametrize("options", ["", "-qq", "-k nothing_has_this_name"])
async def test_pytest_without_a_test_is_told_from_any_other_exit_5(project, options):
    none = {"test_calc.py": ""} if "-k" not in options else {}
    assert (await project.test("tests", f"{COMMAND} {options}", none)).excerpt == NO_TESTS
    assert (await project.test("tests", "echo no; exit 5", none)).excerpt == "no"


async def test_dependencies_of_the_persons_folder_are_there_in_every_copy(project, tmp_path):
    lent = tmp_path / "mine" / "node_modules"
    lent.mkdir(parents=True)
    (lent / "check.sh").write_text("grep -q 'a + b' calc.py")
    (lent / "deps.py").write_text("FIVE = 5\n")
    seen = replace(
        project, environment=structs.replace(project.environment, lent={"node_modules": lent})
    )
    command = "echo x > node_modules/new; sh node_modules/check.sh"
    assert (await seen.test("tests", command, {})).exit == 1
    assert (await seen.test("tests", command, {"calc.py": GOOD})).exit == 0
    test = "from calc import add\nfrom node_modules.deps import FIVE\n\n\n"
    change = {"test_calc.py": f"{test}def test_add():\n    assert add(2, 3) == FIVE\n"}
    assert await seen.trials([{"calc.py": GOOD}], Probe((ADD,)), change) == Trials(1, 0, 0)
    assert sorted(p.name for p in lent.iterdir()) == ["check.sh", "deps.py"]
    own = {"node_modules/check.sh": "exit 7\n"}
    assert (await seen.test("tests", "sh node_modules/check.sh", own)).exit == 7


async def test_programs_of_a_readable_folder_are_found(project, tmp_path):
    (tmp_path / "kit" / "bin").mkdir(parents=True)
    (tmp_path / "kit" / "bin" / "judge").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "kit" / "bin" / "judge").chmod(0o755)
    for place in (tmp_path / "kit", tmp_path / "kit" / "bin"):
        more = (*project.environment.readable, place)
        seen = replace(project, environment=structs.replace(project.environment, readable=more))
        assert (await seen.test("tests", "judge", {})).exit == 3
    assert (await project.test("tests", "judge", {})).exit == 127


NESTED = {
    "part/src/own/calc.py": f"from own.more import ONE\n\n{CALC}",
    "part/src/own/more.py": "ONE = 1\n",
    "part/plain.py": "from own.calc import twice\n",
    "part/tests/deep/test_calc.py": TEST.replace("from calc", "from own.calc"),
}
BUGGY = {"part/src/own/calc.py": NESTED["part/src/own/calc.py"]}
MENDED = {path: text.replace("a - b", "a + b") for path, text in BUGGY.items()}
INNER = "part/tests/deep/test_calc.py::test_add"


@pytest.mark.parametrize(
    ("command", "settings", "uses"),
    [
        (f"cd part && {COMMAND}", "part/pyproject.toml", "plain"),
        (f"cd part && {COMMAND}", "pyproject.toml", "plain"),
        (f"{COMMAND} part", "part/pyproject.toml", "own.more"),
    ],
)
async def test_tests_of_a_part_are_told_and_tried_from_the_top(
    project, one_lane, command, settings, uses
):
    files = project.tree.files
    files.clear()
    files.update({**NESTED, settings: "[tool.pytest.ini_options]\n"})
    files[INNER.partition("::")[0]] += f"\n\nimport {uses}\n"
    checked = await project.test("tests", command, {})
    assert checked.failing == (INNER,), checked
    assert checked.passing == (INNER.replace("add", "zero"),)
    assert (await project.test("tests", command, MENDED)).exit == 0
    probe = Probe((INNER,))
    assert await project.trials([BUGGY, MENDED], probe, {}) == Trials(2, 1, 0)
    assert (await project.reach(probe, {}))["part/src/own/calc.py"][4] == 1
    module = module_of("part/src/own/calc.py")
    example = f"from {module} import add\nassert add(2, 3) == 5\n"
    assert (module, (await project.snippet("example", example, MENDED)).exit) == ("own.calc", 0)


async def test_a_report_that_lay_in_the_project_counts_for_nothing(project):
    forged = {"exit": 0, "tests": {ADD: {"outcome": "passed"}}}
    project.tree.files[REPORT] = json.dumps(forged)
    checked = await project.test("tests", "true", {})
    assert checked.passing == ()


async def test_any_command_can_judge(project):
    assert (await project.test("tests", "grep -q 'a + b' calc.py && true", {})).exit != 0
    assert (await project.test("tests", "grep -q 'a + b' calc.py", {"calc.py": GOOD})).exit == 0
    assert (await project.test("tests", 'echo "it\'s" && exit 3', {})).exit == 3


def test_a_report_that_is_a_link_is_not_followed(tmp_path):
    real = tmp_path / "real.json"
    real.write_text('{"exit": 0, "tests": {}}')
    assert read_report(real) is not None
    (tmp_path / "link").symlink_to(real)
    assert read_report(tmp_path / "link") is None


def test_a_report_that_is_no_plain_file_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "text").write_text("{")
    (tmp_path / "half").write_bytes(b'{"exit": 0, "tests": {"\xff": {}}}')
    for name in ("pipe", "text", "half", "missing", "."):
        assert read_report(tmp_path / name) is None


async def test_the_linter_tells_only_what_is_new(project):
    project.tree.files["ruff.toml"] = 'lint.select = ["F"]\n'
    project.tree.files["calc.py"] = "import os\n" + CALC
    same = await project.lint({"calc.py": "import os\n\n" + GOOD})
    assert (same.exit, same.excerpt) == (0, "")
    worse = await project.lint({"calc.py": "import os\nimport sys\n" + GOOD})
    assert worse.exit == 1
    assert "calc.py: F401" in worse.excerpt and "`sys`" in worse.excerpt
    assert "`os`" not in worse.excerpt


async def test_settings_that_are_no_text_end_no_run(project):
    files = project.tree.files
    files |= {"setup.cfg": "\0", "pyproject.toml": "\0", "tox.ini": "\0"}
    assert await project.lint({"calc.py": GOOD}) is None
    assert project.variables()["PYTHONPATH"].startswith(".:/")


async def test_a_project_without_a_linter_is_not_linted(project):
    assert await project.lint({"calc.py": "import sys\n" + GOOD}) is None
    project.tree.files["ruff.toml"] = ""
    assert await project.lint({"README.md": "text"}) is None


async def test_a_file_that_cannot_be_imported_does_not_keep_the_others_from_running(project):
    broken = {"test_broken.py": "import nowhere_at_all\n\n\ndef test_it():\n    pass\n"}
    seen = await project.test("tests", COMMAND, {"calc.py": GOOD, **broken})
    assert seen.exit == 1 and "test_broken.py" in seen.failing and ADD in seen.passing
    assert seen.lacking == {"test_broken.py": "nowhere_at_all"}
