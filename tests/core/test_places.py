"""Which arguments name paths, hosts and commands, and that rules see them under every name."""

from itertools import product
from typing import Any

import msgspec
import pytest

from samovar.core.places import Places, kind_of, places
from samovar.core.rules import Rule, Rules, decide
from samovar.core.tool import Call, Permission, Tool

PATHS = (
    *("path", "paths", "file", "files", "file path", "file paths", "relative path", "repo path"),
    *("absolute path", "old path", "new path", "path a", "path 2", "file name", "filename", "dir"),
    *("working directory", "directories", "work dir", "cwd", "root dir", "log file", "dockerfile"),
    *("folder", "folder name", "target folder", "outfile", "image path", "attachments", "src"),
    *("source", "target", "destination", "dest", "from", "to", "into", "output", "script", "root"),
    *("workspace", "input file", "file list", "profile path"),
)
HOSTS = (
    *("url", "urls", "base url", "uri", "resource uri", "endpoint", "host", "host name", "hosts"),
    *("website", "domain", "domain name", "address", "server", "href", "image url"),
)
COMMANDS = ("command", "commands", "cmd", "shell command", "command line", "shell", "args", "argv")
OTHERS = (
    *("text", "content", "file text", "file content", "file type", "file size", "path count"),
    *("profile", "profiles", "filter", "query", "pattern", "name", "new name", "said by", "names"),
    *("security", "during", "directed", "commander", "hostage", "email address", "tone", "code"),
    *("title", "id", "mode", "message", "body", "encoding", "comment", "sourcery", "tools"),
)


def spelled(words: str) -> set[str]:
    """Return a name as people of different languages write it."""
    first, *rest = words.split()
    camel = first + "".join(w.capitalize() for w in rest)
    joined = [mark.join(words.split()) for mark in ("_", "-", "")]
    return {*joined, camel, camel[:1].upper() + camel[1:], joined[0].upper(), f"_{joined[0]}"}


def test_a_name_counts_however_it_is_spelled():
    kinds = {"path": PATHS, "host": HOSTS, "command": COMMANDS, None: OTHERS}
    for kind, names in kinds.items():
        for name in {each for words in names for each in spelled(words)}:
            assert kind_of(name) == kind, name


def made(permission: Permission) -> Tool:
    async def run(**_given: Any) -> str:
        return ""

    return Tool("fs_do", "", permission, msgspec.Struct, {}, run)


def shapes(name: str, text: str) -> list[dict[str, Any]]:
    """Return arguments that hold a text under a name, among others."""
    return [
        {name: text},
        {"id": "7", name: text},
        {name: ["docs/a", text]},
        {"options": {name: text}},
        {"edits": [{name: "docs/a"}, {"content": "x", name: text}]},
        {"options": {"inner": [{name: [text]}]}},
    ]


SECRETS = Rules(deny=(Rule(path="secrets/**", why="mine"),), allow=(Rule(tool="fs_do"),))


@pytest.mark.parametrize("words", PATHS)
def test_a_denied_path_is_denied_under_every_name_a_server_gives_it(words):
    for name, text in product(spelled(words), ("secrets/a.txt", "./secrets", "/w/secrets/a")):
        for given in shapes(name, text):
            assert decide(SECRETS, made("read"), Call("fs_do", given), "/srv/p").why == "mine"
        for given in shapes(name, ".env"):
            rules = Rules(allow=(Rule(tool="fs_do"),))
            said = decide(rules, made("read"), Call("fs_do", given), "/srv/p")
            assert (said.verdict, said.why) == ("deny", "it holds secrets"), given
        for given in shapes(name, "docs/b.txt"):
            assert decide(SECRETS, made("read"), Call("fs_do", given), "/srv/p").verdict == "allow"


@pytest.mark.parametrize("words", OTHERS)
def test_other_arguments_may_say_what_they_like(words):
    for name, text in product(spelled(words), ("secrets/a.txt", ".env", "/etc/shadow")):
        for given in ({name: text}, {"path": "docs/a", name: text}, {"list": [{name: [text]}]}):
            said = decide(SECRETS, made("read"), Call("fs_do", given), "/srv/p")
            assert said.verdict == "allow", given


