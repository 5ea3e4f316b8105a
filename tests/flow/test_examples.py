"""Only what stands in the task counts as an example."""

import pytest
from doubles import WRONG, answering, kit, opened

from samovar.core.state import replay
from samovar.flow.asserts import grounded
from samovar.flow.examples import (
    _homes,
    asserted,
    broken,
    crashing,
    doctests,
    find,
    refused,
    stated,
)

NEAR = {"slug": "from shop.cart import slug"}
MIDDLE = {"middle": "from middle import middle"}
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


@pytest.mark.parametrize(("between", "count"), [(40, 1), (400, 0)])
def test_values_from_far_apart_are_no_example(between, count):
    task = f"slug of 'One' is short. {'word ' * between} It gives 'one-and-only'."
    assert len(grounded('assert slug("One") == "one-and-only"\n', task, NEAR)) == count


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


OUTPUT = """The tests said of the code as it is now:

    def test_two_words(self):
>       self.assertEqual(slug("Two Words"), "two-words")
E       AssertionError: 'two words' != 'two-words'

test_slug.py:7: AssertionError
    def test_long(self):
        given = "x"
>       self.assertEqual(
            slug("A (very) long text"),
            "a-very-long-text",
        )
>       self.assertTrue(slug("x"))
>       self.assertFalse(slug(""))
>       assert slug("B") in ("b", "bb"), "why"
>       self.assertEqual(slug(given), "x")
>       self.assertEqual(other(1), 2)
>       self.assertRaises(ValueError, slug, 3)
>       assert 1 == 2
E       assert 3 == 4
>       assert slug(
"""


def test_assertions_that_a_task_quotes_become_checks():
    found = asserted(OUTPUT, NEAR)
    assert [f.split("\n")[1] for f in found] == [
        "assert slug('Two Words') == 'two-words'",
        "assert slug('A (very) long text') == 'a-very-long-text'",
        "assert slug('x') == True",
        "assert slug('') == False",
        "assert slug('B') in ('b', 'bb'), 'why'",
    ]
    assert all(f.startswith("from shop.cart import slug\n") for f in found)


@pytest.mark.parametrize(
    ("said", "own"),
    [("NameError: x", True), ("ImportError: y", True), ("AssertionError: 3", False)],
)
def test_an_example_that_fails_for_its_own_reason_is_told(said, own):
    assert broken(said) is own


@pytest.mark.parametrize(
    ("text", "checks"),
    [
        ("`middle([])` is 0; it must raise `ValueError`.", 1),
        ("`middle([])` gives 0. Such lists should be refused with ValueError.", 1),
        ("`middle.middle([])` gives 0: must raise `ValueError`", 1),
        ("`middle([])` raises ValueError; it should be None.", 0),
        ("`middle([1])` is 1, but `middle([])` must raise ValueError", 0),
        ("`middle([])` must not raise ValueError", 0),
        ("`middle([])` should return 0 where it raises ValueError now", 0),
        ("`middle(values)` is 0; it must raise `ValueError`.", 0),
        ("`other([])` is 0; it must raise `ValueError`.", 0),
        ("`middle([])` is 0; it must raise Cain.", 0),
        ("it must raise ValueError", 0),
    ],
)
def test_a_call_that_the_task_wants_refused_becomes_a_check(text, checks):
    found = refused(text, MIDDLE)
    assert len(found) == checks
    assert all("except ValueError" in f and "middle([])" in f for f in found)


def test_a_model_that_compares_with_an_exception_means_that_it_is_raised():
    task = "`middle(7)` must raise `ValueError`"
    [check] = grounded("assert middle(7) == ValueError\n", task, MIDDLE)
    body = check.split("\n", 1)[1]
    exec(body, {"middle": lambda v: int("no number")})
    with pytest.raises(AssertionError, match="raises no ValueError"):
        exec(body, {"middle": lambda v: 0})


def test_an_import_of_the_standard_library_that_a_model_forgot_is_added():
    block = "import json\nassert middle(copy.copy(Fraction(1, 2))) == json.loads('7')\n"
    [check] = grounded(block, "middle of 1, 2 is '7'", MIDDLE)
    assert check.startswith(
        "import copy\nfrom fractions import Fraction\nfrom middle import middle\n"
    )


