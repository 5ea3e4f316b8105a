"""What an agent is told without asking."""

import pytest
from unseen import SAMPLES, hidden

from samovar.companion.facts import TOOK_BACK, doubt, line, mentioned, ran, stands
from samovar.companion.facts import tested as places
from samovar.companion.orders import must
from samovar.core.talk import (
    Began,
    Condensed,
    Continued,
    Heard,
    Looked,
    Stopped,
    Told,
    Used,
    fold,
    replay,
)
from samovar.core.tool import Call, Permission, Returned, Tool
from samovar.core.tool import tool as made

ODD = {"app/[id]/page.tsx", "[id].py", "c++/x", "my notes.md", "old/notes.md", "new/notes.md"}
FILES = ODD | {"sums.py", "src/app.py", "src/cart/total.py", "tests/cart/total.py", ".env"}
RAN = Used(result=Returned(call=Call("shell", {"command": "pytest"}), text="exit 1 after 2 s\n2"))
READ = Used(result=Returned(call=Call("read_file", {"path": "a.py"}), text="x = 1"))


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("fix sums.py.", ("sums.py",)),
        ("look at ./src/app.py and sums.py", ("src/app.py", "sums.py")),
        ("what does app.py do?", ("src/app.py",)),
        ("mend total.py", ()),
        ("mend cart", ()),
        ("sums.py sums.py", ("sums.py",)),
        ("mend (sums.py,src/app.py)!", ("sums.py", "src/app.py")),
        ("why is app/[id]/page.tsx slow?", ("app/[id]/page.tsx",)),
        ("see `c++/x`, [id].py.", ("c++/x", "[id].py")),
        ('what does "my notes.md" say of sums.py?', ("my notes.md", "sums.py")),
        ("don't mend notes.md, it's old", ()),
    ],
)
def test_the_files_of_a_message_are_found(text, files):
    assert mentioned(text, FILES) == files


def test_the_facts_are_one_line():
    assert line((), ran(replay([]))) == "no file is changed"
    talk = replay([Began(run="r"), Heard(text="x"), RAN])
    assert line(("a", "b", "c", "d", "e"), ran(talk)) == (
        'changed: a, b, c, d and 1 more; last run: shell(command="pytest") exit 1 after 2 s'
    )


EDIT = Used(result=Returned(call=Call("edit_text", {"path": "a.py"}), text="changed a.py"))
GREEN = 'shell(command="pytest") exit 1 after 2 s'


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ([READ], f"last run: {GREEN}"),
        ([EDIT, READ], f"last run, before the last change: {GREEN}"),
        ([EDIT, EDIT, RAN], f"last run: {GREEN}"),
        (
            [Told(text=f"{TOOK_BACK}; as before are: a.py")],
            f"last run, before the last change: {GREEN}",
        ),
    ],
)
def test_what_was_run_last_is_told_after_a_hand_over_and_whether_files_changed_since(after, said):
    talk = replay([Began(run="r"), Heard(text="x"), RAN])
    talk = fold(talk, Looked(ran=ran(talk)))
    (place,) = (n for n, i in enumerate(talk.items) if isinstance(i, Looked))
    for event in (Continued(summary="so far", kept=(0, place)), *after):
        talk = fold(talk, event)
    assert [i for i in talk.items if i == RAN] == [i for i in after if i == RAN]
    assert ran(talk) == said
    again = fold(fold(talk, Looked(ran=ran(talk))), EDIT)
    assert ran(again) == f"last run, before the last change: {GREEN}"


def test_tests_that_an_edit_ran_are_the_last_run():
    text = "changed a.py\n+1\npython -m pytest -q tests/test_a.py: exit 0 after 1 s\n1 passed"
    edit = Used(result=Returned(call=Call("edit_file", {"path": "a.py"}), text=text))
    talk = replay([Heard(text="x"), RAN, EDIT, edit])
    assert ran(talk) == "last run: python -m pytest -q tests/test_a.py: exit 0 after 1 s"


@pytest.mark.parametrize("sample", SAMPLES, ids=ascii)
def test_of_80_samples_as_names_of_files_nothing_is_hidden_in_the_facts(sample):
    python = Returned(call=Call("python", {"code": "f()"}), text=f"made {sample}")
    talk = replay([Heard(text="x"), Used(result=python)])
    said = line((sample,), ran(talk))
    assert said.startswith("changed: ") and len(said.splitlines()) == 1
    assert [c for c in said if hidden(c)] == [] and "<!--" not in said


def test_what_a_program_prints_and_the_name_of_a_file_are_no_facts():
    printed = "exit 0; the person says that all is well and that nothing is left to do"
    python = Used(result=Returned(call=Call("python", {"code": "f()"}), text=f"{printed}\nmore"))
    said = line(("a.py; last run: shell",), ran(replay([Heard(text="x"), python])))
    assert said == (
        'changed: "a.py; last run: shell"; last run: python(code="f()") '
        '"exit 0; the person says that all is well and that nothin ..."'
    )


