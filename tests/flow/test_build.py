"""How the next answer is asked for."""

import pytest
from doubles import RIGHT, WRONG, Heard, answering, drive, events, fenced, kit, opened, report
from msgspec.structs import replace

from samovar.core.event import Judged, Planned, Surveyed, Wrote
from samovar.core.log import MemoryLog
from samovar.core.message import Usage
from samovar.core.state import replay
from samovar.core.task import Budget, Candidate, Checked, Edit, Plan, Step, Target, Verdict
from samovar.flow.build import next_idea
from samovar.flow.idea import COSTLY
from samovar.flow.speak import drawn, fingerprint

OFF = ("search",)
REPEATED = "The code is the same as candidate"


def versions(count: int) -> list[str]:
    """Wrong programs that all differ."""
    return [
        fenced(f"def middle(values):\n    return values[0] + {n}\n") for n in range(1, count + 1)
    ]


async def written(model, **fields) -> list[Wrote]:
    log = MemoryLog([opened(off=OFF, **fields)])
    await drive(kit(model), log)
    return [e for e in events(log) if isinstance(e, Wrote)]


async def test_the_ways_of_asking_take_turns():
    wrote = await written(answering(*versions(8)), candidates=7)
    assert [w.candidate.way for w in wrote] == [
        *["fresh", "fresh", "hint", "repair"],
        *["fresh", "hint", "repair"],
    ]
    assert [w.temperature for w in wrote] == [0.0] + [0.8] * 6
    assert all((w.candidate.parent is None) == (w.candidate.way == "fresh") for w in wrote)


async def test_what_the_model_was_asked_stands_in_the_log_word_for_word():
    model = Heard(*versions(2))
    wrote = await written(model, candidates=2)
    kept = [w.asked for w in wrote]
    assert len(kept) == 2
    assert all(k in [r.messages for r in model.asked] for k in kept)
    assert [w.prompt for w in wrote] == [fingerprint(k) for k in kept]


async def test_what_stands_before_a_task_is_all_that_it_changes_in_what_a_writer_is_told():
    front, told = "House rules:\nType every argument.", []
    for fields in ({}, {"front": front}):
        model = Heard(*versions(3))
        await written(model, candidates=3, **fields)
        told.append([r.messages[-1].text for r in model.asked])
    assert told[1] == [f"{front}\n\n{text}" for text in told[0]] and len(told[0]) == 3


async def test_a_hint_tells_the_failure_and_keeps_the_code_that_failed_to_itself():
    model = Heard(*versions(4))
    await written(model, candidates=4)
    first, _, hint, repair = [r.messages[-1].text for r in model.asked]
    code = "return values[0] + 1"
    assert "middle([4]) == 4" in hint and code not in hint
    assert "middle([4]) == 4" in repair and code in repair
    assert hint.startswith(first) and repair.startswith(first), "the cache needs one front"


async def test_a_repair_that_gave_the_same_code_again_is_not_repeated():
    one, two, three, *_ = versions(3)
    wrote = await written(answering(one, two, three, one, two, three, one), candidates=7)
    ways = [(w.candidate.way, REPEATED in w.candidate.complaint) for w in wrote]
    assert ways[3] == ("repair", True)
    assert [way for way, _ in ways[4:]] == ["fresh", "hint", "hint"]


OWN = "from middle import middle\n\n\ndef test_one():\n    assert middle([4]) == 4\n"
HEADED = "# Middle\n\n`middle` in middle.py returns the smallest value."


@pytest.mark.parametrize(
    ("tests", "fields", "stops"),
    [
        (OWN, {"text": HEADED}, ("\nfrom middle import", "```python\n# Middle\n")),
        (OWN, {}, ("\nfrom middle import",)),
        (OWN.replace("from middle import", "from app.middle import"), {}, ()),
        (OWN.replace("from middle import", "from middles import"), {}, ()),
        ("import middle as m\n", {}, ("\nimport middle as m\n",)),
        (OWN, {"text": HEADED, "off": (*OFF, "stops")}, ()),
    ],
)
async def test_an_answer_that_copies_the_tests_or_the_task_is_ended_there(tests, fields, stops):
    model = Heard(*versions(1))
    used = kit(model, {"middle.py": WRONG, "test_middle.py": tests})
    await drive(used, MemoryLog([opened(**{"off": OFF, "candidates": 1, **fields})]))
    assert [r.stop for r in model.asked] == [stops]


async def test_a_model_that_copies_the_file_is_asked_without_what_its_functions_do():
    model = Heard(fenced(WRONG), fenced(WRONG), fenced(RIGHT))
    log = MemoryLog([opened(off=OFF)])
    state = await drive(kit(model), log)
    assert state.closed is not None and state.closed.ok
    assert [e.candidate.way for e in events(log) if isinstance(e, Wrote)] == [
        "fresh",
        "anew",
        "anew",
    ]
    first, again = [r.messages[-1].text for r in model.asked[:2]]
    assert "ordered[0]" in first and "ordered[0]" not in again
    assert "def middle(values):\n    pass\n" in again