def test_constants_of_json_that_a_task_quotes_are_those_of_python():
    block = "assert middle([1, [null, 2]], true) == [1, 2]\n"
    [check] = grounded(block, "`[1, [null, 2]]` gives `[1, 2]`", MIDDLE)
    assert "middle([1, [None, 2]], True)" in check
    [check] = grounded("null = 3\nassert middle(null) == 7\n", "3 gives 7", MIDDLE)
    assert "null = 3\nassert middle(null) == 7" in check


def test_only_the_set_up_that_a_check_stands_on_comes_with_it():
    block = (
        "import os\nos.chdir('nowhere')\nx = [3]\nx.append(7)\ny = x\nz = 1\nprint(z)\n"
        "assert middle(y) == 7\n"
    )
    [check] = grounded(block, "the middle of 3 is 7", MIDDLE)
    assert (
        check == "from middle import middle\nx = [3]\nx.append(7)\ny = x\nassert middle(y) == 7\n"
    )


def test_the_values_of_the_set_up_must_stand_in_the_task_too():
    task = "`omd = OMD([('a', 1), ('a', 2)])`: `copy.copy(omd) == omd` is False"
    block = "omd = middle([('a', 1), ('a', {})])\nassert copy.copy(omd) == omd\n"
    assert [len(grounded(block.format(n), task, MIDDLE)) for n in (2, 3)] == [1, 0]


@pytest.mark.parametrize(
    ("set_up", "kept"),
    [
        ("c = middle()\nr = c.get(1)\nassert c.misses(1) == 1\n", "r = c.get(1)"),
        ("q = middle()\nfor k in [1]:\n    q.add(k)\nassert q.size(1) == 1\n", "q.add(k)"),
    ],
)
def test_set_up_that_changes_what_is_used_is_kept(set_up, kept):
    [check] = grounded(set_up, "middle: 1 for 1", MIDDLE)
    assert kept in check


def test_a_placeholder_is_no_module():
    [check] = grounded("assert middle(string) == 'x'\n", "middle(string) is 'x'", MIDDLE)
    assert "import string" not in check


def test_that_a_result_is_no_exception_says_nothing_of_raising():
    [check] = grounded("assert middle(7) != ValueError\n", "middle(7): no ValueError", MIDDLE)
    assert "except" not in check


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("`middle([None])` raises TypeError", "middle([None])"),
        ('`middle.middle().of("\'")` crashes', 'middle().of("\'")'),
        ("`middle(values)` crashes", ""),
        ("`middle([None])` is None", ""),
        ("`middle([])` raises TypeError; it must raise ValueError", ""),
    ],
)
def test_a_call_that_crashes_must_end(text, call):
    found = crashing(text, MIDDLE)
    assert found == ([f"from middle import middle\n{call}\n"] if call else [])


def test_a_list_may_come_as_an_iterator():
    [check] = grounded("assert middle([1, 2]) == [2, 1]\n", "middle([1, 2]) is [2, 1]", MIDDLE)
    body = check.split("\n", 1)[1]
    exec(body, {"middle": reversed})
    exec(body, {"middle": lambda values: values[::-1]})
    with pytest.raises(AssertionError):
        exec(body, {"middle": iter})


def test_a_function_that_a_model_writes_anew_in_its_script_is_not_what_is_checked():
    block = "def middle(v):\n    return 7\n\nassert middle(3) == 7\n"
    [check] = grounded(block, "the middle of 3 is 7", MIDDLE)
    assert check == "from middle import middle\nassert middle(3) == 7\n"


def test_what_the_tests_print_is_no_example():
    block = "assert middle(3) == [1, 2]\n"
    task = "middle of 3.\nE   AssertionError: [3] != [1, 2]\nE   assert [1, 2]"
    assert grounded(block, task, MIDDLE) == []
    assert len(grounded(block, "middle of 3 is [1, 2]", MIDDLE)) == 1


@pytest.mark.parametrize(("task", "own"), [("they append it", True), ("call `append`", False)])
def test_a_method_that_the_task_does_not_show_makes_an_example_wrong(task, own):
    said = "AttributeError: 'Buffer' object has no attribute 'append'"
    assert broken(said, "b.append(3)", task) is own
    assert broken(said, "b.read()", task) is False


