from dataclasses import dataclass

import pytest
from doubles import answering, drive, kit, names, opened, report
from msgspec.structs import replace

from samovar.core.errors import SetupError
from samovar.core.log import MemoryLog
from samovar.core.task import Checked, Counts
from samovar.flow.survey import survey


@dataclass
class Shown:
    """Checks that show the same of any version."""

    checked: Checked

    async def test(self, _name, _command, _changed):
        return self.checked


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
    surveyed = await survey(kit(answering(), checks=Shown(checked)), None)
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


async def test_a_test_that_says_pytest_is_missing_is_a_red_test():
    told = replace(report((), ("test_it",)), excerpt="/x/python: No module named pytest")
    surveyed = await survey(kit(answering(), checks=Shown(told)), None)
    assert surveyed.verdict.why == "0 passed, 1 failed"
