"""Only what lies in the workspace is opened: 300 paths through every entry point."""

import asyncio
import os
import threading
from pathlib import Path

import pytest
from escapes import paths

from samovar.core.errors import SamovarError, ToolError
from samovar.core.places import kind_of
from samovar.tools import beneath
from samovar.tools.beneath import spot
from samovar.tools.workspace import Text, Workspace

ENTRIES = ("read_file", "write_file", "list_files", "search", "edit_text", "edit_symbol")


EQUIPPED = (
    *(("data_view", "path"), ("edit_file", "path"), ("nvim", "path")),
    *(("peek", "path"), ("promote_skill", "file_path"), ("store_peek", "path")),
)
"""What other tools of an agent take for a path; the skill and the MCP server open it themselves."""


@pytest.fixture
def world(place, outside):
    """Links of every kind that lead out, and folders that belong to others."""
    root = place.root
    for folder in ("a/b", ".git/hooks", ".samovar", "sub/.git/hooks", "in"):
        (root / folder).mkdir(parents=True)
    for owned in (".git/config", ".samovar/.env", "sub/.git/hooks/x"):
        (root / owned).write_text("canary-5f1c")
    (root / "out").symlink_to(outside)
    (root / "deep").symlink_to("a/b/../../../outside")
    (root / "loop").symlink_to("loop")
    (root / "proc").symlink_to("/proc")
    (root / "up").symlink_to("..")
    (root / "hop").symlink_to("out")
    (root / "dangling").symlink_to(outside / "later")
    (root / "gitlink").symlink_to(".git")
    return outside


def snapshot(folder: Path) -> dict[str, bytes]:
    """What lies around the workspace, and in it what belongs to others."""
    around = [p for p in folder.parent.rglob("*") if p.is_file() and not p.is_symlink()]
    return {str(p): p.read_bytes() for p in around if ".git" in str(p) or "desk" not in p.parts}


def test_there_are_300_paths(world):
    assert len(set(paths(world))) >= 300


@pytest.mark.parametrize("entry", ENTRIES)
async def test_no_path_leads_out(entry, tools, world):
    more = {
        "write_file": {"content": "gone\n"},
        "search": {"pattern": "canary"},
        "edit_text": {"search": "canary", "replace": "gone"},
        "edit_symbol": {"action": "insert", "code": "def gone(): pass"},
    }
    before = snapshot(world)
    for path in paths(world):
        try:
            said = await tools[entry].run(**{"path": path, **more.get(entry, {})})
        except SamovarError as error:
            said = str(error)
            assert "\n" not in said and len(said) < 6000
        assert "canary-5f1c" not in said, path
        assert "root:x:" not in said, path
    assert snapshot(world) == before
    assert sorted(p.name for p in world.parent.iterdir()) == ["desk", "outside"]


def test_every_argument_that_is_a_path_is_tried(equipped):
    taken = {(n, k) for n, t in equipped.items() for k in t.parameters["properties"]}
    found = {(name, field) for name, field in taken if kind_of(field) == "path"}
    tried = {*((entry, "path") for entry in ENTRIES), *EQUIPPED}
    assert found == tried - ({("nvim", "path")} if "nvim" not in equipped else set())


@pytest.mark.parametrize(
    ("name", "field"),
    # Each call of a skill is a sandbox of its own: 300 of them take half a minute.
    [pytest.param(*at, marks=pytest.mark.slow) if at[0] == "peek" else at for at in EQUIPPED],
)
async def test_no_path_leads_out_of_an_agents_tool(name, field, equipped, world):
    if name not in equipped:
        pytest.skip("neovim is not here")
    (world / "secret.txt").write_text("outside-5f1c")
    # A program of the workspace's sandbox may read all of the workspace, as the shell does.
    canary = "outside-5f1c" if name == "store_peek" else "-5f1c"
    tool, before, free = equipped[name], snapshot(world), asyncio.Semaphore(4)

    async def said(path: str) -> str:
        async with free:
            try:
                return await tool.run(**{**tool.example, field: path})
            except SamovarError as error:
                assert "\n" not in str(error) and len(str(error)) < 6000
                return str(error)

    tried = paths(world)
    for path, text in zip(tried, await asyncio.gather(*map(said, tried)), strict=True):
        assert canary not in text, path
        assert "root:x:" not in text, path
    assert snapshot(world) == before
    there = sorted(p.name for p in world.parent.iterdir())
    assert there == ["desk", "home", "outside", "servers"]


def test_links_that_stay_inside_are_followed(place):
    (place.root / "a").mkdir()
    (place.root / "a/file").write_text("x")
    (place.root / "near").symlink_to("a")
    (place.root / "far").symlink_to(place.root / "a")
    (place.root / "shown").symlink_to("/w/a/file")
    for path in ("near/file", "far/file", "shown", "/w/a/file", str(place.root / "a/file")):
        assert place.read(path).text == "x"
        assert place.find(path) == "a/file"


def test_a_folder_swapped_for_a_link_shows_nothing(place, outside):
    """Somebody swaps a folder for a link, again and again, while we read through it."""
    root, stop = place.root, threading.Event()
    (root / "real").mkdir()
    (root / "real/secret.txt").write_text("mine")
    (root / "trap").symlink_to(outside)
    (root / "way").mkdir()

    def swap():
        while not stop.is_set():
            for target in ("real", "trap"):
                os.rename(root / target, root / "way/x")
                stop.wait(0.0001)
                os.rename(root / "way/x", root / target)

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen = set()
    try:
        for _ in range(2000):
            for path in ("way/x/secret.txt", "real/secret.txt"):
                try:
                    seen.add(place.read(path).text)
                except ToolError:
                    continue
    finally:
        stop.set()
        swapper.join()
    assert seen == {"mine"}


def test_no_file_stays_open(place, outside):
    (place.root / "out").symlink_to(outside)
    before = len(os.listdir("/proc/self/fd"))
    for path in ("out/x", "../x", "a/b/c", "\0", ".git/x"):
        with pytest.raises(ToolError), spot(place.root, path) as found:
            beneath.opened(found)
    assert len(os.listdir("/proc/self/fd")) == before


async def test_a_pipe_does_not_hang(place):
    os.mkfifo(place.root / "pipe")
    with pytest.raises(ToolError, match="device or a pipe"):
        await asyncio.wait_for(asyncio.to_thread(place.read, "pipe"), 2)
    with pytest.raises(ToolError, match="cannot be written"):
        place.write("pipe", Text("x"))


def test_a_file_written_through_a_link_inside_changes_its_target(place):
    (place.root / "file").write_text("old")
    (place.root / "link").symlink_to("file")
    place.write("link", Text("new"))
    assert (place.root / "file").read_text() == "new"
    assert (place.root / "link").is_symlink()
    assert Workspace(place.root).find("link") == "file"