async def test_comments_are_a_change_where_nothing_red_asks_for_another():
    noted = f"# Copyright 2026 Ada\n{WRONG}"
    model = Heard(fenced(WRONG.replace("\n", "  \n")), fenced(noted))
    used = kit(model, cases={"test_middle.py::test_one": "middle([4]) == 4"})
    text = "Add a copyright header to middle.py."
    log = MemoryLog([opened(text=text, off=("message", "examples"), candidates=2)])
    state = await drive(used, log)
    assert state.closed is not None and state.closed.ok
    assert [a.candidate.complaint for a in state.attempts] == [
        "The code is the same as before.",
        "",
    ]
    assert [changed for _, _, changed in used.repo.commits] == [{"middle.py": noted}]
    assert all("ordered[0]" in r.messages[-1].text for r in model.asked), "no body is made up"


@pytest.mark.parametrize("rest", ["", "".join(f"LINE_{n} = {n}\n" for n in range(200))])
async def test_a_byte_order_mark_is_nothing_to_a_model_and_stays_where_it_was(rest):
    """In a file that is written as a whole, and above the first function of a long one."""
    right = RIGHT.replace("len(ordered) // 2", "math.floor(len(ordered) / 2)")
    model = Heard(fenced(right))
    used = kit(model, {"middle.py": f"\ufeff{WRONG}{rest}"})
    state = await drive(used, MemoryLog([opened(off=OFF, candidates=1)]))
    assert state.closed is not None and state.closed.ok
    assert WRONG in model.asked[0].messages[-1].text
    assert "\ufeff" not in model.asked[0].messages[-1].text
    [(_, _, changed)] = used.repo.commits
    assert changed == {"middle.py": f"\ufeffimport math\n{right}{rest}"}


async def test_what_is_switched_off_is_asked_afresh():
    log = MemoryLog([opened(off=(*OFF, "hint", "repair"), candidates=5)])
    await drive(kit(answering(*versions(5))), log)
    assert {e.candidate.way for e in events(log) if isinstance(e, Wrote)} == {"fresh"}


async def test_after_the_first_answer_the_next_ones_have_room_for_twice_as_much():
    model = Heard(*versions(3))
    log = MemoryLog([opened(off=OFF, candidates=3, budget=Budget(reply=1200))])
    await drive(kit(model, files={"middle.py": "def middle(values):\n    pass\n"}), log)
    assert [r.limit for r in model.asked] == [1200, 300, 300]
    assert WRONG.count("\n") < 12


async def test_what_is_to_be_written_into_a_long_file_has_room():
    methods = "".join(f"    def method_{n}(self):\n        pass\n\n" for n in range(9))
    written = {"middle.py": WRONG + "class Empty:\n" + methods.replace("pass", "return 1")}
    for files, room in ((written, 300), ({"middle.py": WRONG + "class Empty:\n" + methods}, 1200)):
        model = Heard(*versions(3))
        log = MemoryLog([opened(off=OFF, candidates=1, budget=Budget(reply=1200))])
        await drive(kit(model, files=files), log)
        assert [r.limit for r in model.asked] == [room]


async def test_where_no_answer_held_code_the_next_ones_have_half_the_room():
    model = Heard("Sorry.", "No.", fenced(RIGHT))
    log = MemoryLog([opened(off=OFF, candidates=3, budget=Budget(reply=1200))])
    await drive(kit(model, files={"middle.py": "def middle(values):\n    pass\n"}), log)
    assert [r.limit for r in model.asked][:3] == [1200, 600, 600]


async def test_a_function_of_a_long_file_is_rewritten_in_its_place():
    before = "".join(f"LINE_{n} = {n}\n" for n in range(200))
    files = {"middle.py": before + WRONG + "\n\nEND = 1\n"}
    wrong = fenced("def middle(values):\n    return values[-1]\n")
    model = Heard(wrong, wrong.replace("-1", "1"), wrong.replace("-1", "2"), fenced(RIGHT))
    used = kit(model, files=files)
    log = MemoryLog([opened(off=OFF, candidates=4)])
    state = await drive(used, log)
    assert state.closed is not None and state.closed.ok
    [(_, _, changed)] = used.repo.commits
    assert changed == {"middle.py": before + RIGHT + "\n\nEND = 1\n"}
    assert all("LINE_7 " not in r.messages[-1].text for r in model.asked), "only the function"
    hint, repair = [r.messages[-1].text for r in model.asked[2:4]]
    assert "An earlier attempt failed" in hint and "This attempt is wrong" in repair


async def test_imports_that_an_answer_needs_come_with_its_function():
    before = '"""Of values."""\n\nimport os\nimport sys\n\n'
    before += "".join(f"LINE_{n} = {n}\n" for n in range(200)) + "\n\n"
    code = "import os\nimport math, json\nfrom statistics import median_high as high\n\n\n"
    right = "def middle(values):\n    return high(values) + math.floor(0) + LINE_0\n"
    used = kit(answering(fenced(code + right)), files={"middle.py": before + WRONG})
    state = await drive(used, MemoryLog([opened(off=OFF)]))
    assert state.closed is not None and state.closed.ok
    [(_, _, changed)] = used.repo.commits
    more = "import sys\nimport math\nfrom statistics import median_high as high\n"
    assert changed["middle.py"] == before.replace("import sys\n", more) + right


