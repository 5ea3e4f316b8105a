"""Which paths a pattern speaks of: never because of the folders above the workspace."""

from itertools import product

import pytest

from samovar.core.glob import fits, sieve
from samovar.core.rules import Rule, Rules, Verdict, decide, sight
from samovar.core.tool import Call, Tool, tool

HOME = "/home/ann"
PLAIN = "/srv/p"
"""A root whose own way fits no pattern of these tests."""
ROOTS = (
    "/home/ann/secrets/p/.samovar/runs/2026-11-22-rename-the-secret-field-ab/work",
    "/home/ann/docs/token/p",
    "/home/ann/.ssh.git/password.key/id_rsa/.env",
    "/secrets",
    "/docs/../tests",
    "/home/ann/p/",
    "/w",
    "/w/secrets",
    "/",
)
PATTERNS = (
    *("secrets/**", "./secrets/**", "secrets/", "secrets", "*secret*", "*token*", "*password*"),
    *("work", "runs", "home", "ann", "w", "srv", "p", "*", "**", "*.key", ".env", "id_rsa"),
    *(
        "[sp]*/*",
        "d[!x]cs/a.md",
        "docs/**",
        "**/docs/*.md",
        "docs/*/a.md",
        "./docs/*.md",
        "./",
        "tests/**",
        "a/?.md",
    ),
)
PATHS = (
    *(".", "a.md", ".env", "sub/.env", "secrets", "secrets/a.md", "sub/secrets/a.md", "work/a"),
    *("docs/a.md", "docs/b/a.md", "sub/docs/a.md", "my secret.txt", "secrets/a\nb", "x.key"),
    *("./a/../secrets/a.md", "sub/../.", "p/a.md", "w", "tests/token/password", "a/b.md"),
)


@pytest.fixture(autouse=True)
def _ann(monkeypatch):
    monkeypatch.setenv("HOME", HOME)


@pytest.fixture
def read() -> Tool:
    return made("read_file")


def made(name: str) -> Tool:
    async def read(path: str) -> str:
        """Read."""
        return path

    return tool(read, "read", {"path": "a"}, name=name)


def verdict(rules: Rules, path: str, root: str, each: Tool) -> Verdict:
    return decide(rules, each, Call(each.name, {"path": path}), root).verdict


@pytest.mark.parametrize("root", ROOTS)
def test_no_folder_above_the_workspace_changes_a_verdict(root, read):
    for pattern, path in product(PATTERNS, PATHS):
        rule = (Rule(path=pattern),)
        for rules in (Rules(deny=rule), Rules(ask=rule), Rules(allow=rule)):
            here, there = (verdict(rules, path, r, read) for r in (PLAIN, root))
            assert here == there, (pattern, path)
            shown, meant = (sight(rules, r)("read_file", path) for r in (PLAIN, root))
            assert shown == meant == here, (pattern, path)


def test_a_path_is_judged_alike_however_it_names_the_workspace(read):
    for root, pattern, path in product((PLAIN, *ROOTS[:2]), PATTERNS, PATHS):
        rules = Rules(deny=(Rule(path=pattern),))
        said = verdict(rules, path, root, read)
        assert verdict(rules, f"{root}/{path}", root, read) == said, (root, pattern, path)
        assert verdict(rules, f"/w/{path}", root, read) == said, (root, pattern, path)


