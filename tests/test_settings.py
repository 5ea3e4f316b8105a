"""Settings of a person and of a home, joined."""

import random
from pathlib import Path

import msgspec
import pytest

from samovar.core.errors import SetupError
from samovar.core.rules import Decision, Rules, decide, waived
from samovar.core.tool import Call, Permission, Tool
from samovar.settings import Settings, load, variables


def _load(tmp_path: Path, everywhere: str, here: str):
    for folder, text in ((tmp_path / "config" / "samovar", everywhere), (tmp_path / "home", here)):
        folder.mkdir(parents=True)
        (folder / "samovar.toml").write_text(text)
    return load(tmp_path / "home", {"XDG_CONFIG_HOME": str(tmp_path / "config")})


def _said(rules: Rules, name: str, argument: str, value: str) -> Decision:
    fields = msgspec.defstruct(name, [(argument, str)])
    permission: Permission = "network" if name == "fetch" else "read"

    async def run(**_given: str) -> str:
        return ""

    each = Tool(name, "It does it.", permission, fields, {}, run)
    return decide(rules, each, Call(name, {argument: value}), "/srv/p")


def test_a_home_cannot_take_back_what_a_person_denied_everywhere(tmp_path: Path):
    rules = _load(
        tmp_path,
        '[[rules.deny]]\ntool = "shell"\n[[rules.allow]]\ntool = "fetch"\n',
        '[[rules.deny]]\npath = "x"\n[[rules.allow]]\ntool = "shell"\ncommand = "ls"\n',
    ).rules
    assert _said(rules, "shell", "command", "ls").verdict == "deny"
    assert _said(rules, "read_file", "path", "x").verdict == "deny"
    assert [r.tool for r in rules.allow] == ["shell"]


_PERSON = """
[rules]
allow = [{ tool = "fetch", host = "a.org" }, { tool = "shell", command = "git status*" }]
ask = [{ tool = "shell" }]
deny = [{ tool = "python" }]
"""


@pytest.mark.parametrize(
    "here",
    ["", "context = 4096\n", "rules = {}\n", '[[rules.deny]]\npath = "secrets/**"\n'],
)
def test_rules_hold_in_a_home_that_says_nothing_of_them(tmp_path: Path, here: str):
    rules = _load(tmp_path, _PERSON, here).rules
    assert _said(rules, "shell", "command", "ls").verdict == "ask"
    assert _said(rules, "shell", "command", "git status -s").verdict == "allow"
    assert _said(rules, "fetch", "url", "https://a.org").verdict == "allow"
    assert _said(rules, "python", "code", "1").verdict == "deny"
    hidden = "deny" if "secrets" in here else "allow"
    assert _said(rules, "read_file", "path", "secrets/a").verdict == hidden


def test_permissions_of_a_home_replace_the_persons_and_lift_none_of_the_persons_questions(
    tmp_path: Path,
):
    here = '[rules]\nallow = [{ tool = "shell", command = "*" }, { host = "b.org" }]\n'
    rules = _load(tmp_path, _PERSON, here).rules
    assert _said(rules, "shell", "command", "ls").verdict == "ask"
    assert _said(rules, "shell", "command", "git status").verdict == "allow", "by the person's word"
    assert _said(rules, "fetch", "url", "https://a.org").verdict == "ask", "as built in"
    assert _said(rules, "fetch", "url", "https://b.org").verdict == "allow"


def test_an_empty_list_of_permissions_takes_those_of_the_person_away(tmp_path: Path):
    rules = _load(tmp_path, _PERSON, "[rules]\nallow = []\n").rules
    assert _said(rules, "fetch", "url", "https://a.org").verdict == "ask"


def test_a_question_about_a_whole_tool_is_waived_by_the_person_alone(tmp_path: Path):
    everything, fetching = '[[rules.ask]]\ntool = "*"\n', '[[rules.allow]]\ntool = "fetch"\n'
    for number, (person, here, free) in enumerate(
        [
            ("", fetching, True),
            (everything, fetching, False),
            (everything + fetching, "", True),
            (everything + fetching, "[rules]\nallow = []\n", False),
            (everything + fetching, fetching, True),
            (fetching, everything, True),
            (fetching, '[[rules.deny]]\ntool = "fetch"\n', False),
            ('[[rules.deny]]\ntool = "fetch"\n', fetching, False),
        ]
    ):
        rules = _load(tmp_path / str(number), person, here).rules
        assert waived(rules, "fetch") is free, (person, here)
        assert (_said(rules, "fetch", "url", "https://a.org").verdict == "allow") is free


_CALLS = (
    *(("fetch", "url", "https://a.org"), ("fetch", "url", "https://b.net")),
    *(("shell", "command", "git status"), ("shell", "command", "git push")),
    *(("read_file", "path", ".env"), ("read_file", "path", "docs/a"), ("memory", "text", "x")),
)


def _drawn(draw: random.Random, why: str) -> str:
    tools = ["", "*", "fetch", "shell", "read_file", "network", "read"]
    fields = {"host": ["a.org", "*.org"], "command": ["git *", "git status*"]}
    fields["path"] = ["docs/**", ".env", "**"]

    def rule() -> str:
        given = {"tool": draw.choice(tools), "why": why}
        name = draw.choice([*fields, ""])
        given |= {name: draw.choice(fields[name])} if name else {}
        return "{ " + ", ".join(f'{k} = "{v}"' for k, v in given.items()) + " }"

    kinds = [k for k in ("allow", "ask", "deny") if draw.random() < 0.6]
    lists = [f"{k} = [{', '.join(rule() for _ in range(draw.randint(0, 2)))}]" for k in kinds]
    return "\n".join(["[rules]", *lists, ""])