@pytest.mark.parametrize("words", HOSTS)
def test_a_denied_host_is_denied_under_every_name(words):
    rules = Rules(deny=(Rule(host="evil.org"),), allow=(Rule(tool="fs_do"),))
    for name in spelled(words):
        for text in ("https://evil.org/a", "evil.org", "EVIL.org.:80", "ftp://a@evil.org"):
            for given in shapes(name, text):
                said = decide(rules, made("network"), Call("fs_do", given)).verdict
                assert said == "deny", given
        for text in ("https://good.org/evil.org", "good.org", "https://evil.org.good.org"):
            given = {name: text}
            assert decide(rules, made("network"), Call("fs_do", given)).verdict == "allow", given


def test_an_address_under_the_name_of_a_path_is_both():
    assert places({"source": "https://a.org/x"}) == Places(("https://a.org/x",), ("a.org",))
    assert places({"path": "a://../../secrets"}).paths == ("a://../../secrets",)


@pytest.mark.parametrize("name", ["uri", "url", "path", "file", "source"])
@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///w/secrets/a.txt", "/w/secrets/a.txt"),
        ("FILE://localhost/w/%73ecrets/a%20b", "/w/secrets/a b"),
        (" file:secrets/a", "secrets/a"),
    ],
)
def test_the_uri_of_a_file_is_a_path(name, uri, path):
    found = places({name: uri})
    assert path in found.paths and not found.hosts
    assert decide(SECRETS, made("read"), Call("fs_do", {name: uri}), "/srv/p").why == "mine"
    assert uri in found.paths or name in ("uri", "url"), "there may be a file called so"


def test_files_by_their_names_are_paths_and_the_fields_of_one_file_are_not():
    for given in (
        {"files": {"secrets/a.txt": "x"}},
        {"files": {"secrets": "x"}},
        {"files": {"path": "docs/a", "secrets/logfile": "x"}},
        {"files": [{"name": "secrets/a.txt", "data": "x"}]},
    ):
        said = decide(SECRETS, made("write"), Call("fs_do", given), "/srv/p")
        assert said.why == "mine", given
    for given in (
        {"files": [{"path": "docs/a", "content": "secrets/a"}]},
        {"file": {"name": "docs/a", "content": ".env"}},
        {"files": {"docs/a.txt": "secrets/a"}},
    ):
        only = Rules(ask=(Rule(tool="write"),), allow=(Rule(tool="fs_do", path="docs/**"),))
        assert decide(only, made("write"), Call("fs_do", given), "/srv/p").verdict == "allow"


def test_a_permission_for_some_paths_is_none_for_a_call_that_names_another():
    only = Rules(ask=(Rule(tool="read"),), allow=(Rule(tool="fs_do", path="docs/**"),))
    for words in PATHS:
        for name in spelled(words):
            for given in shapes(name, "src/a"):
                said = decide(only, made("read"), Call("fs_do", {"path": "docs/a", **given}), "/p")
                assert said.verdict == "ask", given


@pytest.mark.parametrize("words", COMMANDS)
def test_a_denied_command_is_denied_under_every_name(words):
    rules = Rules(allow=(Rule(tool="fs_do"),))
    for name in spelled(words):
        for given in ({name: "sudo ls"}, {name: ["sudo", "ls"]}, {name: ["ls", "sudo x"]}):
            assert decide(rules, made("run"), Call("fs_do", given)).verdict == "deny", given
        assert (
            decide(rules, made("run"), Call("fs_do", {name: ["pseudo", "ls"]})).verdict == "allow"
        )


def test_a_program_and_its_arguments_are_one_command():
    push = {"command": "git", "args": ["push", "origin"]}
    asked = Rules(ask=(Rule(command="git push*"),))
    assert decide(asked, made("run"), Call("fs_do", push)).verdict == "ask"
    allowed = Rules(ask=(Rule(tool="run"),), allow=(Rule(command="git"),))
    assert decide(allowed, made("run"), Call("fs_do", push)).verdict == "ask"
    assert decide(allowed, made("run"), Call("fs_do", {"command": "git"})).verdict == "allow"


def test_names_that_are_no_texts_break_nothing():
    assert places({"files": {1: "a", None: ["b"]}, "path": 3, "url": None}).paths == ("1", "None")
