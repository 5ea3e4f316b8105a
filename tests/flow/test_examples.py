"""Only what stands in the task counts as an example."""

import pytest

from samovar.flow.examples import broken, doctests, grounded
from samovar.flow.source import Symbol

NEAR = [Symbol("src/shop/cart.py", "slug", 1, 2, "def slug(t):\n    return t\n")]
TASK = 'slug("Hello World") should give "hello-world", and slug("") an empty text; None -> 0.5'


@pytest.mark.parametrize(
    ("block", "count"),
    [
        ('assert slug("Hello World") == "hello-world"\n', 1),
        ('assert slug("") == ""\n', 1),
        ("assert slug('Hello World') == 'hello-world'\n", 1),
        ('assert slug("Made Up") == "made-up"\n', 0),
        ('assert slug("Hello World") == "hello_worlds"\n', 0),
        ('assert "Hello World"\n', 0),
        ('x = slug("Hello World")\n', 0),
        ("assert slug(\n", 0),
    ],
)
def test_an_assert_with_a_value_of_its_own_is_refused(block, count):
    assert len(grounded(block, TASK, NEAR)) == count


def test_an_example_brings_its_imports():
    [example] = grounded('assert slug("Hello World") == "hello-world"\n', TASK, NEAR)
    assert example.startswith("from shop.cart import slug\n")


def test_doctests_of_a_task_become_checks():
    text = "Now:\n\n>>> slug('A')\n'a'\n>>> x = 1\n>>> slug(\n'b'\n"
    [check] = doctests(text, NEAR)
    names = {"slug": str.lower}
    exec(check.split("\n", 1)[1], names)
    with pytest.raises(AssertionError):
        exec(check.split("\n", 1)[1], {"slug": str.upper})


@pytest.mark.parametrize(
    ("said", "own"),
    [("NameError: x", True), ("ImportError: y", True), ("AssertionError: 3", False)],
)
def test_an_example_that_fails_for_its_own_reason_is_told(said, own):
    assert broken(said) is own
