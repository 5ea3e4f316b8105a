"""Edits put into code that is loaded, and trials by them."""

import importlib.util
import sys

import pytest

from samovar.checks.project import INSIDE, edit
from samovar.core.task import Probe, Trials

from .conftest import ADD, CALC, GOOD

SHOP = '''from __future__ import annotations
import functools

RATE = 2


def times(number):
    def wrap(inner):
        @functools.wraps(inner)
        def called(*args):
            return number * inner(*args)
        return called
    return wrap


class Base:
    def total(self):
        return 1


class Cart(Base):
    class Line:
        def price(self, amount: Unknown = RATE):
            # What one costs.
            return amount * 3

    def total(self):
        return super().total() + self.__own()

    def __own(self):
        return 10

    if RATE:
        @times(2)
        def twice(self, by):
            """Twice as much, and é."""
            def inner():
                return by + 1
            return inner()


async def later(): return 1
LOADED = times(1)(len)("ab")
'''


@pytest.fixture
def patches(tmp_path, monkeypatch):
    """The patches of SHOP, loaded, and the module itself."""
    monkeypatch.syspath_prepend(str(INSIDE))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.py").write_text(SHOP)
    found = importlib.util.spec_from_file_location("shop", tmp_path / "shop.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    from samovar_patch import Patches

    yield Patches({"shop.py": SHOP}, [module.times.__code__]), module
    del sys.modules["samovar_patch"]


def asked(old, new):
    assert SHOP.count(old) == 1
    return {"shop.py": edit(SHOP, SHOP.replace(old, new))}


@pytest.mark.parametrize(
    ("old", "new", "call", "result"),
    [
        ("return 1\n\n\nclass Cart", "return 2\n\n\nclass Cart", "Cart().total()", 12),
        ("super().total() + self", "super().total() - self", "Cart().total()", -9),
        ("return 10", "return 20", "Cart().total()", 21),
        ("            # What one costs.\n", "            amount += 1\n", "Cart.Line().price()", 9),
        ("amount * 3", "amount * 4 if amount else 0", "Cart.Line().price()", 8),
        ("by + 1", "by + 2", "Cart().twice(3)", 10),
        ("            return inner()\n", "            return 5\n", "Cart().twice(3)", 10),
        ("def later(): return 1", "def later(): return 2", "later().send", None),
    ],
)
def test_the_function_that_an_edit_changes_gets_new_code(patches, old, new, call, result):
    loaded, module = patches
    codes = loaded.codes(asked(old, new))
    assert codes
    for function, code in codes:
        function.__code__ = code
    if result is not None:
        assert eval(call, vars(module)) == result


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("RATE = 2", "RATE = 3"),
        ("amount: Unknown = RATE", "amount: Unknown = 7"),
        ("@times(2)", "@times(3)"),
        ("number * inner", "number + inner"),
        ("return 10", "return 10\n\n    def other(self):\n        return 1"),
        ("return 10", "return ("),
        ("return 10", "global self\n        return 10"),
        ("        return 10\n", "        return super().total()\n"),
        ("class Base:", "class Base(int):"),
        ("ab", "abc"),
    ],
)
def test_what_changes_more_than_the_code_of_a_function_is_told_apart(patches, old, new):
    """Defaults, decorators, what ran while the module was loaded, a function more, no Python."""
    assert patches[0].codes(asked(old, new)) is None


def wrong(text=CALC):
    return [{"calc.py": text.replace("a - b", f"a * b + {n}")} for n in range(8)]


@pytest.mark.parametrize(
    "probe",
    [
        Probe((ADD,)),
        Probe(scripts=("from calc import add\nassert add(2, 3) == 5\n",)),
        Probe((ADD,), ("import calc\nassert calc.add(2, 3) == 5\n",)),
    ],
)
@pytest.mark.parametrize("conftest", ["", "import calc\n"])
async def test_many_trials_share_what_is_loaded(project, one_lane, probe, conftest):
    project.tree.files["conftest.py"] = conftest
    endless = {"calc.py": CALC.replace("return a - b", "while True: pass")}
    dead = {"calc.py": CALC.replace("return a - b", "import os; os._exit(0)")}
    versions = [*wrong(), endless, dead, {"calc.py": GOOD}]
    assert await project.trials(versions, probe, {}) == Trials(11, 10, 0)


@pytest.mark.parametrize(
    ("before", "good"),
    [
        ("TIMES = 1\n", "TIMES = -1\n"),
        ("def sign():\n    return 1\n\n\nTIMES = sign()\n", None),
    ],
)
async def test_what_an_edit_changes_while_a_module_loads_counts_too(
    project, one_lane, before, good
):
    text = before + CALC.replace("a - b", "a - b * TIMES")
    project.tree.files["calc.py"] = text
    better = text.replace(before, good) if good else text.replace("return 1", "return -1")
    versions = [*wrong(text), *[{"calc.py": text}] * 8, {"calc.py": better}]
    assert (await project.trials(versions, Probe((ADD,)), {})).index == 16


async def test_a_project_that_cannot_be_loaded_once_is_loaded_each_time(project, one_lane):
    project.tree.files["test_threads.py"] = (
        "import threading, time\nfrom calc import add\n"
        "threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
        "def test_it(): assert threading.active_count() > 1 and add(2, 3) == 5\n"
    )
    probe = Probe(("test_threads.py::test_it",))
    found = await project.trials([*wrong(), {"calc.py": GOOD}], probe, {})
    assert found == Trials(9, 8, 0)


async def test_files_that_a_trial_loads_late_are_those_of_before(project, one_lane):
    """One version had to be written; the next, which had not, must not meet its file."""
    project.tree.files |= {
        "late.py": "LATE = 1\n\n\ndef two():\n    return 1\n",
        "calc.py": CALC.replace("return a - b", "import late\n    return a + b + late.LATE"),
    }
    late, calc = project.tree.files["late.py"], project.tree.files["calc.py"]
    odd = [{"late.py": f"LATE = {n}\n", "calc.py": calc} for n in range(5, 14)]
    good = {"calc.py": calc.replace("+ late.LATE", "+ late.LATE - 1"), "late.py": late}
    assert (await project.trials([*odd, good], Probe((ADD,)), {})).index == 9
