import json
import os
import pty
import subprocess

import pytest

from .conftest import COMMAND


def test_patterns_are_listed_and_shown(samovar, project):
    own = project / ".samovar" / "patterns" / "mine"
    own.mkdir(parents=True)
    (own / "system.md").write_text("# A\n\nWrite for {{reader}}.\n")
    rows = samovar("pattern", "list").stdout.splitlines()
    assert len(rows) == 7
    assert rows[3].split(maxsplit=1) == ["mine", "Write for {{reader}}."]
    shown = samovar("pattern", "show", "mine")
    assert shown.stdout == "# A\n\nWrite for {{reader}}.\n"
    listed = json.loads(samovar("pattern", "list", "--json").stdout)
    assert listed[3]["variables"] == ["reader"]


def test_a_broken_pattern_is_named_beside_the_others(samovar, project):
    for name, data in (("big", b"x" * (257 << 10)), ("odd", b"\xff")):
        own = project / ".samovar" / "patterns" / name
        own.mkdir(parents=True)
        (own / "system.md").write_bytes(data)
    done = samovar("pattern", "list")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 6)
    big, odd = done.stderr.splitlines()
    assert "big/system.md has more than 256 kB" in big and "odd/system.md cannot be read" in odd
    assert len(json.loads(samovar("pattern", "list", "--json").stdout)) == 6


def test_fabrics_own_folder_is_searched(samovar, environment, tmp_path):
    place = tmp_path / "config" / "fabric" / "patterns" / "extract_wisdom"
    place.mkdir(parents=True)
    (place / "system.md").write_text("# IDENTITY and PURPOSE\n\nYou extract wisdom.\n\n# INPUT\n")
    assert "You extract wisdom." in samovar("pattern", "list").stdout


def test_the_answer_streams_to_standard_output(served, server):
    server.answer = "Tea is hot.\nVery."
    done = served("pattern", "run", "summarize", stdin="a long text about tea")
    assert (done.returncode, done.stdout) == (0, "Tea is hot.\nVery.\n")


def test_an_answer_is_one_of_the_options(served, server):
    server.answer = '"spam"'
    done = served("pattern", "run", "summarize", "--choice", "spam, ham", stdin="buy now")
    assert (done.returncode, done.stdout) == (0, "spam\n")
    server.answer = "neither"
    done = served("pattern", "run", "summarize", "--choice", "spam,ham", stdin="buy now")
    assert done.returncode == 3
    assert "exactly one of: spam, ham" in done.stderr


def test_an_answer_fits_a_schema(served, server, tmp_path):
    form = tmp_path / "form.json"
    form.write_text(
        '{"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}},'
        ' "required": ["n"], "additionalProperties": false}'
    )
    server.answer = 'Here: {"n": 3}'
    done = served("pattern", "run", "summarize", "--json-schema", str(form), stdin="x")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"n": 3})
    server.answer = '{"n": 0}'
    done = served("pattern", "run", "summarize", "--json-schema", str(form), stdin="x")
    assert done.returncode == 3
    assert "$.n breaks minimum 1" in done.stderr
    form.write_text('{"$ref": "#/x"}')
    done = served("pattern", "run", "summarize", "--json-schema", str(form), stdin="x")
    assert done.returncode == 2
    assert "'$ref', which is not checked here" in done.stderr


def test_variables_are_given_as_in_fabric(served, server, project):
    own = project / ".samovar" / "patterns" / "mine"
    own.mkdir(parents=True)
    (own / "system.md").write_text("Write for {{reader}}.\n")
    server.answer = "done"
    for given in ("reader=Anna", "#reader:Anna"):
        assert served("pattern", "run", "mine", "-v", given, stdin="x").stdout == "done\n"
    asked: list[str] = []
    server.say = lambda request: asked.append(json.dumps(request)) or "done"
    for given in ("#reader:http://x?a=b", "reader=http://x?a=b"):
        assert served("pattern", "run", "mine", "-v", given, stdin="x").returncode == 0
        assert "Write for http://x?a=b." in asked[-1]
    missing = served("pattern", "run", "mine", stdin="x")
    assert missing.returncode == 2
    assert "add -v reader=..." in missing.stderr


def test_what_is_wrong_is_said_before_a_model_is_asked(samovar, tmp_path):
    for words, stdin, said in (
        (("nothing",), "x", "there is no pattern 'nothing'"),
        (("summarize",), " \n", "there is nothing to work on"),
        (("summarize", "-v", "x"), "x", "-v key=value"),
        (("summarize", "--choice", "a,b", "--json-schema", "f"), "x", "exclude each other"),
    ):
        done = samovar("pattern", "run", *words, stdin=stdin)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr


FORM = '{"type": "object", "properties": {"n": {"type": "string"}}, "required": ["n"]}'


def test_json_on_a_terminal_hides_nothing_and_in_a_pipe_is_as_it_is(
    served, server, project, environment, tmp_path
):
    form = tmp_path / "form.json"
    form.write_text(FORM)
    text = "a\u202eb\U000e0041c\x9b31m"
    server.answer = json.dumps({"n": text})
    words = ("pattern", "run", "summarize", "--json-schema", str(form))
    assert json.loads(served(*words, stdin="x").stdout) == {"n": text}
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [*COMMAND, *words],
        cwd=project,
        env=environment | {"SAMOVAR_MODEL_URL": server.url},
        input=b"x",
        stdout=theirs,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    os.close(theirs)
    shown = os.read(ours, 4096).decode()
    os.close(ours)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "a⟨U+202E⟩b⟨hidden: A⟩c⟨U+009B⟩31m" in shown
    assert not {"\u202e", "\U000e0041", "\x9b"}.intersection(shown)


def test_what_does_not_fit_is_told_with_outlines_as_without(served, server, tmp_path):
    pytest.importorskip("outlines")
    form = tmp_path / "form.json"
    form.write_text(FORM)
    asked: list[object] = []
    server.say = lambda request: asked.append(request) or '{"n": "tea"}'
    for way in (("--json-schema", str(form)), ("--choice", "a,b")):
        words = ("pattern", "run", "summarize", "--outlines", *way)
        done = served(*words, stdin="word " * 200_000)
        assert (done.returncode, done.stdout) == (3, "")
        assert "do not fit" in done.stderr and len(done.stderr.splitlines()) == 1
    assert [a for a in asked if "word word" in json.dumps(a)] == []
    words = ("pattern", "run", "summarize", "--outlines", "--json-schema", str(form))
    assert json.loads(served(*words, stdin="tea is hot").stdout) == {"n": "tea"}
    assert "response_format" in asked[-1], "outlines asked for the form"
