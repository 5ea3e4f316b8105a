import ast
import inspect
import random

import pytest

from samovar.models.repetition import cut

ROW = "        [0, 0, 0, 0, 0, 0, 0, 0, 0],\n"


@pytest.mark.parametrize(
    "block",
    [
        "the same sentence again. ",
        "    return value\n",
        "def f(x):\n    if x:\n        return 1\n    return 2\n\n\n",
        "x = " + "long and longer " * 20 + "\n",
        " ",
        "\n",
        "na",
    ],
)
def test_a_block_that_comes_again_and_again_is_cut_to_one_copy(block: str) -> None:
    start = "Here is what you asked for, in full:\n"
    place = cut(start + block * (600 // len(block) + 8))
    assert place is not None
    assert len(start) <= place <= len(start) + 2 * max(len(block), 24)


def test_lines_that_alternate_without_order_are_a_loop_too() -> None:
    draw = random.Random(1)
    lines = ["    a = 1\n", "    b = 2\n", "    c = a + b\n"]
    assert cut("def f():\n" + "".join(draw.choices(lines, k=60))) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "short",
        "x = [\n" + ROW * 9 + "]\n",
        "-" * 79 + "\n",
        "".join(f"    assert add({n}, 1) == {n + 1}\n" for n in range(60)),
        "".join(f"def test_{n}():\n    assert f({n}) == {n * n}\n\n\n" for n in range(30)),
    ],
)
def test_ordinary_code_is_left_alone(text: str) -> None:
    assert cut(text) is None


def test_real_code_is_never_cut() -> None:
    text = inspect.getsource(ast)
    assert all(cut(text[:end]) is None for end in range(0, len(text), 64))


def test_a_loop_of_lines_does_not_take_what_stands_before_it() -> None:
    start = "def a():\n    pass\n\n\ndef b():\n    return 3\n"
    text = start + "    pass\n    more()\n" * 40
    assert text[: cut(text)].startswith(start)
