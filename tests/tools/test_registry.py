"""Every tool, every text it takes, 15 hostile paths: nothing from outside comes in."""

import os

import pytest

from samovar.core.errors import SamovarError
from samovar.core.places import kind_of
from samovar.core.rules import Broker, Rule, Rules, perform
from samovar.core.tool import Call, arguments
from samovar.tools.nvim import find_nvim

SECRET = "canary-5f1c"
OFFERED = (
    *("list_files", "read_file", "search", "write_file", "edit_text", "edit_symbol"),
    *(["nvim"] if find_nvim() else []),
    *("shell", "python", "data_view", "fetch", "web_search", "ask"),
    *("memory", "notebook", "promote_skill", "skill_source"),
    *("edit_file", "peek", "store_peek"),
)
"""The last three are of the scribe, a promoted skill, and of an MCP server."""
WRAPPED = {
    "shell": ("command", "cat '{0}' < /dev/null; ls -la '{0}'; head -c 99 < '{0}'"),
    "python": ("code", "print(open({0!r}, 'rb').read(1 << 16)) if not {0!r}.endswith('/') else 0"),
    "nvim": ("lua", "local f = io.open('{0}'); return f and f:read('*a') or 'none'"),
    "data_view": ("query", "SELECT * FROM read_text('{0}')"),
}
"""How a path is given to tools that take programs."""
NAMED = {
    ("data_view", "path"): "path",
    ("edit_file", "path"): "path",
    ("edit_symbol", "path"): "path",
    ("edit_text", "path"): "path",
    ("fetch", "url"): "host",
    ("list_files", "path"): "path",
    ("nvim", "path"): "path",
    ("nvim", "commands"): "command",
    ("peek", "path"): "path",
    ("promote_skill", "file_path"): "path",
    ("read_file", "path"): "path",
    ("search", "path"): "path",
    ("shell", "command"): "command",
    ("store_peek", "path"): "path",
    ("write_file", "path"): "path",
}
"""What the rules take for a path, a host or a command; every other argument is none of them."""


def hostile(outside) -> list[str]:
    return [
        "/proc/self/environ",
        f"/proc/{os.getpid()}/environ",
        f"/proc/{os.getpid()}/root{outside}/secret.txt",
        f"/proc/{os.getpid()}/cwd/../outside/secret.txt",
        "/proc/1/environ",
        "/proc/self/root/" + str(outside / "secret.txt"),
        str(outside / "secret.txt"),
        f"file://{outside}/secret.txt",
        "../outside/secret.txt",
        "/w/../outside/secret.txt",
        "out/secret.txt",
        "link.csv",
        "link.py",
        "environ.csv",
        "a/../../outside/secret.txt",
    ]


@pytest.fixture
def world(place, outside, monkeypatch):
    monkeypatch.setenv("SAMOVAR_SECRET", SECRET)
    (outside / "secret.txt").write_text(SECRET)
    for name, target in {
        "out": outside,
        "link.csv": outside / "secret.txt",
        "link.py": outside / "secret.txt",
        "environ.csv": "/proc/self/environ",
    }.items():
        (place.root / name).symlink_to(target)
    (place.root / "a").mkdir()
    (place.root / "data.csv").write_text("a,b\n1,2\n")
    (place.root / "app.py").write_text("x = 1\n")
    return outside


@pytest.fixture
def every(equipped):
    """Every tool of an agent whose model is small, by name."""
    return equipped


def test_every_tool_is_walked(every):
    assert sorted(every) == sorted(OFFERED)


def test_rules_see_the_paths_of_our_tools_and_take_nothing_else_for_one(every):
    seen = {(n, k): kind_of(k) for n, t in every.items() for k in t.parameters["properties"]}
    assert {at: kind for at, kind in seen.items() if kind} == {
        at: kind for at, kind in NAMED.items() if at[0] in every
    }


async def test_who_said_a_note_and_a_glob_of_names_are_no_paths(every, world, place):
    denied = tuple(Rule(path=p) for p in ("web/**", "agent", "tool/**", "*.py"))
    broker = Broker(Rules(deny=denied), root=str(place.root))
    for speaker in ("web", "agent", "tool"):
        call = Call("memory", {"action": "store", "text": f"by {speaker}", "said_by": speaker})
        assert (await perform(call, list(every.values()), broker)).ok
    call = Call("search", {"pattern": "x", "names": "*.py"})
    assert (await perform(call, list(every.values()), broker)).ok


@pytest.mark.parametrize("name", OFFERED)
async def test_no_tool_leaks(name, every, world):
    tool, before = every[name], sorted(p.name for p in world.iterdir())
    texts = [k for k, v in tool.parameters["properties"].items() if v.get("type") == "string"]
    example = {**tool.example, **({"path": "data.csv"} if name == "data_view" else {})}
    example |= {"path": "app.py"} if name == "nvim" else {}
    # A path alone is no program: in front of tools that take one, the path is put into it.
    fields = [f for f in texts if f == "path"] if name in WRAPPED else texts
    calls = [{**example, field: path} for field in fields for path in hostile(world)]
    if name in WRAPPED:
        field, program = WRAPPED[name]
        calls += [{**example, field: program.format(path)} for path in hostile(world)]
    assert len(calls) >= 15
    for call in calls:
        checked = arguments(tool, Call(name, call))
        try:
            said = await tool.run(**checked)
        except SamovarError as error:
            said = str(error)
        assert SECRET not in said, call
    assert sorted(p.name for p in world.iterdir()) == before
    assert (world / "secret.txt").read_text() == SECRET


async def test_no_tool_goes_through_a_link_to_what_a_rule_denies(every, world, place):
    (place.root / "secrets").mkdir()
    (place.root / "secrets" / "a.py").write_text(f"{SECRET} = 1\n")
    (place.root / "door").symlink_to("/w/secrets")
    rules = Rules(deny=(Rule(path="secrets/**", why="ask Ann first"),))
    broker, tried = Broker(rules, root=str(place.root)), set()
    for tool in every.values():
        shape = tool.parameters["properties"].items()
        texts = [k for k, v in shape if v.get("type") == "string"]
        for field in [k for k in texts if kind_of(k) == "path"]:
            for path in ("door/a.py", "/w/door/a.py", "door", "door/new/b.py"):
                call = Call(tool.name, {**tool.example, field: path})
                result = await perform(call, [tool], broker)
                assert result.text.startswith("not permitted: ask Ann first"), call
                tried.add(tool.name)
    assert {"read_file", "write_file", "edit_text", "search", "data_view"} < tried
    assert {"edit_file", "peek", "store_peek"} < tried
    assert [p.name for p in (place.root / "secrets").iterdir()] == ["a.py"]
