"""What is mended in one copy is mended in the others that the task names."""

import pytest

from samovar.flow.clones import mended

ONE = (
    "def {name}(text, n=None):\n    end = len(text) if n is None else n\n    return end{more}\n\n\n"
)
BEFORE = ONE.format(name="width", more="") + ONE.format(name="height", more=" + 1")
AFTER = BEFORE.replace("else n\n    return end\n", "else min(n, len(text))\n    return end\n")


@pytest.mark.parametrize(
    ("task", "times"), [("`width()` and `height()` fail", 2), ("`width()` fails", 0)]
)
def test_a_copy_is_mended_where_the_task_names_it(task, times):
    found = mended("a.py", BEFORE, AFTER, task)
    assert (found or "").count("min(n, len(text))") == times
    assert found is None or "return end + 1" in found


def test_what_stands_elsewhere_by_chance_is_left_alone():
    before = "def one():\n    a = 1\n\n\ndef other():\n    a = 1\n"
    assert mended("a.py", before, before.replace("a = 1", "a = 2", 1), "one, other") is None
    assert mended("a.py", before, before + "\nx = 1\n", "one, other") is None
