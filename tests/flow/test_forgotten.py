"""Imports that a model forgot."""

import pytest
from doubles import RIGHT, answering, drive, events, fenced, kit, opened

from samovar.core.event import Wrote
from samovar.core.log import MemoryLog
from samovar.flow.answer import completed
from samovar.flow.forgotten import forgotten


@pytest.mark.parametrize(
    ("text", "imports"),
    [
        ("for p in permutations([1]):\n    print(p)\n", ["from itertools import permutations"]),
        ("print(math.sqrt(2), re.escape('x'))\n", ["import math", "import re"]),
        ("def f(a: Optional[List]):\n    pass\n", ["from typing import List"]),
        ("print(datetime.now())\n", ["from datetime import datetime"]),
        ("print(datetime.timedelta(1))\n", ["import datetime"]),
        ("@lru_cache\ndef f():\n    return ascii_letters\n", ["from functools import lru_cache"]),
        ("@dataclass\nclass A:\n    x: int\n", ["from dataclasses import dataclass"]),
        ("import math\nprint(math.pi)\n", []),
        # A variable nobody made is no forgotten import.
        ("print(queue.append(1), product, string.foo)\n", []),
        ("print(this.x, antigravity.y, numpy.array(1))\n", []),
        ("no python :", []),
    ],
)
def test_what_is_needed_is_imported_and_nothing_else(text, imports):
    found = forgotten(text)
    assert [i for i in imports if i not in found] == [] and bool(found) == bool(imports)


def test_names_that_are_others_stay_theirs():
    assert forgotten("sqrt(2)\n", {"sqrt"}) == []


def test_imports_stand_below_the_docstring_and_the_other_imports():
    text = '"""What it is."""\nimport os\n\n\ndef f():\n    return os.sep, sqrt(2)\n'
    assert completed(text, "a.py", "").startswith(
        '"""What it is."""\nimport os\nfrom math import sqrt\n\n\ndef f():'
    )
    assert completed(text, "a.txt", "") == text
    assert completed(text, "a.py", text) == text, "the file lacked it before"


async def test_an_answer_without_its_import_is_right_at_once():
    short = RIGHT.replace("sorted(values)", "list(chain(sorted(values)))")
    log = MemoryLog([opened(candidates=1)])
    state = await drive(kit(answering(fenced(short))), log)
    [wrote] = [e for e in events(log) if isinstance(e, Wrote)]
    assert wrote.candidate.edits[0].text.startswith("from itertools import chain\n")
    assert state.closed.ok
