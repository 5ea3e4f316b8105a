"""Commit messages that keep the rules, whatever the words they are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.core.errors import ToolError
from samovar.core.event import RUN
from samovar.flow import commits


@pytest.mark.parametrize(
    ("paths", "text", "kind"),
    [
        (["src/a.py"], "Fix the crash when the list is empty", "fix"),
        (["src/a.py"], "the total is wrong for negative numbers", "fix"),
        (["src/a.py"], "parse('') raises IndexError; it should return an empty list", "fix"),
        (["src/a.py"], "median of an empty list throws StatisticsError", "fix"),
        (["src/a.py"], "parse('') wirft IndexError, soll [] liefern", "fix"),
        (["src/a.py"], "median([1, 2, 3, 4]) returns 2 instead of 2.5", "fix"),
        (["src/a.py"], "The names should be sorted", "fix"),
        (["src/a.py"], "Add a --json switch", "feat"),
        (["src/a.py"], "There should be a --json switch", "feat"),
        (["src/a.py"], "Write `half`; it raises ValueError above 64", "feat"),
        (["src/a.py"], "Use httpx instead of requests", "feat"),
        (["src/a.py", "tests/test_a.py"], "count words", "feat"),
        (["README.md", "docs/x.rst"], "fix a typo", "docs"),
        (["tests/test_a.py", "conftest.py"], "cover the empty list", "test"),
        (["shop/tests.py"], "cover the empty cart", "test"),
        ([".github/workflows/ci.yml"], "run on 3.13", "ci"),
        (["pyproject.toml"], "allow click 9", "build"),
        ([], "anything", "feat"),
    ],
)
def test_the_type_comes_from_the_paths_then_from_the_words(paths, text, kind):
    assert commits.kind(paths, text) == kind


def test_a_message_has_subject_body_and_trailers():
    message = commits.compose(
        "Greet people by their name.",
        paths=["src/app.py"],
        body="The name comes from the command line. " * 4
        + "\n\n- one point\n- another "
        + "x " * 50,
        trailers={RUN: "r1", "Samovar-Proof": "project tests, 12 passed"},
    )
    subject, body, *_ = message.split("\n\n")
    assert subject == "feat: greet people by their name"
    assert all(len(line) <= 72 for line in message.splitlines())
    assert "\n- one point\n- another x" in message
    assert message.endswith("\n\nSamovar-Run: r1\nSamovar-Proof: project tests, 12 passed\n")
    assert body.startswith("The name comes")


def test_a_type_that_is_given_is_kept_and_an_unknown_one_is_words():
    say = commits.compose
    assert say("refactor(cli)!: Move it", paths=["a.py"]).startswith("refactor(cli)!: move it\n")
    assert say("wibble: what", paths=["a.py"]) == "feat: wibble: what\n"
    assert say("HTTP errors are shown", paths=["a.py"]) == "feat: HTTP errors are shown\n"


def test_a_long_subject_is_cut_at_a_word():
    message = commits.compose("word " * 40, paths=["a.py"])
    assert len(message.splitlines()[0]) <= 72 and message.splitlines()[0].endswith(" word")


def test_a_message_cannot_forge_a_trailer_by_its_values():
    message = commits.compose("x", paths=[], trailers={"Samovar-Run": "r1\nSamovar-Proof: all"})
    assert not [row for row in message.splitlines() if row.startswith("Samovar-Proof")]


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("no type here", "type: what"),
        ("wibble: x", "type: what"),
        ("fix:", "type: what"),
        ("fix: " + "x" * 70, "more than 72"),
        ("fix: x.", "full stop"),
        ("fix: x\nbody", "blank line"),
        ("fix: x\n\n" + "word " * 20, "longer than 72"),
        ("fix: x\x1b[31m", "control"),
    ],
)
def test_a_broken_rule_is_named(message, why):
    with pytest.raises(ToolError, match=why):
        commits.validate(message)


def test_a_long_address_may_stand_alone_on_its_line():
    commits.validate("fix: x\n\nhttps://example.org/" + "x" * 100 + "\n")


@given(st.text(max_size=300), st.text(max_size=600), st.text(max_size=60))
def test_whatever_the_words_the_message_is_valid_or_refused(what, body, value):
    try:
        message = commits.compose(what, paths=["a.py"], body=body, trailers={"Samovar-Run": value})
    except ToolError as error:
        assert "no words" in str(error)
        return
    assert commits.validate(message) == message
    message.encode()