def test_no_home_loosens_the_persons_own_rules_and_none_denies_what_neither_file_does(
    tmp_path: Path,
):
    strict, draw, kept = ("allow", "ask", "deny"), random.Random(7), 0
    for number in range(400):
        texts = _drawn(draw, "person"), _drawn(draw, "home")
        person, home = (_load(tmp_path / f"{number}-{n}", t, "").rules for n, t in enumerate(texts))
        both = _load(tmp_path / f"{number}", *texts).rules
        for call in _CALLS:
            alone, here, said = (_said(rules, *call) for rules in (person, home, both))
            if alone.why == "person":
                kept += alone.verdict != "allow"
                assert strict.index(said.verdict) >= strict.index(alone.verdict), (texts, call)
            most = max(alone.verdict, here.verdict, key=strict.index)
            assert strict.index(said.verdict) <= strict.index(most), (texts, call)
    assert kept > 300, "the person must have denied and asked something"


@pytest.mark.parametrize("own", [True, False])
def test_nobody_writes_the_persons_rules_into_a_table_of_that_name(tmp_path: Path, own: bool):
    odd = '[[rules.person.allow]]\ntool = "shell"\n'
    with pytest.raises(SetupError, match="no person"):
        _load(tmp_path, *((odd, "") if own else ("", odd)))


@pytest.mark.parametrize(
    "here", ["rules = 3\n", "rules.deny = 3\n", "rules.deny = [1]\n", "rules.allow = 3\n"]
)
def test_rules_of_another_shape_are_complained_of(tmp_path: Path, here: str):
    with pytest.raises(SetupError, match="rules"):
        _load(tmp_path, '[[rules.deny]]\ntool = "shell"\n', here)
    with pytest.raises(SetupError, match="rules") as told:
        _load(tmp_path / "swapped", here, "")
    assert "person" not in str(told.value), "no file has such a table"


def test_a_turn_has_at_least_one_step(tmp_path: Path):
    with pytest.raises(SetupError, match="in `steps`; see"):
        _load(tmp_path, "", "steps = 0\n")


def test_a_value_of_another_kind_is_named_without_signs_of_a_library(tmp_path: Path):
    with pytest.raises(SetupError, match="in `calls`; see"):
        _load(tmp_path, "", 'calls = "abc"\n')


def test_a_server_named_by_a_variable_comes_before_those_of_the_file(tmp_path: Path):
    (tmp_path / "samovar.toml").write_text(
        'embeddings = "notes"\n[[models]]\nname = "notes"\nurl = "http://gpu-box:1/v1"\n'
    )
    found = load(tmp_path, {"SAMOVAR_MODEL_URL": "http://gpu-box:2/v1", "HOME": str(tmp_path)})
    assert [m.name for m in found.models] == ["env", "notes"]
    assert (found.model, found.embeddings) == ("env", "notes")
    (tmp_path / "samovar.toml").write_text('[[models]]\nname = "notes"\n')
    with pytest.raises(SetupError, match="url"):
        load(tmp_path, {"HOME": str(tmp_path)})


@pytest.mark.parametrize("written", ["info", "INFO", "Info"])
def test_the_level_of_the_log_is_read_in_any_case(tmp_path: Path, written: str):
    assert _load(tmp_path / "file", "", f'log = "{written}"\n').log == "info"
    home = {"XDG_CONFIG_HOME": str(tmp_path / "none"), "SAMOVAR_LOG": written}
    assert load(tmp_path, home).log == "info"
    (tmp_path / ".env").write_text(f"SAMOVAR_LOG={written}\n")
    assert load(tmp_path, {"XDG_CONFIG_HOME": str(tmp_path / "none")}).log == "info"


@pytest.mark.parametrize("written", ['"LOUD"', "3", "[]"])
def test_a_level_there_is_not_is_complained_of(tmp_path: Path, written: str):
    with pytest.raises(SetupError, match="in `log`; see"):
        _load(tmp_path, "", f"log = {written}\n")


def test_the_example_of_an_env_file_can_be_used_as_it_is(tmp_path: Path):
    example = (Path(__file__).parents[1] / ".env.example").read_text()
    (tmp_path / ".env").write_text(example.replace("# SAMOVAR_", "SAMOVAR_"))
    settings = load(tmp_path, {"XDG_CONFIG_HOME": str(tmp_path / "none")})
    assert (settings.log, settings.steps, settings.temperature) == ("info", 20, 0.2)
    known = {f"SAMOVAR_{f.name.upper()}" for f in msgspec.structs.fields(Settings)}
    known |= {f"SAMOVAR_{name}" for name in ("MODEL_URL", "MODEL_KEY", "WEB_TOKEN", "WEB_NAMES")}
    known |= (away := {"XDG_CONFIG_HOME": "/nowhere"}).keys()
    assert set(variables(tmp_path, away)) <= known


def test_folders_to_read_are_named_in_a_file_of_the_person_only(tmp_path: Path):
    assert _load(tmp_path, 'readable = ["~/.nvm"]\n', "").readable == ("~/.nvm",)
    given = {"XDG_CONFIG_HOME": str(tmp_path / "none"), "SAMOVAR_READABLE": "/x"}
    assert load(tmp_path / "none", given).readable == ()


def test_a_variable_set_to_nothing_hides_none_of_the_file(tmp_path: Path):
    (tmp_path / ".env").write_text("TOKEN=a\nOTHER=b\n")
    given = {"TOKEN": "", "OTHER": "c", "EMPTY": "", "HOME": str(tmp_path)}
    found = variables(tmp_path, given)
    assert (found["TOKEN"], found["OTHER"], found["EMPTY"]) == ("a", "c", "")