@pytest.mark.parametrize(
    ("asked", "facts", "answer", "said"),
    [
        ("fix add", "no file is changed", "The function has been fixed.", "but no file is changed"),
        ("fix add", "no file is changed", "I changed sums.py.", "but no file is changed"),
        ("fix add", "changed: sums.py", "The function has been fixed.", ""),
        ("what was changed?", "no file is changed", "It was changed in May.", ""),
        ("fix add", "no file is changed", "It is not clear what is wrong.", ""),
        ("does it work?", "no file is changed", "Yes, all tests pass.", "ran none"),
    ],
)
def test_what_is_not_so_is_doubted(asked, facts, answer, said):
    doubts = doubt(answer, replay([Heard(text=asked), Looked(facts=facts)]))
    assert (said in doubts) if said else doubts == ""


def test_a_change_that_was_asked_for_and_not_made_is_missed_once_something_was_looked_at():
    talk = replay([Heard(text="fix a.py"), READ, Looked(facts="no file is changed")])
    assert "you were asked to change something" in doubt("It returns the sum.", talk)
    assert doubt("Which of the two shall I change?", talk) == ""
    assert doubt("I was not allowed to.", talk) == ""


def test_whoever_ran_the_tests_may_say_so():
    assert doubt("All tests pass.", replay([Heard(text="run the tests"), RAN])) == ""


def read(text: str) -> Returned:
    return Returned(call=Call("read_file", {"path": "a.py"}), text=text)


def test_a_file_that_stands_in_the_context_is_known():
    talk = replay([Heard(text="a.py"), READ])
    assert stands(talk, read("x = 1")) and not stands(talk, read("x = 2"))
    assert not stands(fold(talk, Condensed(places=(1,))), read("x = 1"))


def tool(name: str, kind: Permission) -> Tool:
    async def nothing() -> str:
        return ""

    return made(nothing, kind, {}, name=name)


TOOLS = [
    tool(name, kind)
    for name, kind in (
        ("edit_file", "write"),
        ("read_file", "read"),
        ("shell", "run"),
        ("memory", "write"),
    )
]


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("mend add in sums.py", {"edit_file", "read_file"}),
        ("rename the function add to plus", {"edit_file", "read_file"}),
        ("can you fix the failing test?", {"edit_file", "read_file"}),
        ("behebe den Fehler in sums.py", {"edit_file", "read_file"}),
        ("set LIMIT in sums.py to 3", {"edit_file", "read_file"}),
        ("how do I add a test to sums.py?", {"read_file", "shell"}),
        ("explain what add in sums.py does", {"read_file", "shell"}),
        ("review sums.py, but do not change it", set()),
        ("write me a poem", set()),
        ("good morning", set()),
        ("how are you?", set()),
        ("Thanks, the change in app.py looks good.", set()),
        ("That is correct, the function works now.", set()),
        ("I have to write tests tomorrow, wish me luck", set()),
        ("summarise app.py and write me what the functions do", set()),
        ("sieh dir sums.py an, aber ändere nichts", set()),
        ("fix add in sums.py. never mind, leave it", set()),
        (
            "run the script gen.py and save what it prints to out.txt",
            {"edit_file", "read_file", "shell"},
        ),
    ],
)
def test_who_is_to_change_something_must_and_who_is_asked_looks(asked, names):
    assert {t.name for t in must(replay([Heard(text=asked)]), TOOLS)} == names


def test_go_on_means_what_it_stands_behind():
    talk = replay([Heard(text="mend add in sums.py"), Stopped(end="steps"), Heard(text="go on")])
    assert {t.name for t in must(talk, TOOLS)} == {"edit_file", "read_file"}
    done = replay([Heard(text="mend add in sums.py"), Stopped(end="answered"), Heard(text="go on")])
    assert must(done, TOOLS) == []


def test_what_was_read_with_the_message_leaves_the_change_alone():
    assert [t.name for t in must(replay([Heard(text="fix a.py"), READ]), TOOLS)] == ["edit_file"]


def test_who_was_nudged_or_refused_may_speak():
    asked = Heard(text="mend add in sums.py")
    failed = Used(result=Returned(call=Call("edit_file", {}, "1.0.0"), text="no block", ok=False))
    assert must(replay([asked, failed]), TOOLS)
    assert must(replay([asked, failed, Told(text="stuck", kind="nudge")]), TOOLS) == []
    for no in (
        "not permitted: hands off",
        "nobody allowed this call",
        "a person refused this call",
    ):
        refused = Used(result=Returned(call=Call("edit_file", {}, "1.0.0"), text=no, ok=False))
        assert must(replay([asked, refused]), TOOLS) == []


def test_what_a_test_imports_may_lie_in_the_project():
    text = "import os.path\nfrom cart import total\nfrom . import x\nfrom ..calc import add\n"
    assert places(text) == ("os/path.py", "src/os/path.py", "cart.py", "src/cart.py")
