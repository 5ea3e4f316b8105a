from dataclasses import replace

import pytest
from doubles import Memory, answering, kit, opened

from samovar.core.errors import SetupError
from samovar.core.event import Surveyed
from samovar.core.state import replay
from samovar.core.task import Checked, Verdict
from samovar.flow.plan import about, cut, mentioned

TREE = Memory(
    {
        "shop/cart.py": "def total(items):\n    return 0\n",
        "tests/test_cart.py": "import shop.cart\n\ndef test_total():\n    shop.cart.total([1])\n",
        "tests/test_locale.py": "def test_german():\n    assert False\n",
    }
)
FAILING = ("tests/test_cart.py::test_total", "tests/test_locale.py::test_german")


@pytest.mark.parametrize(
    ("task", "named", "wanted"),
    [
        ("`total([1])` is 0, it should be 1", (), FAILING[:1]),
        ("Mend shop/cart.py", ("shop/cart.py",), FAILING[:1]),
        ("Something is slow", (), ()),
        ("Mend other.py", ("other.py",), FAILING),
        ("Write tests/test_new.py", ("tests/test_new.py",), ()),
        ("Mend tests/test_cart.py", ("tests/test_cart.py",), FAILING[:1]),
    ],
)
def test_only_the_red_tests_a_task_speaks_of_are_its_goals(task, named, wanted):
    assert about(task, named, FAILING, TREE) == wanted


def test_an_unreadable_test_file_counts_as_a_whole():
    assert about("`total` is wrong", (), ("tests/test_cart.py",), TREE) == ("tests/test_cart.py",)


def test_a_test_is_not_about_a_task_for_a_number_or_a_builtin_of_its_example():
    text = "def test_version():\n    n = shop.version\n    assert isinstance(n, str) and n > '1.'\n"
    tree = Memory({"shop/cart.py": "def total(n): ...\n", "tests/test_package.py": text})
    failing = ("tests/test_package.py::test_version",)
    assert about("`total(1, str(n))` and `isinstance(x, n)` are wrong", (), failing, tree) == ()
    example = "It is wrong:\n\n    version = total(1)  # expected 2\n"
    assert about(example, (), failing, tree) == ()
    assert about("`version` is wrong", (), failing, tree) == failing
    for text in ("`total('my version is')` is wrong", "It gives `<p>version n</p>`."):
        assert about(text, (), failing, tree) == ()


@pytest.mark.parametrize(
    ("task", "wanted"),
    [
        ("Mend cart.py", [["shop/cart.py"]]),
        ("Mend shop/cart.py; see cart.py", [["shop/cart.py"], ["shop/cart.py"]]),
        ("Mend ./shop/cart.py as test_cart.py wants", [["shop/cart.py"]]),
        ("Write new.py with a function", [["new.py"]]),
        ("Write ../new.py", []),
        ("Write /etc/new.py", []),
        ("nothing here", []),
        ("Write tests for `total` in tests/test_sums.py", [["tests/test_sums.py"]]),
        ("Write ../tests/test_sums.py", []),
        ("Add a case to test_cart.py", [["tests/test_cart.py"]]),
        ("tests/test_cart.py shows that cart.py is wrong", [["shop/cart.py"]]),
        ("test_locale.py fails", []),
    ],
)
def test_files_a_task_speaks_of_are_found_or_new_and_never_outside(task, wanted):
    assert mentioned(task, TREE.paths(), FAILING[1:]) == wanted


MONOREPO = (
    *("README.md", "data.json", "main.py", "pkg/__init__.py", "pkg/sub/__init__.py"),
    *("slug.py", "web/main.py", "worker/main.py", "worker/loop.py"),
)


