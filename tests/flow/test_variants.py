"""Small edits: valid, different, and enough to undo a one-token bug."""

import ast
import random
import sysconfig
from pathlib import Path

import pytest

from samovar.core.task import apply
from samovar.flow.search import difference
from samovar.flow.source import symbols
from samovar.flow.variants import variants

LIBRARY = Path(sysconfig.get_path("stdlib"))
MODULES = [
    "bisect.py",
    "colorsys.py",
    "heapq.py",
    "textwrap.py",
    "fnmatch.py",
    "graphlib.py",
    "mailbox.py",
    "email/message.py",
]
BUGS = [
    ("def f(a, b):\n    return a - b\n", "def f(a, b):\n    return a + b\n"),
    ("def f(a):\n    return a[1]\n", "def f(a):\n    return a[0]\n"),
    (
        "def f(a):\n    if a < 3:\n        return 1\n",
        "def f(a):\n    if a <= 3:\n        return 1\n",
    ),
    ("def f(a, b):\n    return g(a, b)\n", "def f(a, b):\n    return g(b, a)\n"),
    ("def f(self):\n    return g(Thing)\n", "def f(self):\n    return g(type(self))\n"),
    ("def f(self):\n    return Thing(1)\n", "def f(self):\n    return type(self)(1)\n"),
    (
        "def f(n, s):\n    end = len(s) if n is None else n\n",
        "def f(n, s):\n    end = len(s) if n is None else min(n, len(s))\n",
    ),
    ("def f(a, b):\n    return a and b\n", "def f(a, b):\n    return a or b\n"),
    ("def f(a):\n    return any(a)\n", "def f(a):\n    return all(a)\n"),
    ("def f():\n    return True\n", "def f():\n    return False\n"),
    ("def f(a):\n    if a:\n        g()\n", "def f(a):\n    if a is not None:\n        g()\n"),
    ("def f(a):\n    return a or 1\n", "def f(a):\n    return a if a is not None else 1\n"),
    ("def f(a):\n    b = log(a)\n", "def f(a):\n    b = log(a) if a else 0\n"),
    (
        "def f(a):\n    p = P(a, 1)\n    return P(a).all(a)\n",
        "def f(a):\n    p = P(a, 1)\n    return p.all(a)\n",
    ),
    (
        'END = re.compile(r"^(.*)s?$")\n\n\ndef f(a):\n    return END.match(a)\n',
        'END = re.compile(r"^(.+)s?$")\n\n\ndef f(a):\n    return END.match(a)\n',
    ),
    (
        'FORMS = {"f": "[0-9]{6}"}\n\n\ndef f(a):\n    return FORMS[a]\n',
        'FORMS = {"f": "[0-9]{1,6}"}\n\n\ndef f(a):\n    return FORMS[a]\n',
    ),
    (
        "class C:\n\tdef f(s, a):\n\t\treturn a - 1\n",
        "class C:\n\tdef f(s, a):\n\t\treturn a + 1\n",
    ),
    (
        "s = '\x0c'\n\n\ndef f(\u00e9, b):\n    return '\u00e9' + b\n",
        "s = '\x0c'\n\n\ndef f(\u00e9, b):\n    return b + '\u00e9'\n",
    ),
]


@pytest.mark.parametrize("name", MODULES)
def test_every_edit_of_a_library_file_parses_and_differs(name):
    text = (LIBRARY / name).read_text()
    found = [s for s in symbols(name, text) if s.last - s.first < 60]
    dice = random.Random(name)
    for symbol in dice.sample(found, min(3, len(found))):
        made = list(variants(text, symbol.first, symbol.last))
        keys = [(v.start, v.end, v.text) for v in made]
        assert len(set(keys)) == len(keys)
        for variant in dice.sample(made, min(25, len(made))):
            after = variant.apply(text)
            ast.parse(after)
            assert after != text


@pytest.mark.parametrize(("bug", "right"), BUGS)
def test_a_one_token_bug_is_one_edit_away(bug, right):
    assert right in [v.apply(bug) for v in variants(bug)]


def test_edits_are_ordered_by_cost():
    costs = [v.cost for v in variants(BUGS[2][0])]
    assert costs == sorted(costs)


def test_lines_the_failure_did_not_reach_come_last():
    text = "def f(a):\n    b = a + 1\n    return b - 1\n"
    made = list(variants(text, reached={3: 1}))
    second = text.index("b = ")
    third = text.index("return")
    assert min(v.cost for v in made if v.start >= third) < 5
    assert min(v.cost for v in made if second <= v.start < third - 5 and v.cost != 4.0) >= 5


@pytest.mark.parametrize("text", ["", "x = 1\n", "def f(:\n", "-" * 100_000 + "1"])
def test_what_holds_no_function_has_no_edits(text):
    assert list(variants(text)) == []


def test_the_difference_turns_the_old_into_the_new():
    dice = random.Random(3)
    for _ in range(300):
        pieces = ["a\n", "b\n", "\n", "c\r\n", "\x0cd\n", "e\u2028\n"]
        old = "".join(dice.choices(pieces, k=dice.randrange(8)))
        new = "".join(dice.choices(pieces, k=dice.randrange(8))) + dice.choice(["", "end"])
        edit = difference("f", old, new)
        assert apply((edit,), {"f": old}) == {"f": new}


def test_an_edit_that_brings_what_the_task_speaks_of_comes_earlier():
    text = "def cut(text, most, fill):\n    size = 3\n    return text[:size] + fill\n"

    def place(named):
        made = [v.apply(text) for v in variants(text, named=named)]
        return made.index(text.replace("[:size]", "[:most]"))

    assert place({"most"}) < place(frozenset()) <= place({"fill"})