def test_an_error_that_a_program_is_to_report_makes_no_example_broken():
    assert not broken("assert run('1 +') == 'SyntaxError: end'\nassert 'no' == 'SyntaxError: end'")
    assert broken("got = slug(1)\nNameError: name 'slug' is not defined")


def test_a_name_that_another_file_defines_is_no_forgotten_one_of_the_standard_library():
    files = {"middle.py": WRONG, "kinds.py": "class Any:\n    pass\n\n\nclass Other:\n    pass\n"}
    block = "from middle import middle\nassert middle(Any(1)) == Optional\n"
    homes = _homes(kit(answering(), files=files), [], block)
    assert homes == {"Any": "from kinds import Any", **MIDDLE}
    [check] = grounded("assert middle(Any(1)) == 7\n", "`middle(Any(1))` is 7", homes)
    assert "from kinds import Any\n" in check and "typing" not in check


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("`slug('A')` gives 'A'; it should be 'a'.", "assert (slug('A')) == 'a'"),
        ("`slug('A')` raises `IndexError`; expected is `'a'`.", "assert (slug('A')) == 'a'"),
        ("`slug('A')` should return ['a'], not None", "assert (slug('A')) == ['a']"),
        (
            "Wrong:\n\n    x = ['A']; x.pop()\n    slug(x)  # -> 3, expected 4\n",
            "x = ['A']; x.pop()\nassert (slug(x)) == 4",
        ),
        (
            ">>> slug('A')  # expected 'a'\n",
            "assert (slug('A')) == 'a'",
        ),
        ("`slug('A')` is right, `'B'` should be 3.", None),
        ("`slug('A')` fails. The second word of it should be 3.", None),
        ("`slug('A')` fails; it should be as long as before.", None),
        ("`slug('A')` and `slug('B')`: it should be 'b'", "assert (slug('B')) == 'b'"),
        ("`slug` should be 'b'", None),
        ("`slug('A')` should be `other`", None),
        ("`slug('A')` should be `NotImplemented`", "assert (slug('A')) == NotImplemented"),
    ],
)
def test_what_a_task_says_in_plain_words_is_an_example(text, script):
    assert next(stated(text), None) == script


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It must be that `slug('A') == 'a'`.", ["assert slug('A') == 'a'"]),
        ("`slug('A') == 'a'` is False today", []),
        ("`slug('A') == other`", []),
        ("`nobody('A') == 'a'`", []),
    ],
)
def test_a_comparison_that_a_task_states_is_a_check(text, found):
    assert [check.splitlines()[-1] for check in asserted(text, NEAR)] == found


def test_what_no_python_is_leaves_the_rest_of_a_script():
    block = "assert slug(]\nassert slug('A') == 'a'\nassert slug('B') == 'b"
    [check] = grounded(block, "`slug('A')` is 'a', `slug('B')` is 'b'", NEAR)
    assert check.endswith("assert slug('A') == 'a'\n")


def test_a_call_that_the_task_shows_comes_before_one_that_a_model_made_up():
    block = "assert slug('A') == 'a'\nassert slug('a', 'A') == 'a'\nassert slug('A') == 'A'\n"
    [check] = grounded(block, "`slug('A')` is 'a'", NEAR)
    assert check.endswith("assert slug('A') == 'a'\n")


def test_checks_in_a_test_and_calls_that_must_raise_are_read():
    block = (
        "from unittest import raises\n\nclass TestIt:\n    def test_it(self):\n"
        "        x = ['A']\n        self.assertEqual(slug(x), 3)\n"
        "        with raises(ValueError):\n            slug(x, 3)\n"
    )
    task = "x = ['A']: `slug(x)` is 3, and `slug(x, 3)` must raise `ValueError`"
    equal, refusal = grounded(block, task, NEAR)
    assert equal == "from shop.cart import slug\nx = ['A']\nassert slug(x) == 3\n"
    assert "try:\n    slug(x, 3)\nexcept ValueError:" in refusal
    assert grounded(block, task.replace("slug(x, 3)", "slug(x, 4)"), NEAR) == [equal]