@pytest.mark.parametrize(
    ("task", "wanted"),
    [
        ("Write unit tests for shop/cart.py in tests/test_new.py", [["tests/test_new.py"]]),
        (
            "Add tax.py with `tax` and tests in tests/test_tax.py",
            [["tax.py"], ["tests/test_tax.py"]],
        ),
        ("Move total from cart.py to a new file sums.py", [["shop/cart.py"], ["sums.py"]]),
        ("Write a.py, b.py and `c.py`", [["a.py"], ["b.py"], ["c.py"]]),
        ("Write a.py, b.py, c.py and d.py", [["a.py"], ["b.py"], ["c.py"]]),
        ("We need a tax.py beside cart.py", [["tax.py"], ["shop/cart.py"]]),
        ("- tax.py: all about taxes", [["tax.py"]]),
        (
            "Add tax to cart.py and tests to test_cart.py",
            [["shop/cart.py"], ["tests/test_cart.py"]],
        ),
        ("Add tax to cart.py and tests to test_locale.py", [["shop/cart.py"]]),
        ("Add tax to cart.py, the tests in test_cart.py stay green", [["shop/cart.py"]]),
        ("fetch crashes when response.json() raises", []),
        ("Its `response.json` of car.go() and Node.js", []),
        ("Our Node.js gateway is slow", []),
    ],
)
def test_what_is_ordered_is_written_and_words_that_look_like_files_are_not(task, wanted):
    assert mentioned(task, TREE.paths(), FAILING[1:]) == wanted


@pytest.mark.parametrize(
    ("task", "wanted"),
    [
        ("In .github/workflows/ci.yml use Python 3.12", [[".github/workflows/ci.yml"]]),
        ("src/App.tsx is grey.", [["src/App.tsx"]]),
        ("config.yml must use port 8080", [["deploy/config.yml"]]),
        ("Add a lint target to the Makefile", [["Makefile"]]),
        ("Let the run begin with the next version, 3.12", []),
        ("App.tsx reads config.yml", [["src/App.tsx"]]),
        ("Read the port in App.tsx from what is in config.yml", [["src/App.tsx"]]),
        ("Add a section about App.tsx to NOTES.txt", [["src/App.tsx"], ["NOTES.txt"]]),
    ],
)
def test_whatever_the_project_has_is_known_by_its_name(task, wanted):
    paths = (
        ".github/workflows/ci.yml",
        "src/App.tsx",
        "deploy/config.yml",
        "Makefile",
        "NOTES.txt",
    )
    assert mentioned(task, (*paths, "run", "3.12")) == wanted


@pytest.mark.parametrize("task", ["stats.py has mean", "mean, in stats.py", "See stats.py"])
def test_in_a_project_without_programs_every_name_is_a_new_file(task):
    assert mentioned(task, ("README.md",)) == [["stats.py"]]


@pytest.mark.parametrize(
    ("task", "path"),
    [
        ("Delete a.py", "a.py"),
        ("Remove the file `b.py` and what uses it", "b.py"),
        ("Rename a.py to c.py", "a.py"),
        ("Please move ./lib/b.py into core/", "lib/b.py"),
    ],
)
async def test_a_file_that_is_to_go_is_said_before_a_model_is_asked(task, path):
    with pytest.raises(SetupError, match=rf"neither deletes nor renames.*'{path}'.*git mv"):
        await planned({"a.py": "x = 1\n", "lib/b.py": "y = 1\n"}, task)


@pytest.mark.parametrize(
    "task",
    ["Remove a.py's x", "Remove x in a.py", "Rename x of a.py", "Remove a.py from its list, a.py"],
)
async def test_what_goes_from_a_file_is_written(task):
    assert await planned({"a.py": "x = 1\n", "b.py": ""}, task) == [("write", "a.py")]


@pytest.mark.parametrize(
    ("task", "named", "said"),
    [
        ("a.py reads notes.txt", (), ["no step works on notes.txt: "]),
        ("Mend a.py, b.py lacks it", (), []),
        ("Mend x in c.py", (), ["no step works on c.py: "]),
        ("Mend a.py, see https://docs.python.org/3/errors.html", (), []),
        ("a.py reads notes.txt", ("a.py",), []),
    ],
)
async def test_what_is_named_and_left_out_is_said(task, named, said):
    told = []
    used = kit(answering(), files={"a.py": "x = 1\n", "b.py": "", "notes.txt": ""}, command="")
    used = replace(used, live=lambda kind, text: told.append(text) if kind == "note" else None)
    done = await cut(used, replay([opened(text=task, off=("examples", "trace"), files=named)]))
    assert [t.partition("name what")[0] for t in told] == said
    assert all(t in done.plan.note for t in told)


