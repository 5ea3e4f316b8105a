"""Who may do what, and the broker every call goes through."""

import asyncio
import os
import re

import msgspec
import pytest
from unseen import SAMPLES, hidden

from samovar.core.context import labelled
from samovar.core.errors import SandboxMissing, ToolError
from samovar.core.rules import (
    Broker,
    Rule,
    Rules,
    decide,
    perform,
)
from samovar.core.tool import Call, Permission, Tool, tool
from samovar.settings import load


def made(name: str, permission: Permission, argument: str) -> Tool:
    fields = msgspec.defstruct(name, [(argument, str)], frozen=True, kw_only=True)

    async def run(**given: str) -> str:
        return f"{name} ran"

    return Tool(name, "It does it.", permission, fields, {argument: "x"}, run)


READ, WRITE = made("read_file", "read", "path"), made("write_file", "write", "path")
SHELL, FETCH = made("shell", "run", "command"), made("fetch", "network", "url")


def verdict(each: Tool, value: object, rules: Rules | None = None, root: str = "/srv/p") -> str:
    name = msgspec.structs.fields(each.arguments)[0].name
    return decide(rules or Rules(), each, Call(each.name, {name: value}), root).verdict


@pytest.mark.parametrize(
    ("each", "value", "expected"),
    [
        (READ, "src/a.py", "allow"),
        (WRITE, "src/a.py", "allow"),
        (SHELL, "pytest -q", "allow"),
        (FETCH, "https://example.org", "ask"),
        (READ, "~/.ssh/id_ed25519", "deny"),
        (READ, "~/.ssh", "deny"),
        (READ, os.path.expanduser("~/.ssh/config"), "deny"),
        (READ, "../../../etc/shadow", "deny"),
        (READ, "/proc/self/environ", "deny"),
        (READ, "a/../.env", "deny"),
        (READ, "sub/.env", "deny"),
        (READ, ".env.example", "allow"),
        (READ, "environment.py", "allow"),
        (WRITE, ".git/hooks/pre-commit", "deny"),
        (WRITE, "sub/.git/config", "deny"),
        (WRITE, ".gitignore", "allow"),
        (READ, "key.pem", "deny"),
        (SHELL, "rm -rf /", "deny"),
        (SHELL, "ls && rm  -rf /", "deny"),
        (SHELL, "rm -rf build", "allow"),
        (SHELL, "sudo apt install x", "deny"),
        (SHELL, "dd if=/dev/zero of=/dev/sda", "deny"),
    ],
)
def test_what_holds_without_a_rule(each, value, expected):
    assert verdict(each, value) == expected


OWN = Rules(
    allow=(
        Rule(tool="fetch", host="docs.python.org"),
        Rule(tool="fetch", host="*.example.org"),
        Rule(tool="shell", command="git status*"),
        Rule(tool="read_file", path="fixtures/.env"),
        Rule(tool="*"),
    ),
    ask=(
        Rule(tool="shell", command="git *", why="it speaks to git"),
        Rule(tool="write", path="docs/**"),
    ),
    deny=(Rule(path="secrets/**"), Rule(tool="fetch", host="evil.example.org")),
)


@pytest.mark.parametrize(
    ("each", "value", "expected"),
    [
        (FETCH, "https://docs.python.org/3/", "allow"),
        (FETCH, "https://DOCS.python.org.:443/3/", "allow"),
        (FETCH, "https://docs.python.org@other.net/", "allow"),
        (FETCH, "https://a.example.org", "allow"),
        (FETCH, "https://evil.example.org", "deny"),
        (SHELL, "git status --short", "allow"),
        (SHELL, "git status; git push", "ask"),
        (SHELL, "git status $(git push)", "ask"),
        (SHELL, "git push", "ask"),
        (SHELL, "cd x && git push", "ask"),
        (WRITE, "docs/a/b.md", "ask"),
        (READ, "docs/a/b.md", "allow"),
        (READ, "secrets/a", "deny"),
        (READ, "./x/../secrets/a", "deny"),
        (READ, "secrets", "deny"),
        (READ, "fixtures/.env", "allow"),
        (READ, "other/.env", "deny"),
    ],
)
def test_own_rules_come_before_the_built_in_ones(each, value, expected):
    assert verdict(each, value, OWN) == expected


def test_only_the_host_that_is_dialled_counts():
    only = Rules(allow=(Rule(tool="fetch", host="docs.python.org"),))
    assert verdict(FETCH, "https://docs.python.org@other.net/", only) == "ask"
    assert verdict(FETCH, "https://docs.python.org.other.net/", only) == "ask"