def test_what_a_task_defines_comes_along_and_the_projects_names_come_from_the_project():
    block = (
        "from nowhere import slug\nassert slug(Thing('A')) == 'a'\nassert cart.slug('B') == 'b'\n"
    )
    task = "`slug(Thing('A'))` is 'a', `cart.slug('B')` is 'b'"
    lent = "class Thing(str):\n    pass\n"
    first, second = grounded(block, task, NEAR, lent)
    assert first.startswith("from shop.cart import slug\nclass Thing(str):\n    pass\n")
    assert second == "from shop.cart import slug\nassert slug('B') == 'b'\n"


def test_signs_told_by_their_numbers_are_the_same_signs():
    task = r"`slug('\\u30b3')` should be `'\\u30b3x'`"
    [check] = grounded("assert slug('\u30b3') == '\u30b3x'\n", task.replace("\\\\", "\\"), NEAR)
    assert "\u30b3" in check


TEXT = """`middle.search('two(a)', data)` gives 3, but `middle.search('two(c)', data)` fails:

    OddTypeError: In function two(), invalid type for value: None, expected one of: ['string',
    OddTypeError: 'array', 'object', 'null'], received: "null", which it should have taken as well

It received null and null is in the list. The result should be 0.
"""


@pytest.mark.parametrize(
    ("text", "check"),
    [
        (TEXT, "assert (middle.search('two(c)', data)) == 0"),
        (
            "    middle.render(a=2)\n\nraises. Expected output is `01`.",
            "middle.render(a=2)) == '01'",
        ),
        ("`middle(2)` is wrong, it should be `01`.", ""),
    ],
)
def test_what_a_failed_call_printed_does_not_part_it_from_what_is_expected(text, check):
    found = list(stated(text))
    assert [check in f for f in found] == ([True] if check else [])


BAG = """class Bag:
    def __init__(self, *items):
        self.items = list(items)

    def __iadd__(self, other):
        self.items += other.items
        return self
"""


@pytest.mark.parametrize(
    ("wish", "checks"),
    [
        ("I would expect a `TypeError`.", ["except TypeError"] * 2),
        ("It should work.", ["b += [1]", "b += 1"]),
        ("That is a `KeyError`, it should work.", ["b += [1]", "b += 1"]),
    ],
)
async def test_a_session_that_fails_as_the_task_says_is_a_check(wish, checks):
    text = "In place of a bag:\n\n    >>> b = mi.Bag(1)\n    >>> b += mi.Bag(2)\n"
    for other in ("[1]", "1"):
        text += f"    >>> b += {other}\n    AttributeError: 'x' object has no attribute 'items'\n"
    used = kit(answering("nothing"), {"middle.py": BAG})
    found, _ = await find(used, replay([opened(text=text + wish)]), [])
    assert len(found) == 2
    for program, check in zip(found, checks, strict=True):
        assert check in program and program.startswith("from middle import Bag\nb = Bag(1)\nb += ")
    gone = kit(answering("nothing"), {"middle.py": BAG.replace("other.items", "[other]")})
    assert (await find(gone, replay([opened(text=text + wish)]), []))[0] == ()


def test_what_a_script_takes_from_the_task_finds_the_projects_names_too():
    lent = "class Own(parts.Base):\n    pass\n\ndata = shop.cart.make(Own)\n"
    homes = {"Base": "from shop.parts import Base", "make": "from shop.cart import make"}
    text = "`make(data)` gives 7, it should be 3"
    [check] = grounded("assert (make(data)) == 3", text, homes, lent)
    assert "class Own(Base):" in check and "data = make(Own)" in check
    assert check.startswith("from shop.parts import Base\nfrom shop.cart import make\n")


def test_a_block_of_lines_may_come_without_what_is_around_it():
    block = 'assert middle(3) == """\n+---+\n| 3 |\n+---+\n"""\n'
    [check] = grounded(block, "middle(3) draws\n\n+---+\n| 3 |\n+---+\n", MIDDLE)
    body = check.split("\n", 1)[1]
    for good in ("+---+\n| 3 |\n+---+", "+---+\n| 3 |\n+---+\n"):
        exec(body, {"middle": lambda _, good=good: good})
    with pytest.raises(AssertionError):
        exec(body, {"middle": lambda _: "+---+\n|   |\n+---+"})


def test_a_doctest_that_names_the_module_finds_the_function():
    homes = {"middle": "from middle.core import middle"}
    [check] = doctests(">>> middle.middle(3)\n7\n", homes)
    assert check.startswith("from middle.core import middle\ngot = middle(3)\n")
