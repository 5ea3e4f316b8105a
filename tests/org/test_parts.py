"""What a person lists becomes tasks of their own; lists that tell of something do not."""

import pytest

from samovar.org.parts import LISTED, parts


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Please:\n- fix a\n- write b\n", ["fix a", "write b"]),
        ("1. fix a\n   with x\n   - a detail\n\n2) document\nit well",
         ["fix a\n   with x\n   - a detail", "document\nit well"]),
        ("* a\n```\n- code\n```\n* b", ["a\n```\n- code\n```", "b"]),
        ("For 1.2:\n\n- a\n- b", ["a", "b"]),
    ],
)  # fmt: skip
def test_a_task_that_is_a_list_is_its_items(text: str, found: list[str]) -> None:
    assert list(parts(text)) == found


@pytest.mark.parametrize(
    "text",
    [
        "Add a --version option",
        "- only one",
        "Steps to reproduce:\n1. open it\n2. click",
        "It crashes:\n- open it\n- click\n\nExpected: no crash",
        "It crashes. What I did:\n\nthis\n- open it\n- click",
        "Mend this:\n```\n- a\n- b\n```",
        "Such as\n- a\n- b",
        "- a\n" * (LISTED + 1),
        "-a\n-b",
        "  - a\n  - b",
    ],
)
def test_any_other_task_is_one(text: str) -> None:
    assert parts(text) == (text.strip(),)
