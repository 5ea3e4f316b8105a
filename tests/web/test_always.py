"""A rule from a question: only what would allow this very call, and shown before it is written."""

import tomllib

import pytest
from household import BASE
from litestar.testing import TestClient

from samovar.core.errors import SetupError
from samovar.core.rules import Rule
from samovar.org.seams import Approval
from samovar.settings import load
from samovar.web.always import call_of, keep, rule_of, shown, words
from samovar.web.forms import FIELD

RULE = Rule(tool="fetch", host="docs.python.org")


@pytest.fixture(autouse=True)
def _no_settings_of_ours(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def asked(act: str, arguments: str) -> Approval:
    return Approval(agent="ada", act=act, digest="ab", text=f"{act}: why\n\n{act} {arguments}")


@pytest.mark.parametrize(
    ("act", "arguments", "rule"),
    [
        ("fetch", '{"url":"https://Docs.python.org/3/"}', RULE),
        (
            "shell",
            '{"command":"git push origin x"}',
            Rule(tool="shell", command="git push origin x"),
        ),
        (
            "write_file",
            '{"path":"./docs/a.md","text":"x"}',
            Rule(tool="write_file", path="docs/a.md"),
        ),
        (
            "convert",
            '{"destination":"out/a.csv"}',
            Rule(tool="convert", path="out/a.csv"),
        ),
        ("notify", '{"text":"hello"}', Rule(tool="notify")),
        ("shell", '{"command":"git push; rm x"}', None),
        ("shell", '{"command":"ls *"}', None),
        ("shell", '{"command":"sudo ls"}', Rule(tool="shell", command="sudo ls")),
        ("read_file", '{"path":"a[1].py"}', None),
        ("fetch", '{"url":["https://a.org","https://b.org"]}', None),
        ("fetch", "no json", None),
        ("fetch", '["https://a.org"]', None),
        ("f*", '{"url":"https://a.org"}', None),
    ],
)
def test_a_rule_is_as_narrow_as_the_call(tmp_path, act, arguments, rule):
    assert rule_of(asked(act, arguments), tmp_path) == rule


def test_an_act_that_is_no_call_has_no_rule(tmp_path):
    push = Approval(agent="ada", act="push", digest="ab", text="push branch x\n\na.py | 2 +-")
    assert call_of(push) is None
    assert rule_of(push, tmp_path) is None


def test_no_rule_is_offered_that_a_denial_of_a_person_would_undo(tmp_path):
    (tmp_path / "samovar.toml").write_text('[rules]\ndeny = [{ host = "docs.python.org" }]\n')
    assert rule_of(asked("fetch", '{"url":"https://docs.python.org/3/"}'), tmp_path) is None


@pytest.mark.parametrize(
    "before",
    [
        "",
        'model = "x" # mine',
        '# why\n[rules]\nallow = [{ tool = "a" }] # b\nask = []\n[web]\npublic = false\n',
        '[rules]\nallow = [\n  { tool = "a" },\n]\n',
        "[rules]\nallow = []\n",
        '[[rules.allow]]\ntool = "a"\n[[rules.deny]]\npath = "s/**"\n\n[web]\npublic = false\n',
        '[rules]\nask = [{ tool = "b" }]\n',
    ],
)
def test_a_file_means_what_it_meant_and_the_rule_besides(tmp_path, before):
    path = tmp_path / "samovar.toml"
    path.write_text(before)
    old = tomllib.loads(before)
    assert keep(RULE, tmp_path) == path
    text = path.read_text()
    for line in before.splitlines():
        assert line.partition("#")[2] in text, "comments stay"
    found = load(tmp_path)
    assert RULE in found.rules.allow
    assert {r.tool for r in found.rules.allow} == {"fetch", "a"} - (
        {"a"} if '"a"' not in before else set()
    )
    assert found.web.public == old.get("web", {}).get("public", True)
    assert len(found.rules.deny) == before.count("deny")
    assert len(found.rules.ask) == before.count('"b"')


def test_a_file_that_cannot_be_added_to_stays_as_it_is(tmp_path):
    path = tmp_path / "samovar.toml"
    for text in ("rules = { allow = [] }\n", "not toml at all"):
        path.write_text(text)
        with pytest.raises(Exception, match=r"by hand|samovar\.toml"):
            keep(RULE, tmp_path)
        assert path.read_text() == text


def test_rules_for_every_home_hold_on_when_a_home_gets_its_first(tmp_path):
    common = tmp_path / "config" / "samovar"
    common.mkdir(parents=True)
    (common / "samovar.toml").write_text(
        '[rules]\nallow = [{ tool = "a" }]\nask = [{ tool = "b", why = "\\"so\\"" }]\n'
        'deny = [{ path = "s/**" }]\n'
    )
    keep(RULE, tmp_path)
    rules = load(tmp_path).rules
    assert {r.tool for r in rules.allow} == {"a", "fetch"}
    [person, own] = rules.files
    assert [(r.tool, r.why) for r in person.ask] == [("b", '"so"')]
    assert [r.path for r in person.deny] == ["s/**"]
    assert not own.ask and not own.deny, "they hold without being written a second time"


def test_no_permission_for_every_home_is_lost_where_a_home_has_denials_only(tmp_path):
    common = tmp_path / "config" / "samovar"
    common.mkdir(parents=True)
    (common / "samovar.toml").write_text('[[rules.allow]]\ntool = "a"\n')
    (tmp_path / "samovar.toml").write_text('[[rules.deny]]\npath = "s/**"\n')
    keep(RULE, tmp_path)
    keep(Rule(tool="b"), tmp_path)
    assert [r.tool for r in load(tmp_path).rules.allow] == ["a", "fetch", "b"]


def test_no_rule_is_offered_that_lifts_a_question_the_person_wants_everywhere(tmp_path):
    common = tmp_path / "config" / "samovar"
    common.mkdir(parents=True)
    for rules, offered in (('[[rules.ask]]\ntool = "*"\n', None), ("", RULE)):
        (common / "samovar.toml").write_text(rules)
        assert rule_of(asked("fetch", '{"url":"https://docs.python.org/3/"}'), tmp_path) == offered


def test_what_is_written_is_what_was_shown(person, team, home):
    text = person.get("/approvals/8").text
    assert words(RULE).replace("'", "&#39;") in text
    assert shown(RULE).strip().replace('"', "&#34;") in text
    form = {"answer": "always", "digest": "cd" * 32, FIELD: person.csrf}
    wrong = person.post("/approvals/8", data={**form, "digest": "00" * 32}, follow_redirects=False)
    assert wrong.status_code == 409
    assert not (home / "samovar.toml").exists()
    assert person.post("/approvals/8", data=form, follow_redirects=False).status_code == 303
    assert team.asked[8].state == "granted"
    assert shown(RULE) in (home / "samovar.toml").read_text()


def test_a_push_is_never_allowed_for_always(person, team, home):
    assert "Always allow" not in person.get("/approvals/7").text
    form = {"answer": "always", "digest": "ab" * 32, FIELD: person.csrf}
    assert person.post("/approvals/7", data=form).status_code == 409
    assert team.asked[7].state == "asked"


def test_the_api_keeps_a_rule_too(client, team, home):
    assert isinstance(client, TestClient)
    assert str(client.base_url).startswith(BASE)
    answer = client.post(
        "/api/approvals/8", json={"digest": "cd" * 32, "yes": True, "always": True}
    )
    assert "samovar.toml" in answer.json()["said"]
    assert RULE in load(home).rules.allow


def test_no_rule_is_kept_for_an_act_that_somebody_refused_meanwhile(
    person, team, home, monkeypatch
):
    async def refused(*_):
        raise SetupError("this question is answered or has expired")

    monkeypatch.setattr(team, "answer", refused)
    form = {"answer": "always", "digest": "cd" * 32, FIELD: person.csrf}
    assert person.post("/approvals/8", data=form).status_code == 409
    assert not (home / "samovar.toml").exists()


def test_a_yes_counts_where_its_rule_can_only_be_written_by_hand(client, team, home):
    (home / "samovar.toml").write_text("rules = { allow = [] }\n")
    word = {"digest": "cd" * 32, "yes": True, "always": True}
    said = client.post("/api/approvals/8", json=word).json()["said"]
    assert "only this once" in said and "by hand" in said
    assert team.asked[8].state == "granted"