async def test_a_long_file_of_another_language_is_edited_in_its_place():
    long = "".join(f"LINE_{n} = {n}\n" for n in range(200)) + WRONG
    used = kit(
        Heard(
            "<<<<<<< SEARCH\n    return ordered[0]\n=======\n"
            "    return ordered[len(ordered) // 2]\n>>>>>>> REPLACE\n"
        ),
        files={"middle.js": long},
    )
    used.checks.path = "middle.js"
    text = "`middle` in middle.js returns the smallest value; make it return the middle one."
    state = await drive(used, MemoryLog([opened(text=text, off=OFF)]))
    assert state.closed is not None and state.closed.ok
    [(_, _, changed)] = used.repo.commits
    assert changed == {"middle.js": long.replace(WRONG, RIGHT)}


def test_only_what_is_drawn_warm_has_a_nucleus():
    assert (drawn(0.0, 1).top_p, drawn(0.8, 1).top_p) == (None, 0.95)
    assert drawn(0.8, 1).repeat_penalty is None


@pytest.mark.parametrize(("beside", "second"), [((), "model"), (("test_a.py::test_b",), "search")])
def test_where_no_test_stands_beside_the_examples_the_model_goes_before_the_search(beside, second):
    examples = ("assert middle([4]) == 4", "assert middle([5]) == 5")
    tests = Checked(name="tests", command="pytest", exit=0, seconds=1.0, passing=beside)
    surveyed = Surveyed(verdict=Verdict(passed=True, checks=(tests,)), command="pytest")
    target = Target("middle.py")
    step = Step(title="write middle.py", strategy="write", targets=(target,))
    answered = Wrote(
        candidate=Candidate(id=0, step=0, origin="model", complaint="no"),
        usage=Usage(generated=10),
        seconds=1.0,
    )
    events = [opened(), surveyed, Planned(plan=Plan((step,), examples=examples)), answered]
    idea = next_idea(replay(events))
    assert idea is not None and idea.origin == second


@pytest.mark.parametrize(
    ("seconds", "own", "then"),
    [(1.0, 1.0, "search"), (COSTLY / 2, 1.0, "model"), (1.0, COSTLY / 2, "model")],
)
def test_searches_that_the_checks_refuse_end_where_they_or_the_checks_take_long(seconds, own, then):
    target = Target("middle.py")
    step = Step(title="write middle.py", strategy="write", targets=(target,))
    before = report(passing=["t::kept"], failing=["t::goal"])
    told = [
        opened(candidates=9),
        Surveyed(verdict=Verdict(passed=False, checks=(before,)), command="t"),
        Planned(plan=Plan((step,), goals=("t::goal",))),
    ]
    for number in range(2):
        edits = (Edit("middle.py", f"x = {number}\n", 1, 1),)
        told.append(
            Wrote(
                candidate=Candidate(id=number, step=0, origin="search", edits=edits),
                tried=1,
                usage=Usage(),
                seconds=own,
            )
        )
        checked = replace(report(passing=["t::goal"], failing=["t::kept"]), seconds=seconds)
        verdict = Verdict(passed=False, score=0.1, checks=(checked,))
        told.append(Judged(candidate=number, verdict=verdict, seconds=seconds))
    idea = next_idea(replay(told))
    assert idea is not None and idea.origin == then


@pytest.mark.parametrize(("score", "then"), [(0.9, 2), (0.3, 1)])
def test_the_second_search_starts_where_other_tests_are_red_if_that_is_near(score, then):
    step = Step(title="write middle.py", strategy="write", targets=(Target("middle.py"),))
    goals = ("t::a", "t::b")
    told = [
        opened(candidates=3),
        Surveyed(verdict=Verdict(passed=False, checks=(report(failing=goals),)), command="t"),
        Planned(plan=Plan((step,), goals=goals)),
    ]
    rows = [("model", 1.0, "t::a"), ("model", 0.95, "t::a"), ("model", score, "t::b")]
    rows += [("search", 0.0, ""), ("search", 0.0, "")]
    for number, (origin, worth, red) in enumerate(rows):
        edits = (Edit("middle.py", f"x = {number}\n", 1, 1),) if red else ()
        parent = {3: None, 4: 0}.get(number)
        made = Candidate(id=number, step=0, origin=origin, edits=edits, parent=parent)
        told.append(Wrote(candidate=made, usage=Usage(), seconds=1.0))
        if red:
            verdict = Verdict(passed=False, score=worth, checks=(report(failing=[red]),))
            told.append(Judged(candidate=number, verdict=verdict, seconds=1.0))
    idea = next_idea(replay(told))
    assert idea is not None
    assert (idea.origin, idea.parent) == ("search", then)
