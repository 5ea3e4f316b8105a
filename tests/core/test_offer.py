"""Which tools a small model sees."""

from hypothesis import given
from hypothesis import strategies as st

from samovar.core.offer import choose
from samovar.core.tool import Permission, Tool, tool


def made(name: str, permission: Permission, text: str) -> Tool:
    async def run(path: str) -> str:
        return path

    run.__doc__ = text
    return tool(run, permission, {"path": "a"}, name=name)


TOOLS = (
    made("list_files", "read", "List the files of a folder."),
    made("read_file", "read", "Read a file, or some lines of it."),
    made("search", "read", "Search a text in all files."),
    made("data_view", "read", "Look at a table: CSV, Parquet, Excel."),
    made("write_file", "write", "Write a whole file."),
    made("edit_text", "write", "Replace a piece of text in a file."),
    made("edit_symbol", "write", "Replace, insert or rename a function or class."),
    made("shell", "run", "Run a command."),
    made("python", "run", "Run Python; variables stay."),
    made("fetch", "network", "Fetch a page of the web as text."),
    made("web_search", "network", "Search the web."),
    made("memory", "write", "Remember something, or recall it."),
    made("ask", "ask", "Ask a person or a teammate."),
)


def shown(words: str, used: tuple[str, ...] = (), kept: tuple[str, ...] = (), count: int = 5):
    return choose(TOOLS, words, used, kept, count)


def test_the_words_of_a_step_choose():
    assert {"read_file", "edit_text"} <= set(shown("fix the wrong sum in cart.py"))
    assert "shell" in shown("run the tests") or "python" in shown("run the tests")
    assert "fetch" in shown("download https://example.org/a.html")
    assert "data_view" in shown("how many rows has the table sales.csv?")
    assert "edit_symbol" in shown("rename the function total to sum_up")


def test_memory_is_offered_where_something_is_to_be_kept_or_found_again():
    for words in (
        "remember that the deploy key is in the safe",
        "what did we decide about the database?",
        "recall who owns billing",
        "forget what I said about tea",
        "make a note: Ann owns billing",
    ):
        assert "memory" in shown(words), words
    assert "memory" not in shown("fix the wrong sum in cart.py and run the tests")


def test_a_tool_named_outright_is_there():
    for each in TOOLS:
        assert each.name in shown(f"now use {each.name}")


def test_a_tool_in_use_stays():
    assert "shell" in shown("fix the sum", used=("shell",))


def test_whoever_changes_may_look():
    for count in range(2, 6):
        names = shown("write write_file edit_text edit_symbol memory shell", count=count)
        assert any(t.permission == "read" for t in TOOLS if t.name in names)


def test_few_tools_are_all_shown():
    assert choose(TOOLS[:3], "anything", (), (), 5) == ("list_files", "read_file", "search")


NAMES = st.sampled_from([t.name for t in TOOLS])


@given(
    st.lists(
        st.sampled_from(["fix", "run", "test", "file", "web", "rename", "read_file", "shell"])
    ),
    st.lists(NAMES, max_size=3),
    st.lists(NAMES, max_size=5, unique=True),
    st.integers(1, 8),
)
def test_a_choice_is_steady_small_and_in_order(words, used, kept, count):
    text = " ".join(words)
    names = choose(TOOLS, text, used, kept, count)
    assert len(names) == min(count, len(TOOLS))
    order = [t.name for t in TOOLS]
    assert sorted(names, key=order.index) == list(names)
    for _ in range(3):
        before, names = names, choose(TOOLS, text, used, names, count)
    assert names == before, "a choice that never settles would keep the loop from asking"