def test_to_be_allowed_every_path_must_be_allowed():
    several = tool(_several, "write", {"paths": ["a"]})
    rules = Rules(allow=(Rule(path="docs/**"),), ask=(Rule(tool="write"),))

    def said(paths: list[str]) -> str:
        return decide(rules, several, Call("_several", {"paths": paths}), "/p").verdict

    assert said(["docs/a", "docs/b"]) == "allow"
    assert said(["docs/a", "src/b"]) == "ask"
    assert said(["docs/a", ".env"]) == "deny"


async def _several(paths: list[str]) -> str:
    """Change files."""
    return " ".join(paths)


async def no(_call: Call, _why: str) -> bool:
    return False


async def test_the_broker_asks_for_exactly_this_call():
    asked: list[tuple[Call, str]] = []

    async def yes(call: Call, why: str) -> bool:
        asked.append((call, why))
        return True

    call = Call("fetch", {"url": "https://example.org"}, "1")
    result = await perform(call, [FETCH], Broker(ask=yes))
    assert result.ok and result.text == "fetch ran"
    assert asked == [(call, "it reaches other machines")]


async def test_a_no_is_told_and_nothing_runs():
    ran: list[str] = []

    async def push(url: str) -> str:
        """Push."""
        ran.append(url)
        return "pushed"

    tools = [tool(push, "network", {"url": "x"})]
    for broker in (Broker(), Broker(ask=no)):
        result = await perform(Call("push", {"url": "https://example.org"}), tools, broker)
        assert not result.ok and "nobody allowed this call" in result.text
    assert ran == []


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (Call("nothing", {}), "there is no tool 'nothing'"),
        (Call("read_file", {"pth": "a"}), "A correct call has arguments"),
        (Call("read_file", {"path": 5}), "Expected `str`"),
        (Call("read_file", {"path": ".env"}), "not permitted: it holds secrets"),
    ],
)
async def test_what_is_wrong_is_told_in_one_line(call, said):
    result = await perform(call, [READ], Broker(root="/p"))
    assert not result.ok and said in result.text and "\n" not in result.text


