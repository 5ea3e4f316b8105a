"""Whole tests out of what pytest printed, checked against what pytest really prints."""

import subprocess
import sys
import time

import pytest

from samovar.flow.reports import is_quoted, quoted_tests

HOMES = {"slug": "from shop import slug", "LIMIT": "from shop import LIMIT"}
SHOP = "LIMIT = 3\n\n\ndef slug(text):\n    words = text.split()\n    return words[0].lower()\n"
HEAD = """import math
import unittest

import pytest

from shop import LIMIT, slug

OWN = "x"


@pytest.fixture
def ready():
    return 1


"""


def printed(folder, tests, *options):
    (folder / "shop.py").write_text(SHOP)
    (folder / "test_shop.py").write_text(HEAD + tests)
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:randomly", *options)
    command = (sys.executable, "-m", "pytest", *options, "test_shop.py")
    return subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout


def fails_as_said(folder, program):
    ran = subprocess.run([sys.executable, "-"], cwd=folder, input=program.encode())
    return ran.returncode == 1


@pytest.mark.parametrize(
    ("tests", "kept"),
    [
        ("def test_a():\n    assert slug('A b') == 'a-b'\n", 1),
        ("def test_a():\n    given = 'A b'\n    assert slug(given) == \\\n        'a-b', 'x'\n", 1),
        (
            "class TestA(unittest.TestCase):\n"
            "    def test_a(self):\n        '''Words.'''\n        wanted = 'a-b'\n\n"
            "        self.assertEqual(\n            slug('A b'),\n            wanted,\n        )\n"
            "        self.fail('not reached')\n",
            1,
        ),
        ("class TestA:\n    def test_a(self):\n        assert slug('A') == OWN\n", 0),
        ("def test_a():\n    assert math.floor(LIMIT) == 4\n", 1),
        ("def test_a():\n    assert slug('') == ''\n", 1),
        (
            "@pytest.mark.parametrize('n, m', [(1, 'a')])\n"
            "def test_a(n, m):\n    assert slug('B') == m\n",
            1,
        ),
        (
            "@pytest.mark.parametrize('n', [OWN, int])\n"
            "def test_a(n):\n    assert slug('B') == n\n",
            1,
        ),
        ("def test_a(ready):\n    assert slug('B') == 'c'\n", 1),
        ("def test_a(tmp_path):\n    assert slug('B') == 'c'\n", 0),
        ("def test_a():\n    with pytest.raises(ValueError):\n        slug('B')\n", 0),
        ("def test_a():\n    assert 1 == 2\n", 0),
        (
            "class TestA(unittest.TestCase):\n    def setUp(self):\n        self.of = 'B'\n\n"
            "    def test_a(self):\n        self.assertEqual(slug(self.of), 'c')\n",
            0,
        ),
        (
            "class TestA(unittest.TestCase):\n    def test_a(self):\n        self.of = 'B'\n"
            "        self.assertEqual(slug(self.of), 'c')\n",
            1,
        ),
    ],
)
def test_a_test_that_stands_alone_fails_again_as_a_program(tmp_path, tests, kept):
    programs, _ = quoted_tests(printed(tmp_path, tests), HOMES)
    found = [p for p in programs if fails_as_said(tmp_path, p)]
    assert len(programs) == len(found) == kept


LEFT_OUT = {
    "shortened": "m = (1, 2, ...)\n\n    def test_a(m):\n>       assert slug('B') == m\n",
    "a text cut": "m = 'abab...abab'\n\n    def test_a(m):\n>       assert slug('B') == m\n",
    "may be changed": "m = [1, 2]\n\n    def test_a(m):\n>       assert slug('B') == m\n",
    "changed": "m = 1\n\n    def test_a(m):\n        m += 1\n>       assert slug('B') == m\n",
    "deep": f"m = {'-' * 400}1\n\n    def test_a(m, n):\n>       assert slug('B') == m\n",
    "patched": "    @patch('shop.x')\n    def test_a():\n>       assert slug('B') == 1\n",
    "named only": "    def test_a(*, tmp_path):\n>       assert slug('B') == 1\n",
    "its class": "    def test_a(self):\n>       assert slug('B') == self.__class__.WORDS\n",
    "its type": "    def test_a(self):\n>       assert slug('B') == type(self).WORDS\n",
    "its parent": "    def test_a(self):\n        super().go()\n>       assert slug('B') == 1\n",
    "its helper": "    def test_a(self):\n>       self.run(slug('B'))\n",
    "async": "    async def test_a():\n>       assert slug('B') == 1\n",
}


@pytest.mark.parametrize("report", LEFT_OUT.values(), ids=list(LEFT_OUT))
def test_what_stands_on_something_else_is_left_out(report):
    assert quoted_tests(report, HOMES) == ([], report.rstrip("\n"))


def test_a_name_of_the_project_that_python_has_too_is_imported():
    report = "    def test_a():\n>       assert sum(slug('B')) == 1\n"
    [program], _ = quoted_tests(report, {**HOMES, "sum": "from shop import sum"})
    assert program.startswith("from shop import slug\nfrom shop import sum\n")


def test_a_text_of_a_million_characters_is_read_at_once():
    report = "    def test_a():\n>       assert slug('B') == 1\n" * 20_000
    began = time.monotonic()
    assert len(quoted_tests(report, HOMES)[0]) == 1
    assert time.monotonic() - began < 10


def test_the_values_of_parameters_come_along(tmp_path):
    tests = "@pytest.mark.parametrize('n, m', [(1, 'a'), (2, 'c')])\ndef test_a(n, m):\n"
    programs, _ = quoted_tests(printed(tmp_path, f"{tests}    assert slug('B') == m\n"), HOMES)
    assert [p.splitlines()[-1] for p in programs] == ["test_a(n=1, m='a')", "test_a(n=2, m='c')"]


def test_the_rest_of_the_text_is_without_the_tests_that_were_taken(tmp_path):
    tests = (
        "def test_a():\n    assert slug('B') == 'c'\n\n\ndef test_b():\n    assert slug(OWN) == 2\n"
    )
    said = printed(tmp_path, tests)
    programs, rest = quoted_tests(f"Mend it:\n\n{said}", HOMES)
    assert len(programs) == 1
    assert "slug('B')" not in rest.replace("where 'b' = slug('B')", "")
    assert ">       assert slug(OWN) == 2" in rest and rest.startswith("Mend it:")


@pytest.mark.parametrize("before", ["", "    ", "> ", "\t"])
def test_a_report_may_be_moved_in_or_quoted(tmp_path, before):
    said = printed(tmp_path, "def test_a():\n    got = slug('B')\n    assert got == 'c'\n")
    moved = "\n".join(f"{before}{row}" for row in said.splitlines())
    programs, _ = quoted_tests(moved, HOMES)
    assert len(programs) == 1 and fails_as_said(tmp_path, programs[0])


@pytest.mark.parametrize("style", ["short", "line", "no", "native"])
def test_other_styles_show_no_whole_test(tmp_path, style):
    said = printed(tmp_path, "def test_a():\n    assert slug('B') == 'c'\n", f"--tb={style}")
    assert quoted_tests(said, HOMES) == ([], "\n".join(said.splitlines()))


def test_what_is_a_quoted_test():
    assert is_quoted("import unittest\n\ndef test_a(self):\n    pass\n\ntest_a(1)\n")
    assert not is_quoted("from a import f\nassert f('def test_a(') == 1\n")