@pytest.mark.parametrize(
    ("task", "wanted"),
    [
        ("main.py is slow", [["main.py"]]),
        ("worker/main.py and loop.py are slow", [["worker/main.py"], ["worker/loop.py"]]),
        ("`__init__.py` exports nothing", [["pkg/__init__.py", "pkg/sub/__init__.py"]]),
        ("pkg/sub/__init__.py is no `__init__.py` yet", [["pkg/sub/__init__.py"]]),
        ("Implement slugify in slug.py as README.md describes", [["slug.py"]]),
        ("Implement count in words.py as README.md describes", [["words.py"]]),
        ("main.py should read data.json", [["main.py"]]),
        ("Update README.md: describe slug.py", [["README.md"], ["slug.py"]]),
        ("Add key timeout to `data.json` and read it in main.py", [["data.json"], ["main.py"]]),
        ("Mend the typo in README.md", [["README.md"]]),
        ("README.md does not say what is in data.json", [["README.md"], ["data.json"]]),
        ("README.md does not say how test_main.py is run", [["README.md"]]),
    ],
)
def test_a_mention_is_taken_for_no_more_than_it_says(task, wanted):
    assert mentioned(task, MONOREPO) == wanted


LONG = "\n".join(f"def f{n}():\n    return {n}\n" for n in range(200))
PAGE = "<p>text</p>\n" * 200
SCRIPTS = {
    "package.json": "{}",
    "src/parser.js": "export function parse(text) {\n  return text[0];\n}\n",
    "src/paint.js": "export function paint(colour) {\n  return colour;\n}\n",
    "src/parser.test.js": "test('parse empty input crashes', () => parse(''));\n",
}


async def planned(tree, text, **fields):
    """The steps of a task, each as its strategy and its first file."""
    state = replay([opened(text=text, off=("examples", "trace"), **fields)])
    done = await cut(kit(answering(), files=tree, command=""), state)
    return [(s.strategy, s.targets[0].path) for s in done.plan.steps]


@pytest.mark.parametrize(
    ("task", "wanted"),
    [
        ("The parser crashes on empty input", [("write", "src/parser.js")]),
        ("Mix the colour with white before it is returned", [("write", "src/paint.js")]),
        ("Write main.go", [("write", "main.go")]),
        ("Write tests/parser.test.js", [("write", "tests/parser.test.js")]),
    ],
)
async def test_the_place_is_found_in_a_project_of_another_language_too(task, wanted):
    assert await planned(SCRIPTS, task) == wanted


@pytest.mark.parametrize(
    ("text", "strategy"),
    [
        ("a;\n" * 150, "write"),
        ("a;\n" * 151, "edit"),
        ("x" * 3800 + "\n", "write"),
        ("x" * 3900 + "\n", "edit"),
    ],
)
async def test_by_its_size_alone_a_file_is_written_as_a_whole_or_edited(text, strategy):
    assert await planned({"main.js": text}, "Mend main.js") == [(strategy, "main.js")]


HELPER = "def table(rows):\n    return [row.split() for row in rows]\n"
MIXED = {
    "Makefile": "all:\n\tcc src/*.c\n",
    "src/parser.c": "char *parse_line(char *line) {\n  return cut(line, len(line) - 1);\n}\n",
    "src/paint.c": "int paint(int colour) {\n  return colour;\n}\n",
    "tools/gen_table.py": HELPER,
}


@pytest.mark.parametrize("more", [{}, {"tools/check.py": "def check(line):\n    return line\n"}])
async def test_python_beside_another_language_is_not_where_all_work_is_done(more):
    task = "parse_line drops the last character of a line"
    assert await planned({**MIXED, **more}, task) == [("write", "src/parser.c")]
    step = "localise-repair" if more else "write"
    table = "The table leaves out the last of the rows"
    assert await planned({**MIXED, **more}, table) == [(step, "tools/gen_table.py")]


