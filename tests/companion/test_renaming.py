"""A name that a message wants renamed is renamed, and nothing else."""

import pytest

from samovar.companion.renaming import nothing, renamed

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
        "rename add to add_all",
        "rename xs to rows",
        "make add to plus",
        "rename the file main.py to other.py",
        "rename add to something clearer",
        "Rename the first section of README.md to Usage",
        "do not rename add to plus; fix the sum",
        "rename add to class",
        "rename add",
    ],
)
def test_what_is_not_clear_is_left_to_the_model(asked):
    assert renamed(asked, "main.py", CODE) is None


def test_what_is_no_python_or_stands_behind_a_dot_stays():
    assert renamed("rename add to plus", "a.js", "function add(a) { return add(a) }") is None
    assert renamed("rename add to plus", "a.py", "def add(:\n  '''") is None
    text = "def get(k):\n    return get_all().get(k) or get(0)\n"
    want = "def fetch(k):\n    return get_all().get(k) or fetch(0)\n"
    assert renamed("rename get to fetch", "a.py", text) == want


def test_what_is_to_be_renamed_has_to_stand_there():
    asked = "rename minus to plus in main.py"
    assert nothing(asked, "rename minus to plus", CODE) == "it holds no minus: nothing was renamed"
    done = CODE + "\n\ndef plus(): ...\n"
    assert "and plus stands there already" in nothing(asked, "minus becomes plus", done)
    more = f"{asked}; the sum is wrong"
    assert not nothing(more, "the sum is wrong", CODE), "the message asks for more"
    for whole in (asked, "Rename minus to plus.", "please rename minus to plus everywhere"):
        assert nothing(whole, "def add(a, b):\n    return a + b", CODE)
    assert not nothing(asked, "rename minus to plus", CODE + "# minus\n")
    assert not nothing(asked, "rename minus to plus", ""), "a file yet to be made"
    assert not nothing("rename it to plus", "rename it to plus", CODE)
    assert not nothing("mend minus", "mend minus", CODE)
