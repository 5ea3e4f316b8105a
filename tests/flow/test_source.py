"""Reading Python source."""

import ast
from pathlib import Path

import pytest

from samovar.flow.source import bodiless, complaint, symbols


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f(a):\n    return a\n", "def f(a):\n    pass\n"),
        ('def f():\n    """Why."""\n    return 1\n', 'def f():\n    """Why."""\n    pass\n'),
        ("def f(): return 1\n", "def f(): return 1\n"),
        (
            "async def f():\n    def g():\n        return 1\n    return g\n",
            "async def f():\n    pass\n",
        ),
        ("def f():\n    @a\n    def g(): ...\n    return g\n", "def f():\n    pass\n"),
        (
            "class A:\n    x = 1\n\n    def f(self):\n        self.y = 2\n\nA()\n",
            "class A:\n    x = 1\n\n    def f(self):\n        pass\n\nA()\n",
        ),
        ("no python at all\n", "no python at all\n"),
    ],
)
def test_code_without_what_its_functions_do(before, after):
    assert bodiless(before) == after


def test_a_byte_order_mark_is_no_part_of_the_code():
    code = "def f():\n    return 1\n"
    assert [s.text for s in symbols("a.py", f"\ufeff{code}")] == [code]
    assert complaint(f"\ufeff{code}") is None
    assert complaint(f"\n\ufeff{code}") is not None, "Python passes over it at the top only"


def test_every_file_of_the_standard_library_is_still_python():
    files = sorted(Path(ast.__file__).parent.glob("*.py"))
    for file in files:
        ast.parse(bodiless(file.read_text(encoding="utf-8")))
    assert len(files) > 100