async def test_a_script_beside_python_does_not_draw_the_work_to_it():
    files = {"big.py": LONG, "run.sh": "#!/bin/sh\nexec python -m big\n"}
    assert await planned(files, "`f3` returns a wrong value") == [("localise-repair", "big.py")]


@pytest.mark.parametrize(
    ("files", "task", "wanted"),
    [
        (
            {"a/main.py": "def serve():\n    pass\n", "b/main.py": "def work():\n    pass\n"},
            "`work` in main.py does nothing",
            [("localise-repair", "b/main.py")],
        ),
        (
            {"a/x.css": "body {top: 1px}\n", "b/x.css": "table {top: 1px}\n", "c.py": "x = 1\n"},
            "The table in x.css is too narrow",
            [("write", "b/x.css")],
        ),
        (
            {"a/x.py": "def f():\n    pass\n", "b/x.py": "def g():\n    pass\n", "c.py": "y = 1\n"},
            "c.py wants `g` of x.py",
            [("write", "c.py"), ("localise-repair", "b/x.py")],
        ),
    ],
)
async def test_of_files_that_are_called_alike_the_likeliest_is_worked_on(files, task, wanted):
    assert await planned(files, task) == wanted


async def test_a_task_that_fits_no_file_of_several_asks_which_is_meant():
    with pytest.raises(SetupError, match=r"which of 2 files .*--file"):
        await planned(SCRIPTS, "zzz")


async def test_a_new_project_begins_with_a_file_of_its_own():
    assert await planned({"README.md": "# New\n"}, "count words") == [("write", "main.py")]


@pytest.mark.parametrize(
    ("named", "wanted"),
    [
        (("big.py", "page.html"), [("edit", "page.html"), ("localise-repair", "big.py")]),
        (("big.py", "new.py"), [("write", "new.py"), ("localise-repair", "big.py")]),
        (("page.html", "new.css"), [("edit", "page.html"), ("write", "new.css")]),
        (("a.py", "new.py"), [("write", "a.py"), ("write", "new.py")]),
    ],
)
async def test_every_file_that_a_person_named_gets_a_step(named, wanted):
    files = {"big.py": LONG, "page.html": PAGE, "a.py": "x = 1\n"}
    assert await planned(files, "mend f3", files=named) == wanted


async def test_a_file_a_task_only_mentions_beside_a_long_one_gets_none():
    files = {"big.py": LONG, "a.py": "x = 1\n"}
    found = await planned(files, "f3 in big.py is wrong since a.py was added")
    assert found == [("localise-repair", "big.py")]


async def test_what_a_long_task_is_cut_to_is_said():
    said = []
    used = kit(answering(), files={"a.py": "x = 1\n"}, command="")
    used = replace(used, live=lambda kind, text: said.append((kind, text)))
    state = replay([opened(text="mend a.py " + "word " * 2000, off=("examples",))])
    done = await cut(used, state)
    told = "the model reads the first 8,000 of 10,010 characters of the task"
    assert ("note", told) in said and told in done.plan.note


async def test_tests_that_fail_for_want_of_a_package_are_not_what_a_task_is_about():
    reds = {"tests/test_cart.py": "hypothesis", "tests/test_more.py": "shop"}
    texts = {path: f"import {name}\nfrom shop.cart import total\n" for path, name in reds.items()}
    used = kit(answering(), {**TREE.files, **texts})
    check = Checked(name="tests", command="t", exit=1, seconds=1, failing=tuple(reds), lacking=reds)
    survey = Surveyed(verdict=Verdict(passed=False, checks=(check,)), command="t")
    state = replay([opened(text="`total([1])` is 0, it should be 1"), survey])
    assert (await cut(used, state)).plan.goals == ("tests/test_more.py",)
    state = replay([opened(text="`total([1])` is 0 with hypothesis"), survey])
    assert (await cut(used, state)).plan.goals == tuple(reds)
