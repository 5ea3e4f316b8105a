"""Names that nobody defines."""

import sysconfig
from pathlib import Path

import pytest
from doubles import RIGHT, Heard, answering, drive, events, fenced, kit, opened

from samovar.core.event import Chose, Judged, Wrote
from samovar.core.log import MemoryLog
from samovar.flow.undefined import undefined


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def a():\n    table = {}\n\n\ndef b():\n    return table\n", {"table": 6}),
        ("def a(x: List[int]):\n    return x\n", {"List": 1}),
        (
            "from __future__ import annotations\n\ndef a(x: List[int]) -> Y:\n    return z\n",
            {"z": 4},
        ),
        ("class A:\n    n = 1\n    m = [n for _ in 'ab']\n", {"n": 3}),
        ("def top(self, which):\n    return self, which\n", {}),
        ("def a():\n    global n\n    n = 1\n\n\ndef b():\n    return n\n", {}),
        ("try:\n    import x\nexcept ImportError:\n    x = None\nprint(x, __file__)\n", {}),
        ("def a():\n    def b():\n        return c\n    c = 1\n    return b\n", {}),
        ("match [1]:\n    case [one, *rest]:\n        print(one, rest)\n", {}),
        ("class A:\n    def f(self):\n        return __class__, super().f()\n", {}),
        ("from os import *\nprint(path)\n", {}),
        ("globals()['a'] = 1\nprint(a)\n", {}),
        ("no python :", {}),
        ("def a():\n    print(n)\n    global n\n", {}),
        ("nonlocal x\n", {}),
    ],
)
def test_a_name_is_missing_or_not(text, names):
    assert undefined(text) == names


def test_of_the_standard_library_hardly_a_file_is_complained_of():
    root = Path(sysconfig.get_path("stdlib"))
    files = sorted(root.glob("*.py"))[:60]
    assert len(files) > 40
    assert sum(bool(undefined(f.read_text())) for f in files) <= 1


async def test_where_nothing_proves_code_with_an_unknown_name_is_not_taken():
    wrong = "def middle(values):\n    return sorted(values)[half(values)]\n"
    right = "def middle(values):\n    return sorted(values)[len(values) // 2]\n"
    log = MemoryLog([opened(text="Write it better", candidates=2, off=("search", "agreement"))])
    await drive(kit(answering(fenced(wrong), fenced(right)), command=""), log)
    first, _second = [e.verdict for e in events(log) if isinstance(e, Judged)]
    assert first.why == "middle.py, line 2: the name 'half' is not defined"
    [chose] = [e for e in events(log) if isinstance(e, Chose)]
    assert chose.candidate == 1


async def test_a_name_that_the_proof_does_not_reach_is_told_and_mended():
    wrong = RIGHT + "\n\ndef other():\n    return middel([1])\n"
    right = RIGHT + "\n\ndef other():\n    return middle([1])\n"
    model = Heard(fenced(wrong), fenced(wrong), fenced(wrong), fenced(right))
    log = MemoryLog([opened(candidates=4, off=("search",))])
    state = await drive(kit(model), log)
    first, last = [e.verdict for e in events(log) if isinstance(e, Judged)]
    assert (first.passed, first.score) == (False, 0.9) and last.passed
    assert "the name 'middel' is not defined" in model.asked[2].messages[-1].text
    assert state.closed.ok


async def test_without_a_better_version_it_is_kept_and_not_called_done():
    wrong = RIGHT + "\n\ndef other():\n    return middel([1])\n"
    log = MemoryLog([opened(candidates=2)])
    state = await drive(kit(answering(fenced(wrong))), log)
    [chose] = [e for e in events(log) if isinstance(e, Chose)]
    assert chose.candidate == 0 and not chose.verdict.passed
    assert not state.closed.ok and "is not defined" in state.closed.outcome
    assert sum(e.candidate.origin == "search" for e in events(log) if isinstance(e, Wrote)) <= 1
