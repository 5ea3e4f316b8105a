"""Long docstrings are not shown, and come back."""

from textwrap import indent

import pytest

from samovar.flow.docstrings import restored, short

LONG = '''\
@cached
def area(width, height=1):
    """Return the area
    of a rectangle.

    >>> area(2, 3)
    6
    """
    return width + height
'''
SHORT = '''\
@cached
def area(width, height=1):
    """Return the area of a rectangle."""
    return width + height
'''
RIGHT = LONG.replace("+", "*")


def test_the_first_paragraph_stands_for_a_long_docstring():
    assert short(LONG) == SHORT
    assert short(indent(LONG, "    ")) == indent(SHORT, "    ")


@pytest.mark.parametrize(
    "answer",
    [
        SHORT.replace("+", "*"),
        RIGHT,
        RIGHT.replace("Return the area\n", "Something else\n"),
        "@cached\ndef area(width, height=1):\n    return width * height\n",
    ],
)
def test_whatever_the_answer_says_the_docstring_is_the_one_before(answer):
    assert restored(answer, LONG) == RIGHT
    assert restored(indent(answer, "    "), indent(LONG, "    ")) == indent(RIGHT, "    ")


def test_a_docstring_stands_as_far_in_as_the_code_of_the_answer():
    answer = "@cached\ndef area(width, height=1):\n  return width * height\n"
    compile(restored(answer, LONG).removeprefix("@cached\n"), "answer", "exec")


def test_every_method_of_a_class_gets_its_own_back():
    method = indent(LONG, "    ")
    old = f"class Shape:\n{method}\n{method.replace('area', 'size')}"
    assert short(old).count("Return the area of a rectangle.") == 1
    assert restored(short(old), old) == old


def test_a_docstring_before_a_decorated_function_stays_before_its_decorator():
    inner = "    @wraps(area)\n    def wrapper():\n        return 1\n    return wrapper\n"
    old = LONG.replace("    return width + height\n", inner)
    new = SHORT.replace('    """Return the area of a rectangle."""\n', "").replace(
        "    return width + height\n", inner
    )
    assert restored(new, old) == old


def test_of_two_functions_with_one_name_each_keeps_its_own():
    plain = "def area():\n    return 1\n"
    assert restored(plain + SHORT, plain + LONG) == plain + LONG


def test_a_paragraph_that_ends_in_a_quote_leaves_python():
    code = 'def f():\n    """Say "hi"\n\n    a\n    b\n    """\n    return 1\n'
    compile(short(code), "short", "exec")


@pytest.mark.parametrize(
    "code",
    [
        "def f(a,\n      b): return a\n",
        SHORT,
        "not python (",
        "",
        "def one(): return 1\n",
        "x = 1\n",
        'def f(): """a"""\n',
    ],
)
def test_what_has_no_long_docstring_stays(code):
    assert short(code) == code
    assert restored(code, code) == code
    assert restored(code, SHORT) == code


def test_quotes_and_backslashes_of_the_first_paragraph_leave_it_readable():
    code = 'def f():\n    r"""A \\d \'\'\' b "" c\n\n    more\n    more\n    """\n    return 1\n'
    compile(short(code), "short", "exec")
    assert restored(short(code), code) == code
