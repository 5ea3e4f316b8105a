"""Edits about which characters count."""

import re

import pytest

from samovar.flow import letters
from samovar.flow.grafts import Donors, grafts


def test_marks_are_the_signs_of_the_tests_the_most_frequent_first():
    assert letters.marks(["a'b'c", "it's", "x_y z1"]) == ("'", "_")
    assert letters.marks(["plain words 12"]) == ()
    assert len(letters.marks(["!?.,;:_-+*/()"])) == letters.MARKS


@pytest.mark.parametrize(
    ("text", "signs", "other"),
    [
        (r"[^\w\s]", "'", r"[^'\w\s]"),
        (r"[^\w\s]", "]", r"[^\]\w\s]"),
        (r"[a-z_ ]+", "'", "[a-z ]+"),
        (r"\b\w+\b", "'", r"\b[\w']+\b"),
        (r"\w+", "", "[a-zA-Z0-9]+"),
        (r"[\w]+", "", "[a-zA-Z0-9]+"),
        (" ,.", "!", " ,.!"),
        (" ,.", "!", " ,"),
    ],
)
def test_a_pattern_or_a_set_has_one_sign_more_or_less(text, signs, other):
    assert other in list(letters.others(text, tuple(signs)))


@pytest.mark.parametrize("text", ["plain", "", "x" * 80 + "[a]", "a-b"])
def test_a_text_that_is_neither_stays_as_it_is(text):
    assert list(letters.others(text, ("'",))) == []


@pytest.mark.parametrize("text", [r"[^\w\s]", r"[a-z_ ]+", r"\b\w+\b", "[]'x]", r"[\]a]", "[a^-]"])
def test_every_pattern_that_comes_of_a_pattern_is_one(text):
    for other in letters.others(text, ("'", "]", "-", "^", "\\", "[")):
        re.compile(other)


def test_words_with_an_apostrophe_are_three_edits_away():
    text = "import re\n\ndef f(text):\n    return re.findall(r'\\b\\w+\\b', text)\n"
    donors = Donors(texts=("can't 'can't'", "my_space"))
    for wanted in ("text = text.lower()", "text = text.replace('_', \" \")", r"\b[\w']+\b"):
        made = [v.apply(text) for v in grafts(text, 1, None, donors)]
        [text] = [t for t in made if wanted in t or wanted in t.replace("\\\\", "\\")][:1]
    made: dict = {}
    exec(text, made)
    assert made["f"]("First: DON'T say 'my_space'") == ["first", "don't", "say", "my", "space"]


GIVEN = "def f(text):\n    return g(text)\n"


def test_braces_among_the_signs_are_signs():
    donors = Donors(texts=("{a}", "{{", "}}"))
    made = [v.apply(GIVEN) for v in grafts(GIVEN, 1, None, donors)]
    assert any("text.replace('{', \" \")" in each for each in made)
    assert any("part.strip('}')" in each for each in made)
