"""What a failing test did, with values for names."""

from pathlib import Path
from typing import Any

import pytest

from samovar.checks.inside.samovar_case import LONG, WIDE, literal, told


def f(*values: Any) -> None:
    """Change what it is given, as wrong code may."""
    for value in values:
        if isinstance(value, list):
            value.clear()


class Raises:
    """A context that wants an exception and misses it."""

    def __enter__(self) -> "Raises":
        return self

    def __exit__(self, *_: object) -> None:
        raise AssertionError("not raised")


def case(folder: Path, body: str, **arguments: Any) -> str:
    """Run a test that fails and return what is told of it."""
    path = folder / "test_it.py"
    lines = [f"def test({', '.join(arguments)}):", *(f"    {li}" for li in body.splitlines())]
    path.write_text("def check(g, n):\n    assert g(n) == 1\n\n\n" + "\n".join(lines) + "\n")
    names: dict[str, Any] = {"f": f, "raises": Raises}
    exec(compile(path.read_text(), path, "exec"), names)
    given = {name: literal(value) for name, value in arguments.items()}
    with pytest.raises(AssertionError) as caught:
        names["test"](**arguments)
    steps = [e for e in caught.traceback if str(e.path) == str(path)]
    return told([(str(path), e.lineno + 1, e.frame.f_locals) for e in steps], given)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("x = [1, 2]\ny = 3\nassert f(x) == y", "assert f([1, 2]) == 3"),
        ("assert f(\n    'a',\n    'b',\n) == 1", "assert f('a', 'b') == 1"),
        ("for a, b in [(1, 'x')]:\n    assert f(a) == b", "assert f(1) == 'x'"),
        ("with raises():\n    f(1)", "with raises():\n    f(1)"),
        ("x = -1\nwith raises():\n    f(x)\n    f(2)", "with raises():\n    f(-1)\n    f(2)"),
        ("if f(1) or (assert_ := 1):\n    assert f(2)", "assert f(2)"),
    ],
)
def test_values_stand_in_place_of_names(tmp_path, body, said):
    assert case(tmp_path, body) == said


@pytest.mark.parametrize(
    "body",
    [
        "x = [1]\nx.append(2)\nassert f(x) == 1",
        "x = [1]\nf(x)\nassert x == [1]",
        "x = 1\nx = x + 1\nassert f(x) == 2",
        "x = 3\nassert [x for x in [1]] == f(x)",
        "n = f(1)\nassert n == 2",
    ],
)
def test_what_may_have_changed_keeps_its_name_and_its_statements(tmp_path, body):
    assert case(tmp_path, body) == body


def test_what_the_statement_does_not_stand_on_is_left_out(tmp_path):
    said = case(tmp_path, "a = []\nb = [f]\nc = f(7)\na.append(1)\nb.clear()\nassert f(b, 2)")
    assert said == "b = [f]\nb.clear()\nassert f(b, 2)"


def test_long_set_up_is_left_out(tmp_path):
    many = "\n".join(f"x.append('{n:099}')" for n in range(LONG // 100))
    assert case(tmp_path, f"x = []\n{many}\nassert f(x)") == "assert f(x)"


def test_a_long_value_keeps_its_name(tmp_path):
    body = f"x = '{'a' * WIDE}'\nassert f(x) == 2"
    assert case(tmp_path, body) == body
    assert (literal("a" * WIDE), literal([[1] * 20] * 20)) == ("", "")


def test_arguments_are_told_as_they_were_before_the_code_changed_them(tmp_path):
    said = case(tmp_path, "assert g(*values) == wanted", g=f, values=[[1, 2], 3], wanted=[1])
    assert said == "assert f([1, 2], 3) == [1]"


def test_a_helper_of_the_test_tells_what_it_was_called_with(tmp_path):
    assert case(tmp_path, "check(f, 5)") == "check(f, 5)\nassert f(5) == 1"


def test_only_pythons_own_values_are_literals():
    itself: list[Any] = []
    itself.append(itself)
    values = [{"a": (1, None)}, {1}, object(), float("inf"), itself, 10**5000, [f]]
    assert [literal(v) for v in values] == ["{'a': (1, None)}", "{1}", "", "", "", "", ""]


def test_a_file_that_is_no_python_is_not_told(tmp_path):
    path = tmp_path / "test_it.md"
    path.write_text(">>> f(1)\n")
    assert told([(str(path), 1, {})], {}) == ""
