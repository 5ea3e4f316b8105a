"""Several values moved at once."""

import ast

import pytest

from samovar.flow.variants import variants


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f(i, j):\n    return {'row': i, 'column': j}\n", "{'row': i + 1, 'column': j + 1}"),
        ("def f(i, j):\n    return {'row': i, 'column': j}\n", "{'row': i + 1, 'column': j}"),
        ("def f(i, é):\n    return g('é', i, to=é)\n", "g('é', i - 1, to=é - 1)"),
        ("def f(i, j):\n    return [(i,\n        j)]\n", "[(i + 1, j + 1)]"),
        ("def f(x):\n    return list(enumerate(x))\n", "list(enumerate(x, 1))"),
        ("def f(n):\n    return sum(range(n))\n", "sum(range(1, n + 1))"),
        ("def f(n):\n    return f'{n}'\n", "f'{n + 1}'"),
        ("def f(c, n):\n    return c * n\n", "c * (n or 1)"),
        ("def f(n):\n    return str(n)\n", "str(n) if n > 1 else ''"),
        ("def f(c):\n    return c.isalpha()\n", "c.isalnum()"),
        ("def f(c, d):\n    return c.index(d)\n", "c.find(d)"),
    ],
)
def test_it_is_one_edit_away(before, after):
    made = [v.apply(before) for v in variants(before)]
    said = {ast.unparse(ast.parse(each).body[0].body[-1].value) for each in made}
    assert ast.unparse(ast.parse(after, mode="eval")) in said


def test_one_name_alone_has_no_twin():
    made = [v.text for v in variants("def f(i):\n    return {'row': i, 'column': 2}\n")]
    assert "{'row': i + 1, 'column': 2}" not in made
