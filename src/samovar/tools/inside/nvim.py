"""Edits one file by ex commands and Lua in headless neovim. Runs in the sandbox, in a folder of
its own that holds nothing but a copy of the file: whatever the commands do, they do it there.

Reads one JSON object (file, commands, lua, program), prints one (said, error).
"""

import json
import sys

import pynvim


def main():
    """Answer one request."""
    asked = json.loads(sys.stdin.buffer.read())
    argv = [asked["program"], "--embed", "--headless", "--clean", "-n", "-i", "NONE"]
    nvim = pynvim.attach("child", argv=argv)
    nvim.command("set nofixendofline noautoindent nomodeline fileformats=unix,dos")
    nvim.command(f"edit ++enc=utf-8 {asked['file']}")
    said, error = [], ""
    try:
        for line in asked["commands"]:
            said.append(nvim.command_output(line))
        if asked["lua"]:
            found = nvim.exec_lua(asked["lua"])
            said.append("" if found is None else str(found))
        nvim.command(f"write! {asked['file']}")
    except (pynvim.NvimError, EOFError, OSError) as failed:
        error = str(failed) or type(failed).__name__
    sys.stdout.write(json.dumps({"said": "\n".join(s for s in said if s), "error": error}))


main()
