"""A name that a message wants renamed is renamed, and nothing else."""

import pytest

from samovar.companion.renaming import renamed

CODE = '''from kitchen import add  # add is good


def add_all(xs):
    """Call add for all."""
    return [add(x, 1) for x in xs]
'''


@pytest.mark.parametrize(
    "asked",
    [
        "rename add to plus in kitchen.py and main.py",
        "rename the function add in main.py to plus",
        "please rename `add` to `plus`",
        "Rename function 'add' into plus, everywhere",
    ],
)
def test_a_name_is_renamed_and_words_of_comments_stay(asked):
    want = CODE.replace("import add ", "import plus ").replace("[add(", "[plus(")
    assert renamed(asked, "main.py", CODE) == want
    with_crlf = CODE.replace("\n", "\r\n")
    assert renamed(asked, "main.py", with_crlf) == want.replace("\n", "\r\n")


@pytest.mark.parametrize(
    "asked",
    [
        "rename minus to plus",
        "rename add and xs to plus",
        "rename add to xs",
        "make add to plus",
        "rename the file main.py to other.py",
        "rename add",
    ],
)
def test_what_is_not_clear_is_left_to_the_model(asked):
    assert renamed(asked, "main.py", CODE) is None


def test_other_languages_go_by_words_and_broken_python_by_nobody():
    text = "function add(a) { return add2(a) + add(a - 1) }"
    new = "function plus(a) { return add2(a) + plus(a - 1) }"
    assert renamed("rename add to plus", "a.js", text) == new
    assert renamed("rename add to plus", "a.py", "def add(:\n  '''") is None
