"""The README follows the code, and only the code."""

import pytest

from samovar.flow.readme import updated

BEFORE = "def add(a, b):\n    return a + b\n"
AFTER = "def add(a: int, b: int = 0):\n    return a + b\n"
ONE = {"add": 1, "sub": 1}.__getitem__
MORE = BEFORE + '\n\ndef sub(a, b):\n    """Take b from a.\n\n    More.\n    """\n'


@pytest.mark.parametrize(
    ("readme", "after", "expected"),
    [
        ("Call `add(a, b)`.\n", AFTER, "Call `add(a, b=0)`.\n"),
        ("Call `add(1, 2)`.\n", AFTER, "Call `add(1, 2)`.\n"),
        ("    total = add(a, b)\n", AFTER, "    total = add(a, b)\n"),
        ("```\nadd(a, b)\n```\n", AFTER, "```\nadd(a, b)\n```\n"),
        ("`total = add(a, b)`\n", AFTER, "`total = add(a, b)`\n"),
        ("Call `x.add(a, b)` or `padd(a, b)`.\n", AFTER, "Call `x.add(a, b)` or `padd(a, b)`.\n"),
        (
            "- `add(a, b)`: adds.\n\nEnd.\n",
            MORE,
            "- `add(a, b)`: adds.\n- `sub(a, b)`: Take b from a.\n\nEnd.\n",
        ),
        ("* `add(a, b)` - adds\n", MORE, "* `add(a, b)` - adds\n* `sub(a, b)` - Take b from a.\n"),
        ("`add(a, b)` adds.\n", MORE, "`add(a, b)` adds.\n"),
        ("- `add(a, b)`\n- `sub(a, b)`\n", MORE, "- `add(a, b)`\n- `sub(a, b)`\n"),
        ("- `add(a, b)`: adds.\n", "def add(a, b:\n", "- `add(a, b)`: adds.\n"),
        ("- `add(a, b)`: adds.\n", MORE.replace("sub", "_sub"), "- `add(a, b)`: adds.\n"),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_readme_says_what_the_code_says(readme, after, expected, ends):
    found = updated(readme.replace("\n", ends), {"calc.py": (BEFORE, after)}, ONE)
    assert found == expected.replace("\n", ends)


def test_files_that_are_not_python_change_nothing():
    assert updated("`add(a, b)`\n", {"calc.js": (BEFORE, AFTER)}, ONE) == "`add(a, b)`\n"


def test_what_may_be_of_another_function_of_that_name_is_left_alone():
    said = "`add(a, b)` of the client\n"
    assert updated(said, {"calc.py": (BEFORE, AFTER)}, lambda _: 2) == said
