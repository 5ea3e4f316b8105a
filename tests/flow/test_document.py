"""The commit message and the changelog line."""

import pytest
from doubles import RIGHT, TASK, WRONG, answering, drive, fenced, kit, opened

from samovar.core.log import MemoryLog
from samovar.core.task import Budget
from samovar.flow.document import SUBJECT, plain_subject, read_subject
from samovar.flow.speak import cut, prompt, tokens


@pytest.mark.parametrize(
    ("answer", "subject"),
    [
        ("Fix the median of even lists", "fix the median of even lists"),
        ("`Fix the median.`", "fix the median"),
        ("- Fix the median", "fix the median"),
        ("fix: correct the median", "correct the median"),
        ("feat(core)!: add a median", "add a median"),
        ("```\nAdd a median\n```", "add a median"),
        ("```python\nAdd a median\n```", "add a median"),
        ("Rename `x`", "rename x"),
        ("", ""),
        ("```\n```", ""),
        ("x" * (SUBJECT + 1), ""),
        ("123 things", ""),
        ("Return it\n\nBecause of that.", "return it"),
        ("Sure! Here is the commit message:\n\nfix: correct the median", "correct the median"),
        ("Sure! Here is the commit message:", ""),
        ("```python\ndef middle(values):\n    return values[0]\n```", ""),
        ("```python\nordered = sorted(values)\n```", ""),
        ("for value in values:\n    print(value)", ""),
    ],
)
def test_one_line_is_read_out_of_an_answer(answer, subject):
    assert read_subject(answer) == subject


def test_a_task_gives_a_subject_of_its_own():
    assert plain_subject("\n# Fix `x`.\n\nmore") == "Fix `x`"
    assert plain_subject("") == "change"
    long = plain_subject("word " * 40)
    assert len(long) <= SUBJECT and long.endswith("...")


UNRELEASED = "# Changelog\n\n## [Unreleased]\n"
LINE = "- Return the middle value\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            f"{UNRELEASED}\n### Added\n\n- Old\n\n## 1.0\n",
            f"{UNRELEASED}\n### Added\n\n- Old\n{LINE}\n## 1.0\n",
        ),
        (
            f"{UNRELEASED}\n## 1.0\n\n### Added\n\n- First.\n",
            f"{UNRELEASED}\n### Added\n\n{LINE[:-1]}.\n\n## 1.0\n\n### Added\n\n- First.\n",
        ),
        (f"{UNRELEASED}\n{LINE}", None),
        (
            "# Changelog\n\n## 1.0\n\n- First\n",
            f"# Changelog\n\n## Unreleased\n\n{LINE}\n## 1.0\n\n- First\n",
        ),
        ("\0", None),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
async def test_a_changelog_gets_a_line_of_its_own_kind(before, after, ends):
    stored = before.replace("\n", ends)
    files = {"middle.py": WRONG, "CHANGELOG.md": stored}
    used = kit(answering(fenced(RIGHT)), files)
    assert (await drive(used, MemoryLog([opened(files=("middle.py",))]))).closed.ok
    changed = used.repo.commits[0][2]
    assert changed.get("CHANGELOG.md") == (after.replace("\n", ends) if after else None)


async def test_the_readme_follows_a_changed_signature():
    files = {"middle.py": WRONG, "README.md": "Call `middle(values)`.\n"}
    used = kit(answering(fenced(RIGHT.replace("(values):", "(values, low=0):"))), files)
    assert (await drive(used, MemoryLog([opened(files=("middle.py",))]))).closed.ok
    assert used.repo.commits[0][2]["README.md"] == "Call `middle(values, low=0)`.\n"


@pytest.mark.parametrize("path", ["client.py", "tests/test_other.py"])
async def test_the_readme_may_speak_of_another_function_of_that_name(path):
    other = "class Client:\n    def middle(self, values): ...\n"
    files = {"middle.py": WRONG, path: other, "README.md": "Call `middle(values)`.\n"}
    used = kit(answering(fenced(RIGHT.replace("(values):", "(values, low=0):"))), files)
    assert (await drive(used, MemoryLog([opened(files=("middle.py",))]))).closed.ok
    assert "README.md" not in used.repo.commits[0][2]


async def test_a_bug_is_noted_as_fixed():
    files = {"middle.py": WRONG, "CHANGELOG.md": f"{UNRELEASED}\n"}
    used = kit(answering(fenced(RIGHT)), files)
    await drive(used, MemoryLog([opened(text="Bug: " + TASK)]))
    _, message, changed = used.repo.commits[0]
    assert message.startswith("fix: ")
    assert "### Fixed" in changed["CHANGELOG.md"]


@pytest.mark.parametrize("why", ["runs", "none", "override"])
async def test_of_work_that_nothing_speaks_for_no_changelog_says_that_it_is_done(why):
    cases = {"test_middle.py::test_one": "middle([4]) == 4"}
    wrong = WRONG.replace("[0]", "[len(values) == 3]")
    used = kit(
        answering(fenced(wrong)),
        {"middle.py": WRONG, "CHANGELOG.md": f"{UNRELEASED}\n"},
        None if why == "override" else cases,
        command="" if why == "none" else "pytest -q",
        override=why == "override",
    )
    off = ("agreement", "search", "examples")
    state = await drive(used, MemoryLog([opened(text="Bug: " + TASK, off=off, candidates=1)]))
    assert state.closed.ok and bool(state.overridden) is (why == "override")
    [(_, _, changed)] = used.repo.commits
    assert changed == {"middle.py": wrong}


async def test_a_spent_budget_gives_no_call_for_the_message():
    budget = Budget(calls=1)
    used = kit(answering(fenced(RIGHT)), {"middle.py": WRONG})
    ended = await drive(used, MemoryLog([opened(files=("middle.py",), budget=budget)]))
    assert ended.closed.ok and ended.calls == 1
    assert plain_subject(TASK) in used.repo.commits[0][1]


def test_prompts_name_all_their_fields():
    with pytest.raises(KeyError):
        prompt("write", task="t")


def test_a_text_is_cut_and_says_so():
    assert cut("short", 10) == "short"
    assert "[cut:" in cut("line\n" * 100, 10)
    assert tokens("") == 1
