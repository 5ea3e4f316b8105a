"""An example stands in the task, or is put together from its pieces."""

import ast

import pytest

from samovar.flow.grounding import shown, stands


def holds(test: str, task: str) -> bool:
    return stands([ast.parse(test, mode="eval").body], task)


@pytest.mark.parametrize(
    ("test", "task"),
    [
        ("f('Two  words') == 'two-words'", "f('Two\nwords') gives 'two-words'"),
        ("f(1000000) == 0.5", "1_000_000 -> 0.5; 1,000,000 is not less"),
        ("f('a\\nb') == 'c'", r"`a\nb` -> `c`"),
        ("f('a\\x1bb') == 'c'", r"`f('a\x1bb')` -> `c`"),
        ("f([1, None]) == [1]", "[1, null] becomes [1]"),
        ("f(3) == [1, 2, 3]", "of 3: 1, 2, 3"),
        ("f(3) == (1, 2)", "for 3 the point at `[1, 2]`"),
        ("f(2) == ['1*2', '*33']", "2:\n\n```\n1*2\n*33\n```\n"),
        ("f(3) == {'row': 1}", 'f(3) == {"row": 1}'),
        ("f(3) == []", "nothing for 3"),
        ("f(3) is None", "f(3) is nothing"),
        ("f([]) == []", "`f([])` returns `[]`"),
        ("f('') == 'x'", "an empty text gives 'x'"),
        ("f(3) == [1, 2, 3]", "f(3) gives 1, 2, 3 and no more"),
        ("f(3) == 12.5", "f(3) is 12.50"),
        ("f(3) == -5", "f(3) is -5"),
        ("f(3) == b'ab'", 'f(3) is b"ab"'),
        ("f(1234567) == 8", "1,234,567 gives 8"),
        ("f([2, 1]) == [1, 2]", "f([2, 1]) gives [1, 2]"),
        ("f([1, 2]) == [1, 2]", "`[1, 2]` stays `[1, 2]`"),
        ("f(3) == True", "3 returns true"),
        ("f(3) is False", "f(3) is True, it should not"),
        ("f(3) == True", "say whether 3 is odd"),
        ("is_odd(3) == True", "3 is odd"),
        ("isinstance(f(3), int)", "3 in, a number out"),
        ("f(3) == 'fizz'", "3 -> fizz"),
        ("f(3) == 'fizz'", "For 3 it is `fizz`"),
        ("f(3) == 'fizz'", "3:\n\nfizz\n"),
        ("'fizz' == f(3)", "3 gives fizz"),
        ("f(3) == g(3, 3, 3)", "f of 3 is g of 3, 3, 3 and 3"),
    ],
)
def test_an_example_that_a_task_gives_stands(test, task):
    assert holds(test, task)


@pytest.mark.parametrize(
    ("test", "task"),
    [
        ("f(5, 5) == g(5, 5)", "f of 5 and 6, not g of 5"),
        ("f([]) == []", "a function of no use"),
        ("f(3) == []", "f(3) is short"),
        ("f(3) is None", "f(3) is short"),
        ("f(3) == -5", "f(3) is 5"),
        ("f(12) == 5", "f(1,2) is 5"),
        ("f(3) == [1, 2, 3]", "of 3: 1, 2, 3.5"),
        ("f([1, 2]) == [1, 2]", "f([1, 2]) gives [2, 1]"),
        ("f(8) == 80", "f(18) is 80"),
        ("f(8) == 80", "f(8) is 80.5"),
        ("f('an') == 80", "f('banana') is 80"),
        ("f(3) == [(2, 1)]", "for 3 the point at [2, 1]"),
        ("f(3) == [1, 2]", "of 3: 1, 2, 3"),
        ("f(3) == [1, 6]", "of 3: [1, 2, 6]"),
        ("f(3) == (9, 1)", "3:\n\n9 x\n1 y\n"),
        ("f(3) == True", "none of 3 is true"),
        ("not f(3)", "3 is odd"),
        ("f(3) == 'equal'", "3 is equal to 4"),
        ("'fizz' == 3", "3 gives 'fizz'"),
    ],
)
def test_an_example_put_together_from_pieces_does_not(test, task):
    assert not holds(test, task)


def test_a_result_kept_in_a_variable_is_looked_at_too():
    [kept, test] = ast.parse("wanted = [1, 6]\nf(3) == wanted\n").body
    assert not stands([kept, test.value], "of 3: [1, 2, 6]")
    assert stands([kept, test.value], "of 3: [1, 6]")


def test_a_long_input_and_its_result_stand_together():
    assert holds(f"f('{'long ' * 200}end') == 80", f"f('{'long ' * 200}end') is 80")


@pytest.mark.timeout(10)
def test_a_hostile_task_takes_no_time():
    assert not holds("f(3) == 'fizz'", "f(3) is fizz" + "\n" * 1_000_000)
    assert not holds("f(1) == 2", "1 " * 20_000 + " " * 1000 + "2 " * 20_000)


@pytest.mark.parametrize(
    ("task", "code"),
    [
        ("call `append`", True),
        ("append(3)", True),
        ("b.append", True),
        ("they append it", False),
        ("appendix(3)", False),
    ],
)
def test_a_name_is_shown_as_code(task, code):
    assert shown("append", task) is code