@pytest.mark.parametrize(
    ("pattern", "denied", "free"),
    [
        ("*secret*", ["my secret.txt", "a/secrets/b", "secret"], [".", "a.md", "runs"]),
        ("secrets/**", ["secrets", "secrets/a", "a/secrets/b/c"], [".", "a", "mysecrets/a"]),
        ("secrets/", ["secrets", "secrets/a", "a/secrets/b/c"], [".", "a", "mysecrets/a"]),
        ("./secrets/**", ["secrets", "secrets/a", "x/../secrets/a"], [".", "a/secrets/b"]),
        ("desk", ["desk", "a/desk/b"], [".", "desktop", "a/desks"]),
        ("a/?.md", ["a/b.md", "c/a/b.md"], ["a/bc.md", "b.md", "aa/b.md"]),
        ("**", [".", "a", "a/b"], []),
        ("part[12]/**", ["part1", "a/part2/b"], ["part3/a", "part[12]/a", "part12"]),
        ("part[!1-3]/*", ["part4/a", "part-/a"], ["part2/a", "part/a", "part//a"]),
        ("a?b/c", ["axb/c"], ["a/b/c", "ab/c"]),
        ("[z-a]/x", [], ["z/x", "[z-a]/x"]),
        ("a[/x", ["a[/x"], ["a/x"]),
        ("[]]/x", ["]/x"], ["[]]/x"]),
        ("secrets/*", ["secrets/a\nb"], ["secrets/a/b", "secrets"]),
        ("secrets/**", ["secrets/a\nb/c"], []),
    ],
)
@pytest.mark.parametrize("root", [PLAIN, *ROOTS])
def test_a_pattern_speaks_of_the_way_from_the_workspace(root, pattern, denied, free, read):
    rules = Rules(deny=(Rule(path=pattern),))
    assert {p: verdict(rules, p, root, read) for p in denied} == dict.fromkeys(denied, "deny")
    assert {p: verdict(rules, p, root, read) for p in free} == dict.fromkeys(free, "allow")


@pytest.mark.parametrize("root", [*ROOTS[:4], "/home/ann/p"])
def test_what_holds_built_in_holds_below_every_folder(root, read):
    for path in (".env", "a/.env", "x.key", ".git/config", "a/.git", "id_rsa", "~/.ssh/config"):
        assert verdict(Rules(), path, root, read) == "deny", path
    for path in (".", "a.md", "docs/a.md", ".env.example"):
        assert verdict(Rules(), path, root, read) == "allow", path


def test_whole_patterns_are_held_against_whole_paths(read):
    root = f"{HOME}/secrets/p"
    for pattern in ("~/secrets/**", "~/secrets/", "/home/*/secrets/**", f"{root}/**", "~/**", "~"):
        far = pattern == "~"
        assert verdict(Rules(deny=(Rule(path=pattern),)), "a.md", root, read) == (
            "allow" if far else "deny"
        ), pattern
    for pattern in ("/secrets/**", "~/p/**", "/p/a.md", "~ann", "~.md", "~*"):
        assert verdict(Rules(deny=(Rule(path=pattern),)), "a.md", root, read) == "allow", pattern
    assert verdict(Rules(deny=(Rule(path="~*"),)), "~a.md", root, read) == "deny"


def test_outside_the_workspace_only_a_whole_pattern_permits(read):
    root, other = f"{HOME}/docs/p", f"{HOME}/docs/q/.env"
    for pattern in ("docs/**", ".env", "*", "**", "**/.env", "*.env"):
        rule = (Rule(path=pattern),)
        assert verdict(Rules(allow=rule), other, root, read) == "deny", pattern
        mine = Rules(deny=(Rule(path=pattern, why="mine"),))
        said = decide(mine, read, Call("read_file", {"path": "~/docs/q/.env"}), root)
        assert (said.verdict, said.why) == ("deny", "mine"), pattern
    for pattern in ("~/docs/**", other, "/home/*/docs/q/.env"):
        assert verdict(Rules(allow=(Rule(path=pattern),)), other, root, read) == "allow", pattern


def test_a_permission_for_a_folder_is_none_for_a_project_below_one_of_that_name(read):
    docs = Rules(allow=(Rule(path="docs/**"),))
    for root in (f"{HOME}/docs/p", "/docs", PLAIN):
        assert verdict(docs, ".env", root, read) == "deny"
        assert verdict(docs, "docs/.env", root, read) == "allow"


def test_the_sieve_lets_nothing_through_that_a_pattern_speaks_of():
    caught = 0
    for root, pattern, path in product((PLAIN, *ROOTS), (*PATTERNS, "~/docs/**", "~"), PATHS):
        whole = f"{root}/{path}" if path != "." else root
        seen = sieve((pattern,), root)(whole)
        assert seen == fits(pattern, whole, root, beyond=True), (root, pattern, path)
        caught += seen
    assert caught > 300, "the patterns must have something to catch"
