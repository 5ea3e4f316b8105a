from dataclasses import dataclass

import pytest
from doubles import answering, drive, kit, names, opened, report
from msgspec.structs import replace

from samovar.core.errors import SetupError
from samovar.core.log import MemoryLog
from samovar.core.state import replay
from samovar.core.task import NO_TESTS, Checked, Counts
from samovar.flow.survey import survey


@dataclass
class Shown:
    """Checks that show the same of any version."""

    checked: Checked

    async def test(self, _name, _command, _changed):
        return self.checked


START = replay([opened()])


def wordless(exit: int, excerpt: str) -> Checked:
    return Checked(name="tests", command="t", exit=exit, seconds=0, excerpt=excerpt)


@pytest.mark.parametrize(
    ("checked", "why", "passed"),
    [
        (report(("a", "b"), ("c",)), "2 passed, 1 failed", False),
        (report(("a", "b")), "2 passed, 0 failed", True),
        (wordless(0, ""), "ends with 0", True),
        (wordless(2, "make: *** No rule"), "ends with 2", False),
        (report(("a",), exit=1), "1 passed, 0 failed, ends with 1", False),
        (
            Checked(name="tests", command="t", exit=0, seconds=0, counts=Counts(1, 0, 2)),
            "1 passed, 0 failed, 2 skipped",
            True,
        ),
    ],
)
async def test_a_survey_says_what_the_command_showed_and_no_more(checked, why, passed):
    surveyed = await survey(kit(answering(), checks=Shown(checked)), START)
    assert (surveyed.verdict.why, surveyed.verdict.passed) == (why, passed)


@pytest.mark.parametrize("around", ["{}", "{}\nmake: *** [Makefile:2: test] Error 1"])
async def test_an_interpreter_without_pytest_is_said_before_a_model_is_asked(around):
    said = around.format("/my work/.venv/bin/python: No module named pytest")
    model = answering()
    log = MemoryLog([opened()])
    with pytest.raises(SetupError) as error:
        await drive(kit(model, checks=Shown(wordless(1, said))), log)
    assert "'/my work/.venv/bin/python' -m pip install pytest" in str(error.value)
    assert names(log) == ["Opened"] and model.asked == []


LACKING = "E   ModuleNotFoundError: No module named 'requests.auth'"
FILES = {"client.py": "import requests\n", "tests/test_client.py": "import client\n"}


async def test_tests_that_lack_a_package_are_said_before_a_model_is_asked():
    for checked in (report((), ("tests/test_client.py",)), wordless(1, "")):
        model = answering()
        log = MemoryLog([opened(text="`fetch` in client.py tries once too often")])
        shown = Shown(replace(checked, excerpt=LACKING))
        with pytest.raises(SetupError, match=r"no module 'requests'.*\.venv.*--test.*--file"):
            await drive(kit(model, files=FILES, checks=shown), log)
        assert names(log) == ["Opened"] and model.asked == []


@pytest.mark.parametrize(
    ("checked", "fields", "more"),
    [
        (report(("a",), ("tests/test_client.py",)), {}, {}),
        (report((), ("tests/test_client.py::test_it",)), {}, {}),
        (report((), ("tests/test_client.py",)), {"text": "Write the module `requests`"}, {}),
        (report((), ("tests/test_client.py",)), {"files": ("requests.py",)}, {}),
        (report((), ("tests/test_client.py",)), {}, {"src/requests/__init__.py": ""}),
    ],
)
async def test_a_module_that_may_be_written_or_keeps_no_test_back_stops_nothing(
    checked, fields, more
):
    used = kit(answering(), files=FILES | more, checks=Shown(replace(checked, excerpt=LACKING)))
    surveyed = await survey(used, replay([opened(**fields)]))
    assert not surveyed.verdict.passed


async def test_a_test_that_says_pytest_is_missing_is_a_red_test():
    told = replace(report((), ("test_it",)), excerpt="/x/python: No module named pytest")
    surveyed = await survey(kit(answering(), checks=Shown(told)), START)
    assert surveyed.verdict.why == "0 passed, 1 failed"


@pytest.mark.parametrize(
    ("exit", "said", "told"),
    [
        (127, "sh: 1: jest: not found", "sh: 1: jest: not found"),
        (126, "/bin/sh: 1: ./run: Permission denied", "./run: Permission denied"),
        (127, "", "exit 127"),
        (
            2,
            "make: .venv/bin/pytest: No such file or directory\n"
            "make: *** [Makefile:2: test] Error 127",
            "make: .venv/bin/pytest: No such file or directory",
        ),
    ],
)
async def test_a_program_that_is_not_in_the_sandbox_is_said_before_a_model_is_asked(
    exit, said, told
):
    model = answering()
    log = MemoryLog([opened()])
    with pytest.raises(SetupError) as error:
        await drive(kit(model, checks=Shown(wordless(exit, said))), log)
    assert told in str(error.value) and "`readable`" in str(error.value)
    assert names(log) == ["Opened"] and model.asked == []


async def test_red_tests_count_whatever_the_command_ends_with():
    told = replace(report((), ("test_it",)), exit=127)
    assert not (await survey(kit(answering(), checks=Shown(told)), START)).verdict.passed


async def test_where_pytest_finds_no_test_nothing_is_to_turn_green():
    surveyed = await survey(kit(answering(), checks=Shown(wordless(5, NO_TESTS))), START)
    assert (surveyed.verdict.passed, surveyed.verdict.proof, surveyed.command) == (
        *(True, "none", "pytest -q"),
    )
    assert surveyed.verdict.why == "pytest -q finds no test"
    assert [c.exit for c in surveyed.verdict.checks] == [5], "the receipt tells it"
    red = await survey(kit(answering(), checks=Shown(wordless(5, "boom"))), START)
    assert not red.verdict.passed


async def test_a_script_that_the_task_is_about_may_be_missing():
    told = wordless(127, "bash: build.sh: No such file or directory")
    asked = replay([opened(text="Write build.sh; it prints ok.")])
    assert not (await survey(kit(answering(), checks=Shown(told)), asked)).verdict.passed
    with pytest.raises(SetupError, match="build"):
        await survey(kit(answering(), checks=Shown(told)), replay([opened(text="Mend it.")]))
