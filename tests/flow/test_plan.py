import pytest
from doubles import Memory

from samovar.flow.plan import about, mentioned

TREE = Memory(
    {
        "shop/cart.py": "def total(items):\n    return 0\n",
        "tests/test_cart.py": "import shop.cart\n\ndef test_total():\n    shop.cart.total([1])\n",
        "tests/test_locale.py": "def test_german():\n    assert False\n",
    }
)
FAILING = ("tests/test_cart.py::test_total", "tests/test_locale.py::test_german")


@pytest.mark.parametrize(
    ("task", "named", "wanted"),
    [
        ("`total([1])` is 0, it should be 1", (), FAILING[:1]),
        ("Mend shop/cart.py", ("shop/cart.py",), FAILING[:1]),
        ("Something is slow", (), ()),
        ("Mend other.py", ("other.py",), FAILING),
    ],
)
def test_only_the_red_tests_a_task_speaks_of_are_its_goals(task, named, wanted):
    assert about(task, named, FAILING, TREE) == wanted


def test_an_unreadable_test_file_counts_as_a_whole():
    assert about("`total` is wrong", (), ("tests/test_cart.py",), TREE) == ("tests/test_cart.py",)


@pytest.mark.parametrize(
    ("task", "wanted"),
    [
        ("Mend cart.py", ["shop/cart.py"]),
        ("Write new.py with a function", ["new.py"]),
        ("Write ../new.py", []),
        ("Write /etc/new.py", []),
        ("nothing here", []),
    ],
)
def test_files_a_task_speaks_of_are_found_or_new_and_never_outside(task, wanted):
    assert mentioned(task, TREE.paths()) == wanted
