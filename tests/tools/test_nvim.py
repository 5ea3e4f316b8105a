"""Neovim edits a copy of one file, in a sandbox that holds nothing else."""

import pytest

from samovar.core.errors import ToolError
from samovar.tools.nvim import Neovim, find_nvim, nvim

pytestmark = pytest.mark.skipif(not find_nvim(), reason="neovim is not installed")


@pytest.fixture
def tool(place, sandbox, interpreter):
    (place.root / "a.py").write_bytes(b"x = 1\r\ncolour = 2\r\n")
    return nvim(place, Neovim(sandbox, interpreter, find_nvim()))


async def test_ex_commands_and_lua_change_the_file_and_keep_its_line_ends(tool, place):
    said = await tool.run(path="a.py", commands="%s/colour/color/g\n$put ='y = 3'")
    assert (place.root / "a.py").read_bytes() == b"x = 1\r\ncolor = 2\r\ny = 3\r\n"
    assert said.startswith("changed a.py\n@@") and "+color = 2" in said
    lua = "vim.api.nvim_buf_set_lines(0, 0, 1, false, {'z = 9'})\nreturn vim.fn.line('$')"
    assert "neovim says:\n3" in await tool.run(path="a.py", lua=lua)
    assert (place.root / "a.py").read_bytes() == b"z = 9\r\ncolor = 2\r\ny = 3\r\n"


async def test_an_unended_file_in_an_old_encoding_stays_so(tool, place):
    (place.root / "b.txt").write_bytes(b"caf\xe9\nold")
    await tool.run(path="b.txt", commands="%s/old/new/")
    assert (place.root / "b.txt").read_bytes() == b"caf\xe9\nnew"


@pytest.mark.parametrize(
    ("commands", "lua", "said"),
    [
        ("nonsense", "", "Not an editor command: nonsense; nothing was written"),
        ("", "error('oh')", "oh"),
        ("%s/=/((/", "", "would not parse: line 2"),
        ("qa!", "", "nothing was written"),
        ("", "", "both empty"),
        ("set list", "", "nothing to do"),
    ],
)
async def test_what_goes_wrong_is_named_and_nothing_is_written(tool, place, commands, lua, said):
    with pytest.raises(ToolError, match=said):
        await tool.run(path="a.py", commands=commands, lua=lua)
    assert (place.root / "a.py").read_bytes() == b"x = 1\r\ncolour = 2\r\n"


@pytest.mark.parametrize(
    "commands",
    [
        "!cat {0}/secret.txt > out; touch made\nread !cat {0}/secret.txt",
        "silent! read {0}/secret.txt",
        "silent! write! {0}/made\nsilent! write! /w/made\nsilent! saveas! made",
        "silent! call writefile(['x'], '{0}/made')\nsilent! call system('touch {0}/made /w/made')",
        "silent! put =$SAMOVAR_SECRET\nsilent! read /proc/1/environ",
    ],
)
async def test_commands_reach_nothing_outside(tool, place, outside, monkeypatch, commands):
    monkeypatch.setenv("SAMOVAR_SECRET", "canary-5f1c")
    try:
        said = await tool.run(path="a.py", commands=commands.format(outside))
    except ToolError as error:
        said = str(error)
    assert "canary-5f1c" not in said
    assert [p.name for p in outside.iterdir()] == ["secret.txt"]
    assert [p.name for p in place.root.iterdir()] == ["a.py"]


async def test_an_endless_script_is_stopped(tool, monkeypatch):
    monkeypatch.setattr("samovar.tools.nvim.SECONDS", 1.5)
    with pytest.raises(ToolError, match="stopped by its limit of time"):
        await tool.run(path="a.py", lua="while true do end")
