"""Noticing circles."""

from collections.abc import Sequence

import pytest

from samovar.core.stuck import find
from samovar.core.talk import Item, Looked, Replied, Used
from samovar.core.tool import Call, Returned, Said


def act(tool: str, text: str = "same", *, ok: bool = True, **arguments: object) -> Used:
    return Used(result=Returned(call=Call(tool, dict(arguments)), text=text, ok=ok))


def answer(text: str, *, complaint: str = "") -> Replied:
    return Replied(text=text, said=Said("" if complaint else text), complaint=complaint)


CIRCLES: dict[str, Sequence[Item]] = {
    "3 times": [act("read", p=1), act("read", p=1), act("read", p=1)],
    "3 times with": [act("read", p=1, q=2), act("read", q=2, p=1), act("read", p=1, q=2)],
    "3 times with the same": [act("run", f"ok in 0.{n} s at 0x7f{n}") for n in range(3)],
    "back and forth": [act("a"), act("b"), act("a"), act("b")],
    "same error came": [
        act("a", "no", ok=False),
        act("b", "no", ok=False),
        act("a", "NO", ok=False),
    ],
    "no usable call": [answer(t, complaint="no") for t in ("x", "y", "z")],
    "were the same": [answer("I am thinking.")] * 3,
}


@pytest.mark.parametrize(("said", "items"), CIRCLES.items())
def test_a_circle_is_named(said, items):
    assert said in find(items)
    assert said in find([act("before"), *items])
    assert find(items[:-1]) == ""


@pytest.mark.parametrize(
    "items",
    [
        [],
        [act("read", p=n) for n in range(9)],
        [act("run", f"{n} failed") for n in range(9)],
        [act("a", "no", ok=False), act("b", "other", ok=False), act("c", "no", ok=False)],
        [act("a"), act("b"), act("a"), act("c")],
        [act("edit", "1"), act("test", "red"), act("edit", "2"), act("test", "red")],
        [answer("x", complaint="no"), answer("fine"), answer("y", complaint="no")],
        [act("a"), act("a"), Looked(), act("b"), act("a")],
    ],
)
def test_progress_is_no_circle(items):
    assert find(items) == ""
