import pytest

from samovar.core.errors import SetupError
from samovar.core.message import Message
from samovar.memory.pattern import SHIPPED, find, load, messages

OWN = ["explain_code", "extract_tasks", "improve_prose"]
OWN += ["review_code", "summarize", "write_commit_message"]


def write(folder, name, system, user=None):
    (folder / name).mkdir(parents=True)
    (folder / name / "system.md").write_text(system)
    if user is not None:
        (folder / name / "user.md").write_text(user)


def test_six_patterns_are_shipped_and_say_what_they_are_for():
    assert list(find([SHIPPED])) == OWN
    for name in OWN:
        made = load(name, [SHIPPED])
        assert made.variables == ()
        assert 20 < len(made.purpose) < 120
        assert len(made.system) < 1_500


def test_the_first_folder_counts(tmp_path):
    write(tmp_path / "a", "summarize", "mine")
    assert load("summarize", [tmp_path / "missing", tmp_path / "a", SHIPPED]).system == "mine"


def test_the_input_follows_the_pattern(tmp_path):
    write(tmp_path, "p", "# IDENTITY\r\nYou are X.\r\n\r\n# INPUT\r\nINPUT:\r\n")
    assert messages(load("p", [tmp_path]), "hello", {}) == (
        Message("system", "# IDENTITY\nYou are X.\n\n# INPUT\nINPUT:"),
        Message("user", "hello"),
    )


def test_variables_are_filled_once_and_never_those_of_the_input(tmp_path):
    write(tmp_path, "p", "As {{role}}, in {{ lang }}:", "About {{topic}}:")
    made = load("p", [tmp_path])
    assert made.variables == ("role", "lang", "topic")
    values = {"role": "{{lang}}", "lang": "French", "topic": "tea"}
    assert messages(made, "{{role}}", values) == (
        Message("system", "As {{lang}}, in French:"),
        Message("user", "About tea:\n\n{{role}}"),
    )


def test_a_pattern_may_say_where_the_input_stands(tmp_path):
    write(tmp_path, "p", "Translate: {{input}} Thanks.")
    assert messages(load("p", [tmp_path]), "tea", {}) == (
        Message("user", "Translate: tea Thanks."),
    )


def test_an_empty_system_prompt_is_left_out(tmp_path):
    write(tmp_path, "p", "", "Say it:")
    assert messages(load("p", [tmp_path]), "tea", {}) == (Message("user", "Say it:\n\ntea"),)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "add -v role=... -v lang=..."),
        ({"role": "x"}, "add -v lang=..."),
        ({"role": "x", "lang": "y", "z": "1"}, "no variable 'z'; it has: role, lang"),
    ],
)
def test_a_variable_that_is_missing_or_unheard_of_is_named(tmp_path, values, said):
    write(tmp_path, "p", "{{role}} {{lang}}")
    with pytest.raises(SetupError) as caught:
        messages(load("p", [tmp_path]), "x", values)
    assert said in str(caught.value)


def test_fabrics_plugins_are_not_run(tmp_path):
    write(tmp_path, "p", "Today is {{plugin:datetime:today}}.")
    with pytest.raises(SetupError, match="plugin:datetime:today"):
        messages(load("p", [tmp_path]), "x", {})


@pytest.mark.parametrize("name", ["../p", "", "/etc", ".hidden", "p/q", "sumarize"])
def test_only_a_name_that_was_found_is_loaded(tmp_path, name):
    write(tmp_path / "q", "p", "secret")
    with pytest.raises(SetupError, match="there is no pattern"):
        load(name, [tmp_path, SHIPPED])


def test_a_name_that_is_nearly_right_is_helped():
    with pytest.raises(SetupError, match="perhaps: explain_code, review_code "):
        load("code", [SHIPPED])


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "system.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SetupError, match=r"system\.md cannot be read"):
        load("p", [tmp_path])
