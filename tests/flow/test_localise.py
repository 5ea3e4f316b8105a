"""Finding the place without asking a model."""

import pytest
from doubles import Memory

from samovar.flow.localise import bm25, is_test, rank, sources, targets
from samovar.flow.source import complaint, defined, parse, shape, symbols, words

FILES = {
    "shop/cart.py": "class Cart:\n    def total(self):\n        return sum(self.prices)\n\n"
    "    def add(self, item):\n        self.items.append(item)\n",
    "shop/dates.py": "def parse_date(text):\n    day, month = text.split('.')\n    return day\n",
    "shop/users.py": "def greet(user):\n    return 'hello ' + user\n",
}


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("The total of a cart ignores discounts on prices", "Cart.total"),
        ("`parse_date` fails on american dates", "parse_date"),
        ("say hello to the user politely", "greet"),
        (">>> Cart().add(3)\nraises AttributeError", "Cart.add"),
    ],
)
def test_the_right_function_comes_first(task, name):
    assert rank(task, FILES)[0][1].name == name


def test_what_the_failure_reached_comes_first():
    ranked = rank("The total is wrong", FILES, {"shop/dates.py": {2: 1, 3: 1}})
    assert ranked[0][1].name == "parse_date"
    first = targets(ranked, 1, 1200)[0]
    assert (first.path, first.symbol, first.first, first.last) == (
        "shop/dates.py",
        "parse_date",
        1,
        3,
    )


def test_lines_that_run_when_a_function_is_defined_do_not_count_as_reached():
    text = "@mark(\n    1,\n)\ndef parse_date(\n    text=None,\n):\n    return text.split('.')\n"
    files = {"dates.py": text + "\n\ndef greet(user):\n    return user\n"}
    ranked = rank("`parse_date` fails", files, {"dates.py": {1: 1, 2: 1, 4: 1, 5: 1, 11: 1}})
    assert [s.name for _, s in ranked] == ["greet", "parse_date"]
    ranked = rank("`parse_date` fails", files, {"dates.py": {7: 1, 11: 1}})
    assert [s.name for _, s in ranked] == ["parse_date", "greet"]


def test_no_functions_and_no_words_give_no_places():
    assert rank("task", {}) == []
    assert bm25(["a"], []) == []
    assert bm25([], [["a"]]) == [0.0]


def test_tests_and_files_that_are_not_text_are_no_sources():
    tree = Memory({"a.py": "x", "tests/b.py": "y", "test_c.py": "", "docs/d.py": "", "e.py": "\0"})
    assert sources(tree) == {"a.py": "x"}


@pytest.mark.parametrize(
    ("path", "test"),
    [
        ("tests/a.py", True),
        ("a_test.go", True),
        ("src/contest.py", False),
        ("conftest.py", True),
        ("shop/tests.py", True),
        ("test.py", True),
        ("shop/contests.py", False),
        ("src/testing/x.py", True),
        ("latest.py", False),
    ],
)
def test_tests_are_told_by_their_path(path, test):
    assert is_test(path) is test


def test_symbols_stand_where_python_sees_them():
    text = "s = '\x0c'\n\n@a\n@b\ndef f():\n    return 1\n\nclass C:\n    x = 1\n"
    found = {s.name: s for s in symbols("a.py", text)}
    assert (found["f"].first, found["f"].last) == (3, 6)
    assert found["f"].text.startswith("@a\n@b\ndef f")
    assert set(found) == {"f", "C"}


def test_shapes_are_alike_where_only_the_layout_differs():
    assert shape("x=1 # a\n") == shape("x = 1\n")
    assert shape("x = 1") != shape("x = 2")
    assert shape("no python at") == shape("no  python\nat")
    long = "x = " + " + ".join(["1"] * 3000)
    assert shape(long) == shape(long)


def test_names_of_a_file():
    assert defined("A = 1\ndef f(): ...\nclass B: ...\nasync def g(): ...\n") == set("ABfg")
    assert words("parseDate HTTPServer x") == [
        "parsedate",
        "parse",
        "date",
        "httpserver",
        "http",
        "server",
    ]


def test_untidy_code_is_read_without_a_warning():
    assert parse("x = '\\d'\n") is not None
    assert complaint("x = 1 is 1\n") is None


def test_the_method_behind_an_operator_that_the_task_names_comes_first():
    text = "class Bag:\n"
    for name in ("__add__", "__iadd__", "__len__", "put"):
        text += f"    def {name}(self, other=None):\n        return self.items\n\n"
    first = [
        rank(f"{said} on a `Bag` is wrong", {"bag.py": text})[0][1] for said in ("`+=`", "`len()`")
    ]
    assert [s.name for s in first] == ["Bag.__iadd__", "Bag.__len__"]