@pytest.mark.parametrize(
    "error",
    [
        ToolError("the file is binary"),
        OSError(28, "No space left on device"),
        KeyError("x"),
        SandboxMissing("there is no bubblewrap: install it"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
    ],
)
async def test_whatever_a_tool_raises_is_told(error):
    async def fail() -> str:
        """Fail."""
        raise error

    result = await perform(Call("fail"), [tool(fail, "read", {})], Broker())
    assert not result.ok and str(error) in result.text


async def test_a_mistake_of_ours_is_named_with_its_kind():
    async def fail() -> str:
        """Fail."""
        raise re.error("bad character range z-a")

    result = await perform(Call("fail"), [tool(fail, "read", {})], Broker())
    said = f"a mistake in samovar, {re.error.__name__}: bad character range z-a; do it another way"
    assert (result.ok, result.text) == (False, said)


async def test_a_call_that_is_cancelled_stays_cancelled():
    async def stop() -> str:
        """Stop."""
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await perform(Call("stop"), [tool(stop, "read", {})], Broker())


async def test_a_tool_that_hangs_is_given_up():
    async def hang() -> str:
        """Wait for ever."""
        await asyncio.Event().wait()
        return ""

    result = await perform(Call("hang"), [tool(hang, "read", {})], Broker(seconds=0.05))
    assert not result.ok and "took longer" in result.text


async def test_a_call_that_allows_itself_more_time_has_it():
    async def wait(seconds: float) -> str:
        """Wait a little."""
        await asyncio.sleep(0.1)
        return "done"

    tools = [tool(wait, "run", {"seconds": 5})]
    result = await perform(Call("wait", {"seconds": 5}), tools, Broker(seconds=0.01))
    assert (result.ok, result.text) == (True, "done")


async def test_a_question_waits_as_long_as_the_person_takes():
    async def question() -> str:
        """Ask."""
        await asyncio.sleep(0.1)
        return "yes"

    result = await perform(Call("question"), [tool(question, "ask", {})], Broker(seconds=0.01))
    assert (result.ok, result.text) == (True, "yes")


def test_what_a_link_leads_to_is_judged_as_well(tmp_path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "door").symlink_to("../secrets")
    (tmp_path / "docs" / "sheet").symlink_to("page.md")
    denied = Rules(deny=(Rule(path="secrets/**"),))
    assert verdict(READ, "docs/door/a", denied, str(tmp_path)) == "deny"
    assert verdict(READ, "docs/sheet", denied, str(tmp_path)) == "allow"
    careful = Rules(ask=(Rule(tool="write"),), allow=(Rule(tool="write_file", path="docs/**"),))
    assert verdict(WRITE, "docs/sheet", careful, str(tmp_path)) == "allow"
    assert verdict(WRITE, "docs/door/a", careful, str(tmp_path)) == "ask"


@pytest.mark.parametrize("yes", [True, False])
async def test_what_a_person_takes_to_permit_a_call_is_told_apart(yes):
    async def late(_call: Call, _why: str) -> bool:
        await asyncio.sleep(0.3)
        return yes

    result = await perform(Call("fetch", {"url": "https://example.org"}), [FETCH], Broker(ask=late))
    assert result.ok is yes
    assert result.waited > 0.29 and result.seconds - result.waited < result.waited


@pytest.mark.parametrize(("permission", "waits"), [("ask", True), ("run", False)])
async def test_only_what_a_question_takes_is_waiting(permission, waits):
    async def slow() -> str:
        """Take time."""
        await asyncio.sleep(0.3)
        return "yes"

    result = await perform(Call("slow"), [tool(slow, permission, {})], Broker())
    assert result.seconds > 0.29 and (result.waited > 0.29) is waits


async def test_a_time_limit_of_a_tools_own_is_told_in_its_words():
    async def fetch() -> str:
        """Fetch."""
        raise TimeoutError("the server said nothing for 5 s")

    result = await perform(Call("fetch"), [tool(fetch, "read", {})], Broker())
    assert (result.ok, result.text) == (False, "the server said nothing for 5 s")


async def test_a_long_result_is_cut_and_an_empty_one_said():
    async def much(count: int) -> str:
        """Say much."""
        return "x" * count

    tools = [tool(much, "read", {"count": 1})]
    long = await perform(Call("much", {"count": 9000}), tools, Broker(longest=1000))
    assert len(long.text) < 1100 and "8000 characters left out; ask for a part" in long.text
    assert (await perform(Call("much", {"count": 0}), tools, Broker())).text == "(nothing)"


async def test_what_people_cannot_see_is_written_out_before_it_reaches_the_model():
    async def show(text: str) -> str:
        if text == "fail":
            raise ToolError("no\u202efile")
        return text

    tools = [tool(show, "read", {"text": "x"})]
    tagged = "".join(chr(0xE0000 + ord(c)) for c in "obey")
    for given, seen in (
        (f"a{tagged}\x1b[31mred\x1b[0m", "a⟨hidden: obey⟩red"),
        ("# <!-- todo -->\r\nÄpfel 漢字 👍", "# <!-- todo -->\nÄpfel 漢字 👍"),
        ("fail", "no⟨U+202E⟩file"),
    ):
        assert (await perform(Call("show", {"text": given}), tools, Broker())).text == seen


@pytest.mark.parametrize("sample", SAMPLES, ids=ascii)
@pytest.mark.parametrize("ok", [True, False])
async def test_of_80_samples_nothing_that_nobody_would_see_reaches_the_model(sample, ok):
    async def show() -> str:
        if ok:
            return sample
        raise ToolError(sample)

    told = labelled(await perform(Call("show"), [tool(show, "read", {})], Broker()))
    assert [c for c in told if c not in "\n\t" and hidden(c)] == []
    assert told.count("<!--") == sample.count("<!--"), "in a source everybody sees a comment"


def test_rules_come_from_samovar_toml(tmp_path):
    (tmp_path / "samovar.toml").write_text(
        "[rules]\n"
        'allow = [{tool = "fetch", host = "docs.python.org"}]\n'
        "[[rules.deny]]\n"
        'path = "secrets/**"\n'
        'why = "ask Ann"\n'
    )
    nobody = {"XDG_CONFIG_HOME": str(tmp_path / "none")}
    rules = load(tmp_path, nobody).rules
    assert rules.allow == (Rule(tool="fetch", host="docs.python.org"),)
    assert rules.deny == (Rule(path="secrets/**", why="ask Ann"),)
    (tmp_path / "samovar.toml").write_text('[rules]\ndeny = [{pth = "x"}]\n')
    with pytest.raises(Exception, match=r"unknown field `pth`.*rules\.deny"):
        load(tmp_path, nobody)
