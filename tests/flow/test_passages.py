"""Long files, and prompts that do not fit."""

import pytest
from doubles import WRONG, Heard, drive, fenced, kit, opened

from samovar.core.errors import Unusable
from samovar.core.log import MemoryLog
from samovar.flow.passages import passages

OFF = ("search", "examples", "message", "agreement")
JAVA = (
    "public class Big {\n"
    + "".join(
        f"  int step{n}(int value) {{\n    int first = {n};\n\n    return value + first;\n  }}\n\n"
        for n in range(400)
    )
    + "}\n"
)
PAGE = (
    "<html>\n<body>\n"
    + "".join(
        f"<section>\n  <h2>Part {n}</h2>\n  <p>\n    number {n}\n  </p>\n</section>\n"
        for n in range(400)
    )
    + "</body>\n</html>\n"
)
NOTES = "".join(f"## Part {n}\n\nText of part {n}.\n\n" for n in range(900))

STAIRS = "".join(" " * (900 - n) + f"a{n}\n" for n in range(900))


@pytest.mark.parametrize(
    ("text", "task", "wanted"),
    [
        (
            JAVA,
            "`step307` adds the wrong number",
            "  int step307(int value) {\n    int first = 307;",
        ),
        (PAGE, "Write number 207 in bold", "  <p>\n    number 207\n  </p>\n"),
        (NOTES, "Say more about part 77", "## Part 77\n\nText of part 77.\n"),
        ("x = 1\n" * 9 + "y" * 90_000, "set y", "y" * 600),
        ("# Übersicht\n\nÜber uns.\n\n" + NOTES, "Die Übersicht fehlt", "# Übersicht\n"),
    ],
)
def test_what_shares_most_with_the_task_is_shown(text, task, wanted):
    shown = passages(text, task, 400)
    assert wanted in shown
    assert len(shown) < 400 * 4
    kept = [row for row in shown.splitlines() if not row.endswith("lines are not shown]")]
    assert all(row in text for row in kept)


def test_what_fits_is_shown_whole():
    assert passages(JAVA, "step307", 20_000) == JAVA


@pytest.mark.parametrize("text", ["", "\n" * 5000, "}\n" * 5000, "a\n\n" * 5000, STAIRS])
def test_of_what_shares_nothing_as_much_is_shown_as_fits(text):
    assert len(passages(text, "mend it", 100)) <= 600


SCRIPT = "".join(
    f"function step{n}(values) {{\n  const first = {n};\n\n  return values[first];\n}}\n\n"
    for n in range(500)
)
MIDDLE = "function middle(values) {\n  const ordered = values.sort();\n  return ordered[0];\n}\n\n"
TABLE = "".join(f"ROW_{n} = {{'first': {n}}}\n" for n in range(3000))


@pytest.mark.parametrize("context", [4096, 16_384])
@pytest.mark.parametrize(
    ("path", "text", "task", "wrong", "right"),
    [
        (
            "middle.js",
            SCRIPT[:40_000] + MIDDLE + SCRIPT[40_000:],
            "`middle` returns the smallest value.",
            "return ordered[0]",
            "return ordered[ordered.length >> 1]",
        ),
        ("table.py", TABLE, "In table.py, ROW_77 must be 78.", "'first': 77}", "'first': 78}"),
    ],
)
async def test_of_thousands_of_lines_those_of_the_task_are_shown(
    context, path, text, task, wrong, right
):
    [old] = [row for row in text.splitlines() if wrong in row]
    new = old.replace(wrong, right)
    model = Heard(f"<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n")
    used = kit(model, files={path: text}, context=context, command="")
    text_of = f"{task} It is in {path}."
    state = await drive(used, MemoryLog([opened(text=text_of, off=OFF, candidates=1)]))
    assert state.closed is not None and state.closed.ok
    shown = model.asked[0].messages[-1].text
    assert old in shown and len(shown) < 2500 and "lines are not shown]" in shown
    [(_, _, changed)] = used.repo.commits
    assert changed == {path: text.replace(old, new)}


async def test_edits_of_lines_that_are_not_there_are_asked_for_once_more_with_what_was_wrong():
    missed = "<<<<<<< SEARCH\n  return ordered[-1];\n=======\n  return 1;\n>>>>>>> REPLACE\n"
    model = Heard(missed, missed.replace("-1", "0"))
    used = kit(model, files={"middle.js": SCRIPT + MIDDLE}, command="")
    log = MemoryLog([opened(text="Mend `middle` in middle.js", off=OFF, candidates=2)])
    state = await drive(used, log)
    assert state.closed is not None and state.closed.ok
    said = model.asked[1].messages[-1].text
    assert "These lines are not in the file: return ordered[-1];" in said
    assert missed.strip() in said


def versions(count: int) -> list[str]:
    return [fenced(WRONG.replace("[0]", f"[0] + {n}")) for n in range(1, count + 1)]


class Narrow(Heard):
    """A model whose context holds so many characters."""

    def __init__(self, most: int, *codes: str) -> None:
        super().__init__(*codes)
        self.most = most

    async def reply(self, request, /):
        if sum(len(m.text) for m in request.messages) > self.most:
            raise Unusable("the prompt does not fit")
        return await super().reply(request)


async def test_a_repair_that_does_not_fit_costs_its_own_attempt_alone():
    heard = Heard(*versions(6))
    await drive(kit(heard), MemoryLog([opened(off=OFF, candidates=6)]))
    sizes = [sum(len(m.text) for m in request.messages) for request in heard.asked]
    assert sizes[3] > max(sizes[:3]), "the fourth is a repair"
    model = Narrow(max(sizes[:3]), *versions(6))
    state = await drive(kit(model), MemoryLog([opened(off=OFF, candidates=6)]))
    complaints = [a.candidate.complaint for a in state.attempts]
    assert complaints == ["", "", "", "the prompt does not fit", "", ""]


async def test_where_no_prompt_fits_the_run_ends_and_says_so():
    log = MemoryLog([opened(off=OFF, candidates=3)])
    state = await drive(kit(Narrow(10)), log)
    assert state.closed is not None and not state.closed.ok
    assert state.closed.outcome.endswith("; the prompt does not fit")


async def test_a_function_too_long_for_an_answer_is_edited_and_nothing_beside_it():
    steps = "".join(f"    step_{n} = {n} + len(values)\n" for n in range(160))
    end = "    ordered = sorted(values)\n    return ordered[0]\n"
    other = "def first(values):\n" + end + "\n\n"
    text = other + "def middle(values):\n" + steps + end
    edits = (
        "<<<<<<< SEARCH\n    return ordered[0]\n=======\n    return ordered[len(ordered) // 2]\n"
    )
    model = Heard(f"{edits}>>>>>>> REPLACE\n")
    used = kit(model, files={"middle.py": text}, context=4096)
    off = ("search", "message")
    state = await drive(used, MemoryLog([opened(off=off, candidates=1)]))
    assert state.plan.steps[0].targets[0].long and not state.plan.steps[0].targets[1].long
    said = model.asked[0].messages[-1].text
    assert "`middle` of the file `middle.py` now:" in said and "SEARCH/REPLACE" in said
    assert "return ordered[0]" in said and "lines are not shown]" in said
    assert state.closed is not None and state.closed.ok
    [(_, _, changed)] = used.repo.commits
    assert changed == {
        "middle.py": other + text[len(other) :].replace("[0]", "[len(ordered) // 2]")
    }
